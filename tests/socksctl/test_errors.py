# SPDX-License-Identifier: GPL-2.0-only
"""Wrong input: one line, which names the word and what is allowed."""

import errno
import os

from harness import Case
from model import N

RULE_WORDS = "index, to, port, uid, gid, cgroup, via, direct, reject, rbind"
OBJECTS = "server, rule, show, lookup, limit, apply, save, flush, check, import"


class Numbers(Case):
    not_numbers = ("", "x", "-1", "+1", " 1", "1 ", "01", "00", "0x10", "1e3", "1.5", "1,5", "১", "080x", "1\n", "1_0",
                   "99999999999999999999999999")

    def test_timeout(self):
        for word in (*self.not_numbers, "0", "3601", "4294967297", "18446744073709551617"):
            self.wrong(["server", "add", "a", "192.0.2.1", "timeout", word], "timeout", "1 to 3600",
                       f"'{word}'" if word.isprintable() else "'1\\x0a'")

    def test_accept_timeout(self):
        for word in (*self.not_numbers, "0", "28801", "4294967297"):
            self.wrong(["server", "add", "a", "192.0.2.1", "accept-timeout", word], "accept-timeout", "1 to 28800",
                       f"'{word}'" if word.isprintable() else "'1\\x0a'")

    def test_limits(self):
        for word in self.not_numbers:
            for name in "rbind", "rbind-per-user":
                self.wrong(["limit", name, word], name + ":", "0 to 4294967295")
        self.wrong("limit rbind 4294967296", "'4294967296'")

    def test_index(self):
        for word in (*self.not_numbers, "0", "4294967296"):
            for words in ["rule", "add", "index", word, "direct"], ["rule", "del", word]:
                self.wrong(words, words[2] if words[1] == "add" else "del", "1 to 4294967295")

    def test_ports(self):
        for word in (*self.not_numbers, "0", "65536", "0-70000", "0-80", "80-65536", "080x", "080", "80-", "-80",
                     "80-90-100", "80--90", "80:90", "80,90", "http", "any"):
            self.wrong(["rule", "add", "port", word, "direct"], "port", "1 to 65535")
        for word in "0-70000", "0", "080x", "any":
            self.wrong(["rule", "add", "port", word, "direct"], f"'{word}'")

    def test_reversed_ranges(self):
        self.wrong("rule add port 80-70 direct", "port", "'80-70'", "1 to 65535")
        self.wrong("rule add uid 80-70 direct", "uid", "'80-70'", "0 to 4294967294")
        self.wrong("rule add gid 1-0 direct", "gid", "'1-0'", "0 to 4294967294")

    def test_ids(self):
        for word in "uid", "gid":
            for value in ("4294967295", "4294967296", "01", "0-4294967295", "1-", "-1", "--", "-", "1-2-3"):
                self.wrong(["rule", "add", word, value, "direct"], word, f"'{value}'", "0 to 4294967294", "name")
            for value in ("nobody-of-this-name", "+1", "0x10", "", "1e3", "alice-bob", "1-x"):
                self.wrong(["rule", "add", word, value, "direct"], word, f"'{value}'", "0 to 4294967294",
                           "user" if word == "uid" else "group")
            self.wrong(["lookup", "192.0.2.1:1", word, "1-2"], word, "'1-2'", "0 to 4294967294")
            self.wrong(["lookup", "192.0.2.1:1", word, "4294967295"], word, "'4294967295'", "0 to 4294967294")


class Addresses(Case):
    not_addresses = ("", "256.0.0.1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "01.2.3.4", "1.2.3.04",
                     "0x1.2.3.4", "1.2.3.-4", "+1.2.3.4", "1.2.3.4 ", "localhost", "proxy.example.com", "::1",
                     "::ffff:1.2.3.4", "[1.2.3.4]", "16909060", "1.2.3.1000", "1.2.3.4%lo", "-1.2.3.4")

    def test_destination(self):
        for word in self.not_addresses:
            self.wrong(["rule", "add", "to", word, "direct"], "to:", f"'{word}'", "IPv4", "not looked up", "any")

    def test_prefix(self):
        for word in ("10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/255.0.0.0", "10.0.0.0/8/8",
                     "10/8", "10.0.0.0/x", "/8", "10.0.0.0/8x", "10.0.0.0/4294967304", "10.0.0.0:80"):
            self.wrong(["rule", "add", "to", word, "direct"], "to:", f"'{word}'", "IPv4", "prefix")

    def test_host_bits(self):
        for word, meant in (("10.0.0.1/8", "10.0.0.0/8"), ("255.255.255.255/31", "255.255.255.254/31"),
                            ("128.0.0.0/0", "0.0.0.0/0"), ("192.168.77.3/23", "192.168.76.0/23")):
            self.wrong(["rule", "add", "to", word, "direct"], "to:", f"'{word}'", f"did you mean {meant}?")

    def test_server(self):
        for word in (*self.not_addresses, "1.2.3.4:", "1.2.3.4:0", "1.2.3.4:65536", "1.2.3.4:080", "1.2.3.4:80x",
                     "1.2.3.4:80:90", ":80", "proxy.example.com:1080", "1.2.3.4:socks", "256.0.0.1:80", "1.2.3.4/32"):
            self.wrong(["server", "add", "a", word], f"'{word}'", "IPv4", "1 to 65535", "not looked up")

    def test_lookup(self):
        for word in (*self.not_addresses, "192.0.2.1", "192.0.2.1:0", "192.0.2.1:65536", "www.example.com:80"):
            self.wrong(["lookup", word], "lookup", f"'{word}'", "IPv4", "1 to 65535", "not looked up")


