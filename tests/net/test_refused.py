# SPDX-License-Identifier: GPL-2.0-only
"""Connections that the server, or a rule, refuses."""

from select import POLLOUT

from lib.case import FAMILIES, IPV4, TestCase, each
from lib.path import Path
from lib.server import (
    GRANTED,
    NO_IDENTD,
    OTHER_USER,
    REJECTED,
    reply,
    request,
)
from lib.sock import Sock
from lib.topology import REJECTED as REJECTED_TARGET
from lib.topology import TARGET
from lib.wait import DEADLINE, SYS_CONNECT, Call

# As socks4.md has it.
ERRNOS = {
    (0, REJECTED): "ECONNREFUSED",
    (4, REJECTED): "ECONNREFUSED",
    (0, NO_IDENTD): "EACCES",
    (4, NO_IDENTD): "EACCES",
    (0, OTHER_USER): "EACCES",
    (4, OTHER_USER): "EACCES",
    (0, 0): "EPROTO",
    (0, 1): "EPROTO",
    (0, 89): "EPROTO",
    (0, 94): "EPROTO",
    (0, 255): "EPROTO",
    (1, GRANTED): "EPROTO",
    (3, GRANTED): "EPROTO",
    (5, GRANTED): "EPROTO",
    (90, GRANTED): "EPROTO",
    (255, GRANTED): "EPROTO",
    (1, REJECTED): "EPROTO",
    (5, REJECTED): "EPROTO",
}


