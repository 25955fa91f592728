# SPDX-License-Identifier: GPL-2.0-only
"""Socket options that were set before connect()."""

import socket
import struct
import time
from select import POLLIN, POLLOUT

from lib import sock as socks
from lib.case import FAMILIES, MAPPED, TestCase, each
from lib.path import Path
from lib.server import Peer, reply, request
from lib.sock import Sock
from lib.topology import CLIENT_WAN, SERVER_B, TARGET
from lib.wait import DEADLINE, Call, until

SO_TIMESTAMPING = 37
SO_ZEROCOPY = 60
SO_RCVLOWAT = socket.SO_RCVLOWAT
TCP_REPAIR = 19
TCP_NOTSENT_LOWAT = 25
TX_SOFTWARE, TX_SCHED, TX_ACK, OPT_ID, SOFTWARE = 2, 256, 512, 128, 16


class Options(TestCase):
    """They neither disturb the handshake nor get lost in it."""

    def exchange(self, sock: Sock, path: Path) -> list[object]:
        """Connect, and pass some bytes in both directions."""
        seen: list[object] = [sock.connect(path.target)]
        path.arrived()
        peer = path.grant()
        seen += [sock.poll(DEADLINE, POLLOUT), sock.so_error()]
        sock.set_blocking(True)
        seen += [sock.send(b"abc"), peer.recv_all(3)]
        peer.send(b"hello")
        return [*seen, sock.recv_all(5)]

    @each(
        family=FAMILIES,
        option=(
            (socket.SOL_TCP, socket.TCP_NODELAY, 1),
            (socket.SOL_TCP, socket.TCP_QUICKACK, 0),
            (socket.SOL_TCP, socket.TCP_MAXSEG, 200),
            (socket.SOL_TCP, socket.TCP_WINDOW_CLAMP, 2000),
            (socket.SOL_TCP, socket.TCP_DEFER_ACCEPT, 5),
            (socket.SOL_TCP, TCP_NOTSENT_LOWAT, 1),
            (socket.SOL_TCP, socket.TCP_LINGER2, 5),
            (socket.SOL_SOCKET, socket.SO_SNDBUF, 1),
            (socket.SOL_SOCKET, socket.SO_RCVBUF, 1),
            (socket.SOL_SOCKET, SO_RCVLOWAT, 3),
            (socket.SOL_SOCKET, SO_ZEROCOPY, 1),
            (socket.SOL_SOCKET, socket.SO_OOBINLINE, 1),
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
            (socket.SOL_SOCKET, socket.SO_REUSEADDR, 1),
            (socket.SOL_SOCKET, socket.SO_REUSEPORT, 1),
            (socket.SOL_SOCKET, socket.SO_PRIORITY, 3),
            (socket.SOL_SOCKET, 29, 1),  # SO_TIMESTAMP
            (socket.IPPROTO_IP, socket.IP_TTL, 3),
            (socket.IPPROTO_IP, socket.IP_TOS, 16),
            (socket.IPPROTO_IP, 11, 1),  # IP_RECVERR
            (socket.IPPROTO_IP, 24, 1),  # IP_BIND_ADDRESS_NO_PORT
        ),
    )
    def test_option(self, family: int, option: tuple[int, int, int]) -> None:
        """The connection works, and the option is what it would be."""
        level, number, value = option

        def program(path: Path) -> object:
            sock = self.sock(family, nonblocking=True)
            seen: list[object] = [sock.setsockopt(level, number, value)]
            seen += self.exchange(sock, path)
            # The route, or what was received, has a say in these.
            if (level, number) not in (
                (socket.SOL_TCP, socket.TCP_MAXSEG),
                (socket.SOL_TCP, socket.TCP_WINDOW_CLAMP),
                (socket.SOL_TCP, socket.TCP_QUICKACK),
            ):
                seen.append(sock.getsockopt(level, number))
            return seen

        self.compare(program)

    @each(family=FAMILIES)
    def test_rcvlowat(self, family: int) -> None:
        """SO_RCVLOWAT counts the program's bytes, not the reply's."""
        sock = self.sock(family, nonblocking=True)
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVLOWAT, 100)
        listener = self.listener()
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(listener)
        peer.request()
        # Fewer bytes than the limit, and in pieces.
        peer.send(reply()[:3])
        peer.wait_taken()
        peer.send(reply()[3:])
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
        peer.send(b"x" * 99)
        peer.wait_taken()
        self.assertEqual(sock.poll(0, POLLIN), "")
        self.assertEqual(
            sock.getsockopt_int(socket.SOL_SOCKET, SO_RCVLOWAT), 100
        )
        peer.send(b"y")
        self.assertEqual(sock.poll(DEADLINE, POLLIN), "IN")
        self.assertEqual(sock.recv(200), b"x" * 99 + b"y")

    def held_back(self, sock: Sock, peer: Peer) -> bool:
        """
        TCP_CORK holds bytes back until it is cleared, or for 200 ms; False where
        these were over before one could look.
        """
        begun = time.monotonic()
        self.assertEqual(sock.send(b"abc"), 3)
        seen = (sock.ioctl_int(socks.SIOCOUTQNSD), peer.pending())
        in_time = time.monotonic() - begun < 0.2
        if in_time:
            self.assertEqual(seen, (3, b""))
        sock.setsockopt(socket.SOL_TCP, socket.TCP_CORK, 0)
        left = b"abc".removeprefix(seen[1])
        self.assertEqual(peer.recv_all(len(left)), left)
        sock.setsockopt(socket.SOL_TCP, socket.TCP_CORK, 1)
        return in_time

    @each(corked=(True, False))
    def test_cork(self, corked: bool) -> None:
        """TCP_CORK holds the program's bytes back, not the request."""
        sock = self.sock(nonblocking=True)
        sock.setsockopt(socket.SOL_TCP, socket.TCP_CORK, int(corked))
        listener = self.listener()
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(listener)
        self.assertEqual(peer.request(), request(TARGET))
        peer.reply()
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
        self.assertEqual(
            sock.getsockopt_int(socket.SOL_TCP, socket.TCP_CORK), int(corked)
        )
        if corked:
            until(lambda: self.held_back(sock, peer), "a look in time")
        else:
            self.assertEqual(sock.send(b"abc"), 3)
            self.assertEqual(peer.recv_all(3), b"abc")

    @each(family=FAMILIES)
    def test_fastopen_connect(self, family: int) -> None:
        """TCP_FASTOPEN_CONNECT: the connection is made all the same."""
        sock = self.sock(family, nonblocking=True)
        self.assertEqual(
            sock.setsockopt(socket.SOL_TCP, socks.TCP_FASTOPEN_CONNECT, 1), "0"
        )
        listener = self.listener()
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(listener)
        self.assertEqual(peer.request(), request(TARGET))
        self.assertEqual(sock.poll(0), "")
        peer.reply()
        self.assertEqual(sock.poll(DEADLINE), "OUT|WRNORM")
        self.assertEqual(sock.send(b"abc"), 3)
        self.assertEqual(peer.recv_all(3), b"abc")
        self.assertEqual(
            sock.getsockopt_int(socket.SOL_TCP, socks.TCP_FASTOPEN_CONNECT), 1
        )

    @each(family=FAMILIES, blocking=(False, True))
    def test_bind(self, family: int, blocking: bool) -> None:
        """bind() to an address and a port: the server sees them."""
        port = 20_000 + (family != socket.AF_INET) + 2 * blocking
        sock = self.sock(family, nonblocking=not blocking)
        self.assertEqual(sock.bind((CLIENT_WAN, port)), "0")
        listener = self.listener()
        call = Call(sock.connect, TARGET)
        peer = self.accepted(listener)
        self.assertEqual(peer.socket.getpeername(), (CLIENT_WAN, port))
        self.assertEqual(peer.request(), request(TARGET))
        peer.reply()
        self.assertEqual(call.result(), "0" if blocking else "EINPROGRESS")
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
        self.assertEqual(sock.sock_name(), (CLIENT_WAN, port))

    @each(family=FAMILIES)
    def test_bind_keeps_port(self, family: int) -> None:
        """A port that was bound stays, after a refusal, too."""

        def program(path: Path) -> object:
            sock = self.sock(family, nonblocking=True)
            seen: list[object] = [sock.bind(("0.0.0.0", 21_000))]
            seen.append(sock.connect(path.target))
            path.refuse()
            sock.ended()
            seen += [sock.so_error(), sock.connect(path.target)]
            _, port = sock.sock_name()
            sock.close()
            return [*seen, port]

        self.compare(program)

    def test_same_port_two_destinations(self) -> None:
        """
        Two sockets with one local port, to two destinations. Directly that
        works; both to one server can't, and must end in an errno.
        """
        listener = self.listener()
        socks_ = []
        for target in (TARGET, ("203.0.113.6", 80)):
            sock = self.sock(nonblocking=True)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.assertEqual(sock.bind((CLIENT_WAN, 22_000)), "0")
            socks_.append((sock, sock.connect(target)))
        self.assertEqual(socks_[0][1], "EINPROGRESS")
        self.assertEqual(socks_[1][1], "EADDRNOTAVAIL")
        peer = self.accepted(listener)
        self.assertEqual(peer.request(), request(TARGET))

    def test_bindtodevice(self) -> None:
        """SO_BINDTODEVICE is for the way to the server."""
        sock = self.sock(nonblocking=True)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"wan")
        listener = self.listener()
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(listener)
        self.assertEqual(peer.request(), request(TARGET))

    def test_v6only(self) -> None:
        """IPV6_V6ONLY: no mapped addresses, be they redirected or not."""

        def program(target: tuple[str, int]) -> object:
            sock = self.sock(MAPPED, nonblocking=True)
            seen = [sock.setsockopt(socket.IPPROTO_IPV6, 26, 1)]
            return [*seen, sock.connect(target), sock.so_error()]

        truth = program(SERVER_B)
        self.assertEqual(program(TARGET), truth)

    @each(family=FAMILIES, flags=(TX_SOFTWARE | TX_SCHED | TX_ACK, TX_ACK))
    def test_timestamping(self, family: int, flags: int) -> None:
        """SO_TIMESTAMPING: timestamps are for the program's own bytes."""

        def program(path: Path) -> object:
            sock = self.sock(family, nonblocking=True)
            value = flags | SOFTWARE
            seen: list[object] = [
                sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, value),
                sock.connect(path.target),
            ]
            path.arrived()
            seen += [sock.poll(0), sock.recv(100, socket.MSG_ERRQUEUE)]
            peer = path.grant()
            seen += [sock.poll(DEADLINE), sock.so_error()]
            seen += [sock.recv(100, socket.MSG_ERRQUEUE)]
            seen += [sock.send(b"abc"), peer.recv_all(3)]
            until(lambda: "ERR" in sock.poll(0), "timestamp")
            return seen

        self.compare(program)

    @each(family=FAMILIES)
    def test_timestamping_id(self, family: int) -> None:
        """With an id for each byte, it counts the program's bytes."""

        def program(path: Path) -> object:
            sock = self.sock(family, nonblocking=True)
            seen: list[object] = [sock.connect(path.target)]
            path.arrived()
            path_peer = path.grant()
            seen.append(sock.poll(DEADLINE, POLLOUT))
            value = TX_ACK | SOFTWARE | OPT_ID | 2048
            seen.append(
                sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, value)
            )
            seen += [sock.send(b"abc"), path_peer.recv_all(3)]
            until(lambda: "ERR" in sock.poll(0), "timestamp")
            _, ancillary, _, _ = sock.socket.recvmsg(
                100, 1000, socket.MSG_ERRQUEUE
            )
            # struct sock_extended_err: ee_data is the id.
            for level, _, data in ancillary:
                if level in (socket.IPPROTO_IP, socket.IPPROTO_IPV6):
                    seen.append(struct.unpack_from("=IBBBBII", data)[6])
            return seen

        self.compare(program)

    @each(family=FAMILIES)
    def test_zerocopy(self, family: int) -> None:
        """MSG_ZEROCOPY: the first notification is the program's first."""

        def program(path: Path) -> object:
            sock = self.sock(family, nonblocking=True)
            sock.setsockopt(socket.SOL_SOCKET, SO_ZEROCOPY, 1)
            seen: list[object] = [sock.connect(path.target)]
            path.arrived()
            peer = path.grant()
            seen.append(sock.poll(DEADLINE, POLLOUT))
            seen += [sock.send(b"abc", 0x4000000), peer.recv_all(3)]
            until(lambda: "ERR" in sock.poll(0), "notification")
            _, ancillary, _, _ = sock.socket.recvmsg(
                100, 1000, socket.MSG_ERRQUEUE
            )
            data = ancillary[0][2]
            # struct sock_extended_err: ee_info and ee_data are a range.
            return [*seen, struct.unpack_from("=IBBBBII", data)[5:]]

        self.compare(program)

    @each(family=FAMILIES)
    def test_user_timeout(self, family: int) -> None:
        """TCP_USER_TIMEOUT: for a server that does not answer the SYN."""

        def program(server: str, target: tuple[str, int]) -> object:
            sock = self.sock(family)
            sock.setsockopt(socket.SOL_TCP, socket.TCP_USER_TIMEOUT, 200)
            return [sock.connect(target), sock.so_error()]

        held = self.net.held_address()
        truth = program(held, (held, 1080))
        self.assertEqual(truth[0], "ETIMEDOUT")
        held = self.net.held_address()
        self.configure(
            f"server add a {held}:1080\nrule add to 203.0.113.0/24 via a\n"
        )
        self.assertEqual(program(held, TARGET), truth)

    @each(family=FAMILIES)
    def test_repair(self, family: int) -> None:
        """TCP_REPAIR: a socket that would be connected with no packet."""
        sock = self.sock(family)
        self.assertEqual(sock.setsockopt(socket.SOL_TCP, TCP_REPAIR, 1), "0")
        self.assertEqual(sock.connect(TARGET), "EOPNOTSUPP")
        self.assertEqual(sock.tcp_state(), socks.TCP_CLOSE)
        # Without it the socket is as good as ever.
        self.assertEqual(sock.setsockopt(socket.SOL_TCP, TCP_REPAIR, 0), "0")
        sock.set_blocking(False)
        listener = self.listener()
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(listener)
        self.assertEqual(peer.request(), request(TARGET))
