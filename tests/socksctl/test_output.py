# SPDX-License-Identifier: GPL-2.0-only
"""What is shown: tables, JSON, look-ups."""

import re
import struct

import model
from harness import Case
from model import BIND, CONNECT, CONNECTING, ESTABLISHED, LISTENING, VIA, address

CONFIG = """\
server add corp 192.0.2.1:1080 userid alice timeout 30 accept-timeout 28800
server add other-server 198.51.100.254:65535 userid uid
server add third 192.0.2.3 userid string uid
rule add to 203.0.113.0/24 port 443 via corp
rule add uid 1000-1999 gid 100 cgroup "/a b" reject
rule add rbind auto to 203.0.113.7 via other-server
rule add direct
"""
JSON_STATS = {"tried": 2**40 + 5, "granted": 4, "rejected": 3, "failed": 2, "in_progress": 1, "established": 7}
SERVERS = [
    {"name": "corp", "address": "192.0.2.1", "port": 1080, "userid_mode": "fixed", "userid": "alice", "timeout": 30,
     "accept_timeout": 28800, "retry": 30, "rules": 1, "state": "up", "stats": JSON_STATS},
    {"name": "other-server", "address": "198.51.100.254", "port": 65535, "userid_mode": "uid", "timeout": 120,
     "accept_timeout": 180, "retry": 30, "rules": 1, "state": "up", "stats": JSON_STATS},
    {"name": "third", "address": "192.0.2.3", "port": 1080, "userid_mode": "fixed", "userid": "uid", "timeout": 120,
     "accept_timeout": 180, "retry": 30, "rules": 0, "state": "up", "stats": JSON_STATS},
]
RULES = [
    {"index": 1, "to": "203.0.113.0/24", "port_min": 443, "port_max": 443, "action": "via", "server": "corp",
     "stats": JSON_STATS},
    {"index": 2, "uid_min": 1000, "uid_max": 1999, "gid_min": 100, "gid_max": 100, "cgroup": "/a b",
     "action": "reject", "stats": JSON_STATS},
    {"index": 3, "to": "203.0.113.7/32", "action": "via", "server": "other-server", "rbind": "auto",
     "stats": JSON_STATS},
    {"index": 4, "action": "direct", "stats": JSON_STATS},
]


NOTHING_PASSED = {"passed_over": [], "other_addresses": 0}
LIMITS = {"rbind": 1024, "rbind_per_user": 64}


def columns(case, table):
    """The rows of a table as dicts; each cell stands where its head does."""
    lines = table.splitlines()
    heads = lines[0].split()
    starts = [found.start() for found in re.finditer(r"\S+", lines[0])]
    rows = []
    for line in lines[1:]:
        case.assertEqual(line, line.rstrip())
        row = {}
        for head, start, end in zip(heads, starts, starts[1:] + [None], strict=True):
            if start:
                case.assertEqual(line[start - 2:start], "  ")
            row[head] = line[start:end].rstrip()
        rows.append(row)
    return rows


