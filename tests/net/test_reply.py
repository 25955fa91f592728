# SPDX-License-Identifier: GPL-2.0-only
"""Replies in pieces, and with the program's first bytes behind them."""

import hashlib
from select import POLLIN, POLLOUT

from lib.case import FAMILIES, TestCase, each
from lib.server import Peer, reply
from lib.sock import SIOCINQ
from lib.topology import TARGET
from lib.wait import DEADLINE, SYS_CONNECT, SYS_RECVFROM, Call

BANNER = b"220 ready\r\n"


class Reply(TestCase):
    """Granted requests."""

    @each(family=FAMILIES, taken=(True, False))
    def test_pieces(self, family: int, taken: bool) -> None:
        """A reply in eight pieces; nothing happens before the last."""
        sock, peer = self.begin(family)
        for byte in reply()[:-1]:
            peer.send(bytes((byte,)))
            if taken:
                peer.wait_taken()
            self.assertEqual(sock.poll(0), "")
        peer.send(reply()[-1:])
        self.assertEqual(sock.poll(DEADLINE), "OUT|WRNORM")
        self.assertEqual(sock.so_error(), "0")
        self.assertEqual(sock.recv(1), "EAGAIN")

    @each(at=range(1, 8))
    def test_two_pieces(self, at: int) -> None:
        """A reply in two pieces, and a banner with the second."""
        sock, peer = self.begin()
        data = reply() + BANNER
        peer.send(data[:at])
        peer.wait_taken()
        self.assertEqual(sock.poll(0), "")
        self.assertEqual(sock.recv(10), "EAGAIN")
        peer.send(data[at:])
        self.assertEqual(sock.poll(DEADLINE), "IN|OUT|RDNORM|WRNORM")
        self.assertEqual(sock.recv(100), BANNER)
        self.assertEqual(sock.recv(100), "EAGAIN")

    @each(family=FAMILIES, length=(1, 11, 1000, 100_000, 1_000_000))
    def test_banner(self, family: int, length: int) -> None:
        """The program reads the bytes behind the reply, and no others."""
        data = hashlib.shake_128(b"banner").digest(length)
        sock, peer = self.begin(family)
        call = Call(peer.send, reply() + data)
        self.assertNotEqual(sock.poll(DEADLINE, POLLIN), "")
        self.assertEqual(sock.so_error(), "0")
        sock.set_blocking(True)
        self.assertEqual(sock.recv_all(length), data)
        call.result()
        sock.set_blocking(False)
        self.assertEqual(sock.recv(1), "EAGAIN")

    def test_banner_fionread(self) -> None:
        """FIONREAD counts the banner only."""
        sock, peer = self.begin()
        peer.send(reply() + BANNER)
        self.assertNotEqual(sock.poll(DEADLINE, POLLIN), "")
        self.assertEqual(sock.ioctl_int(SIOCINQ), len(BANNER))
        self.assertEqual(sock.recv(3, 2), BANNER[:3])  # MSG_PEEK
        self.assertEqual(sock.recv(100), BANNER)
        self.assertEqual(sock.ioctl_int(SIOCINQ), 0)

    @each(family=FAMILIES, at=(0, 4, 8))
    def test_blocked_recv(self, family: int, at: int) -> None:
        """A recv() that waits since before the reply reads the banner."""
        sock, peer = self.begin(family)
        sock.set_blocking(True)
        call = Call(sock.recv, 100)
        call.wait_blocked(SYS_RECVFROM)
        if at:
            peer.send(reply()[:at])
            peer.wait_taken()
            self.assertFalse(call.done)
        peer.send(reply()[at:] + BANNER)
        self.assertEqual(call.result(), BANNER)

    @each(family=FAMILIES, blocking=(False, True))
    def test_finish_at_once(self, family: int, blocking: bool) -> None:
        """A grant with a FIN: connected, and the end of the data."""
        listener = self.listener()
        sock = self.sock(family, nonblocking=not blocking)
        call = Call(sock.connect, TARGET)
        peer = self.accepted(listener)
        peer.request()
        if blocking:
            call.wait_blocked(SYS_CONNECT)
        peer.cork()
        peer.reply()
        peer.finish()
        if blocking:
            self.assertEqual(call.result(), "0")
        else:
            self.assertEqual(call.result(), "EINPROGRESS")
            self.assertIn("OUT", sock.poll(DEADLINE, POLLOUT))
        self.assertEqual(sock.so_error(), "0")
        self.assertEqual(sock.peer_name(), TARGET)
        sock.set_blocking(True)
        self.assertEqual(sock.recv(10), b"")
        self.assertEqual(sock.poll(0), "IN|OUT|RDNORM|WRNORM|RDHUP")
        self.assertEqual(sock.send(b"still"), 5)
        self.assertEqual(peer.recv_all(5), b"still")

    @each(family=FAMILIES, corked=(True, False), length=(11, 100_000))
    def test_data_and_finish(
        self, family: int, corked: bool, length: int
    ) -> None:
        """A grant, data and a FIN: the program reads the data, then EOF."""
        data = hashlib.shake_128(b"data").digest(length)
        sock, peer = self.begin(family)
        if corked:
            peer.cork()

        def server() -> None:
            peer.send(reply() + data)
            peer.finish()

        call = Call(server)
        self.assertNotEqual(sock.poll(DEADLINE, POLLIN), "")
        self.assertEqual(sock.so_error(), "0")
        sock.set_blocking(True)
        self.assertEqual(sock.recv_end(), data)
        call.result()

    @each(how=(Peer.reset,))
    def test_reset_after_grant(self, how: object) -> None:
        """A RST after the grant is the program's, as on any connection."""
        assert callable(how)
        sock, peer = self.begin()
        peer.reply()
        self.assertEqual(sock.poll(DEADLINE), "OUT|WRNORM")
        how(peer)
        self.assertNotEqual(sock.poll(DEADLINE, POLLIN), "")
        self.assertEqual(sock.recv(10), "ECONNRESET")
        self.assertEqual(sock.recv(10), b"")

    def test_before_the_request(self) -> None:
        """A server that talks first, and so speaks no SOCKS4."""
        listener = self.listener()
        sock = self.sock(nonblocking=True)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(listener)
        peer.send(b"SSH-2.0-x\r\n")
        sock.ended()
        self.assertEqual(sock.so_error(), "EPROTO")
        self.assertEqual(sock.recv(10), b"")
