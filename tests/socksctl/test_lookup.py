# SPDX-License-Identifier: GPL-2.0-only
"""Why rules are passed over."""

import errno
import ipaddress
import json
import os

import model
from harness import Case
from model import DIRECT, REJECT, VIA, Refused, address

# No line of it speaks of 203.0.113.9:22, uid 0, gid 0, cgroup /jobs/one, but the last.
RULES = """\
server add corp 192.0.2.1
rule add to 10.0.0.0/8 via corp
rule add port 80-443 via corp
rule add to 203.0.113.0/24 port 23 via corp
rule add to 203.0.113.128/25 reject
rule add uid 1000-1999 direct
rule add uid 7 gid 8-9 reject
rule add to 203.0.113.9 gid 4 via corp rbind auto
rule add cgroup "/jobs/o ne" reject
rule add cgroup /jobs/on direct
rule add cgroup //jobs/one/two direct
rule add to 203.0.0.0/16 via corp
rule add direct
"""
EXPLAINED = """\
action: via corp
rule 11: to 203.0.0.0/16 via corp
reason: this rule is the first one that matches
passed over:
  rule 2: port 80-443 via corp
    port 80-443: 22 is not in it
  rule 3: to 203.0.113.0/24 port 23 via corp
    port 23: it is 22
  rule 5: uid 1000-1999 direct
    uid 1000-1999: 0 is not in it
  rule 6: uid 7 gid 8-9 reject
    uid 7: it is 0
    gid 8-9: 0 is not in it
  rule 7: to 203.0.113.9/32 gid 4 via corp rbind auto
    gid 4: it is 0
  rule 8: cgroup '/jobs/o ne' reject
    cgroup '/jobs/o ne': /jobs/one is not in it
  rule 9: cgroup /jobs/on direct
    cgroup /jobs/on: /jobs/one is not in it
  rule 10: cgroup //jobs/one/two direct
    cgroup //jobs/one/two: /jobs/one is not in it
  2 rules to other addresses
"""
WHO = "uid 0 gid 0 cgroup /jobs/one"