class Names(Case):
    def test_server_names(self):
        for name in "", "-a", "a b", "a/b", "ä", "a:1", "a\n", "n" * 64, "a\x1b[31m", "*":
            for words in (["server", "add", name, "192.0.2.1"], ["server", "del", name], ["server", "show", name],
                          ["rule", "add", "via", name]):
                self.wrong(words, "letters, digits, '.', '_' and '-'", "first", str(N["SOCKS_NAME_MAX"]))
        self.wrong(["server", "del", "a/b"], "'a/b'")
        self.wrong(["server", "del", "a\n\x1b"], "'a\\x0a\\x1b'")

    def test_userid(self):
        for length in 256, 100_000:
            self.wrong(["server", "add", "a", "192.0.2.1", "userid", "u" * length], "userid", "'uuu", str(length),
                       str(N["SOCKS_USERID_MAX"]))
            self.wrong(["server", "add", "a", "192.0.2.1", "userid", "string", "u" * length], "userid", "'uuu",
                       str(N["SOCKS_USERID_MAX"]))

    def test_long_words_are_cut_short(self):
        for words in (["x" * 100_000], ["rule", "add", "to", "x" * 100_000], ["server", "add", "x" * 100_000],
                      ["lookup", "\x01" * 100_000], ["rule", "add", "cgroup", "/" * 100_000, "direct"],
                      ["-" + "x" * 100_000], ["apply", "x" * 100_000]):
            result = self.run_socksctl(words)
            self.assert_line(result.error)
            self.assertLess(len(result.error), 600)
            self.assertEqual(result.status, 1)

    def test_cgroup(self):
        for path in "", "/" + "x" * 2047:
            self.wrong(["rule", "add", "cgroup", path, "direct"], "cgroup", str(N["SOCKS_CGROUP_MAX"]), "path")
            self.wrong(["lookup", "192.0.2.1:1", "cgroup", path], "cgroup", str(N["SOCKS_CGROUP_MAX"]), "path")