class Refused(TestCase):
    """Connections that the server refuses."""

    def works(self, sock: Sock) -> None:
        """See that the socket can be connected now."""
        listener = self.listener(("10.1.0.3", 1080))
        self.configure(
            "server add b 10.1.0.3:1080\nrule add to 203.0.113.0/24 via b\n"
        )
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(listener)
        self.assertEqual(peer.request(), request(TARGET))
        peer.reply()
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
        self.assertEqual(sock.so_error(), "0")

    @each(family=FAMILIES, answer=ERRNOS)
    def test_nonblocking(self, family: int, answer: tuple[int, int]) -> None:
        """The errno comes from SO_ERROR, once; poll() tells of the end."""
        version, code = answer
        sock, peer = self.begin(family)
        peer.reply(code, version)
        self.assertEqual(
            sock.ended(), "IN|OUT|ERR|HUP|RDNORM|WRNORM|RDHUP"
        )
        self.assertEqual(sock.so_error(), ERRNOS[answer])
        self.assertEqual(sock.so_error(), "0")
        self.assertEqual(sock.recv(100), b"")

    @each(answer=ERRNOS)
    def test_blocking(self, answer: tuple[int, int]) -> None:
        """connect() returns the errno."""
        version, code = answer
        listener = self.listener()
        sock = self.sock()
        call = Call(sock.connect, TARGET)
        peer = self.accepted(listener)
        peer.request()
        peer.reply(code, version)
        self.assertEqual(call.result(), ERRNOS[answer])
        self.assertEqual(sock.so_error(), "0")

    @each(family=FAMILIES)
    def test_as_direct_nonblocking(self, family: int) -> None:
        """All that a program sees afterwards is as with a direct connect()."""

        def program(path: Path) -> object:
            sock = self.sock(family, nonblocking=True)
            seen = [sock.connect(path.target)]
            path.refuse()
            seen += [sock.ended(), sock.poll(0)]
            seen += [sock.so_error(), sock.poll(0), sock.so_error()]
            seen += [sock.peer_name(), sock.tcp_state()]
            seen += [sock.recv(10), sock.send(b"x")]
            return seen

        self.compare(program)

    @each(family=FAMILIES)
    def test_as_direct_blocking(self, family: int) -> None:
        """The same after a blocking connect()."""

        def program(path: Path) -> object:
            sock = self.sock(family)
            call = Call(sock.connect, path.target)
            call.wait_blocked(SYS_CONNECT)
            path.refuse()
            seen = [call.result(), sock.so_error(), sock.poll(0)]
            seen += [sock.peer_name(), sock.sock_name()[0]]
            seen += [sock.recv(10), sock.send(b"x")]
            return seen

        self.compare(program)

    @each(family=FAMILIES, how=("recv", "send", "connect", "getsockopt"))
    def test_who_gets_the_errno(self, family: int, how: str) -> None:
        """Whichever call asks first gets it, as with a direct connect()."""

        def program(path: Path) -> object:
            sock = self.sock(family, nonblocking=True)
            seen = [sock.connect(path.target)]
            path.refuse()
            sock.ended()
            if how == "recv":
                seen.append(sock.recv(10))
            elif how == "send":
                seen.append(sock.send(b"x"))
            elif how == "connect":
                seen.append(sock.connect(path.target))
            seen += [sock.so_error(), sock.poll(0)]
            return seen

        self.compare(program)

    @each(family=FAMILIES, finish=(False, True), trailing=(b"", b"no"))
    def test_recv(self, family: int, finish: bool, trailing: bytes) -> None:
        """So recv() tells of the errno, whatever else the server sends."""
        sock, peer = self.begin(family)
        peer.cork()
        peer.send(reply(NO_IDENTD) + trailing)
        if finish:
            peer.finish()
        else:
            peer.socket.setsockopt(6, 3, 0)
        sock.ended()
        self.assertEqual(sock.recv(10), "EACCES")
        self.assertEqual(sock.so_error(), "0")
        self.assertEqual(sock.recv(10), b"")

    @each(family=FAMILIES, ask=(True, False))
    def test_connect_again(self, family: int, ask: bool) -> None:
        """The same socket can be connected again."""

        def program(path: Path) -> object:
            sock = self.sock(family, nonblocking=True)
            seen = [sock.connect(path.target)]
            path.refuse()
            sock.ended()
            if ask:
                seen.append(sock.so_error())
            path = path.again()
            self.addCleanup(path.close)
            seen.append(sock.connect(path.target))
            seen.append(sock.connect(path.target))
            peer = path.grant(b"banner")
            seen.append(sock.poll(DEADLINE, POLLOUT))
            sock.set_blocking(True)
            seen += [sock.so_error(), sock.recv_all(6), sock.send(b"abc")]
            seen.append(peer.recv_all(3))
            seen.append(sock.peer_name() == path.target)
            return seen

        self.compare(program)

    def test_connect_again_blocking(self) -> None:
        """The same for a socket that blocks."""

        def program(path: Path) -> object:
            sock = self.sock()
            call = Call(sock.connect, path.target)
            path.refuse()
            seen = [call.result()]
            path = path.again()
            self.addCleanup(path.close)
            call = Call(sock.connect, path.target)
            peer = path.grant(b"banner")
            seen += [call.result(), sock.recv_all(6), sock.send(b"abc")]
            seen.append(peer.recv_all(3))
            return seen

        self.compare(program)

    @each(family=FAMILIES, code=(REJECTED, NO_IDENTD, OTHER_USER, 5))
    def test_trailing_bytes(self, family: int, code: int) -> None:
        """What a server sends behind a refusal, no program reads."""
        sock, peer = self.begin(family)
        peer.send(reply(code) + b"should not be read")
        sock.ended()
        self.assertEqual(sock.ioctl_int(0x541B), 0)
        self.assertNotEqual(sock.so_error(), "0")
        self.assertEqual(sock.recv(100), b"")
        self.assertEqual(sock.recv(100), b"")

    @each(pieces=(1, 2, 4))
    def test_trailing_bytes_later(self, pieces: int) -> None:
        """Nor where the refusal comes in pieces and more follows."""
        sock, peer = self.begin()
        data = reply(REJECTED) + b"x" * 3000
        for start in range(0, 8, pieces):
            peer.send(data[start : start + pieces])
            if start + pieces < 8:
                peer.wait_taken()
        try:
            peer.send(data[8:])
        except (BrokenPipeError, ConnectionResetError):
            pass
        sock.ended()
        self.assertEqual(sock.so_error(), "ECONNREFUSED")
        self.assertEqual(sock.recv(100), b"")

    def test_recognised_early(self) -> None:
        """What can't become a reply any more is not waited for."""
        for start in (b"\x05", b"H", b"\x00\x00", b"\x00\xff", b"\x04\x59"):
            with self.subTest(start=start):
                sock, peer = self.begin()
                peer.send(start)
                sock.ended()
                self.assertEqual(sock.so_error(), "EPROTO")
                sock.close()
                peer.close()

    def test_server_sees_the_end(self) -> None:
        """The connection to a server that refused ends."""
        for code in (REJECTED, NO_IDENTD, 0):
            with self.subTest(code=code):
                _, peer = self.begin()
                peer.reply(code)
                self.assertIn(peer.end(), ("end", "reset"))
                peer.close()


class Rejected(TestCase):
    """Connections that a rule rejects."""

    @each(family=FAMILIES, nonblocking=(False, True))
    def test_reject_rule(self, family: int, nonblocking: bool) -> None:
        """connect() fails at once, with EACCES."""
        sock = self.sock(family, nonblocking=nonblocking)
        self.assertEqual(sock.connect(REJECTED_TARGET), "EACCES")
        self.assertEqual(sock.so_error(), "0")
        self.assertEqual(sock.peer_name(), "ENOTCONN")
        self.assertEqual(sock.connect(REJECTED_TARGET), "EACCES")

    @each(family=FAMILIES)
    def test_connect_elsewhere(self, family: int) -> None:
        """The socket can then be connected to somewhere else."""
        listener = self.listener()
        sock = self.sock(family, nonblocking=True)
        self.assertEqual(sock.connect(REJECTED_TARGET), "EACCES")
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(listener)
        self.assertEqual(peer.request(), request(TARGET))
        peer.reply()
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")

    def test_udp(self) -> None:
        """UDP goes where it goes; rules are for TCP."""
        sock = self.sock(IPV4, kind=2)
        self.assertEqual(sock.connect(REJECTED_TARGET), "0")
        self.assertEqual(sock.peer_name(), REJECTED_TARGET)
