# SPDX-License-Identifier: GPL-2.0-only
"""What is shown: tables, JSON, look-ups."""

import re

import model
from harness import Case
from model import VIA, address

CONFIG = """\
server add corp 192.0.2.1:1080 userid alice timeout 30
server add other-server 198.51.100.254:65535 userid uid
server add third 192.0.2.3 userid string uid
rule add to 203.0.113.0/24 port 443 via corp
rule add uid 1000-1999 gid 100 cgroup "/a b" reject
rule add to 203.0.113.7 via other-server
rule add direct
"""
JSON_STATS = {"tried": 2**40 + 5, "granted": 4, "rejected": 3, "failed": 2, "in_progress": 1, "established": 7}
SERVERS = [
    {"name": "corp", "address": "192.0.2.1", "port": 1080, "userid_mode": "fixed", "userid": "alice", "timeout": 30,
     "rules": 1, "stats": JSON_STATS},
    {"name": "other-server", "address": "198.51.100.254", "port": 65535, "userid_mode": "uid", "timeout": 120,
     "rules": 1, "stats": JSON_STATS},
    {"name": "third", "address": "192.0.2.3", "port": 1080, "userid_mode": "fixed", "userid": "uid", "timeout": 120,
     "rules": 0, "stats": JSON_STATS},
]
RULES = [
    {"index": 1, "to": "203.0.113.0/24", "port_min": 443, "port_max": 443, "action": "via", "server": "corp",
     "stats": JSON_STATS},
    {"index": 2, "uid_min": 1000, "uid_max": 1999, "gid_min": 100, "gid_max": 100, "cgroup": "/a b",
     "action": "reject", "stats": JSON_STATS},
    {"index": 3, "to": "203.0.113.7/32", "action": "via", "server": "other-server", "stats": JSON_STATS},
    {"index": 4, "action": "direct", "stats": JSON_STATS},
]


class Shown(Case):
    def setUp(self):
        super().setUp()
        self.ok("apply -", stdin=CONFIG)

    def test_json(self):
        for pretty in "", "-p ":
            self.assertEqual(self.ok(f"-j {pretty}show").json(), {"servers": SERVERS, "rules": RULES})
            self.assertEqual(self.ok(f"-j {pretty}server").json(), SERVERS)
            self.assertEqual(self.ok(f"-j {pretty}server show").json(), SERVERS)
            self.assertEqual(self.ok(f"-j {pretty}server show corp").json(), SERVERS[:1])
            self.assertEqual(self.ok(f"-j {pretty}rule show").json(), RULES)
            self.assertEqual(self.ok(f"-j {pretty}rule").json(), RULES)

    def test_json_lines(self):
        for words in "show", "server", "rule", "lookup 192.0.2.9:1":
            self.assertEqual(self.ok("-j " + words).out.count("\n"), 1)
            pretty = self.ok("-j -p " + words).out
            self.assertGreater(pretty.count("\n"), 3)
            for line in pretty.splitlines():
                self.assertEqual((len(line) - len(line.lstrip())) % 4, 0, line)
                self.assertEqual(line, line.rstrip())

    def test_json_of_nothing(self):
        self.ok("flush")
        for pretty in "", "-p ":
            self.assertEqual(self.ok(f"-j {pretty}show").json(), {"servers": [], "rules": []})
            self.assertEqual(self.ok(f"-j {pretty}rule").json(), [])

    def test_json_of_strange_bytes(self):
        self.ok("flush")
        self.ok([b"server", b"add", b"a", b"192.0.2.1", b"userid", b"\"\\\n\x01\xff\xc3\xa4\xc2\x9b"])
        self.assertEqual(self.ok("-j server").json()[0]["userid"], "\"\\\n\x01\ufffdä\x9b")

    def test_without_counters(self):
        stats = dict(model.STATS)
        self.addCleanup(setattr, model, "STATS", stats)
        model.STATS = {}
        self.assertEqual(self.ok("-j rule").json()[3]["stats"], dict.fromkeys(JSON_STATS, 0))

    def columns(self, table):
        """The rows of a table as dicts; each cell stands where its head does."""
        lines = table.splitlines()
        heads = lines[0].split()
        starts = [found.start() for found in re.finditer(r"\S+", lines[0])]
        rows = []
        for line in lines[1:]:
            self.assertEqual(line, line.rstrip())
            row = {}
            for head, start, end in zip(heads, starts, starts[1:] + [None], strict=True):
                if start:
                    self.assertEqual(line[start - 2:start], "  ")
                row[head] = line[start:end].rstrip()
            rows.append(row)
        return rows

    counters = {"TRIED": str(2**40 + 5), "GRANTED": "4", "REJECTED": "3", "FAILED": "2", "OPENING": "1", "OPEN": "7"}

    def test_server_table(self):
        out = self.ok("server").out
        self.assertEqual(out.splitlines()[0].split(), "SERVER ADDRESS USERID TIMEOUT RULES TRIED GRANTED REJECTED "
                         "FAILED OPENING OPEN".split())
        self.assertEqual(self.columns(out), [
            {"SERVER": "corp", "ADDRESS": "192.0.2.1:1080", "USERID": "alice", "TIMEOUT": "30", "RULES": "1"}
            | self.counters,
            {"SERVER": "other-server", "ADDRESS": "198.51.100.254:65535", "USERID": "uid", "TIMEOUT": "120",
             "RULES": "1"} | self.counters,
            {"SERVER": "third", "ADDRESS": "192.0.2.3:1080", "USERID": "string uid", "TIMEOUT": "120", "RULES": "0"}
            | self.counters])
        self.assertEqual(self.columns(self.ok("server show third").out), self.columns(out)[2:])

    def test_rule_table(self):
        self.assertEqual(self.columns(self.ok("rule").out), [
            {"RULE": "1", "TO": "203.0.113.0/24", "PORT": "443", "UID": "any", "GID": "any", "CGROUP": "any",
             "ACTION": "via", "SERVER": "corp"} | self.counters,
            {"RULE": "2", "TO": "any", "PORT": "any", "UID": "1000-1999", "GID": "100", "CGROUP": "'/a b'",
             "ACTION": "reject", "SERVER": "-"} | self.counters,
            {"RULE": "3", "TO": "203.0.113.7/32", "PORT": "any", "UID": "any", "GID": "any", "CGROUP": "any",
             "ACTION": "via", "SERVER": "other-server"} | self.counters,
            {"RULE": "4", "TO": "any", "PORT": "any", "UID": "any", "GID": "any", "CGROUP": "any",
             "ACTION": "direct", "SERVER": "-"} | self.counters])

    def test_show_is_both_tables(self):
        self.assertEqual(self.ok("show").out, self.ok("server").out + "\n" + self.ok("rule").out)

    def test_nothing_strange_reaches_the_terminal(self):
        self.ok([b"server", b"add", b"x", b"192.0.2.9", b"userid", b"\x1b[31m\xc2\x9b\xff"])
        self.ok([b"rule", b"add", b"cgroup", b"/\x1b]0;x\x07", b"direct"])
        for words in "show", "server", "rule", "save":
            self.assertTrue(self.ok(words).out.replace("\n", "").isprintable())

    def test_wide_letters_keep_columns(self):
        self.ok(["server", "add", "x", "192.0.2.9", "userid", "äöü→"])
        self.assertEqual(self.columns(self.ok("server").out)[3]["USERID"], "'äöü→'")


