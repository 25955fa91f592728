# SPDX-License-Identifier: GPL-2.0-only
"""check: all that is wrong with files, without a kernel."""

import os

import model
from harness import Case
from test_apply import GOOD


class Check(Case):
    def setUp(self):
        super().setUp()
        # Whoever opened a socket would come here.
        self.no_kernel = {"TEST_KERNEL": "/nonexistent"}

    def good(self, words, **arguments):
        result = self.ok(words, environment=self.no_kernel, **arguments)
        self.assertEqual(result.out, "")

    def bad(self, text, *errors):
        """Each (line, part of the message) is reported, and nothing else."""
        path = self.file("bad.conf", text)
        result = self.run_socksctl(["check", path], environment=self.no_kernel)
        lines = result.error.splitlines(True)
        self.assertEqual([line.split(": ")[0] for line in lines], [f"{path}:{n}" for n, _ in errors], result.error)
        for line, (number, part) in zip(lines, errors, strict=True):
            self.assert_line(line, part, begins=f"{path}:{number}: ")
        self.assertEqual((result.status, result.out), (1, ""))
        return result.error

    def test_good(self):
        path = self.file("good.conf", GOOD)
        self.good(["check", path])
        self.good("check -", stdin=GOOD)
        self.good(["check", path, self.file("empty.conf", "")])
        self.good(["c", self.file("help", "limit rbind 1\n")])
        self.kernel.loaded = False
        self.good(["-batch", "-"], stdin=f"check {path}\n")

    def test_all_in_one_go(self):
        self.bad("server add a 192.0.2.1\n"                 # 1
                 "server add a 192.0.2.2\n"                 # 2
                 "rule add to any to any direct\n"          # 3
                 "rule add via nobody\n"                    # 4
                 "\n"
                 "rule add \\\n"                            # 6
                 "  via Nobody\n"
                 "rule add port 0 direct\n"                 # 8
                 "rule add index 9 direct\n"                # 9
                 "show\n"                                   # 10
                 "limit rbind -1\n"                         # 11
                 "server add m 224.0.0.1\n"                 # 12
                 "rule add via m\n"
                 "rule add via 'any body' direct\n"         # 14
                 "rule add via no-one\n",                   # 15
                 (2, "'a' already"), (3, "'to'"), (4, "'nobody'"), (6, "'Nobody'"), (8, "'0'"),
                 (9, "index: 9 is beyond the end: allowed is a number from 1 to 5"), (10, "'show'"), (11, "'-1'"),
                 (12, "224.0.0.1"),
                 (14, "'any body'"), (15, "'no-one'"))

    def test_order(self):
        """A server stands above the rules which name it, as for the kernel."""
        self.bad("rule add via a\nserver add a 192.0.2.1\nrule add via a\n", (1, "'a'"))
        self.refused("apply -", "-:1: there is no server of this name",
                     stdin="rule add via a\nserver add a 192.0.2.1\nrule add via a\n")

    def test_nothing_for_the_sake_of_another_error(self):
        self.bad("server add a 1.2.3\nrule add via a\n", (1, "'1.2.3'"))
        self.bad("servr add a 192.0.2.1\nrule add via a\n", (1, "'servr'"))
        self.bad("server add a 192.0.2.1 userid 'x\nrule add via a\n", (1, "quote"))
        self.bad("rule add port 0 direct\nrule add index 2 direct\n", (1, "'0'"))

    def test_addresses(self):
        for address in "0.0.0.0", "0.0.0.255", "224.0.0.0", "239.255.255.255", "255.255.255.255":
            self.bad(f"server add a {address}\n", (1, address))
        for address in "0.0.1.0", "223.255.255.255", "240.0.0.0", "255.255.255.254", "127.0.0.1":
            self.good("check -", stdin=f"server add a {address}\n")

    def test_left_to_the_kernel(self):
        self.good("check -", stdin="rule add cgroup /missing direct\n")

    def test_files_are_read_as_one(self):
        one = self.file("one", "server add a 192.0.2.1\nfrob\n")
        two = self.file("two", "rule add via a\nrule add via b\nserver add a 192.0.2.2\n")
        result = self.run_socksctl(["check", one, two, one], environment=self.no_kernel)
        lines = result.error.splitlines(True)
        self.assertEqual(result.status, 1)
        for line, begins in zip(lines, (f"{one}:2: ", f"{two}:2: ", f"{two}:3: ", f"{one}:1: ", f"{one}:2: "), strict=True):
            self.assert_line(line, begins=begins)

    def test_missing_file(self):
        """What it has added is not known, and no other line is wrong for the sake of it."""
        path = self.file("two", "rule add via a\nfrob\n")
        result = self.run_socksctl(["check", self.scratch + "/one", path], environment=self.no_kernel)
        lines = result.error.splitlines(True)
        self.assertEqual(result.status, 1)
        for line, begins in zip(lines, ("socksctl: ", f"{path}:2: "), strict=True):
            self.assert_line(line, begins=begins)

    def test_folder(self):
        folder = os.path.join(self.scratch, "conf.d")
        os.mkdir(folder)
        self.wrong(["check", folder], "*.conf")
        self.file("conf.d/1.conf", "server add a 192.0.2.1\n")
        self.file("conf.d/2.conf", "rule add via a\n")
        self.file("conf.d/3", "frob\n")
        self.good(["check", folder])
        self.file("conf.d/0.conf", "rule add via a\n")
        result = self.run_socksctl(["check", folder], environment=self.no_kernel)
        self.assertEqual(result.status, 1)
        self.assert_line(result.error, "'a'", begins=f"{folder}/0.conf:1: ")

    def test_command_line(self):
        self.wrong("check", "file name")
        self.wrong(["check", ""], "''")
        self.wrong("check /nonexistent", "'/nonexistent'", os.strerror(2))
        self.assertIn("check FILE...", self.ok("check -h").out)
        self.assertIn("check FILE...", self.ok("help").out)
        # The same status as of any command for what the system can't do.
        folder = os.path.join(self.scratch, "folder.conf")
        os.mkdir(folder)
        self.assertEqual(self.run_socksctl(["check", self.scratch]).status, 2)

    def test_agrees_with_apply(self):
        """What is saved is well; what the kernel refuses is found, at the same place."""
        generator = model.seeded("test_agrees_with_apply")
        for _ in range(15):
            self.kernel.namespaces[""] = model.random_config(generator)
            # Only such addresses as the kernel itself accepts.
            for server in self.kernel.config.servers.values():
                server["address"] = model.address("192.0.2.1")
            lines = self.ok("save").out.splitlines(True)
            self.good("check -", stdin="".join(lines))
            generator.shuffle(lines)
            text = "".join(lines)
            applied = self.run_socksctl("apply -", stdin=text)
            checked = self.run_socksctl("check -", stdin=text, environment=self.no_kernel)
            self.assertEqual(bool(applied.status), bool(checked.status), text)
            if applied.status:
                self.assertEqual(applied.error.split(": ")[0], checked.error.split(": ")[0])

    def test_no_memory(self):
        path = self.file("good.conf", GOOD)
        # Each allocation fails once, until none is left that can fail.
        for number in range(1, 1000):
            result = self.run_socksctl(["check", path], environment=self.no_kernel | {"TEST_FAIL": str(number)})
            if not result.status:
                break
            self.assertEqual(result.status, 2)
            self.assert_line(result.error, begins="")
        self.assertGreater(number, 10)
        self.assertEqual(result.status, 0)