class Words(Case):
    def test_unknown(self):
        self.wrong("frob", "'frob'", OBJECTS)
        self.wrong("server frob", "'frob'", "add, del, show")
        self.wrong("rule frob", "'frob'", "add, del, show")
        self.wrong("rule add frob", "'frob'", RULE_WORDS)
        self.wrong("server add a 192.0.2.1 frob", "'frob'", "userid, timeout, accept-timeout, local")
        self.wrong("show frob", "'frob'", "allowed here: connections\n")
        self.wrong("limit frob", "'frob'", "allowed here: rbind, rbind-per-user\n")
        self.wrong("limit 5", "'5'", "allowed here: rbind, rbind-per-user\n")
        self.wrong("limit rbind 1 frob", "'frob'", "allowed here: rbind-per-user\n")
        self.wrong("lookup 192.0.2.1:1 frob", "'frob'", "uid, gid, cgroup")
        self.wrong(["rule", "add", ""], "''", RULE_WORDS)
        self.wrong(["rule", "add", "to\n"], "'to\\x0a'", RULE_WORDS)
        self.wrong("rule add DIRECT", "'DIRECT'", RULE_WORDS)

    def test_allowed_words_are_those_not_given_yet(self):
        self.wrong("rule add to any port 1 frob", "'frob'", "allowed here: index, uid, gid, cgroup, via, direct, reject, rbind\n")

    def test_missing(self):
        self.wrong("rule add", "action", "via SERVER, direct, reject")
        self.wrong("rule add to any port 1", "action", "via SERVER, direct, reject")
        for word, allowed in (("index", "1 to 4294967295"), ("to", "IPv4"), ("port", "1 to 65535"),
                              ("uid", "0 to 4294967294"), ("gid", "0 to 4294967294"), ("cgroup", "path"),
                              ("via", "name")):
            self.wrong("rule add " + word, word, "missing", allowed)
        self.wrong("server add", "server add", "missing", "name")
        self.wrong("server add a", "server add", "missing", "IPv4")
        self.wrong("server add a 192.0.2.1 userid", "userid", "missing", "none, uid")
        self.wrong("server add a 192.0.2.1 userid string", "userid string", "missing")
        self.wrong("server add a 192.0.2.1 timeout", "timeout", "missing", "1 to 3600")
        self.wrong("server add a 192.0.2.1 accept-timeout", "accept-timeout", "missing", "1 to 28800")
        self.wrong("limit rbind", "rbind:", "missing", "0 to 4294967295")
        self.wrong("limit rbind-p", "rbind-per-user:", "missing", "0 to 4294967295")
        self.wrong("rule add via a rbind", "missing", "allowed here: auto\n")
        self.wrong("server del", "server del", "missing", "name")
        self.wrong("rule del", "rule del", "missing", "1 to 4294967295")
        self.wrong("lookup", "lookup", "missing", "IPv4", "port")
        self.wrong("apply", "apply", "missing", "file")

    def test_twice(self):
        for first in ("index 1", "to any", "to 10.0.0.0/8", "port 1", "uid 1", "gid 1", "cgroup /x"):
            word = first.split()[0]
            self.wrong(f"rule add {first} {first} direct", f"{word}:", f"'{word}'", "twice")
            self.wrong(f"rule add {first} direct {word[:-1]} 7", f"{word}:", f"'{word[:-1]}'", "twice")
        self.wrong("server add a 192.0.2.1 userid a userid b", "userid:", "'userid'", "twice")
        self.wrong("server add a 192.0.2.1 timeout 1 t 2", "timeout:", "'t'", "twice")
        self.wrong("server add a 192.0.2.1 accept-timeout 1 a 2", "accept-timeout:", "'a'", "twice")
        self.wrong("limit rbind 1 r 2", "rbind:", "'r'", "twice")
        self.wrong("rule add rbind auto via a rb auto", "rbind:", "'rb'", "twice")
        self.wrong("lookup 192.0.2.1:1 uid 1 uid 1", "uid:", "'uid'", "twice")

    def test_two_actions(self):
        for one in "via a", "direct", "reject":
            for other in "via a", "direct", "reject":
                self.wrong(f"rule add {one} {other}", other.split()[0])
        self.wrong("rule add direct reject", "reject", "second", "via SERVER, direct, reject")

    def test_rbind(self):
        for words in "rule add via a rbind off", "rule add rbind a7 via a", "rule add via a rbind on direct":
            self.wrong(words, f"'{words.split('rbind ')[1].split()[0]}'", "allowed here: auto\n")
        for action in "direct", "reject":
            for words in f"{action} rbind auto", f"rbind auto port 80 {action}":
                self.wrong("rule add " + words, "rbind:", action, "allowed is via SERVER rbind auto\n")
        self.wrong("rule add rbind auto", "action", "via SERVER, direct, reject\n")

    def test_trailing(self):
        for words in ("server del a x", "server show a x", "rule del 1 x", "rule show x", "save x", "flush x",
                      "help x", "-b /dev/null x"):
            self.wrong(words, "'x'", "trailing", "nothing")
        self.wrong("server add a 192.0.2.1 192.0.2.2", "'192.0.2.2'", "userid, timeout, accept-timeout, local")
        self.wrong("rule add direct x", "'x'", "index")

    def test_filter(self):
        words = "via, to, port, uid, pid, program, state\n"
        self.wrong("show connections x", "'x'", "allowed here: " + words)
        self.wrong("show connections all", "'all'", "allowed here: " + words)
        self.wrong("show connections via a x", "'x'", "allowed here: " + words.removeprefix("via, "))
        self.wrong("show connections via a vi b", "via:", "'vi'", "twice")
        for word, parts in (("via", ("letters",)), ("to", ("IPv4",)), ("port", ("1 to 65535",)), ("uid", ("user",)),
                            ("pid", ("1 to 2147483647",)), ("program", ("ps -e",)),
                            ("state", ("allowed here: connecting, listening, established\n",))):
            for command in "show connections", "abort":
                self.wrong(f"{command} {word}", "missing", *parts)
                if word != "program":
                    self.wrong(f"{command} {word} -x", "'-x'", *parts)
        self.wrong("abort", "missing", "allowed here: all, " + words)
        self.wrong("abort x", "'x'", "allowed here: " + words)
        self.wrong("abort all via a", "'via'", "trailing")
        self.wrong("abort via a all", "'all'", "allowed here: to, ")