class Shown(Case):
    def setUp(self):
        super().setUp()
        self.ok("apply -", stdin=CONFIG)

    def test_json(self):
        for pretty in "", "-p ":
            self.assertEqual(self.ok(f"-j {pretty}show").json(), {"servers": SERVERS, "rules": RULES, "limits": LIMITS})
            self.assertEqual(self.ok(f"-j {pretty}server").json(), SERVERS)
            self.assertEqual(self.ok(f"-j {pretty}server show").json(), SERVERS)
            self.assertEqual(self.ok(f"-j {pretty}server show corp").json(), SERVERS[:1])
            self.assertEqual(self.ok(f"-j {pretty}rule show").json(), RULES)
            self.assertEqual(self.ok(f"-j {pretty}rule").json(), RULES)

    def test_json_lines(self):
        for words in "show", "server", "rule", "lookup 192.0.2.9:1", "limit":
            self.assertEqual(self.ok("-j " + words).out.count("\n"), 1)
            pretty = self.ok("-j -p " + words).out
            self.assertGreater(pretty.count("\n"), 3)
            for line in pretty.splitlines():
                self.assertEqual((len(line) - len(line.lstrip())) % 4, 0, line)
                self.assertEqual(line, line.rstrip())

    def test_json_of_nothing(self):
        self.ok("flush")
        for pretty in "", "-p ":
            self.assertEqual(self.ok(f"-j {pretty}show").json(), {"servers": [], "rules": [], "limits": LIMITS})
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

    counters = {"TRIED": str(2**40 + 5), "GRANTED": "4", "REJECTED": "3", "FAILED": "2", "OPENING": "1", "OPEN": "7"}

    def test_server_table(self):
        out = self.ok("server").out
        self.assertEqual(out.splitlines()[0].split(), "SERVER ADDRESS USERID TIMEOUT RULES TRIED GRANTED REJECTED "
                         "FAILED OPENING OPEN ACCEPT-TIMEOUT".split())
        self.assertEqual(columns(self, out), [
            {"SERVER": "corp", "ADDRESS": "192.0.2.1:1080", "USERID": "alice", "TIMEOUT": "30", "RULES": "1"}
            | self.counters | {"ACCEPT-TIMEOUT": "28800"},
            {"SERVER": "other-server", "ADDRESS": "198.51.100.254:65535", "USERID": "uid", "TIMEOUT": "120",
             "RULES": "1"} | self.counters | {"ACCEPT-TIMEOUT": "180"},
            {"SERVER": "third", "ADDRESS": "192.0.2.3:1080", "USERID": "string uid", "TIMEOUT": "120", "RULES": "0"}
            | self.counters | {"ACCEPT-TIMEOUT": "180"}])
        # The last column is there for a server which has not the default.
        self.assertEqual(columns(self, self.ok("server show corp").out), columns(self, out)[:1])
        self.assertEqual(columns(self, self.ok("server show third").out), [
            {"SERVER": "third", "ADDRESS": "192.0.2.3:1080", "USERID": "string uid", "TIMEOUT": "120", "RULES": "0"}
            | self.counters])

    def test_rule_table(self):
        self.assertEqual(columns(self, self.ok("rule").out), [
            {"RULE": "1", "TO": "203.0.113.0/24", "PORT": "443", "UID": "any", "GID": "any", "CGROUP": "any",
             "ACTION": "via", "SERVER": "corp"} | self.counters | {"RBIND": "-"},
            {"RULE": "2", "TO": "any", "PORT": "any", "UID": "1000-1999", "GID": "100", "CGROUP": "'/a b'",
             "ACTION": "reject", "SERVER": "-"} | self.counters | {"RBIND": "-"},
            {"RULE": "3", "TO": "203.0.113.7/32", "PORT": "any", "UID": "any", "GID": "any", "CGROUP": "any",
             "ACTION": "via", "SERVER": "other-server"} | self.counters | {"RBIND": "auto"},
            {"RULE": "4", "TO": "any", "PORT": "any", "UID": "any", "GID": "any", "CGROUP": "any",
             "ACTION": "direct", "SERVER": "-"} | self.counters | {"RBIND": "-"}])
        # The last column is there where a rule has it.
        self.ok("rule del 3")
        self.assertEqual(list(columns(self, self.ok("rule").out)[0])[-1], "OPEN")

    def test_show_is_both_tables(self):
        self.assertEqual(self.ok("show").out, self.ok("server").out + "\n" + self.ok("rule").out)

    def test_limits(self):
        for pretty in "", "-p ":
            self.assertEqual(self.ok(f"-j {pretty}limit").json(), LIMITS)
        out = self.ok("limit").out
        self.assertEqual(columns(self, out), [
            {"LIMIT": "rbind", "VALUE": "1024"}, {"LIMIT": "rbind-per-user", "VALUE": "64"}])
        before = self.ok("show").out
        self.ok("limit rbind-per-user 0")
        self.assertEqual(self.ok("-j show").json()["limits"], {"rbind": 1024, "rbind_per_user": 0})
        self.assertEqual(columns(self, self.ok("limit").out)[1], {"LIMIT": "rbind-per-user", "VALUE": "0"})
        # Where they are not the defaults, a third table shows them.
        self.assertEqual(self.ok("show").out, before + "\n" + self.ok("limit").out)

    def test_nothing_strange_reaches_the_terminal(self):
        self.ok([b"server", b"add", b"x", b"192.0.2.9", b"userid", b"\x1b[31m\xc2\x9b\xff"])
        self.ok([b"rule", b"add", b"cgroup", b"/\x1b]0;x\x07", b"direct"])
        for words in "show", "server", "rule", "save":
            self.assertTrue(self.ok(words).out.replace("\n", "").isprintable())

    def test_wide_letters_keep_columns(self):
        self.ok(["server", "add", "x", "192.0.2.9", "userid", "äöü→"])
        self.assertEqual(columns(self, self.ok("server").out)[3]["USERID"], "'äöü→'")


