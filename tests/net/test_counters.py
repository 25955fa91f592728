# SPDX-License-Identifier: GPL-2.0-only
"""The counters of servers and rules."""

from select import POLLOUT

from lib.case import CONFIGURATION, FAMILIES, TestCase, each
from lib.server import NO_IDENTD, REJECTED, Peer
from lib.sock import Sock
from lib.topology import (
    CLOSED_PORT,
    DIRECT,
    NO_ROUTE,
    SERVER_A,
    TARGET,
    THROUGH_PREFIX,
    text,
)
from lib.topology import REJECTED as REJECTED_TARGET
from lib.wait import DEADLINE, until

ZERO = dict.fromkeys(
    ("tried", "granted", "rejected", "failed", "in_progress", "established"), 0
)


class Counters(TestCase):
    """What each outcome counts as, for the server and for the rule."""

    def setUp(self) -> None:
        super().setUp()
        self.configure(
            CONFIGURATION + f"rule add to {DIRECT[0]} direct\n", fresh=True
        )

    def expect(self, **counters: int) -> None:
        """See that the server and its rule have counted this."""
        expected = {**ZERO, **counters}

        def counted() -> bool:
            shown = self.ctl.show()
            return (
                shown["servers"][0]["stats"] == expected
                and shown["rules"][0]["stats"] == expected
            )

        try:
            until(counted, "counters")
        except AssertionError:
            shown = self.ctl.show()
            self.assertEqual(shown["servers"][0]["stats"], expected)
            self.assertEqual(shown["rules"][0]["stats"], expected)

    @each(family=FAMILIES)
    def test_granted(self, family: int) -> None:
        """In progress, granted and open, closed."""
        sock, peer = self.begin(family)
        self.expect(tried=1, in_progress=1)
        peer.reply()
        sock.poll(DEADLINE, POLLOUT)
        self.expect(tried=1, granted=1, established=1)
        sock.close()
        self.expect(tried=1, granted=1)
        self.assertEqual(peer.end(), "end")
        sock, peer = self.established(family)
        peer.reset()
        # The socket is the program's, until it closes it.
        self.expect(tried=2, granted=2, established=1)
        sock.close()
        self.expect(tried=2, granted=2)

    @each(family=FAMILIES, code=(REJECTED, NO_IDENTD, 93))
    def test_rejected(self, family: int, code: int) -> None:
        """The server refuses."""
        sock, peer = self.begin(family)
        peer.reply(code)
        sock.ended()
        self.expect(tried=1, rejected=1)

    @each(family=FAMILIES)
    def test_no_reply(self, family: int) -> None:
        """What is no reply counts as failed."""
        sock, peer = self.begin(family)
        peer.reply(5)
        sock.ended()
        self.expect(tried=1, failed=1)
        sock, peer = self.begin(family)
        peer.reply(version=1)
        sock.ended()
        self.expect(tried=2, failed=2)

    @each(how=(Peer.finish, Peer.reset))
    def test_goes_away(self, how: object) -> None:
        """So does a server that goes away."""
        assert callable(how)
        sock, peer = self.begin()
        how(peer)
        sock.ended()
        self.expect(tried=1, failed=1)

    def test_given_up(self) -> None:
        """So does a connection that the program gives up."""
        sock, _ = self.begin()
        sock.close()
        self.expect(tried=1, failed=1)
        sock, _ = self.begin()
        sock.disconnect()
        self.expect(tried=2, failed=2)
        sock, _ = self.begin()
        sock.shutdown(2)
        self.expect(tried=3, failed=3)

    def test_out_of_reach(self) -> None:
        """And so do a server and a network that are not there."""
        for number, address in enumerate((NO_ROUTE, CLOSED_PORT)):
            with self.subTest(address=address):
                self.configure(
                    f"server add x {text(address)}\n"
                    f"rule add to {THROUGH_PREFIX} via x\n",
                    fresh=True,
                )
                for _ in range(number + 1):
                    self.assertNotEqual(self.sock().connect(TARGET), "0")
                self.expect(tried=number + 1, failed=number + 1)

    def test_time_limit(self) -> None:
        """And one that does not answer in time."""
        self.configure(
            f"server add a {text(SERVER_A)} timeout 1\n"
            f"rule add to {THROUGH_PREFIX} via a\n",
            fresh=True,
        )
        sock, _ = self.begin()
        sock.ended()
        self.expect(tried=1, failed=1)

    @each(family=FAMILIES)
    def test_other_rules(self, family: int) -> None:
        """Rules that reject, and rules that let go direct."""
        for _ in range(3):
            self.assertEqual(
                self.sock(family).connect(REJECTED_TARGET), "EACCES"
            )
        self.listener(DIRECT)
        for _ in range(2):
            self.assertEqual(self.sock(family).connect(DIRECT), "0")
        via, reject, direct = self.ctl.rules()
        self.assertEqual(via, ZERO)
        self.assertEqual(reject, {**ZERO, "tried": 3, "rejected": 3})
        self.assertEqual(direct["tried"], 2)
        self.expect()

    def test_two_rules(self) -> None:
        """A server counts for all its rules, a rule for itself."""
        self.configure(
            f"server add a {text(SERVER_A)}\n"
            "rule add to 203.0.113.5 via a\n"
            f"rule add to {THROUGH_PREFIX} via a\n",
            fresh=True,
        )
        held: list[Sock] = []
        for host, count in (("203.0.113.5", 2), ("203.0.113.6", 3)):
            for _ in range(count):
                sock, _ = self.established(target=(host, 80))
                held.append(sock)
        shown = self.ctl.show()
        counts = {
            **ZERO,
            "tried": 5,
            "granted": 5,
            "established": 5,
        }
        self.assertEqual(shown["servers"][0]["stats"], counts)
        for rule, count in zip(shown["rules"], (2, 3), strict=True):
            counts.update(tried=count, granted=count, established=count)
            self.assertEqual(rule["stats"], counts)
