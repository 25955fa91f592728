# SPDX-License-Identifier: GPL-2.0-only
"""Files: apply, save, and -batch."""

import errno
import os

import model
from harness import Case, harmless
from model import ABORT, BEGIN, COMMIT, DIRECT, NONE, VIA, Refused, address

GOOD = """\
# two servers
server add corp 192.0.2.1 userid alice
server add "other" 192.0.2.2:1081 \\
        timeout 5 accept-timeout 180

rule add to 203.0.113.0/24 via corp   # and a comment
  rule add uid 1000-1999 via other
r a r
"""


class Apply(Case):
    def test_transaction(self):
        self.ok("apply -", stdin=GOOD)
        names = [c[0] for c in self.kernel.commands]
        self.assertEqual(names, ["transaction"] + ["server_add"] * 2 + ["rule_add"] * 3 + ["transaction"])
        self.assertEqual(self.kernel.commands[0][1], {"step": BEGIN, "flush": True})
        self.assertEqual(self.kernel.commands[-1][1], {"step": COMMIT})
        self.assertEqual(list(self.kernel.config.servers), [b"corp", b"other"])
        self.assertEqual(self.kernel.config.servers[b"other"],
                         {"name": b"other", "address": address("192.0.2.2"), "port": 1081, "userid_mode": NONE,
                          "timeout": 5, "accept_timeout": 180, "retry": 30})
        self.assertEqual(self.kernel.config.rules[0],
                         {"action": VIA, "server": b"corp", "address": address("203.0.113.0"), "prefix_len": 24})

    def test_replaces(self):
        self.ok("apply -", stdin=GOOD)
        self.ok("apply -", stdin="rule add direct\n")
        self.assertEqual((self.kernel.config.servers, self.kernel.config.rules), ({}, [{"action": DIRECT}]))
        self.ok("apply -", stdin="# nothing\n")
        self.assertEqual((self.kernel.config.servers, self.kernel.config.rules), ({}, []))

    def test_limits(self):
        """They are part of the transaction; without a line they are the defaults."""
        for line, limits in (("limit rbind 7", {"rbinds": 7, "rbinds_per_user": 64}),
                             ("limit rbind-per-user 0", {"rbinds": 1024, "rbinds_per_user": 0}),
                             ("li rb 7\nlimit rbind-p 4294967295 rbind 8",
                              {"rbinds": 8, "rbinds_per_user": 4294967295}),
                             ("", model.LIMITS)):
            self.commands()
            self.ok("apply -", stdin=f"rule add direct\n{line}\nrule add direct\n")
            names = [c[0] for c in self.commands()]
            self.assertEqual(names, ["transaction", "rule_add", *["limits"] * line.count("li"), "rule_add",
                                     "transaction"])
            self.assertEqual(self.kernel.config.limit, limits, line)
        self.ok("limit rbind 7")
        self.refused("apply -", "-:2: there is no server of this name", stdin="limit rbind 8\nrule add via nobody\n")
        self.assertEqual(self.kernel.config.limit["rbinds"], 7)
        self.kernel.refuse = {"limits": Refused(errno.EINVAL, "not with me")}
        self.refused("apply -", "-:2: not with me", stdin="rule add direct\nlimit rbind 8\n")
        self.assertEqual((self.kernel.config.limit["rbinds"], self.kernel.config.rules[1:]), (7, [{"action": DIRECT}]))

    def test_many_limits(self):
        """Each is answered by two messages; they fit into the receive buffer."""
        self.ok("apply -", stdin="limit rbind 8\n" * 10_000 + "limit rbind 9\n",
                environment={"TEST_NO_FORCE": "1"})
        self.assertEqual(self.kernel.config.limit["rbinds"], 9)

    def test_file(self):
        path = self.file("a file", GOOD)
        self.ok(["apply", path])
        self.assertEqual(len(self.kernel.config.rules), 3)

    def test_files(self):
        """Several are one transaction, in the order in which they are named."""
        one = self.file("one", "server add a 192.0.2.1\nlimit rbind 7\n")
        two = self.file("two", "rule add port 80 via a\n")
        self.ok(["apply", one, "-", two], stdin="rule add port 81 via a\n")
        names = [c[0] for c in self.commands()]
        self.assertEqual(names, ["transaction", "server_add", "limits", "rule_add", "rule_add", "transaction"])
        self.assertEqual([rule["port_min"] for rule in self.kernel.config.rules], [81, 80])
        self.assertEqual(self.kernel.config.limit["rbinds"], 7)

    def test_files_which_are_wrong(self):
        """Each wrong line of each is reported with its file, and nothing changes."""
        one = self.file("one", "server add a 192.0.2.1\nfrob\n")
        two = self.file("two", "rule add via a\nrule add port 0 direct\n")
        missing = os.path.join(self.scratch, "missing")
        result = self.run_socksctl(["apply", one, missing, two])
        lines = result.error.splitlines(True)
        self.assertEqual(len(lines), 3)
        self.assert_line(lines[0], "'frob'", begins=f"{one}:2: ")
        self.assert_line(lines[1], missing[:40], os.strerror(errno.ENOENT))
        self.assert_line(lines[2], "'0'", begins=f"{two}:2: ")
        self.assertEqual((result.status, result.out, self.kernel.commands), (1, "", []))

    def test_refused_line_of_one_of_the_files(self):
        """It is reported with the file in which it stands, also next to its ends and to empty files."""
        empty = self.file("empty", "# nothing\n")
        good = self.file("good", "server add a 192.0.2.1\nrule add via a\n")
        for text, line in (("rule add via nobody\n", 1), ("rule add direct\nrule add via nobody\n", 2)):
            bad = self.file("bad", text)
            for files in ([good, bad], [bad, good], [empty, good, empty, bad, empty, good], [good, good, bad]):
                place = f"{bad}:{line}: there is no server of this name"
                if files == [good, good, bad]:
                    place = f"{good}:1: a server of this name exists already"
                self.refused(["apply", *files], place)
        self.assertEqual((self.kernel.config.servers, self.kernel.config.rules), ({}, []))

    def test_directory(self):
        """It stands for the files *.conf in it, in the order of their names whatever the language is."""
        folder = os.path.join(self.scratch, "conf.d")
        os.mkdir(folder)
        self.ok("limit rbind 7")
        self.ok(["apply", "/dev/null", folder])
        self.assertEqual(self.kernel.config.limit, model.LIMITS)
        for number, name in enumerate(("10-b.conf", "9.conf", "Z.conf", "a.conf", "\N{LATIN SMALL LETTER A WITH DIAERESIS}.conf"), 1):
            self.file(f"conf.d/{name}", f"rule add port {number} direct\n")
        for name in ".hidden.conf", "a.conf~", "a.conf.dpkg-dist", ".conf", "README", "conf":
            self.file(f"conf.d/{name}", "frob\n")
        first = self.file("first", "rule add port 100 direct\n")
        for path in folder, folder + "/":
            self.ok(["apply", first, path], environment={"LC_ALL": "C.UTF-8"})
            self.assertEqual([rule["port_min"] for rule in self.kernel.config.rules], [100, 1, 2, 3, 4, 5])
        self.file("conf.d/5.conf", "rule add direct\nrule add via nobody\n")
        self.refused(["apply", folder], f"{folder}/5.conf:2: there is no server of this name")
        os.mkdir(os.path.join(folder, "b.conf"))
        result = self.run_socksctl(["apply", folder])
        self.assertEqual(result.status, 2)
        self.assert_line(result.error, os.strerror(errno.EISDIR), begins=f"{folder}/b.conf: ")

    def test_default(self):
        """The rule for what is left is the last one, wherever it stands, also where another file comes after it."""
        folder = os.path.join(self.scratch, "conf.d")
        os.mkdir(folder)
        first = self.file("first", "default reject\nserver add a 192.0.2.1\nrule add port 1 via a\n")
        self.file("conf.d/more.conf", "rule add port 2 direct\n")
        self.ok(["apply", first, folder])
        self.assertEqual([rule.get("port_min") for rule in self.kernel.config.rules], [1, 2, None])
        self.assertEqual(self.ok("save").out.splitlines()[-1], "rule add reject")
        for text, saved in (("default via later rbind auto\nserver add later 192.0.2.1\n", "rule add via later rbind auto"),
                            ("d via later\nserver add later 192.0.2.1\n", "rule add via later"),
                            ("rule add port 1 reject\ndefault direct\n", "rule add port 1 reject")):
            self.ok("apply -", stdin=text)
            self.assertEqual(self.ok("save").out.splitlines()[-1], saved)
            self.assertEqual(len(self.kernel.config.rules), 1)

    def test_wrong_default(self):
        one = self.file("one", "\ndefault reject\n")
        for text, line, *parts in (("default\n", 1, "action is missing"), ("default frob\n", 1, "'frob'", "via, direct, reject"),
                                   ("default port 1 reject\n", 1, "'port'"), ("default reject direct\n", 1, "second action"),
                                   ("default direct\nrule add direct\ndefault direct\n", 3, "second one", "line 1"),
                                   ("default direct rbind auto\n", 1, "rbind")):
            path = self.file("wrong", text)
            for command in "apply", "check":
                result = self.run_socksctl([command, path])
                self.assert_line(result.error, *parts, begins=f"{path}:{line}: ")
                self.assertEqual((result.status, self.kernel.commands), (1, []))
        two = self.file("two", "default direct\n")
        result = self.run_socksctl(["apply", one, two])
        self.assert_line(result.error, "second one", "line 2", "one", begins=f"{two}:1: ")
        self.assertEqual((result.status, self.kernel.commands), (1, []))
        # What the kernel refuses is refused where it stands, as check finds it.
        path = self.file("wrong", "\ndefault via nobody\n")
        empty = self.file("empty", "rule add direct\n")
        self.refused(["apply", empty, path, empty], f"{path}:2: there is no server of this name")
        result = self.run_socksctl(["check", empty, path, empty])
        self.assert_line(result.error, "'nobody'", begins=f"{path}:2: ")
        # It is for files: the kernel has no such thing to which a command could change it.
        self.wrong("default reject", "'default'")

    def test_every_wrong_line_is_reported(self):
        text = ("server add a 192.0.2.1\n"          # 1
                "rule add to any to any direct\n"   # 2
                "rule add direct\n"                 # 3
                "frob\n"                            # 4
                "rule add 'x\n"                     # 5
                "rule add direct \\\n"              # 6
                "  port 0\n"                        # 7
                "show\n"                            # 8
                "server add b 1.2.3\n"              # 9
                "rule add via a\n")                 # 10
        path = self.file("many.conf", text)
        result = self.run_socksctl(["apply", path])
        lines = result.error.splitlines(True)
        self.assertEqual([line.split(": ")[0] for line in lines], [f"{path}:{n}" for n in (2, 4, 5, 7, 8, 9)])
        for line, part in zip(lines, ("'to'", "'frob'", "quote", "'0'", "'show'", "'1.2.3'"), strict=True):
            self.assert_line(line, part, begins=path)
        self.assertEqual((result.status, result.out, self.kernel.commands), (1, "", []))

    def test_wrong_lines_without_a_module(self):
        self.kernel.loaded = False
        result = self.run_socksctl("apply -", stdin="frob\n")
        self.assertEqual(result.status, 1)
        self.assert_line(result.error, "'frob'", begins="-:1: ")

    def test_refused_line(self):
        self.ok("apply -", stdin=GOOD)
        before = self.ok("save").out
        self.commands()
        path = self.file("dup.conf", GOOD + "\nserver add corp 192.0.2.9\nrule add direct\n")
        self.refused(["apply", path], f"{path}:10: a server of this name exists already")
        self.assertEqual(self.kernel.commands[-1], ("transaction", {"step": ABORT}))
        self.assertEqual(self.ok("save").out, before)

    def test_refused_line_is_where_the_command_begins(self):
        text = "rule add \\\n to any \\\n via nobody\n"
        self.refused("apply -", "-:1: there is no server of this name", stdin=text)
        text = "\n\n" + text
        self.refused("apply -", "-:3: there is no server of this name", stdin=text)

    def test_first_of_many_refused_lines(self):
        text = "rule add direct\n" * 5 + "rule add via nobody\n" * 3000
        self.refused("apply -", "-:6: there is no server of this name", stdin=text)
        self.assertEqual(self.kernel.config.rules, [])

    def test_refused_line_far_behind(self):
        text = "rule add direct\n" * 7000 + "rule add via nobody\n" + "rule add direct\n" * 1000
        self.refused("apply -", "-:7001: there is no server of this name", stdin=text)
        self.assertEqual(self.kernel.config.rules, [])
        self.assertEqual(self.kernel.commands[-1], ("transaction", {"step": ABORT}))

    def test_refused_without_message(self):
        result = self.run_socksctl("apply -", stdin="rule add direct\nrule add cgroup /missing direct\n")
        self.assertEqual(result.status, 2)
        self.assert_line(result.error, os.strerror(errno.ENOENT), begins="-:2: ")

    def test_refused_begin_and_commit(self):
        self.kernel.refuse = {"transaction": Refused(errno.EBUSY, "somebody else is at it")}
        self.refused("apply -", "socksctl: somebody else is at it", stdin=GOOD)
        self.kernel.refuse = {"commit": Refused(errno.ESTALE, "too late")}
        self.refused("apply -", "socksctl: too late", stdin=GOOD)
        self.refused("flush", "socksctl: too late")
        self.assertEqual((self.kernel.config.servers, self.kernel.config.rules), ({}, []))

    def test_same_socket_again_after_a_failure(self):
        path = self.file("bad.conf", "rule add via nobody\n")
        good = self.file("good.conf", GOOD)
        result = self.run_socksctl("-force -b -", stdin=f"apply {path}\napply {good}\n")
        self.assertEqual((result.status, result.error), (2, f"{path}:1: there is no server of this name\n"))
        self.assertEqual(len(self.kernel.config.rules), 3)

    def test_batches(self):
        """Few datagrams; their acknowledgments fit into the receive buffer."""
        text = "".join(f"rule add to 10.{n >> 8}.{n & 255}.0/24 port 80-90 uid {n} direct\n" for n in range(10_000))
        self.ok("apply -", stdin=text)
        self.assertEqual(len(self.kernel.config.rules), 10_000)
        self.assertLess(len(self.kernel.datagrams), 20)
        self.kernel.datagrams.clear()
        self.ok("apply -", stdin=text, environment={"TEST_NO_FORCE": "1"})
        self.assertEqual(len(self.kernel.config.rules), 10_000)
        self.assertLess(len(self.kernel.datagrams), 80)

    def test_long_lines(self):
        """Messages of 2 kB each."""
        text = "".join(f"rule add cgroup /{n}{'x' * 2000} direct\n" for n in range(1000))
        self.ok("apply -", stdin=text)
        self.assertEqual(len(self.kernel.config.rules), 1000)

    def test_parsing_is_linear(self):
        """100,000 rules are parsed within seconds; the last line is wrong."""
        lines = [f"rule add to 10.{n >> 8 & 255}.{n & 255}.{n >> 16} port {n % 65535 + 1} uid {n} via corp\n"
                 for n in range(100_000)]
        path = self.file("large.conf", "".join(lines) + "frob\n")
        before = os.times()
        result = self.run_binary("fast", "apply", path)
        after = os.times()
        # The processor's time, of which there may be little on a busy machine.
        self.assertLess(after.children_user + after.children_system - before.children_user - before.children_system, 5)
        self.assert_line(result.error, "'frob'", begins=f"{path}:100001: ")


