# SPDX-License-Identifier: GPL-2.0-only
"""
No connection leads directly to a destination for which there is a rule, in
whatever way it is begun. What a program does elsewhere is as without rules.
"""

import contextlib
import os
import socket
import subprocess
import unittest
from select import POLLOUT

from lib import failure
from lib import sock as socks
from lib.capture import Syn
from lib.case import FAMILIES, TestCase, capture, each
from lib.server import request
from lib.sock import Sock
from lib.topology import DIRECT, SERVER_A, SERVER_B, TARGET, text
from lib.ways import IP_OPTIONS, LSRR, WAYS, Tester, Way, source_route
from lib.wait import DEADLINE, until

WAYS_OF_FAMILIES = [(way, family) for way in WAYS for family in way.families]
# Each way takes many attempts where memory is short. All are tried if
# SOCKS_LONG=1 is in the environment.
SHORT_OF_MEMORY = [
    (way, family)
    for way, family in WAYS_OF_FAMILIES
    if failure.available()
    and not way.program
    and (
        os.environ.get("SOCKS_LONG") == "1"
        or family == socket.AF_INET
        and way.name in ("connect", "fastopen", "fastopen_connect", "mptcp")
    )
]
TCP_SYN_SENT = "02"
# What a way may end with where memory is short, also for Python.
TROUBLE = (
    OSError,
    MemoryError,
    AssertionError,
    subprocess.SubprocessError,
    unittest.SkipTest,
)


def mptcp(namespace: str, command: str) -> None:
    """Configure MPTCP."""
    subprocess.run(
        ("ip", "-n", namespace, "mptcp", *command.split()), check=True
    )


def connecting() -> bool:
    """Is there a socket in this namespace which may send a SYN again?"""
    for name in ("tcp", "tcp6"):
        with open(f"/proc/thread-self/net/{name}", encoding="ascii") as file:
            if any(line.split()[3] == TCP_SYN_SENT for line in file):
                return True
    return False


class Ways(TestCase):
    """Each way, with no rule for the destination, and with one."""

    configuration = ""

    def attempt(
        self, way: Way, family: int, expected: str | None = None
    ) -> tuple[str, list[Syn]]:
        """
        Try a way. Return what came of it, and each SYN that was sent. Where one
        to an address is expected, wait for it: it may have to wait itself, for
        an answer to ARP.
        """
        tester = Tester(self.net)
        target = (way.host or TARGET[0], TARGET[1])
        syns: list[Syn] = []

        def settled() -> bool:
            syns.extend(capture(self.net.client).syns())
            if expected:
                return expected in [syn.destination for syn in syns]
            return bool(syns) or tester.settled()

        try:
            result = way.attempt(tester, family, target)
            until(settled, "end of the attempt")
            result = result or tester.printed()
        finally:
            tester.close()
        with self.net.client.entered():
            until(lambda: not connecting(), "end of its sockets")
        return result, syns + capture(self.net.client).syns()

    def rule(self, way: Way, action: str) -> None:
        """Let there be a rule for a way's destination."""
        self.configure(
            f"server add a {text(SERVER_A)}\n"
            f"rule add to {way.host or TARGET[0]} {action}\n"
        )

    @each(way=WAYS_OF_FAMILIES)
    def test(self, way: tuple[Way, int]) -> None:
        """
        Where there is no rule, the destination gets a SYN. Where there is one,
        it gets none: the server is asked, or the call fails.
        """
        how, family = way
        host = how.host or TARGET[0]
        self.configure("")
        _, syns = self.attempt(how, family, host)
        self.assertIn(host, [syn.destination for syn in syns])

        self.listener()
        self.rule(how, "via a")
        result, syns = self.attempt(
            how, family, SERVER_A[0] if how.redirected else None
        )
        self.assertEqual([syn for syn in syns if syn.names(host)], [])
        asked = SERVER_A[0] in [syn.destination for syn in syns]
        self.assertEqual(asked, how.redirected, result)
        if not how.redirected:
            self.assertIn("EOPNOTSUPP", result)

        self.rule(how, "reject")
        result, syns = self.attempt(how, family)
        self.assertEqual([syn for syn in syns if syn.names(host)], [])
        self.assertIn("EACCES", result)

    @each(way=SHORT_OF_MEMORY)
    def test_out_of_memory(self, way: tuple[Way, int]) -> None:
        """
        The first allocation of memory fails, then the second one, until all
        succeed. Whatever comes of that, the destination gets no SYN.
        """
        how, family = way
        target = (how.host or TARGET[0], TARGET[1])
        # What it needs once is there then.
        self.configure("")
        self.attempt(how, family)
        self.listener()
        self.rule(how, "via a")
        number, failed = 0, True
        while failed:
            number += 1
            tester = Tester(self.net)
            try:
                with contextlib.suppress(*TROUBLE):
                    with failure.of_allocation(number) as happened:
                        how.attempt(tester, family, target)
            finally:
                tester.close()
            failed = happened()
            with self.net.client.entered():
                until(lambda: not connecting(), "end of its sockets")
            syns = capture(self.net.client).syns()
            self.assertEqual(
                [syn for syn in syns if syn.names(target[0])], [], number
            )
        self.assertGreater(number, 1)


