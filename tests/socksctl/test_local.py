# SPDX-License-Identifier: GPL-2.0-only
"""Servers that are local auto."""

import model
from harness import Case
from model import DIRECT
from test_output import columns


class Local(Case):
    def test_add(self):
        for words in "local auto", "loc a", "timeout 5 local auto", "local auto userid bob":
            self.ok("server add tor 127.0.0.1:9050 " + words)
            (_, values), = self.commands("server_add")
            self.assertIs(values["local_auto"], True)
            self.ok("server del tor")
        self.ok("server add tor 127.0.0.1:9050")
        self.assertNotIn("local_auto", self.commands("server_add")[0][1])

    def test_wrong(self):
        self.wrong("server add a 127.0.0.1 local", "missing", "allowed here: auto\n")
        self.wrong("server add a 127.0.0.1 local off", "'off'", "allowed here: auto\n")
        self.wrong("server add a 127.0.0.1 local auto l auto", "local:", "'l'", "twice")

    def test_shown(self):
        self.ok("server add tor 127.0.0.1:9050 local auto")
        self.ok("server add corp 192.0.2.1")
        shown = {row["SERVER"]: row for row in columns(self, self.ok("server").out)}
        self.assertEqual({name: row["LOCAL"] for name, row in shown.items()}, {"tor": "auto", "corp": "-"})
        self.assertEqual([server.get("local") for server in self.ok("-j server").json()], ["auto", None])
        self.ok("server add slow 192.0.2.2 accept-timeout 7")
        row = columns(self, self.ok("server").out)[0]
        self.assertEqual((row["ACCEPT-TIMEOUT"], row["LOCAL"]), ("180", "auto"))
        self.ok("server del tor")
        self.assertNotIn("LOCAL", self.ok("server").out)

    def test_kept(self):
        text = ("server add tor 127.0.0.1:9050 userid none timeout 120 accept-timeout 7 local auto\n"
                "server add corp 192.0.2.1:1080 userid none timeout 120\nrule add via tor\n")
        self.ok("apply -", stdin=text)
        self.assertEqual(self.ok("save").out, text)

    def test_belongs_to_the_rules(self):
        """Where it changes while the rules are read, all is read again."""
        self.ok("server add tor 127.0.0.1:9050 local auto")

        def before(name):
            if name == "rule_get":
                self.kernel.before = None
                del self.kernel.config.servers[b"tor"]["local_auto"]
        self.kernel.before = before
        self.assertEqual(self.ok("save").out, "server add tor 127.0.0.1:9050 userid none timeout 120\n")

    def test_lookup(self):
        """The kernel's answer to who runs the server itself."""
        self.ok("server add tor 127.0.0.1:9050 local auto")
        self.ok("rule add port 1 reject")
        self.ok("rule add via tor")
        self.kernel.config.lookup = lambda values: {"action": DIRECT, "reason": model.N["SOCKS_REASON_LOCAL"],
                                                    "index": 2, "server": b"tor"}
        self.assertEqual(self.ok("lookup 203.0.113.9:80").out,
                         "action: direct\nrule 2: via tor\nreason: the caller runs the server, which is local auto, tor\n"
                         "passed over:\n  rule 1: port 1 reject\n    port 1: it is 80\n")
        answer = self.ok("-j lookup 203.0.113.9:80").json()
        self.assertEqual((answer["action"], answer["reason"], answer["index"], answer["server"], answer["rule"]["index"]),
                         ("direct", "local", 2, "tor", 2))
