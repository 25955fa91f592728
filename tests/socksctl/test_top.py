# SPDX-License-Identifier: GPL-2.0-only
"""top, on a real terminal."""

import os
import re
import signal

import model
from harness import ENVIRONMENT, Case
from model import REJECT
from terminal import Terminal

CONFIG = """\
server add alpha 192.0.2.1
server add beta 192.0.2.2:1081
server add gamma 192.0.2.3
rule add to 10.0.0.0/8 port 80 via alpha
rule add to 172.16.0.0/12 via beta rbind auto
rule add uid 7 reject
rule add via gamma
"""


class Top(Case):
    def setUp(self):
        super().setUp()
        self.ok("apply -", stdin=CONFIG)
        for name, open_, opening in (b"alpha", 3, 20), (b"beta", 1, 10), (b"gamma", 2, 30):
            self.count(name, tried=0, granted=0, rejected=0, failed=0, in_progress=opening, established=open_)
        for index, rule in enumerate(self.kernel.config.rules):
            rule["stats"] = {"tried": 0, "granted": 0, "rejected": 0, "failed": 0, "in_progress": 0,
                             "established": index}

    def count(self, name, **counters):
        server = self.kernel.config.servers[name]
        server["stats"] = server.get("stats", {}) | counters

    def start(self, *words, columns=140, rows=24, **environment):
        environment = {"LC_ALL": "C.UTF-8", "TEST_KERNEL": self.kernel.path} | environment
        environment = {name: value for name, value in ENVIRONMENT.items() if name.endswith("OPTIONS")} | environment
        terminal = Terminal([os.path.join(self.folder, "checked"), *(words or ("top",))], environment, columns, rows)
        self.addCleanup(terminal.close)
        return terminal

    @staticmethod
    def names(lines):
        """The servers, and the rules, in the order in which they are shown."""
        text = "\n".join(lines)
        servers = re.findall(r"^(alpha|beta|gamma) +192", text, re.M)
        rules = re.findall(r"^(\d+) +(?:to|uid|via|direct|reject)", text, re.M)
        return servers, [int(rule) for rule in rules]

    def shown(self, terminal, servers, rules):
        terminal.until(lambda lines: self.names(lines) == (servers, rules))

    def test_what_is_shown(self):
        terminal = self.start()
        self.shown(terminal, ["alpha", "beta", "gamma"], [1, 2, 3, 4])
        lines = terminal.screen()
        self.assertRegex(lines[0], r"\Asocksctl top \d\d:\d\d:\d\d, every 1 s: 6 open, 60 opening, 0\.0 granted/s\Z")
        self.assertEqual(lines[1].split()[:8], ["SERVER", "ADDRESS", "OPEN", "OPENING", "TRIED/S", "GRANTED/S",
                                                "REJECTED/S", "FAILED/S"])
        self.assertEqual(lines[3].split(), ["beta", "192.0.2.2:1081", "1", "10", "0.0", "0.0", "0.0", "0.0"])
        self.assertIn("to 172.16.0.0/12 via beta rb", "\n".join(lines))
        self.assertTrue(lines[-1].startswith("q quit  sort by: n name"), lines[-1])
        terminal.keys("q")
        self.assertEqual(terminal.ended(), (0, ["before", "restored"]))

    def test_sorting(self):
        terminal = self.start()
        self.shown(terminal, ["alpha", "beta", "gamma"], [1, 2, 3, 4])
        terminal.keys("o")
        self.shown(terminal, ["alpha", "gamma", "beta"], [4, 3, 2, 1])
        terminal.until(lambda lines: " OPENv" in lines[1])
        # Again: the other way round.
        terminal.keys("o")
        self.shown(terminal, ["beta", "gamma", "alpha"], [1, 2, 3, 4])
        terminal.until(lambda lines: " OPEN^" in lines[1])
        terminal.keys("p")
        self.shown(terminal, ["gamma", "alpha", "beta"], [1, 2, 3, 4])
        terminal.keys("n")
        self.shown(terminal, ["alpha", "beta", "gamma"], [1, 2, 3, 4])
        terminal.keys("r")
        self.shown(terminal, ["gamma", "beta", "alpha"], [4, 3, 2, 1])
        terminal.keys("q")
        self.assertEqual(terminal.ended()[0], 0)

    def test_rates(self):
        """So many more each time it is read are so many each second."""
        step = [0]

        def before(name):
            # Once for each reading: the limits come last of what is read.
            if name == "rule_get":
                step[0] += 1
                self.count(b"beta", tried=500 * step[0], granted=300 * step[0], rejected=150 * step[0],
                           failed=50 * step[0])
        self.kernel.before = before
        terminal = self.start()

        def rates(lines):
            row = next((line.split() for line in lines if line.startswith("beta ")), None)
            if row is None:
                return None
            numbers = [float(number) for number in row[4:8]]
            # Until the line is drawn as a whole, some are those from before.
            return numbers if len(numbers) == 4 and all(numbers) else None
        tried, granted, rejected, failed = terminal.until(rates)
        # Read once a second, or later on a busy machine; never more often.
        self.assertLessEqual(tried, 500)
        self.assertAlmostEqual(granted / tried, 0.6, delta=0.01)
        self.assertAlmostEqual(rejected / tried, 0.3, delta=0.01)
        self.assertAlmostEqual(failed / tried, 0.1, delta=0.01)
        for key, name in (("t", "beta"), ("g", "beta"), ("j", "beta"), ("f", "beta")):
            terminal.keys("n", key)
            terminal.until(lambda lines, name=name: self.names(lines)[0][:1] == [name])
        # The graph: nothing at first, then the block for the highest.
        terminal.until(lambda lines: any(line.startswith("beta ") and "\u2588" in line for line in lines))
        self.assertFalse(any("\u2588" in line for line in terminal.screen() if line.startswith("alpha ")))
        terminal.keys("q")
        self.assertEqual(terminal.ended()[0], 0)

    def test_other_terminals(self):
        """No Unicode, no colours."""
        counted = [0]

        def before(name):
            if name == "rule_get":
                counted[0] += 100
                self.count(b"beta", tried=counted[0], granted=counted[0])
        self.kernel.before = before
        terminal = self.start(TERM="vt100", LC_ALL="C")
        terminal.until(lambda lines: any(line.startswith("beta ") and "#" in line for line in lines))
        self.assertTrue("\n".join(terminal.screen()).isascii())
        terminal.keys("q")
        self.assertEqual(terminal.ended()[0], 0)

    def test_resize(self):
        terminal = self.start()
        self.shown(terminal, ["alpha", "beta", "gamma"], [1, 2, 3, 4])
        for columns, rows in ((40, 10), (20, 4), (5, 2), (1, 1), (200, 50)):
            terminal.resize(columns, rows)
            terminal.until(lambda lines, size=(columns, rows):
                           len(lines) == size[1] and lines[0].startswith("socksctl top "[:size[0] - 1].rstrip()))
        self.shown(terminal, ["alpha", "beta", "gamma"], [1, 2, 3, 4])
        terminal.keys("q")
        self.assertEqual(terminal.ended()[0], 0)

    def test_scrolling(self):
        self.ok("apply -", stdin="".join(f"rule add port {n} direct\n" for n in range(1, 101)))
        terminal = self.start("top", rows=20)

        def first(lines):
            found = re.findall(r"^(\d+) +port (\d+) direct", "\n".join(lines), re.M)
            return found and int(found[0][0])
        terminal.until(lambda lines: first(lines) == 1)
        for key, number in (("Down", 2), ("Down", 3), ("Up", 2), ("NPage", 14), ("PPage", 2), ("Home", 1), ("PPage", 1),
                            ("End", 85), ("Down", 85), ("Up", 84)):
            terminal.keys(key)
            terminal.until(lambda lines, number=number: first(lines) == number)
        terminal.keys("q")
        self.assertEqual(terminal.ended()[0], 0)

    def test_signals(self):
        """However it ends, the terminal is as it was."""
        for number in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
            terminal = self.start()
            self.shown(terminal, ["alpha", "beta", "gamma"], [1, 2, 3, 4])
            os.kill(terminal.child(), number)
            status, lines = terminal.ended()
            self.assertEqual(status, 128 + number)
            self.assertIn("restored", lines)

    def test_configuration_that_changes(self):
        terminal = self.start()
        self.shown(terminal, ["alpha", "beta", "gamma"], [1, 2, 3, 4])
        # Others take the place of what may just be read.
        added = {"port_min": 9, "port_max": 9, "action": REJECT}
        self.kernel.config.rules = [added, *self.kernel.config.rules]
        terminal.until(lambda lines: any("port 9 reject" in line for line in lines))
        self.kernel.namespaces[""] = model.Config()
        self.shown(terminal, [], [])
        terminal.keys("q")
        self.assertEqual(terminal.ended()[0], 0)

    def test_module_that_goes(self):
        """What is wrong is said where it can be read."""
        terminal = self.start()
        self.shown(terminal, ["alpha", "beta", "gamma"], [1, 2, 3, 4])
        self.kernel.loaded = False
        status, lines = terminal.ended()
        self.assertEqual(status, 2)
        self.assertEqual(lines[0], "before")
        self.assertTrue(any(line.startswith("socksctl: reading the configuration:") for line in lines), lines)
        self.assertIn("restored", lines)

    def test_module_that_is_not_there(self):
        self.kernel.loaded = False
        status, lines = self.start().ended()
        self.assertEqual((status, lines), (2, ["before", "socksctl: the socks module is not loaded: try 'modprobe socks'",
                                               "restored"]))

    def test_words(self):
        self.wrong("top frob", "'frob'", "allowed here: interval\n")
        self.wrong("top interval", "interval", "missing", "1 to 3600")
        self.wrong("top interval 0", "'0'", "1 to 3600")
        self.wrong("top interval 1 x", "'x'", "nothing")
        self.wrong("top", "terminal")
        self.wrong("-j top", "JSON")
        self.assertIn("interval", self.ok("top -h").out)
        terminal = self.start("top", "interval", "60")
        terminal.until(lambda lines: "every 60 s" in lines[0])