class Files(Case):
    def test_names(self):
        self.wrong(["apply", ""], "''", "file")
        self.wrong(["-b", ""], "''", "file")
        self.wrong("apply nosuchfile", "'nosuchfile'", os.strerror(errno.ENOENT))
        self.wrong("-b nosuchfile", "'nosuchfile'", os.strerror(errno.ENOENT))
        self.wrong(["apply", "no\nsuch"], "'no\\x0asuch'", os.strerror(errno.ENOENT))

    def test_folder(self):
        os.mkdir(os.path.join(self.scratch, "folder"))
        result = self.run_socksctl("-b folder")
        self.assert_line(result.error, os.strerror(errno.EISDIR), begins="folder")
        self.assertEqual(result.status, 2)
        self.assertEqual(self.kernel.commands, [])
        # No configuration at all is not taken for an empty one.
        self.wrong("apply folder", "'folder'", "*.conf")

    def test_line_17(self):
        """Every kind of mistake, on line 17 of a file."""
        good = "server add a 192.0.2.1\n" + "# comment\n" * 5 + "\n" * 5 + "rule add \\\n to any \\\n direct\n\n\n"
        for wrong, parts in (
                ("rule add to any to any direct", ("to:", "'to'", "twice")),
                ("rule add to 256.0.0.1 direct", ("'256.0.0.1'", "IPv4")),
                ("rule add to 10.0.0.1/8 direct", ("'10.0.0.1/8'", "10.0.0.0/8")),
                ("rule add port 0-70000 direct", ("'0-70000'", "1 to 65535")),
                ("rule add port 80-70 direct", ("'80-70'", "1 to 65535")),
                ("rule add port 080x direct", ("'080x'", "1 to 65535")),
                ("rule add frob", ("'frob'", RULE_WORDS)),
                ("frob", ("'frob'", "server, rule, limit")),
                ("limit", ("missing", "rbind, rbind-per-user")),
                ("limit rbind x", ("'x'", "0 to 4294967295")),
                ("rule add direct rbind auto", ("rbind:", "via SERVER rbind auto")),
                ("rule del 1", ("'del'", "add")),
                ("show", ("'show'", "server, rule")),
                ("server del a", ("'del'", "add")),
                ("server add -a 192.0.2.1", ("'-a'", "letters")),
                ("server add b example.com", ("'example.com'", "not looked up")),
                ("server add b 192.0.2.1 userid " + "u" * 100_000, ("'uuu", "255")),
                ("rule add uid 4294967295 direct", ("'4294967295'", "4294967294")),
                ("rule add to any", ("action", "via SERVER, direct, reject")),
                ("rule add direct trailing", ("'trailing'",)),
                ("rule", ("missing", "add")),
                ("rule add cgroup '/x direct", ("quote", "closed")),
                ("rule add cgroup \"/x direct", ("quote", "closed")),
                ("rule add cgroup $'\\q' direct", ("escape", "\\n")),
                ("rule add cgroup $'\\x00' direct", ("escape",)),
                ("rule add \0direct", ("NUL",))):
            for tail in "", "\n", "\nrule add reject\n":
                text = good + wrong + tail
                self.assertEqual(text.split("\n")[16], wrong)
                path = self.file("rules.conf", text)
                self.kernel.commands.clear()
                result = self.run_socksctl(["apply", path])
                self.assert_line(result.error, *parts, begins=f"{path}:17: ")
                self.assertEqual((result.status, result.out, self.kernel.commands), (1, "", []))
                result = self.run_socksctl("apply -", stdin=text)
                self.assert_line(result.error, *parts, begins="-:17: ")
                self.assertEqual((result.status, result.out, self.kernel.commands), (1, "", []))

    def test_the_line_of_the_wrong_word(self):
        """In a command of several lines it is the line on which the word stands."""
        result = self.run_socksctl("apply -", stdin="rule add \\\n  to any \\\n  port 0 \\\n  direct\n")
        self.assert_line(result.error, "'0'", begins="-:3: ")
        result = self.run_socksctl("apply -", stdin="rule add \\\n  to any \\\n  port \\\n\n")
        self.assert_line(result.error, "port", "missing", begins="-:3: ")