class Save(Case):
    def round_trip(self):
        before = self.kernel.config
        saved = self.ok("save").raw
        self.ok("apply -", stdin=saved)
        self.assertIsNot(self.kernel.config, before)
        self.assertEqual(list(self.kernel.config.servers.items()), list(before.servers.items()))
        self.assertEqual(self.kernel.config.rules, before.rules)
        self.assertEqual(self.kernel.config.limit, before.limit)
        self.assertEqual(self.ok("save").raw, saved)
        return saved.decode()

    def test_nothing(self):
        self.assertEqual(self.round_trip(), "")

    def test_simple(self):
        self.ok("apply -", stdin=GOOD)
        self.assertEqual(self.round_trip().splitlines(), [
            "server add corp 192.0.2.1:1080 userid alice timeout 120",
            "server add other 192.0.2.2:1081 userid none timeout 5",
            "rule add to 203.0.113.0/24 via corp", "rule add uid 1000-1999 via other", "rule add reject"])

    def test_limits(self):
        self.ok("limit rbind 5")
        self.assertEqual(self.round_trip(), "limit rbind 5 rbind-per-user 64\n")
        self.ok("limit rbind 1024 rbind-per-user 65")
        self.ok("rule add direct")
        self.assertEqual(self.round_trip(), "limit rbind 1024 rbind-per-user 65\nrule add direct\n")
        self.ok("limit rbind-per-user 64")
        self.assertEqual(self.round_trip(), "rule add direct\n")

    def test_rbind(self):
        lines = ("server add a 192.0.2.1:1080 userid none timeout 120 accept-timeout 28800\n"
                 "server add b 192.0.2.1:1081 userid none timeout 120\n"
                 "rule add port 21 via a rbind auto\nrule add via a\n")
        self.ok("apply -", stdin=lines)
        self.assertEqual(self.round_trip(), lines)

    def test_words_that_mean_something(self):
        for word in "none", "uid", "string", "", "#x", "a b", "timeout":
            self.kernel.config.servers.clear()
            self.ok(["server", "add", "a", "192.0.2.1", "userid", "string", word])
            self.round_trip()

    def test_anything(self):
        """Whatever the kernel holds is saved, printable, and read back."""
        generator = model.seeded("test_anything")
        for _ in range(25):
            self.kernel.namespaces[""] = model.random_config(generator)
            saved = self.round_trip()
            self.assertTrue(harmless(saved.replace("\n", "")))
            self.ok("show")
            self.ok("-j show").json()
            self.ok("-j -p show").json()
            limits = self.kernel.config.limit
            self.assertEqual("limit " in saved, limits != model.LIMITS)

    def test_dump_order(self):
        """Rules come in their order, also those which were put before others."""
        self.ok("rule add port 1 direct")
        self.ok("rule add index 1 port 2 direct")
        self.assertEqual(self.round_trip(), "rule add port 2 direct\nrule add port 1 direct\n")


