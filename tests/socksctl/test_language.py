# SPDX-License-Identifier: GPL-2.0-only
"""The file's language against a real shell's words; parsers against Python's."""

import ipaddress
import re
import shutil
import subprocess

import model
from harness import Case, harmless

BASH = shutil.which("bash")


class Tokens(Case):
    def split(self, text):
        """The words of each command as socksctl takes them; None: a wrong line."""
        path = self.file("tokens", text)
        parts = iter(self.driver("tokens", path).raw.split(b"\0")[:-1])
        commands = []
        for part in parts:
            commands.append(None if part == b"-" else [next(parts) for _ in range(int(part))])
        return commands

    def test_blanks_and_comments(self):
        self.assertEqual(self.split("a b\tc  \t d\n"), [[b"a", b"b", b"c", b"d"]])
        self.assertEqual(self.split("  a \n\n   \n# a\n a # b\n a#b #c"), [[b"a"], [], [], [], [b"a"], [b"a#b"]])
        self.assertEqual(self.split(""), [])
        self.assertEqual(self.split("a\r\nb c\r\n\r\n"), [[b"a"], [b"b", b"c"], []])
        self.assertEqual(self.split("# a \\\nb\n"), [[], [b"b"]])
        self.assertEqual(self.split("a '#' \\# \"#\" ''#\n"), [[b"a", b"#", b"#", b"#", b"#"]])

    def test_quotes(self):
        self.assertEqual(self.split("'a b' \"c d\" e\\ f '' \"\" g'h'\"i\"\n"),
                         [[b"a b", b"c d", b"e f", b"", b"", b"ghi"]])
        self.assertEqual(self.split(r"""'\' "\"\\\$\`\a" \\ \' \" \$ \a""" + "\n"),
                         [[b"\\", b'"\\$`\\a', b"\\", b"'", b'"', b"$", b"a"]])
        self.assertEqual(self.split(r"$'a\nb\t\r\\\'\"\x1b\xfF' x$'y'z $a '$'" + "\n"),
                         [[b"a\nb\t\r\\'\"\x1b\xff", b"xyz", b"$a", b"$"]])

    def test_continuation(self):
        self.assertEqual(self.split("a \\\n b\\\nc\n"), [[b"a", b"bc"]])
        self.assertEqual(self.split("a \\\r\n b\r\n"), [[b"a", b"b"]])
        self.assertEqual(self.split("\"a\\\nb\"\n"), [[b"ab"]])
        self.assertEqual(self.split("a \\"), [[b"a"]])
        self.assertEqual(self.split("a\\\\\nb\n"), [[b"a\\"], [b"b"]])
        self.assertEqual(self.split("\\\n\\\n\\\n"), [[]])

    def test_wrong(self):
        for line in "'a", '"a', "$'a", "a 'b\" c", "a \\' 'b", r"$'\q'", r"$'\x1'", r"$'\x0g'", r"$'\x00'", "a\0b", \
                "\0":
            self.assertEqual(self.split(f"x\n{line}\ny\n"), [[b"x"], None, [b"y"]], line)
            self.assertEqual(self.split(f"x\n{line}"), [[b"x"], None], line)
        # What would continue a wrong line is no command of its own.
        self.assertEqual(self.split('"a\\\n'), [None])
        self.assertEqual(self.split("x\n$'\\\nb\ny\n"), [[b"x"], None, [b"y"]])
        self.assertEqual(self.split('x\n"a\\\nb\ny\n'), [[b"x"], None, [b"y"]])
        self.assertEqual(self.split("x\n'a' 'b \\\nc' \\\nd\ny\n"), [[b"x"], None, [b"y"]])

    def test_long(self):
        word = b"w" * 1_000_000
        self.assertEqual(self.split(word + b" '" + word + b"'\n"), [[word, word]])
        self.assertEqual(self.split(b"x " * 100_000), [[b"x"] * 100_000])
        self.assertEqual(self.split(b"x \\\n" * 100_000), [[b"x"] * 100_000])

    def test_as_a_shell(self):
        """Any line made of whole parts has the words which bash finds in it."""
        generator = model.seeded("test_as_a_shell")

        def part():
            kind = generator.randrange(9)
            if kind == 0:
                return "'" + "".join(generator.choices("ab \t#\\\"$`ä", k=generator.randrange(6))) + "'"
            if kind == 1:
                pieces = ["a", "b", " ", "\t", "#", "'", "\\\"", "\\\\", "\\$", "\\`", "\\a", "\\'", "\\\n", "ä"]
                return '"' + "".join(generator.choices(pieces, k=generator.randrange(6))) + '"'
            if kind == 2:
                pieces = ["a", " ", "#", '"', "\\n", "\\t", "\\r", "\\\\", "\\'", '\\"', "\\x41", "\\xe4", "$"]
                return "$'" + "".join(generator.choices(pieces, k=generator.randrange(6))) + "'"
            if kind == 3:
                return "\\" + generator.choice("ab #'\"\\$`ä")
            if kind == 4:
                return generator.choice((" ", "\t", "  ", " \\\n ", "\\\n"))
            return "".join(generator.choices("abc019.,:/@%+=-_ä", k=generator.randrange(1, 6)))

        lines = []
        for _ in range(3000):
            line = "".join(part() for _ in range(generator.randrange(12)))
            if generator.random() < 0.2:
                line += " # ' \" \\"
            lines.append(line)
        # In bash a command's first word is a function's name.
        script = "f() { printf '%s\\0' \"$#\" \"$@\"; }\n" + "".join(f"f {line}\n" for line in lines)
        done = subprocess.run([BASH, "--norc", "-c", script], stdout=subprocess.PIPE, check=True,
                              env={"LC_ALL": "C", "PATH": "/nonexistent"})
        parts = iter(done.stdout.split(b"\0")[:-1])
        expected = [[next(parts) for _ in range(int(count))] for count in parts]
        self.assertEqual(len(expected), len(lines))
        got = self.split("".join(f"f {line}\n" for line in lines))
        for line, want, have in zip(lines, expected, got, strict=True):
            self.assertEqual(have, [b"f", *want], ascii(line))

    def test_any_bytes(self):
        """Whatever a line holds, the following ones are not harmed."""
        generator = model.seeded("test_any_bytes")
        lines = []
        for _ in range(3000):
            lines.append(bytes(generator.choices(b"ab #'\"\\$x01\0\xff\t\r", k=generator.randrange(15))) + b" x")
            lines.append(b"mark")
        got = self.split(b"\n".join(lines) + b"\n")
        self.assertEqual([c for c in got if c == [b"mark"]], [[b"mark"]] * 3000)