class Bypass(TestCase):
    """What else there is to say of some of them."""

    def nothing_sent(self) -> None:
        """See that no SYN was sent at all."""
        self.assertEqual(capture(self.net.client).syns(), [])

    def works(self, sock: Sock) -> None:
        """See that the socket can still be connected in the common way."""
        listener = self.listener()
        sock.set_blocking(False)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(listener)
        self.assertEqual(peer.request(), request(TARGET))
        peer.reply()
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")

    @each(family=FAMILIES, nonblocking=(False, True), client=(True, False))
    def test_fastopen(
        self, family: int, nonblocking: bool, client: bool
    ) -> None:
        """
        sendto(MSG_FASTOPEN) answers EOPNOTSUPP, as it does where the client
        side of TCP Fast Open is switched off. Programs connect then.
        """
        if not client:
            self.net.client.sysctl("net/ipv4/tcp_fastopen", 0)
            self.addCleanup(
                self.net.client.sysctl, "net/ipv4/tcp_fastopen", 1
            )
        sock = self.sock(family, nonblocking=nonblocking)
        self.assertEqual(
            sock.sendto(b"data", socket.MSG_FASTOPEN, TARGET), "EOPNOTSUPP"
        )
        self.assertEqual(sock.peer_name(), "ENOTCONN")
        self.nothing_sent()
        self.works(sock)

    @each(family=FAMILIES)
    def test_fastopen_direct(self, family: int) -> None:
        """To somewhere else it works."""
        listener = self.listener(DIRECT)
        sock = self.sock(family)
        self.assertEqual(sock.sendto(b"data", socket.MSG_FASTOPEN, DIRECT), 4)
        self.assertEqual(self.accepted(listener).recv_all(4), b"data")

    def mptcp(self, family: int, uid: int = 0) -> Sock:
        """An MPTCP socket, of this user's."""
        with self.net.client.entered():
            os.seteuid(uid)
            try:
                sock = Sock(family, protocol=socks.IPPROTO_MPTCP)
            finally:
                os.seteuid(0)
        self.addCleanup(sock.close)
        return sock

    @each(family=FAMILIES)
    def test_mptcp_direct(self, family: int) -> None:
        """MPTCP to somewhere else works, the server's address included."""
        for address in (DIRECT, SERVER_A):
            listener = self.listener(address)
            sock = self.mptcp(family)
            self.assertEqual(sock.connect(address), "0")
            self.assertEqual(sock.send(b"data"), 4)
            self.assertEqual(self.accepted(listener).recv_all(4), b"data")

    def joined(self, uid: int, hosts: set[str]) -> set[str]:
        """
        Connect directly by MPTCP, as this user, to a peer which announces more
        addresses; the last one is SERVER_B. Wait until the kernel has
        connected to all these hosts by itself; return those it connected to.
        """
        seen: set[str] = set()

        def complete() -> bool:
            syns = capture(self.net.client).syns()
            seen.update(syn.destination for syn in syns)
            return seen >= hosts

        with self.net.firewall.entered():
            server = socket.socket(
                socket.AF_INET, socket.SOCK_STREAM, socks.IPPROTO_MPTCP
            )
        self.addCleanup(server.close)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("0.0.0.0", 7000))
        server.listen()
        sock = self.mptcp(socket.AF_INET, uid=uid)
        self.assertEqual(sock.connect((DIRECT[0], 7000)), "0")
        accepted, _ = server.accept()
        # Both ends have to know that the other one speaks MPTCP.
        sock.send(b"x")
        self.assertEqual(accepted.recv(1), b"x")
        accepted.send(b"y")
        self.assertEqual(sock.recv(1), b"y")
        until(complete, f"subflows to {hosts}")
        for one in (sock, accepted, server):
            one.close()
        with self.net.client.entered():
            until(lambda: not connecting(), "end of its subflows")
        capture(self.net.client).syns()
        return seen

    @each(rule=("via a", "reject", "uid 1234 via a"))
    def test_mptcp_join(self, rule: str) -> None:
        """
        A peer of a direct MPTCP connection announces two more addresses. The
        kernel connects to both, but not to one for which there is a rule. It
        does so in a thread of its own; the user is who made the socket.
        """
        uid = 1234 if "uid" in rule else 0
        others = {DIRECT[0], SERVER_B[0]}
        # An announcement that is lost is sent again after as many seconds.
        self.net.firewall.sysctl("net/mptcp/add_addr_timeout", 1)
        mptcp("client", "limits set subflows 2 add_addr_accepted 2")
        self.addCleanup(mptcp, "client", "limits set subflows 0")
        for number, host in enumerate((TARGET[0], SERVER_B[0]), 1):
            endpoint = f"endpoint add {host} id {number} dev wan signal"
            mptcp("firewall", endpoint)
        self.addCleanup(mptcp, "firewall", "endpoint flush")
        self.configure("")
        both = others | {TARGET[0]}
        self.assertEqual(self.joined(uid, both), both)
        self.configure(
            f"server add a {text(SERVER_A)}\nrule add to {TARGET[0]} {rule}\n"
        )
        self.assertEqual(self.joined(uid, others), others)

    @each(family=FAMILIES, hops=(1, 2))
    def test_source_route_on_the_way(self, family: int, hops: int) -> None:
        """
        A source route through another router to it: the connection goes to
        the server, or fails.
        """
        sock = self.sock(family, nonblocking=True)
        route = source_route(LSRR, *(SERVER_B[0], TARGET[0])[:hops])
        self.assertEqual(
            sock.setsockopt(socket.IPPROTO_IP, IP_OPTIONS, route), "0"
        )
        sock.connect(TARGET)
        leaks = [
            syn
            for syn in capture(self.net.client).syns()
            if syn.destination == TARGET[0] or hops == 1 and syn.leaks()
        ]
        self.assertEqual(leaks, [])
        # What the program itself put into the options' later hops is there.
        self.addCleanup(capture(self.net.client).syns)

    @each(family=FAMILIES)
    def test_address_length(self, family: int) -> None:
        """Addresses with more, or fewer, bytes than needed."""
        listener = self.listener()
        raw = socks.sockaddr(family, TARGET)
        needed = 16 if family == socket.AF_INET else 24
        for length in (1, 2, 8, needed - 1):
            sock = self.sock(family, nonblocking=True)
            direct = self.sock(family, nonblocking=True)
            truth = direct.connect(socks.sockaddr(family, SERVER_B)[:length])
            self.assertEqual(sock.connect(raw[:length]), truth, length)
        self.nothing_sent()
        for length in (needed, 128):
            sock = self.sock(family, nonblocking=True)
            self.assertEqual(
                sock.connect(raw[:needed].ljust(length, b"\xff")),
                "EINPROGRESS",
            )
            peer = self.accepted(listener)
            self.assertEqual(peer.request(), request(TARGET))

    def test_address_family(self) -> None:
        """An IPv4 address on an IPv6 socket, and the other way round."""
        for family, wrong in ((2, 10), (10, 2)):
            sock = self.sock(family, nonblocking=True)
            direct = self.sock(family, nonblocking=True)
            truth = direct.connect(socks.sockaddr(wrong, SERVER_B))
            self.assertEqual(
                sock.connect(socks.sockaddr(wrong, TARGET)), truth
            )
        self.nothing_sent()

    def test_socks4a_marker(self) -> None:
        """A destination 0.0.0.x never gets into a request."""
        self.configure(
            "server add a 10.1.0.1:1080\nrule add to 0.0.0.0/0 via a\n"
        )
        listener = self.listener()
        for host in ("0.0.0.1", "0.0.0.255"):
            for family in FAMILIES:
                with self.subTest(host=host, family=family):
                    sock = self.sock(family, nonblocking=True)
                    truth = self.sock(
                        family, namespace=self.net.second
                    ).connect((host, 80))
                    seen = sock.connect((host, 80))
                    if seen == "EINPROGRESS":
                        self.assertTrue(listener.idle())
                    else:
                        self.assertIn(seen, (truth, "ENETUNREACH"))

    def test_multicast_broadcast(self) -> None:
        """Destinations to which there are no TCP connections."""
        self.configure(
            "server add a 10.1.0.1:1080\nrule add to 0.0.0.0/0 via a\n"
        )
        listener = self.listener()
        for host in ("224.0.0.1", "239.1.2.3", "255.255.255.255"):
            for family in FAMILIES:
                with self.subTest(host=host, family=family):
                    truth = self.sock(
                        family, namespace=self.net.second
                    ).connect((host, 80))
                    sock = self.sock(family)
                    self.assertEqual(sock.connect((host, 80)), truth)
        self.assertTrue(listener.idle())
