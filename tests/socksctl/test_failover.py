# SPDX-License-Identifier: GPL-2.0-only
"""Rules with several servers, and what is shown of servers that fail."""

import model
from harness import Case
from model import VIA
from test_output import columns

SERVERS = "".join(f"server add {name} 192.0.2.{i}:1080 userid none timeout 120{more}\n"
                  for i, (name, more) in enumerate((("a", ""), ("b", " retry 5"), ("c", ""), ("balance", "")), 1))


class Several(Case):
    def setUp(self):
        super().setUp()
        self.ok("apply -", stdin=SERVERS)
        self.kernel.commands.clear()

    def test_language(self):
        for words, rule in (
                ("via a,b", {"server": [b"a", b"b"]}),
                ("via c,balance,a", {"server": [b"c", b"balance", b"a"]}),
                ("via balance a,c", {"server": [b"a", b"c"], "balance": True}),
                ("via balance balance,c", {"server": [b"balance", b"c"], "balance": True}),
                ("via balance", {"server": b"balance"}),
                ("via balance to any", {"server": b"balance"}),
                ("v balance,a rb a", {"server": [b"balance", b"a"], "rbind_auto": True}),
                ("rbind auto via a,b", {"server": [b"a", b"b"], "rbind_auto": True}),
                ("via balance a,b rbind auto", {"server": [b"a", b"b"], "balance": True, "rbind_auto": True})):
            with self.subTest(words):
                self.kernel.config.rules.clear()
                self.ok("rule add " + words)
                self.assertEqual(self.kernel.config.rules, [{"action": VIA} | rule])

    def test_eight(self):
        names = [f"n{i}" for i in range(9)]
        for name in names:
            self.kernel.config.servers[name.encode()] = dict(self.kernel.config.servers[b"a"])
        self.ok("rule add via " + ",".join(names[:8]))
        self.assertEqual(len(self.kernel.config.rules[0]["server"]), 8)
        self.kernel.commands.clear()
        self.wrong("rule add via " + ",".join(names), "via:", "too many", "allowed are 8")

    def test_wrong(self):
        for words, part in (("via a,b,a", "twice"), ("via a,", "name"), ("via ,a", "name"), ("via a,,b", "name"),
                            ("via ,", "name"), ("via a,-b", "name"), ("via a,b/c", "name"),
                            ("via balance a,a", "twice"), ("via balance ,", "name"), ("via a b,c", "'b,c'"),
                            ("via a,b via c", "'via'"), ("via a,b direct", "action"),
                            ("via a," + 64 * "x", "63"), ("via bal a,b", "'a,b'")):
            with self.subTest(words):
                self.wrong("rule add " + words, part)
        for words, part in (("0", "1"), ("28801", "28800"), ("5s", "28800"), ("", "missing")):
            with self.subTest(words):
                self.wrong("server add d 192.0.2.9 retry " + words, "retry", part)

    def test_refused(self):
        result = self.run_socksctl("rule add via a,nobody")
        self.assertEqual(result.status, 2)
        self.assert_line(result.error, "no server")

    def test_kept(self):
        """What is saved is what was said."""
        rules = "rule add via a,b\nrule add port 80 via balance c,balance,a rbind auto\nrule add via balance\n"
        self.ok("apply -", stdin=SERVERS + rules)
        self.assertEqual(self.ok("save").out, SERVERS + rules)
        for name in "a", "b", "balance":
            self.assertEqual(self.run_socksctl(f"server del {name}").status, 2)

    def test_shown(self):
        self.ok("apply -", stdin=SERVERS + "rule add via a,b\nrule add via balance b,c\nrule add via c\n")
        rules = self.ok("-j rule").json()
        self.assertEqual([rule["server"] for rule in rules], [["a", "b"], ["b", "c"], "c"])
        self.assertEqual([rule.get("balance") for rule in rules], [None, True, None])
        rows = columns(self, self.ok("rule").out)
        self.assertEqual([(row["SERVER"], row["BALANCE"]) for row in rows], [("a,b", "-"), ("b,c", "yes"), ("c", "-")])
        self.assertEqual([row["RULES"] for row in columns(self, self.ok("server").out)], ["1", "2", "2", "0"])

    def test_lookup(self):
        """It names the servers in the order that the kernel gives."""
        self.ok("rule add to 203.0.113.0/24 via a,b,c")
        self.kernel.config.lookup = lambda values: {"action": VIA, "reason": model.N["SOCKS_REASON_RULE"], "index": 1,
                                                    "server": [b"b", b"c", b"a"]}
        self.assertEqual(self.ok("lookup 203.0.113.1:80").out.splitlines()[:2],
                         ["action: via b,c,a", "rule 1: to 203.0.113.0/24 via a,b,c"])
        answer = self.ok("-j lookup 203.0.113.1:80").json()
        self.assertEqual((answer["server"], answer["rule"]["server"]), (["b", "c", "a"], ["a", "b", "c"]))

    def test_lookup_changes(self):
        """Where the order changes meanwhile it is asked again."""
        orders = [[b"a", b"b"], [b"b", b"a"], [b"b", b"a"]]
        self.ok("rule add via a,b")
        self.kernel.config.lookup = lambda values: {"action": VIA, "reason": model.N["SOCKS_REASON_RULE"], "index": 1,
                                                    "server": orders.pop(0)}
        self.assertEqual(self.ok("lookup 203.0.113.1:80").out.splitlines()[0], "action: via b,a")


class Health(Case):
    FAILED = {"failures": 3, "error": 111, "failing_for": 42, "retry_in": 0}

    def setUp(self):
        super().setUp()
        self.ok("apply -", stdin=SERVERS)

    def test_all_up(self):
        rows = columns(self, self.ok("server").out)
        self.assertNotIn("STATE", rows[0])
        self.assertEqual([row["RETRY"] for row in rows], ["30", "5", "30", "30"])
        for server in self.ok("-j server").json():
            self.assertEqual(server["state"], "up")
            self.assertNotIn("failures", server)

    def test_down(self):
        self.kernel.config.health[b"b"] = dict(self.FAILED)
        self.kernel.config.health[b"c"] = {"failures": 1, "error": 100000, "failing_for": 0, "retry_in": 30}
        rows = columns(self, self.ok("server").out)
        self.assertEqual(
            [(row["SERVER"], row["STATE"], row["ERROR"], row["FAILING-FOR"], row["RETRY-IN"]) for row in rows],
            [("a", "up", "-", "-", "-"), ("b", "down", "ECONNREFUSED", "42", "0"), ("c", "down", "100000", "0", "30"),
             ("balance", "up", "-", "-", "-")])
        shown = {server["name"]: server for server in self.ok("-j server").json()}
        self.assertEqual(shown["b"] | {"state": "down", "failures": 3, "error": "ECONNREFUSED", "failing_for": 42,
                                       "retry_in": 0}, shown["b"])
        self.assertEqual(shown["c"]["error"], "100000")
        self.assertEqual(shown["a"]["state"], "up")