class Explained(Case):
    def setUp(self):
        super().setUp()
        self.ok("apply -", stdin=RULES)

    def look_up(self, words):
        return self.ok("-j lookup " + words).json()

    def differs(self, words):
        """The rules passed over: index, and the words that differ."""
        return {passed["index"]: passed["differs"] for passed in self.look_up(words)["passed_over"]}

    def test_text(self):
        self.assertEqual(self.ok("lookup 203.0.113.9:22 " + WHO).out, EXPLAINED)
        self.ok("flush")
        self.ok("rule add to 10.0.0.0/8 reject")
        self.assertEqual(self.ok("lookup 203.0.113.9:22").out,
                         "action: direct\nreason: no rule matches\npassed over:\n  1 rule to other addresses\n")
        self.ok("flush")
        self.assertEqual(self.ok("lookup 203.0.113.9:22").out, "action: direct\nreason: no rule matches\n")

    def test_json(self):
        answer = self.look_up("203.0.113.9:22 " + WHO)
        shown = self.ok("-j rule").json()
        self.assertEqual(answer.pop("other_addresses"), 2)
        self.assertEqual(self.differs("203.0.113.9:22 " + WHO), {
            2: ["port"], 3: ["port"], 5: ["uid"], 6: ["uid", "gid"], 7: ["gid"], 8: ["cgroup"], 9: ["cgroup"],
            10: ["cgroup"]})
        for passed in answer.pop("passed_over"):
            del passed["differs"]
            self.assertEqual(passed, shown[passed["index"] - 1])
        self.assertEqual(answer, {"action": "via", "server": "corp", "reason": "rule", "index": 11, "rule": shown[10]})

    def test_cgroups_below(self):
        """A cgroup's rule speaks of those below it."""
        for path, index in ("/jobs/one/two", 10), ("/jobs/one/two/three", 10), ("/jobs/on", 9), ("/jobs/on/e", 9):
            # The kernel takes needless slashes; the model does not.
            self.kernel.config.rules[9]["cgroup"] = b"/jobs/one/two"
            answer = self.look_up(f"203.0.113.9:22 uid 0 gid 0 cgroup {path}")
            self.assertEqual(answer["index"], index, path)

    def test_root_cgroup(self):
        self.ok("rule add index 1 cgroup / port 1 reject")
        self.kernel.config.rules[0]["cgroup"] = b"/"
        self.assertEqual(self.differs("203.0.113.9:22 " + WHO)[1], ["port"])

    def test_loopback(self):
        """Only rules which name loopback addresses speak of them."""
        self.ok("flush")
        self.ok("apply -", stdin=("rule add reject\nrule add to 0.0.0.0/0 reject\nrule add to 126.0.0.0/7 reject\n"
                                  "rule add to 127.0.0.0/8 port 1 reject\nrule add to 127.0.0.1 reject\n"))
        for words in "127.0.0.1:80", "0.0.0.0:80":
            answer = self.look_up(words)
            self.assertEqual((answer["index"], answer["other_addresses"]), (5, 0))
            self.assertEqual(self.differs(words), {1: ["to"], 2: ["to"], 3: ["to"], 4: ["port"]})
        out = self.ok("lookup 127.0.0.1:80").out
        self.assertIn("  rule 1: reject\n    it does not name 127.0.0.0/8, or a part of it\n", out)
        self.assertEqual(self.look_up("127.0.0.2:80")["reason"], "no-rule")
        self.assertEqual(self.look_up("126.1.1.1:80")["index"], 1)

    def test_address_that_nobody_connects_to(self):
        answer = self.look_up("224.0.0.1:1")
        self.assertEqual((answer["passed_over"], answer["other_addresses"]), ([], 0))
        self.assertNotIn("passed over", self.ok("lookup 224.0.0.1:1").out)
        # 0.0.0.x: a rule is found, and can't be asked for.
        self.ok("rule add index 1 to 0.0.0.0/8 port 2 direct")
        self.ok("rule add index 2 to 0.0.0.0/24 via corp")
        answer = self.look_up("0.0.0.7:1")
        self.assertEqual((answer["action"], answer["reason"], answer["overruled"]["index"]),
                         ("reject", "not-connectable", 2))
        self.assertEqual(self.differs("0.0.0.7:1"), {1: ["port"]})

    def test_kernel_is_right(self):
        """Where the kernel passes over a rule that seems to match, it says so."""
        kernel = self.kernel.config.lookup
        self.kernel.config.lookup = lambda values: {"action": DIRECT, "reason": model.N["SOCKS_REASON_RULE"],
                                                    "index": 12} if kernel(values) else None
        self.assertEqual(self.differs("203.0.113.9:22 uid 7 gid 8 cgroup /jobs/one/two")[6], [])
        out = self.ok("lookup 203.0.113.9:22 uid 7 gid 8 cgroup /jobs/one/two").out
        self.assertIn("  rule 6: uid 7 gid 8-9 reject\n    the kernel says so; from here no difference can be seen\n", out)
        self.kernel.config.rules[9]["cgroup"] = b"/jobs/one/two"
        out = self.ok("lookup 203.0.113.9:22 uid 7 gid 8 cgroup /jobs/one/two").out
        self.assertIn("  rule 10: cgroup /jobs/one/two direct\n"
                      "    the kernel says so: its cgroup may be another one of this name, which was removed\n", out)

    def test_callers_own(self):
        """What is not given is that of socksctl itself."""
        self.ok("flush")
        self.ok(f"rule add uid {os.geteuid() + 1} reject")
        self.ok(f"rule add gid {os.getegid() + 1} reject")
        self.ok("rule add cgroup /nobody/is/here reject")
        self.ok(f"rule add uid {os.geteuid()} gid {os.getegid()} reject")
        self.assertEqual(self.differs("203.0.113.9:22"), {1: ["uid"], 2: ["gid"], 3: ["cgroup"]})

    def test_rules_which_may_not_be_read(self):
        self.kernel.dump_error = Refused(errno.EPERM)
        self.kernel.refuse = {"rule_get": Refused(errno.EPERM)}
        self.assertEqual(self.ok("lookup 203.0.113.9:22 " + WHO).out,
                         "action: via corp\nrule 11\nreason: this rule is the first one that matches\n"
                         "passed over: not shown; to read the rules takes CAP_NET_ADMIN\n")
        self.assertEqual(self.look_up("203.0.113.9:22 " + WHO),
                         {"action": "via", "server": "corp", "reason": "rule", "index": 11})
        self.kernel.dump_error = Refused(errno.EIO)
        self.refused("lookup 203.0.113.9:22", f"socksctl: looking up: {os.strerror(errno.EIO)}")

    def test_keeps_changing(self):
        kernel = self.kernel.config.lookup
        indexes = iter(range(1, 10_000))
        self.kernel.config.lookup = lambda values: kernel(values) | {"index": next(indexes)}
        result = self.run_socksctl("lookup 203.0.113.9:22")
        self.assertEqual(result.status, 2)
        self.assert_line(result.error, "looking up", "changing")