class Batch(Case):
    def test_all_commands(self):
        path = self.file("x.conf", GOOD)
        text = ("server add a 192.0.2.1\n\n# comment\nrule add via a\nrule \\\n add 'direct'\nrule del 2\nsave\n"
                "limit rbind 3\nlimit\nshow conn\n"
                f"lookup 192.0.2.9:80\napply {path}\nsave\nflush\nsave\nserver\nhelp\n")
        out = self.ok("-batch -", stdin=text).out
        self.assertTrue(out.startswith("server add a 192.0.2.1:1080 userid none timeout 120\nrule add via a\n"), out)
        self.assertIn("rule add uid 1000-1999 via other\n", out)
        self.assertEqual((self.kernel.config.servers, self.kernel.config.rules), ({}, []))

    def test_one_socket(self):
        self.ok("-b -", stdin="rule add direct\nrule add direct\nrule\n")
        self.assertEqual([c[0] for c in self.commands()], ["rule_add", "rule_add", "rule_get"])

    def test_stops_at_an_error(self):
        text = "rule add port 1 direct\nrule add port 0 direct\nrule add port 2 direct\n"
        for words in "-batch -", "--batch -", "-b -":
            self.kernel.config.rules.clear()
            result = self.run_socksctl(words, stdin=text)
            self.assertEqual(result.status, 1)
            self.assert_line(result.error, "'0'", begins="-:2: ")
            self.assertEqual([rule["port_min"] for rule in self.kernel.config.rules], [1])

    def test_stops_where_the_kernel_refuses(self):
        path = self.file("b.txt", "rule add port 1 direct\n\nrule del 7\nrule add port 2 direct\n")
        self.refused(["-b", path], f"{path}:3: there is no rule of this index")
        self.assertEqual([rule["port_min"] for rule in self.kernel.config.rules], [1])

    def test_force(self):
        text = "rule add port 1 direct\nrule add port 0 direct\nrule del 7\nrule add 'x\nrule add port 2 direct\n"
        result = self.run_socksctl("-force -batch -", stdin=text)
        lines = result.error.splitlines(True)
        self.assertEqual(len(lines), 3)
        self.assert_line(lines[0], "'0'", begins="-:2: ")
        self.assertEqual(lines[1], "-:3: there is no rule of this index\n")
        self.assert_line(lines[2], "quote", begins="-:4: ")
        self.assertEqual([rule["port_min"] for rule in self.kernel.config.rules], [1, 2])
        # The status is that of the first error.
        self.assertEqual(result.status, 1)
        result = self.run_socksctl("-b - -f", stdin="rule del 7\nrule add port 0 direct\n")
        self.assertEqual(result.status, 2)

    def test_options_are_no_commands(self):
        result = self.run_socksctl("-b -", stdin="-j show\n")
        self.assertEqual(result.status, 1)
        self.assert_line(result.error, "'-j'", begins="-:1: ")

    def test_json(self):
        out = self.ok("-j -b -", stdin="rule\nserver\nshow\n").out
        self.assertEqual(out, '[]\n[]\n{"servers":[],"rules":[],"limits":{"rbind":1024,"rbind_per_user":64}}\n')

    def test_answers_come_at_once(self):
        """Who writes the commands one by one gets each answer before the next."""
        import subprocess
        with subprocess.Popen([os.path.join(self.folder, "fast"), "-b", "-"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, env={"TEST_KERNEL": self.kernel.path}) as process:
            for _ in range(3):
                process.stdin.write(b"rule add direct\nlookup 192.0.2.9:1\n")
                process.stdin.flush()
                self.assertIn(b"direct", process.stdout.readline())
                process.stdout.readline()
                process.stdout.readline()
            process.stdin.close()
            self.assertEqual(process.wait(), 0)