class Lookup(Case):
    def setUp(self):
        super().setUp()
        self.ok("apply -", stdin=CONFIG)
        self.commands()

    def test_question(self):
        self.ok("lookup 203.0.113.9:443")
        self.assertEqual(self.commands("lookup")[0][1], {"address": address("203.0.113.9"), "port": 443})
        self.ok("lookup 203.0.113.9:443 uid 7 gid 8 cgroup /x")
        self.assertEqual(self.commands("lookup")[0][1], {"address": address("203.0.113.9"), "port": 443, "uid": 7,
                                                         "gid": 8, "cgroup": b"/x"})
        self.ok("lookup 203.0.113.9:443 cgroup /x gid root uid root")
        self.assertEqual(self.commands("lookup")[0][1], {"address": address("203.0.113.9"), "port": 443, "uid": 0,
                                                         "gid": 0, "cgroup": b"/x"})

    def test_rule(self):
        out = self.ok("lookup 203.0.113.9:443").out
        for part in "action: via corp\n", "rule 1: to 203.0.113.0/24 port 443 via corp\n", "reason: ":
            self.assertIn(part, out)
        out = self.ok(["lookup", "192.0.2.200:1", "uid", "1500", "gid", "100", "cgroup", "/a b/c"]).out
        for part in "action: reject\n", "rule 2: uid 1000-1999 gid 100 cgroup '/a b' reject\n":
            self.assertIn(part, out)
        self.assertIn("rule 4: direct\n", self.ok("lookup 192.0.2.200:1").out)

    def test_rule_json(self):
        self.assertEqual(self.ok("-j lookup 203.0.113.9:443").json(),
                         {"action": "via", "server": "corp", "reason": "rule", "index": 1, "rule": RULES[0]})
        self.assertEqual(self.ok("-j -p lookup 203.0.113.7:1").json(),
                         {"action": "via", "server": "other-server", "reason": "rule", "index": 3, "rule": RULES[2]})

    def test_server(self):
        out = self.ok("lookup 192.0.2.1:1080").out
        for part in "action: direct\n", "reason: ", "server", "corp":
            self.assertIn(part, out)
        self.assertNotIn("rule", out)
        self.assertEqual(self.ok("-j lookup 192.0.2.1:1080").json(),
                         {"action": "direct", "reason": "server", "server": "corp"})

    def test_no_rule(self):
        self.ok("rule del 4")
        out = self.ok("lookup 192.0.2.200:1").out
        self.assertIn("action: direct\n", out)
        self.assertIn("no rule matches\n", out)
        self.assertEqual(self.ok("-j lookup 192.0.2.200:1").json(), {"action": "direct", "reason": "no-rule"})

    def test_not_connectable(self):
        self.assertIn("no TCP connection", self.ok("lookup 224.0.0.1:1").out)
        self.assertEqual(self.ok("-j lookup 224.0.0.1:1").json(), {"action": "direct", "reason": "not-connectable"})

    def test_rules_that_change_meanwhile(self):
        """The rule shown is the one that decides, though one is added before it."""
        def before(name):
            if name == "rule_get":
                self.kernel.before = None
                self.kernel.config.rules.insert(0, {"action": VIA, "server": b"third", "port_min": 9, "port_max": 9})
        self.kernel.before = before
        self.assertEqual(self.ok("-j lookup 203.0.113.9:443").json(),
                         {"action": "via", "server": "corp", "reason": "rule", "index": 2,
                          "rule": RULES[0] | {"index": 2}})

    def test_rules_that_go_away_meanwhile(self):
        def before(name):
            if name == "rule_get":
                self.kernel.before = None
                self.kernel.config.rules.clear()
        self.kernel.before = before
        self.assertEqual(self.ok("-j lookup 203.0.113.9:443").json(), {"action": "direct", "reason": "no-rule"})
