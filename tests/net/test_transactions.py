# SPDX-License-Identifier: GPL-2.0-only
"""Transactions, message by message, of those who do not look at each answer."""

import errno
import socket

from lib.case import TestCase, each
from lib.genetlink import Genetlink, attribute


class Transactions(TestCase):
    """Nothing of a transaction takes effect where a change was refused."""

    # Changes which the module refuses to make.
    REFUSED = {
        "server name": (
            "SERVER_ADD",
            attribute("SERVER_NAME", "-"),
            attribute("SERVER_ADDRESS", socket.inet_aton("10.1.0.1")),
            attribute("SERVER_PORT", b"\x04\x38"),
        ),
        "server without address": (
            "SERVER_ADD",
            attribute("SERVER_NAME", "new"),
        ),
        "no server to delete": ("SERVER_DEL",),
        "server not there": ("SERVER_DEL", attribute("SERVER_NAME", "new")),
        "rule prefix": (
            "RULE_ADD",
            attribute("RULE_ADDRESS", socket.inet_aton("10.1.0.1")),
            attribute("RULE_PREFIX_LEN", 8, 1),
            attribute("RULE_ACTION", 2),
        ),
        "rule without action": ("RULE_ADD",),
        "rule cgroup": (
            "RULE_ADD",
            attribute("RULE_CGROUP", "/no/such"),
            attribute("RULE_ACTION", 2),
        ),
        "no rule to delete": ("RULE_DEL",),
        "rule not there": ("RULE_DEL", attribute("RULE_INDEX", 99)),
    }

    @each(what=tuple(REFUSED))
    def test_refused(self, what: str) -> None:
        """The others are not made, either, and commit says so."""
        with self.net.client.entered():
            netlink = Genetlink()
        self.addCleanup(netlink.close)
        before = self.ctl.show()
        command, *attributes = self.REFUSED[what]
        messages = (
            ("TRANSACTION", attribute("TRANSACTION_STEP", 0)),
            (command, *attributes),
            ("RULE_ADD", attribute("RULE_ACTION", 2)),
            ("TRANSACTION", attribute("TRANSACTION_STEP", 1)),
        )
        netlink.socket.sendto(
            b"".join(
                netlink.message(name, *parts, seq=seq)
                for seq, (name, *parts) in enumerate(messages)
            ),
            (0, 0),
        )
        answers, _ = netlink.answers()
        codes = dict(answers)
        self.assertEqual(codes[0], 0)
        self.assertNotEqual(codes[1], 0)
        self.assertEqual(codes[2], 0)
        self.assertEqual(codes[3], errno.ECANCELED)
        self.assertEqual(self.ctl.show(), before)