class Drawn(Case):
    """Rules drawn by lot: each that is passed over has a word which differs, and none is forgotten."""

    def draw(self, generator):
        rules = []
        for _ in range(40):
            rule = {}
            if generator.random() < 0.7:
                length = generator.choice((0, 1, 7, 8, 9, 16, 24, 31, 32))
                rule["address"] = address(generator.choice(self.addresses)) >> (32 - length) << (32 - length)
                rule["prefix_len"] = length
            if generator.random() < 0.4:
                rule["port_min"], rule["port_max"] = sorted(generator.choices((1, 21, 22, 80, 65535), k=2))
            for who in "uid", "gid":
                if generator.random() < 0.3:
                    rule[who + "_min"], rule[who + "_max"] = sorted(generator.choices((0, 1, 2, 1000), k=2))
            if generator.random() < 0.3:
                rule["cgroup"] = generator.choice((b"/a", b"/a/b", b"/ab", b"/"))
            rule["action"] = generator.choice((DIRECT, VIA, REJECT))
            if rule["action"] == VIA:
                rule["server"] = b"corp"
            rules.append(rule)
        return rules

    addresses = ("203.0.113.9", "203.0.113.8", "203.0.112.9", "127.0.0.1", "127.255.0.1", "126.0.0.1", "0.0.0.0",
                 "0.0.0.9", "192.0.2.1", "224.0.0.1", "255.255.255.255", "128.0.0.0")

    def test_all(self):
        generator = model.seeded("test_lookup.Drawn")
        reasons = set()
        for _ in range(15):
            self.kernel.config.servers.clear()
            self.kernel.config.rules[:] = []
            self.ok("server add corp 192.0.2.1:80")
            self.kernel.config.rules[:] = self.draw(generator)
            questions = [(generator.choice(self.addresses), generator.choice((1, 22, 80)), generator.choice((0, 1, 1000)),
                          generator.choice((0, 1, 1000)), generator.choice(("/", "/a", "/a/b", "/a/bc", "/ab/c")))
                         for _ in range(40)]
            lines = "".join("lookup {}:{} uid {} gid {} cgroup {}\n".format(*question) for question in questions)
            answers = [json.loads(line) for line in self.ok("-j -b -", stdin=lines).out.splitlines()]
            for question, answer in zip(questions, answers, strict=True):
                self.check(question, answer)
                reasons.add(answer["reason"])
        self.assertEqual(reasons, {"rule", "no-rule", "server", "not-connectable"})

    def check(self, question, answer):
        passed = answer["passed_over"]
        self.assertTrue(all(rule["differs"] for rule in passed), (question, answer))
        if answer["reason"] == "not-connectable" and answer["action"] == "direct":
            self.assertEqual((passed, answer["other_addresses"]), ([], 0))
            return
        last = answer.get("index") or answer.get("overruled", {"index": len(self.kernel.config.rules) + 1})["index"]
        self.assertEqual(len(passed) + answer["other_addresses"], last - 1, (question, answer))
        where = "127.0.0.1" if question[0] == "0.0.0.0" else question[0]
        for rule in passed:
            self.assertIn(ipaddress.ip_address(where), ipaddress.ip_network(rule.get("to", "0.0.0.0/0")))
