# SPDX-License-Identifier: GPL-2.0-only
"""
Ways around connect(). None leads to a redirected destination; what a program
does elsewhere is as without rules.
"""

import socket
import struct

from lib import sock as socks
from lib.case import FAMILIES, TestCase, capture, each
from lib.server import request
from lib.sock import Sock
from lib.topology import DIRECT, REJECTED, SERVER_A, SERVER_B, TARGET
from lib.wait import DEADLINE

AF_SMC = 43
IPPROTO_SMC = 256
IP_OPTIONS = 4
LSRR, SSRR = 131, 137


def source_route(kind: int, *hops: str) -> bytes:
    """An IP option with a source route, padded."""
    route = b"".join(socket.inet_aton(hop) for hop in hops)
    return bytes((kind, 3 + len(route), 4)) + route + b"\0"


class Bypass(TestCase):
    """None of these sends a SYN to where it should not."""

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
        self.assertEqual(sock.poll(DEADLINE, 0x4), "OUT")

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
    def test_fastopen_reject(self, family: int) -> None:
        """To a destination that is rejected: an errno, too."""
        sock = self.sock(family)
        self.assertEqual(
            sock.sendto(b"data", socket.MSG_FASTOPEN, REJECTED), "EACCES"
        )
        self.nothing_sent()

    @each(family=FAMILIES)
    def test_fastopen_direct(self, family: int) -> None:
        """To somewhere else it works."""
        listener = self.listener(DIRECT)
        sock = self.sock(family)
        self.assertEqual(sock.sendto(b"data", socket.MSG_FASTOPEN, DIRECT), 4)
        self.assertEqual(self.accepted(listener).recv_all(4), b"data")

    def mptcp(self, family: int, nonblocking: bool = False) -> Sock:
        """An MPTCP socket."""
        try:
            return self.sock(
                family, nonblocking, protocol=socks.IPPROTO_MPTCP
            )
        except OSError as error:
            self.skipTest(f"the kernel has no MPTCP: {error}")

    @each(family=FAMILIES, nonblocking=(False, True))
    def test_mptcp(self, family: int, nonblocking: bool) -> None:
        """MPTCP to a redirected destination fails."""
        sock = self.mptcp(family, nonblocking)
        self.assertEqual(sock.connect(TARGET), "EOPNOTSUPP")
        self.nothing_sent()
        sock = self.mptcp(family, nonblocking)
        self.assertEqual(sock.connect(REJECTED), "EACCES")
        self.nothing_sent()
        sock = self.mptcp(family, nonblocking)
        self.assertIsInstance(
            sock.sendto(b"data", socket.MSG_FASTOPEN, TARGET), str
        )
        self.nothing_sent()

    @each(family=FAMILIES)
    def test_mptcp_direct(self, family: int) -> None:
        """MPTCP to somewhere else works, the server's address included."""
        for address in (DIRECT, SERVER_A):
            listener = self.listener(address)
            sock = self.mptcp(family)
            self.assertEqual(sock.connect(address), "0")
            self.assertEqual(sock.send(b"data"), 4)
            self.assertEqual(self.accepted(listener).recv_all(4), b"data")

    @each(
        family=FAMILIES,
        kind=(LSRR, SSRR),
        first=(TARGET, REJECTED),
        fastopen=(False, True),
    )
    def test_source_route(
        self,
        family: int,
        kind: int,
        first: tuple[str, int],
        fastopen: bool,
    ) -> None:
        """A source route through it to somewhere else."""
        sock = self.sock(family, nonblocking=True)
        self.assertEqual(
            sock.setsockopt(
                socket.IPPROTO_IP, IP_OPTIONS, source_route(kind, first[0])
            ),
            "0",
        )
        address = (DIRECT[0], first[1])
        expected = "EACCES" if first == REJECTED else "EOPNOTSUPP"
        if fastopen:
            result = sock.sendto(b"x", socket.MSG_FASTOPEN, address)
        else:
            result = sock.connect(address)
        self.assertEqual(result, expected)
        self.nothing_sent()

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
    def test_smc(self, family: int) -> None:
        """SMC, which connects with a TCP socket of the kernel's."""
        try:
            sock = self.sock(
                AF_SMC, protocol=int(family != socket.AF_INET)
            )
        except OSError as error:
            self.skipTest(f"the kernel has no SMC: {error}")
        sock.set_blocking(False)
        sock.connect(socks.sockaddr(family, TARGET))
        self.nothing_sent()

    @each(family=FAMILIES)
    def test_smc_protocol(self, family: int) -> None:
        """The same by its other name."""
        try:
            sock = self.sock(family, protocol=IPPROTO_SMC)
        except OSError as error:
            self.skipTest(f"the kernel has no IPPROTO_SMC: {error}")
        sock.set_blocking(False)
        sock.connect(TARGET)
        self.nothing_sent()

    @each(family=FAMILIES)
    def test_smc_fallback(self, family: int) -> None:
        """
        An SMC socket which has fallen back to TCP before connect(): it is the
        kernel's socket, in the program's hands.
        """
        try:
            sock = self.sock(
                AF_SMC, protocol=int(family != socket.AF_INET)
            )
        except OSError as error:
            self.skipTest(f"the kernel has no SMC: {error}")
        sock.set_blocking(False)
        sock.setsockopt(socket.SOL_TCP, socks.TCP_FASTOPEN_CONNECT, 1)
        sock.setsockopt(socket.SOL_TCP, socks.TCP_FASTOPEN_CONNECT, 0)
        sock.connect(socks.sockaddr(family, TARGET))
        self.nothing_sent()

    def test_unspecified_ipv6(self) -> None:
        """
        "::" on an IPv6 socket bound to an IPv4 address means 127.0.0.1.
        """
        self.configure(
            "server add a 10.1.0.1:1080\n"
            "rule add to 127.0.0.0/8 port 5555 via a\n"
        )
        sock = self.sock(socket.AF_INET6, nonblocking=True)
        self.assertEqual(sock.bind(("127.0.0.1", 0)), "0")
        sock.connect(struct.pack("=H2s24x", 10, struct.pack("!H", 5555)))
        syns = capture(self.net.client).syns()
        self.assertEqual(
            [syn for syn in syns if syn.destination == "127.0.0.1"], []
        )

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