class Parsers(Case):
    def test_addresses_and_prefixes(self):
        generator = model.seeded("test_addresses_and_prefixes")

        def octet():
            return generator.choice((str(generator.randrange(256)), str(generator.randrange(256)), "0", "255", "256",
                                     "00", "01", "1000", "", "-1", "+1", " 1", "1x", "0x1", "৭", "1e1"))

        def mostly(parts, wrong):
            return wrong() if generator.random() < 0.1 else parts()

        def good():
            return ".".join(str(generator.randrange(256)) for _ in range(4))

        def bad():
            return ".".join(octet() for _ in range(generator.choice((3, 4, 4, 4, 5))))

        def length():
            return generator.choice((str(generator.randrange(33)), str(generator.randrange(40)), "", "08", "255.0.0.0",
                                     "-1", "1x", " 8"))

        addresses = [mostly(good, bad) if n % 2 else bad() for n in range(4000)]
        questions = [("address", text.encode()) for text in addresses]
        for text, answer in zip(addresses, self.ask_driver(questions), strict=True):
            try:
                expected = str(ipaddress.IPv4Address(text))
            except ValueError:
                expected = "no"
            self.assertEqual(answer.decode(), expected, text)

        prefixes = []
        for _ in range(4000):
            text = mostly(good, bad)
            if generator.random() < 0.3:
                size = generator.randrange(33)
                text = str(ipaddress.IPv4Network((generator.randrange(2**32), size), strict=False))
            elif generator.random() < 0.9:
                text += "/" + length()
            prefixes.append(text)
        questions = [("prefix", text.encode()) for text in prefixes]
        for text, answer in zip(prefixes, self.ask_driver(questions), strict=True):
            address, slash, size = text.partition("/")
            try:
                # Python takes masks and needless zeros too, we do not.
                if slash and not re.fullmatch("0|[1-9][0-9]?", size):
                    raise ValueError
                ipaddress.IPv4Address(address)
                network = ipaddress.IPv4Network(text, strict=False)
                exact = str(network.network_address) == address
                expected = f"{'yes' if exact else 'host-bits'} {network}"
            except ValueError:
                expected = "no"
            self.assertEqual(answer.decode(), expected, text)

    def test_numbers_and_ranges(self):
        generator = model.seeded("test_numbers_and_ranges")

        def number():
            value = generator.choice((generator.randrange(10), generator.randrange(70000), 65535, 65536, 2**32 - 1,
                                      2**32, 2**64, 2**64 + 80, generator.randrange(2**40)))
            return generator.choice((str(value), str(value), str(value), f"0{value}", f"+{value}", f"-{value}",
                                     f"{value} ", f" {value}", f"{value}x", "", hex(value), "8৭"))

        texts = [number() for _ in range(4000)]
        for text, answer in zip(texts, self.ask_driver([("number", t.encode()) for t in texts]), strict=True):
            good = re.fullmatch("0|[1-9][0-9]*", text, re.A) and int(text) < 2**32
            self.assertEqual(answer.decode(), text if good else "no", text)

        texts = [generator.choice(("", "", "-")).join((number(), generator.choice((number(), "")))) for _ in range(2000)]
        texts += [f"{generator.randrange(65540)}-{generator.randrange(65540)}" for _ in range(2000)]
        for text, answer in zip(texts, self.ask_driver([("ports", t.encode()) for t in texts]), strict=True):
            found = re.fullmatch("([1-9][0-9]*)(?:-([1-9][0-9]*))?", text, re.A)
            low, high = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
            if not found or low > 65535 or high > 65535:
                expected = "no"
            else:
                expected = f"yes {low} {high}" if low <= high else "reversed"
            self.assertEqual(answer.decode(), expected, text)

    def test_names(self):
        generator = model.seeded("test_names")
        texts = ["".join(generator.choices("aZ09._-", k=generator.choice((0, 1, 2, 62, 63, 64))))
                 + generator.choice(("", "", "", " ", "/", "ä", "@", "\n")) for _ in range(2000)]
        for text, answer in zip(texts, self.ask_driver([("name", t.encode()) for t in texts]), strict=True):
            good = re.fullmatch(r"[A-Za-z0-9._][A-Za-z0-9._-]{0,62}", text, re.A)
            self.assertEqual(answer, b"yes" if good else b"no", text)

    def test_quoted_words_are_read_back(self):
        """Each word, as save writes it, is one line, printable, and reads back, in bash too."""
        generator = model.seeded("test_quoted_words")
        words = [b"", b"#", b"a b", b"it's", b"\\", b"\n", b"\x7f\x80\xff", "→ä".encode(), "\u202e".encode(), b"$'",
                 b"\xc2\x9b", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xc0\xaf", b"\xe2\x80"]
        words += [bytes(generator.choices(range(1, 256), k=generator.randrange(12))) for _ in range(1000)]
        words += [bytes(generator.choices(b"ab #'\"\\$\n\xc3\xa4", k=generator.randrange(12))) for _ in range(1000)]
        quoted = self.ask_driver([("quote", word) for word in words])
        path = self.file("quoted", b"".join(q + b"\n" for q in quoted))
        parts = self.driver("tokens", path).raw.split(b"\0")[:-1]
        self.assertEqual(parts, [part for word in words for part in (b"+1", word)])
        script = b"printf '%s\\0' " + b" ".join(quoted)
        done = subprocess.run([BASH, "--norc", "-c", script], stdout=subprocess.PIPE, check=True, env={"LC_ALL": "C"})
        self.assertEqual(done.stdout.split(b"\0")[:-1], words)
        for text in quoted:
            self.assertTrue(harmless(text.decode()), text)

    def test_words_in_messages(self):
        generator = model.seeded("test_words_in_messages")
        words = [bytes(generator.choices(range(1, 256), k=generator.choice((0, 5, 59, 60, 61, 300)))) for _ in range(500)]
        words += ["ä".encode() * n for n in (29, 30, 31)] + [b"a" * n for n in (59, 60, 61)]
        for word, text in zip(words, self.ask_driver([("message", word) for word in words]), strict=True):
            self.assertTrue(harmless(text.decode()), text)
            self.assertTrue(text.startswith(b"'") and text.endswith(b"'"))
            self.assertEqual(text.endswith(b"...'"), len(word) > 60, text)
            if word.isascii() and word.decode().isprintable() and len(word) <= 60:
                self.assertEqual(text, b"'" + word + b"'")