class Connections(Case):
    seen = [
        {"state": ESTABLISHED, "command": CONNECT, "address": address("203.0.113.7"), "port": 443, "server": b"corp",
         "uid": 1000, "pid": 4711, "source_address": address("198.51.100.9"), "source_port": 40001,
         "cookie": 2**63 - 1, "age": 59_999, "sent": 2**40, "received": 0, "program": b"curl"},
        {"state": LISTENING, "command": BIND, "address": address("203.0.113.8"), "port": 0, "server": b"corp",
         "uid": 0, "bound_address": address("192.0.2.1"), "bound_port": 65535,
         "source_address": address("198.51.100.9"), "source_port": 40002,
         "pid": 4712, "cookie": 7, "age": 3_599_999, "sent": 0, "received": 0},
        {"state": CONNECTING, "command": CONNECT, "address": address("203.0.113.255"), "port": 1, "server": b"other",
         "uid": 4294967295, "pid": 1, "source_address": 0, "source_port": 0,
         "cookie": 8, "age": 0, "sent": 0, "received": 0, "program": b"Web \x1b[m\xff"},
        {"state": ESTABLISHED, "command": BIND, "address": address("203.0.113.8"), "port": 20, "server": b"corp",
         "uid": 7, "bound_address": address("192.0.2.1"), "bound_port": 5,
         "source_address": address("198.51.100.9"), "source_port": 40003,
         "cookie": 9, "age": 90_061_000, "sent": 1, "received": 2},
    ]

    def setUp(self):
        super().setUp()
        self.kernel.config.connections = list(self.seen)

    def test_table(self):
        for words in "show connections", "show c", "sh conn":
            out = self.ok(words).out
            self.assertEqual(out.splitlines()[0].split(),
                             "STATE COMMAND DESTINATION BOUND SERVER UID PID PROGRAM AGE SENT RECEIVED SOURCE".split())
            self.assertEqual([list(row.values()) for row in columns(self, out)], [
                "established connect 203.0.113.7:443 - corp 1000 4711 curl 59.9s 1099511627776 0"
                " 198.51.100.9:40001".split(),
                "listening bind 203.0.113.8:* 192.0.2.1:65535 corp 0 4712 - 59m59s 0 0 198.51.100.9:40002".split(),
                ["connecting", "connect", "203.0.113.255:1", "-", "other", "4294967295", "1",
                 "$'Web \\x1b[m\\xff'", "0.0s", "0", "0", "0.0.0.0:*"],
                "established bind 203.0.113.8:20 192.0.2.1:5 corp 7 - - 1d01h 1 2 198.51.100.9:40003".split()])
        self.assertEqual(self.commands("connection_get"), [("connection_get", {})] * 3)

    def test_json(self):
        for pretty in "", "-p ":
            self.assertEqual(self.ok(f"-j {pretty}show connections").json(), [
                {"state": "established", "command": "connect", "address": "203.0.113.7", "port": 443,
                 "server": "corp", "uid": 1000, "pid": 4711, "source_address": "198.51.100.9", "source_port": 40001,
                 "program": "curl", "age_ms": 59_999, "sent": 2**40, "received": 0, "cookie": 2**63 - 1},
                {"state": "listening", "command": "bind", "address": "203.0.113.8", "bound_address": "192.0.2.1",
                 "bound_port": 65535, "server": "corp", "uid": 0, "source_address": "198.51.100.9",
                 "source_port": 40002, "pid": 4712, "age_ms": 3_599_999, "sent": 0, "received": 0, "cookie": 7},
                {"state": "connecting", "command": "connect", "address": "203.0.113.255", "port": 1,
                 "server": "other", "uid": 4294967295, "pid": 1, "source_address": "0.0.0.0",
                 "program": "Web \x1b[m\ufffd", "age_ms": 0, "sent": 0, "received": 0, "cookie": 8},
                {"state": "established", "command": "bind", "address": "203.0.113.8", "port": 20,
                 "bound_address": "192.0.2.1", "bound_port": 5, "server": "corp", "uid": 7,
                 "source_address": "198.51.100.9", "source_port": 40003, "age_ms": 90_061_000, "sent": 1,
                 "received": 2, "cookie": 9}])

    def test_ages(self):
        for age, text in ((999, "0.9s"), (1000, "1.0s"), (60_000, "1m00s"), (3_600_000, "1h00m"),
                          (86_399_999, "23h59m"), (86_400_000, "1d00h"), (2**64 - 1, "213503982334d14h")):
            self.kernel.config.connections = [self.seen[0] | {"age": age}]
            self.assertEqual(columns(self, self.ok("show connections").out)[0]["AGE"], text)

    def test_filters(self):
        """Which of the four are meant, by the last number of their cookies."""
        everything = [7, 7, 8, 9]
        for words, cookies in (
                ("via corp", [7, 7, 9]), ("via cor", []), ("via other", [8]),
                ("to 203.0.113.8", [7, 9]), ("to 203.0.113.0/29", [7]), ("to 0.0.0.0/0", everything),
                ("to any", everything), ("to 203.0.113.128/25", [8]),
                ("port 443", [7]), ("port 1-20", [8, 9]),
                ("uid 0", [7]), ("uid root", [7]), ("uid 7-1000", [7, 9]), ("uid 4294967294", []),
                ("pid 4711", [7]), ("pid 2", []),
                ("program curl", [7]), ("program cur", []), ("program curly", []),
                ("state established", [7, 9]), ("state l", [7]), ("state connecting", [8]),
                ("v corp st e po 1-100 to 203.0.113.8 u 7", [9]), ("via corp port 1", [])):
            with self.subTest(words=words):
                rows = self.ok("-j show connections " + words).json()
                self.assertEqual([row["cookie"] % 10 for row in rows], cookies)
                rows = columns(self, self.ok("show connections " + words).out)
                self.assertEqual(len(rows), len(cookies))

    def test_abort(self):
        """What is shown is what is aborted, and only that."""
        for words, cookies in (("all", [2**63 - 1, 7, 8, 9]), ("a", [2**63 - 1, 7, 8, 9]), ("via corp", [2**63 - 1, 7, 9]),
                               ("state l uid 0", [7]), ("uid 55", [])):
            self.kernel.config.connections = list(self.seen)
            shown = "" if words in ("all", "a") else words
            expected = self.ok(f"show connections {shown}").out, self.ok(f"-j show connections {shown}").json()
            self.commands()
            self.assertEqual(self.ok("abort " + words).out, expected[0])
            sent = [struct.unpack(f"={len(values['cookies']) // 8}Q", values["cookies"])
                    for _, values in self.commands("connection_abort")]
            self.assertEqual(sent, [tuple(cookies)] if cookies else [])
            self.assertEqual([c["cookie"] for c in self.kernel.config.connections],
                             [c["cookie"] for c in self.seen if c["cookie"] not in cookies])
            self.kernel.config.connections = list(self.seen)
            self.assertEqual(self.ok("-j abort " + words).json(), expected[1])

    def test_abort_many(self):
        self.kernel.config.connections = [self.seen[0] | {"cookie": number + 1} for number in range(3000)]
        self.assertEqual(len(self.ok("-j abort all").json()), 3000)
        self.assertEqual(self.kernel.config.connections, [])

    def test_abort_refused(self):
        self.kernel.permitted = False
        result = self.run_socksctl("abort all")
        self.assertEqual((result.status, result.out), (2, ""))
        self.assert_line(result.error, "aborting", "CAP_NET_ADMIN")

    def test_program_longer_than_the_kernel_knows(self):
        self.kernel.config.connections = [self.seen[0] | {"program": b"systemd-resolve"}]
        for name, count in ("systemd-resolved", 1), ("systemd-resolve", 1), ("systemd-resolv", 0):
            self.assertEqual(len(self.ok(f"-j show connections program {name}").json()), count)

    def test_none(self):
        self.kernel.config.connections = []
        self.assertEqual(self.ok("-j show connections").out, "[]\n")
        self.assertEqual(self.ok("show connections").out.count("\n"), 1)

    def test_what_is_not_known(self):
        """States and commands of a newer module, and what a message leaves out."""
        least = {"state": 77, "command": 78, "address": 0, "server": b"a", "uid": 5}
        self.kernel.config.connections = [least]
        self.assertEqual(self.ok("show connections").out.splitlines()[1].split(),
                         "unknown unknown 0.0.0.0:* - a 5 - - 0.0s 0 0 0.0.0.0:*".split())
        for missing in least:
            self.kernel.config.connections = [{name: value for name, value in least.items() if name != missing}]
            result = self.run_socksctl("show connections")
            self.assertEqual(result.status, 2)
            self.assert_line(result.error, "not understood")


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
        self.assertIn("rule 3: to 203.0.113.7/32 via other-server rbind auto\n", self.ok("lookup 203.0.113.7:80").out)
        out = self.ok(["lookup", "192.0.2.200:1", "uid", "1500", "gid", "100", "cgroup", "/a b/c"]).out
        for part in "action: reject\n", "rule 2: uid 1000-1999 gid 100 cgroup '/a b' reject\n":
            self.assertIn(part, out)
        self.assertIn("rule 4: direct\n", self.ok("lookup 192.0.2.200:1").out)

    def test_rule_json(self):
        self.assertEqual(self.ok("-j lookup 203.0.113.9:443").json(),
                         {"action": "via", "server": "corp", "reason": "rule", "index": 1, "rule": RULES[0]} | NOTHING_PASSED)
        self.assertEqual(self.ok("-j -p lookup 203.0.113.7:1").json(),
                         {"action": "via", "server": "other-server", "reason": "rule", "index": 3, "rule": RULES[2],
                          "passed_over": [RULES[0] | {"differs": ["port"]},
                                          RULES[1] | {"differs": ["uid", "gid", "cgroup"]}],
                          "other_addresses": 0})

    def test_server(self):
        self.ok("rule add index 4 to 192.0.0.0/16 via third")
        out = self.ok("lookup 192.0.2.1:1080").out
        for part in ("action: direct\n", "\nin place of rule 4: to 192.0.0.0/16 via third\n", "\nreason: ", "server, corp\n",
                     "\n  2 rules to other addresses\n"):
            self.assertIn(part, out)
        answer = self.ok("-j lookup 192.0.2.1:1080").json()
        self.assertEqual([passed["index"] for passed in answer.pop("passed_over")], [2])
        self.assertEqual(answer, {"action": "direct", "reason": "server", "server": "corp", "other_addresses": 2,
                                  "overruled": {"index": 4, "to": "192.0.0.0/16", "action": "via", "server": "third",
                                                "stats": JSON_STATS}})

    def test_no_rule(self):
        self.ok("rule del 4")
        self.ok("rule del 2")
        out = self.ok("lookup 192.0.2.200:1").out
        self.assertIn("action: direct\n", out)
        self.assertIn("no rule matches\n", out)
        self.assertEqual(self.ok("-j lookup 192.0.2.200:1").json(),
                         {"action": "direct", "reason": "no-rule", "passed_over": [], "other_addresses": 2})

    def test_not_connectable(self):
        self.assertIn("no TCP connection", self.ok("lookup 224.0.0.1:1").out)
        self.assertEqual(self.ok("-j lookup 224.0.0.1:1").json(), {"action": "direct", "reason": "not-connectable"} | NOTHING_PASSED)

    def test_rules_that_change_meanwhile(self):
        """The rule shown is the one that decides, though one is added before it."""
        def before(name):
            if name == "rule_get":
                self.kernel.before = None
                self.kernel.config.rules.insert(0, {"action": VIA, "server": b"third", "port_min": 9, "port_max": 9})
        self.kernel.before = before
        self.assertEqual(self.ok("-j lookup 203.0.113.9:443").json(),
                         {"action": "via", "server": "corp", "reason": "rule", "index": 2,
                          "rule": RULES[0] | {"index": 2}, "other_addresses": 0,
                          "passed_over": [{"index": 1, "action": "via", "server": "third", "port_min": 9, "port_max": 9,
                                           "stats": JSON_STATS, "differs": ["port"]}]})

    def test_rules_that_go_away_meanwhile(self):
        def before(name):
            if name == "rule_get":
                self.kernel.before = None
                self.kernel.config.rules.clear()
        self.kernel.before = before
        self.assertEqual(self.ok("-j lookup 203.0.113.9:443").json(),
                         {"action": "direct", "reason": "no-rule"} | NOTHING_PASSED)
