# SPDX-License-Identifier: GPL-2.0-only
"""Rbind(): a server listens for a socket, and a peer connects there."""

import errno
import fcntl
import os
import pathlib
import select
import signal
import socket
import struct
import subprocess
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from lib import sock as socks
from lib.case import IPV4, MAPPED, Signals, TestCase, each
from lib.module import references
from lib.program import compiled
from lib.server import (
    BIND,
    NO_IDENTD,
    OTHER_USER,
    REJECTED,
    Listener,
    Peer,
    bind_reply,
    reply,
    request,
)
from lib.sock import Epoll, Sock
from lib.topology import (
    CLIENT_WAN,
    CLOSED_PORT,
    DIRECT,
    NO_ROUTE,
    SERVER_A,
    SERVER_B,
    TARGET,
    THROUGH_PREFIX,
    text,
)
from lib.topology import REJECTED as REJECTED_TARGET
from lib.wait import (
    DEADLINE,
    SYS_ACCEPT4,
    SYS_SETSOCKOPT,
    Call,
    Worker,
    in_child,
    until,
)

# Where the server says that it listens, and who it says has connected.
BOUND = ("192.0.2.1", 4321)
PEER = (TARGET[0], 20)

LISTENING = "IN|RDNORM"


class Case(TestCase):
    """What the test cases here are made from."""

    def setUp(self) -> None:
        super().setUp()
        self.thread = self.worker()

    def worker(self) -> Worker:
        """A thread of a program."""
        worker = Worker()
        self.addCleanup(worker.close)
        return worker

    def pair(
        self,
        thread: Worker | None = None,
        target: tuple[str, int] = TARGET,
        family: int = IPV4,
    ) -> tuple[Sock, Peer]:
        """Let a thread connect through the server, and so be paired."""
        listener = self.listener()
        sock = self.sock(family)
        call = (thread or self.thread).begin(sock.connect, target)
        peer = self.accepted(listener)
        peer.request()
        peer.reply()
        self.assertEqual(call.result(DEADLINE), "0")
        return sock, peer

    def ask(
        self, sock: Sock, thread: Worker | None = None
    ) -> tuple["Future[str]", Peer]:
        """Rbind(), up to its request."""
        call = (thread or self.thread).begin(sock.rbind)
        peer = self.accepted(self.listener())
        self.assertEqual(peer.request(), request(TARGET, command=BIND))
        return call, peer

    def bound(self, nonblocking: bool = False) -> tuple[Sock, Peer]:
        """A socket for which the server listens."""
        self.pair()
        return self.bound_again(nonblocking)

    def bound_again(self, nonblocking: bool = False) -> tuple[Sock, Peer]:
        """Another one."""
        sock = self.sock(nonblocking=nonblocking)
        call, peer = self.ask(sock)
        peer.send(bind_reply(BOUND))
        self.assertEqual(call.result(DEADLINE), "0")
        return sock, peer

    def listening(self, nonblocking: bool = False) -> tuple[Sock, Peer]:
        """A socket that listens, too."""
        sock, peer = self.bound(nonblocking)
        self.assertEqual(sock.listen(), "0")
        return sock, peer

    def accept(self, sock: Sock) -> Sock:
        """accept(), which succeeds."""
        new = sock.accepted()
        assert isinstance(new, Sock), new
        self.addCleanup(new.close)
        return new

    def wait_ready(self, sock: Sock) -> None:
        """Wait until accept() would not wait."""
        self.assertEqual(sock.poll(DEADLINE), LISTENING)

    def echo(self, sock: Sock, peer: Peer) -> None:
        """Bytes go both ways."""
        self.assertEqual(sock.send(b"there"), 5)
        self.assertEqual(peer.recv_all(5), b"there")
        peer.send(b"and back")
        self.assertEqual(sock.recv_all(8), b"and back")


class Granted(Case):
    """The peer comes."""

    def test_all(self) -> None:
        """Each step, as rbind.md has it."""
        sock, peer = self.bound()
        self.assertEqual(sock.sock_name(), BOUND)
        self.assertEqual(sock.peer_name(), "ENOTCONN")
        self.assertEqual(sock.listen(), "0")
        self.assertEqual(sock.tcp_state(), socks.TCP_LISTEN)
        self.assertEqual(sock.sock_name(), BOUND)
        self.assertEqual(sock.poll(), "")
        peer.send(bind_reply(PEER))
        self.wait_ready(sock)
        new = self.accept(sock)
        self.assertEqual(new.peer_name(), PEER)
        self.assertEqual(new.sock_name(), BOUND)
        self.assertEqual(new.tcp_state(), socks.TCP_ESTABLISHED)
        self.echo(new, peer)
        self.assertEqual(sock.poll(), "")
        peer.finish()
        self.assertEqual(new.recv(1), b"")
        new.close()
        self.assertEqual(peer.end(), "end")

    def test_accept_address(self) -> None:
        """accept() gives the peer's address."""
        sock, peer = self.listening()
        peer.send(bind_reply(PEER))
        new, address = sock.socket.accept()
        self.addCleanup(new.close)
        self.assertEqual(address, PEER)

    @each(flags=(0, socket.SOCK_NONBLOCK, socket.SOCK_CLOEXEC))
    def test_accept4(self, flags: int) -> None:
        """accept4()'s flags."""
        sock, peer = self.listening()
        peer.send(bind_reply(PEER))
        self.wait_ready(sock)
        fd = socks._call(
            socks._libc.accept4, sock.fileno(), None, None, flags
        )
        assert isinstance(fd, int), fd
        self.addCleanup(os.close, fd)
        self.assertEqual(
            os.get_blocking(fd), not flags & socket.SOCK_NONBLOCK
        )
        self.assertEqual(
            os.get_inheritable(fd), not flags & socket.SOCK_CLOEXEC
        )

    def test_server_address(self) -> None:
        """0.0.0.0 in the first reply is the server's own address."""
        self.pair()
        sock = self.sock()
        call, peer = self.ask(sock)
        peer.send(bind_reply(("0.0.0.0", 4321)))
        self.assertEqual(call.result(DEADLINE), "0")
        self.assertEqual(sock.sock_name(), (SERVER_A[0], 4321))

    def test_peer_unknown(self) -> None:
        """0.0.0.0 in the second reply is the address that was asked for."""
        sock, peer = self.listening()
        peer.send(bind_reply(("0.0.0.0", 0)))
        self.assertEqual(self.accept(sock).peer_name(), (TARGET[0], 0))

    @each(pieces=(1, 3, 8, 16))
    def test_pieces(self, pieces: int) -> None:
        """Both replies, in pieces of any size."""
        self.pair()
        sock = self.sock()
        call, peer = self.ask(sock)
        data = bind_reply(BOUND) + bind_reply(PEER)
        for start in range(0, 16, pieces):
            peer.send(data[start : start + pieces])
            peer.wait_taken()
        self.assertEqual(call.result(DEADLINE), "0")
        self.assertEqual(sock.listen(), "0")
        self.wait_ready(sock)
        self.echo(self.accept(sock), peer)

    def test_bytes_behind(self) -> None:
        """What the peer sends at once reaches the program."""
        self.pair()
        sock = self.sock()
        call, peer = self.ask(sock)
        peer.send(bind_reply(BOUND) + bind_reply(PEER) + b"220 hello")
        self.assertEqual(call.result(DEADLINE), "0")
        self.assertEqual(sock.listen(), "0")
        new = self.accept(sock)
        self.assertEqual(new.recv_all(9), b"220 hello")
        self.echo(new, peer)

    def test_before_listen(self) -> None:
        """The peer may have come before listen()."""
        sock, peer = self.bound(nonblocking=True)
        peer.send(bind_reply(PEER))
        peer.wait_taken()
        self.assertEqual(sock.accept(), "EINVAL")
        self.assertEqual(sock.listen(), "0")
        self.wait_ready(sock)
        self.echo(self.accept(sock), peer)

    def test_peer_gone(self) -> None:
        """A peer that has reset its connection is accepted all the same."""
        sock, peer = self.listening()
        peer.send(bind_reply(PEER))
        self.wait_ready(sock)
        peer.reset()
        new = self.accept(sock)
        until(lambda: "HUP" in new.poll(), "the reset")
        self.assertEqual(new.recv(1), "ECONNRESET")

    def test_second_accept(self) -> None:
        """There is one connection for each Rbind()."""
        sock, peer = self.listening(nonblocking=True)
        peer.send(bind_reply(PEER))
        self.wait_ready(sock)
        self.accept(sock)
        self.assertEqual(sock.accept(), "EAGAIN")
        self.assertEqual(sock.poll(), "")
        self.assertEqual(sock.sock_name(), BOUND)

    @each(backlog=(-1, 0, 1, 4096))
    def test_backlog(self, backlog: int) -> None:
        """listen() takes any backlog, and more than once."""
        sock, peer = self.bound()
        for value in (backlog, 5, backlog):
            sock.socket.listen(value)
        peer.send(bind_reply(PEER))
        self.echo(self.accept(sock), peer)

    def test_mapped_pair(self) -> None:
        """The thread's connection may be one of an AF_INET6 socket."""
        self.pair(family=MAPPED)
        sock, peer = self.bound_again()
        self.assertEqual(sock.listen(), "0")
        peer.send(bind_reply(PEER))
        self.echo(self.accept(sock), peer)

    def test_local_address(self) -> None:
        """The address given to Rbind() is that of this host's end."""
        self.pair()
        sock = self.sock()
        call = self.thread.begin(sock.rbind, (CLIENT_WAN, 0))
        peer = self.accepted(self.listener())
        self.assertEqual(peer.socket.getpeername()[0], CLIENT_WAN)
        peer.request()
        peer.send(bind_reply(BOUND))
        self.assertEqual(call.result(DEADLINE), "0")
        self.assertEqual(sock.sock_name(), BOUND)

    def test_nobody_else(self) -> None:
        """No connection to this host gets to the socket."""
        sock, _ = self.listening(nonblocking=True)
        with self.net.client.entered():
            table = pathlib.Path("/proc/thread-self/net/tcp").read_text("ascii")
        ports = [
            int(line.split()[1].rpartition(":")[2], 16)
            for line in table.splitlines()[1:]
            if line.split()[1].startswith("FFFFFFFF:")
        ]
        self.assertEqual(len(ports), 1, table)
        for namespace, address in (
            (self.net.firewall, CLIENT_WAN),
            (self.net.client, CLIENT_WAN),
            (self.net.client, "127.0.0.1"),
        ):
            with namespace.entered(), socket.socket() as other:
                self.assertEqual(
                    other.connect_ex((address, ports[0])), errno.ECONNREFUSED
                )
        self.assertEqual(sock.accept(), "EAGAIN")

    def test_options(self) -> None:
        """The new socket inherits the options of the one which listens."""
        options = (
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
            (socket.SOL_SOCKET, socket.SO_RCVBUF, 20000),
            (socket.SOL_SOCKET, socket.SO_SNDBUF, 30000),
            (socket.SOL_SOCKET, socket.SO_OOBINLINE, 1),
            (socket.SOL_SOCKET, socket.SO_PRIORITY, 3),
            (socket.SOL_SOCKET, socket.SO_RCVLOWAT, 2),
            (socket.SOL_SOCKET, socket.SO_MARK, 77),
            (socket.SOL_TCP, socket.TCP_NODELAY, 1),
            (socket.SOL_TCP, socket.TCP_KEEPIDLE, 17),
            (socket.SOL_TCP, socket.TCP_KEEPINTVL, 18),
            (socket.SOL_TCP, socket.TCP_KEEPCNT, 5),
            (socket.SOL_TCP, socket.TCP_LINGER2, 19),
            (socket.SOL_TCP, socket.TCP_USER_TIMEOUT, 4000),
            (socket.SOL_TCP, socket.TCP_NOTSENT_LOWAT, 5000),
            (socket.SOL_IP, socket.IP_TOS, 0x10),
            (socket.SOL_IP, socket.IP_TTL, 33),
        )

        def values(sock: Sock) -> list[Any]:
            return [
                *(sock.getsockopt_int(*option[:2]) for option in options),
                sock.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8),
                sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16),
            ]

        def set_all(sock: Sock) -> None:
            for level, option, value in options:
                self.assertEqual(sock.setsockopt(level, option, value), "0")
            sock.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 5)
            )
            sock.setsockopt(
                socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 9, 0)
            )

        native = self.sock()
        self.assertEqual(native.bind((CLIENT_WAN, 0)), "0")
        set_all(native)
        native.listen()
        with self.net.firewall.entered():
            caller = socket.create_connection(
                (CLIENT_WAN, native.socket.getsockname()[1]), DEADLINE
            )
        self.addCleanup(caller.close)
        truth = values(self.accept(native))

        sock, peer = self.bound()
        set_all(sock)
        self.assertEqual(sock.listen(), "0")
        peer.send(bind_reply(PEER))
        new = self.accept(sock)
        self.assertEqual(values(new), truth)
        # The timer runs, too: 2 in the table's column.
        with self.net.client.entered():
            table = pathlib.Path("/proc/thread-self/net/tcp").read_text("ascii")
        inode = str(os.fstat(new.fileno()).st_ino)
        timers = [
            line.split()[5][:2]
            for line in table.splitlines()
            if line.split()[9] == inode
        ]
        self.assertEqual(timers, ["02"])


# Options of all kinds, each of which has a number for its value.
OPTIONS = [
    (socket.SOL_SOCKET, option)
    for option in (
        *(socket.SO_TYPE, socket.SO_DOMAIN, socket.SO_PROTOCOL),
        *(socket.SO_ACCEPTCONN, socket.SO_ERROR, socket.SO_REUSEADDR),
        *(socket.SO_REUSEPORT, socket.SO_KEEPALIVE, socket.SO_BROADCAST),
        *(socket.SO_OOBINLINE, socket.SO_RCVLOWAT, socket.SO_SNDLOWAT),
        *(socket.SO_PASSCRED, socket.SO_PRIORITY, socket.SO_MARK),
        *(socket.SO_DONTROUTE, socket.SO_BINDTODEVICE),
    )
]
OPTIONS += [
    (socket.SOL_TCP, option)
    for option in (
        *(socket.TCP_NODELAY, socket.TCP_CORK, socket.TCP_KEEPIDLE),
        *(socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_SYNCNT),
        *(socket.TCP_LINGER2, socket.TCP_DEFER_ACCEPT, socket.TCP_QUICKACK),
        *(socket.TCP_USER_TIMEOUT, socket.TCP_FASTOPEN, socket.TCP_CONGESTION),
    )
]
OPTIONS += [
    (socket.SOL_IP, option)
    for option in (socket.IP_TOS, socket.IP_TTL, socket.IP_TRANSPARENT)
]


class Compared(Case):
    """An accepted socket is like one that was accepted natively."""

    def native(self, nonblocking: bool = False) -> tuple[Sock, Peer]:
        """A socket that listens, and a peer which has connected to it."""
        sock = self.sock(nonblocking=nonblocking)
        self.assertEqual(sock.bind((CLIENT_WAN, 0)), "0")
        self.assertEqual(sock.listen(), "0")
        with self.net.firewall.entered():
            caller = socket.create_connection(
                (CLIENT_WAN, sock.socket.getsockname()[1]), DEADLINE
            )
        peer = Peer(caller)
        self.addCleanup(peer.close)
        return sock, peer

    def both(self, program: Callable[[Sock, Peer], Any]) -> None:
        """Run a program on either kind, and see that it sees the same."""
        sock, peer = self.native()
        truth = program(self.accept(sock), peer)
        sock, peer = self.listening()
        peer.send(bind_reply(PEER))
        seen = program(self.accept(sock), peer)
        self.assertEqual(seen, truth, "Rbind(), and natively")

    def test_options(self) -> None:
        """Its options."""

        def program(sock: Sock, _: Peer) -> list[Any]:
            return [
                (option, sock.getsockopt(*option, 16)) for option in OPTIONS
            ] + [
                fcntl.fcntl(sock.fileno(), what)
                for what in (fcntl.F_GETFL, fcntl.F_GETFD, fcntl.F_GETOWN)
            ]

        self.both(program)

    def test_reading(self) -> None:
        """Reading, with all flags."""

        def program(sock: Sock, peer: Peer) -> list[Any]:
            seen: list[Any] = [
                sock.poll(),
                sock.recv(1, socket.MSG_DONTWAIT),
                sock.recv(1, socket.MSG_OOB),
                sock.ioctl_int(socks.SIOCINQ),
            ]
            peer.send(b"0123456789")
            peer.wait_taken()
            seen += [
                sock.poll(),
                sock.ioctl_int(socks.SIOCINQ),
                sock.recv(4, socket.MSG_PEEK),
                sock.recv(4),
                sock.recv(6, socket.MSG_WAITALL),
            ]
            peer.socket.send(b"!", socket.MSG_OOB)
            seen += [sock.poll(DEADLINE, select.POLLPRI)]
            seen += [sock.poll(), sock.recv(1, socket.MSG_OOB), sock.poll()]
            peer.finish()
            seen += [sock.poll(DEADLINE, select.POLLRDHUP), sock.recv(9), sock.poll()]
            return seen

        self.both(program)

    def test_writing(self) -> None:
        """Writing, and closing each half."""

        def program(sock: Sock, peer: Peer) -> list[Any]:
            seen: list[Any] = [sock.send(b"abc"), peer.recv_all(3)]
            with open(__file__, "rb") as file:
                seen.append(os.sendfile(sock.fileno(), file.fileno(), 0, 99))
            seen.append(peer.recv_all(99))
            until(lambda: not sock.ioctl_int(socks.SIOCOUTQ), "acknowledgement")
            seen += [sock.shutdown(socket.SHUT_WR), peer.end(), sock.poll()]
            # TCP may put off the acknowledgement of a FIN, by 40 ms.
            until(lambda: sock.tcp_state() == socks.TCP_FIN_WAIT2, "FIN_WAIT2")
            seen.append(sock.send(b"x"))
            peer.finish()
            seen += [sock.recv(1)]
            until(lambda: sock.tcp_state() == socks.TCP_CLOSE, "TCP_CLOSE")
            return [*seen, sock.poll(), sock.peer_name(), sock.so_error()]

        self.both(program)

    def test_reset(self) -> None:
        """A reset, from either side."""

        def by_peer(sock: Sock, peer: Peer) -> list[Any]:
            peer.reset()
            seen: list[Any] = [sock.ended(), sock.poll()]
            return [*seen, sock.recv(1), sock.recv(1), sock.send(b"x")]

        def by_us(sock: Sock, peer: Peer) -> list[Any]:
            seen: list[Any] = [
                sock.setsockopt(
                    socket.SOL_SOCKET,
                    socket.SO_LINGER,
                    struct.pack("ii", 1, 0),
                )
            ]
            sock.close()
            return [*seen, peer.end()]

        self.both(by_peer)
        self.both(by_us)

    def test_used_again(self) -> None:
        """Disconnected, and connected to something else."""
        listener = Listener(self.net.firewall, DIRECT)
        self.addCleanup(listener.close)

        def program(sock: Sock, peer: Peer) -> list[Any]:
            seen: list[Any] = [sock.connect(DIRECT), sock.disconnect()]
            seen += [peer.end(), sock.tcp_state(), sock.peer_name()]
            seen += [sock.connect(DIRECT), sock.peer_name(), sock.send(b"x")]
            seen += [self.accepted(listener).recv_all(1)]
            return seen

        self.both(program)

    def test_ktls(self) -> None:
        """kTLS can have it."""

        def program(sock: Sock, _: Peer) -> list[Any]:
            return [
                sock.setsockopt(socket.SOL_TCP, socks.TCP_ULP, b"tls"),
                sock.getsockopt(socket.SOL_TCP, socks.TCP_ULP, 16),
            ]

        self.both(program)

    @each(ready=(False, True))
    def test_uring(self, ready: bool) -> None:
        """io_uring's accept."""
        program = compiled("uring_accept")

        def run(sock: Sock, peer: Peer, come: Callable[[], None]) -> list[Any]:
            if ready:
                come()
            process = subprocess.Popen(
                (program, str(sock.fileno())),
                pass_fds=(sock.fileno(),),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            self.addCleanup(process.communicate)
            self.addCleanup(process.kill)
            if not ready:
                syscall = pathlib.Path(f"/proc/{process.pid}/syscall")
                until(
                    lambda: process.poll() is not None
                    or syscall.read_text("ascii").startswith("426 "),
                    "io_uring_enter()",
                )
                come()
            if process.poll() == 3:
                self.skipTest("no io_uring")
            peer.send(b"hello")
            got = peer.recv_all(3)
            out, _ = process.communicate(timeout=DEADLINE)
            return [out, got]

        sock, peer = self.native()
        truth = run(sock, peer, lambda: None)
        self.assertEqual(truth, ["accept 0\nrecv 5\nsend 3\n", b"abc"])
        sock, peer = self.listening()
        seen = run(sock, peer, lambda: peer.send(bind_reply(PEER)))
        self.assertEqual(seen, truth)


class Refused(Case):
    """The server does not do it."""

    @each(
        code_errno=(
            (REJECTED, "ECONNREFUSED"),
            (NO_IDENTD, "EACCES"),
            (OTHER_USER, "EACCES"),
        )
    )
    def test_code(self, code_errno: tuple[int, str]) -> None:
        """Each code of the first reply."""
        self.pair()
        sock = self.sock()
        call, peer = self.ask(sock)
        peer.send(reply(code_errno[0]))
        self.assertEqual(call.result(DEADLINE), code_errno[1])
        # The socket is as it was.
        self.assertEqual(sock.bind(("0.0.0.0", 0)), "0")

    @each(
        data_errno=(
            (b"HTTP/1.1", "EPROTO"),
            (b"\0\x5b", None),
            (bind_reply((BOUND[0], 0)), "EPROTO"),
        )
    )
    def test_garbage(self, data_errno: tuple[bytes, str | None]) -> None:
        """What is no reply; and an end in its midst."""
        self.pair()
        sock = self.sock()
        call, peer = self.ask(sock)
        peer.send(data_errno[0])
        if data_errno[1] is None:
            peer.finish()
        self.assertEqual(
            call.result(DEADLINE), data_errno[1] or "ECONNRESET"
        )

    @each(end=(Peer.finish, Peer.close, Peer.reset))
    def test_end(self, end: Callable[[Peer], None]) -> None:
        """The server ends the connection before its first reply."""
        self.pair()
        sock = self.sock()
        call, peer = self.ask(sock)
        end(peer)
        self.assertEqual(call.result(DEADLINE), "ECONNRESET")
        call, peer = self.ask(sock)
        peer.send(bind_reply(BOUND))
        self.assertEqual(call.result(DEADLINE), "0")

    def test_not_reached(self) -> None:
        """The server listens no more."""
        self.pair()
        self.listener().close()
        sock = self.sock()
        self.assertEqual(self.thread.run(sock.rbind), "ECONNREFUSED")

    def test_signal(self) -> None:
        """A signal ends the wait for the first reply."""
        sock = self.sock()

        def program() -> list[str]:
            mine = self.sock()
            seen = [mine.connect(TARGET)]
            return [*seen, sock.rbind()]

        signals = Signals(restart=False)
        self.addCleanup(signals.close)
        listener = self.listener()
        call = Call(program)
        first = self.accepted(listener)
        first.request()
        first.reply()
        second = self.accepted(listener)
        second.request()
        call.wait_blocked(SYS_SETSOCKOPT)
        signals.send(call.ident)
        self.assertEqual(call.result(), ["0", "EINTR"])
        self.assertEqual(second.end(), "reset")

    @each(end=(Peer.finish, Peer.close, Peer.reset))
    def test_gives_up(self, end: Callable[[Peer], None]) -> None:
        """The server ends the connection before its second reply."""
        sock, peer = self.listening(nonblocking=True)
        end(peer)
        self.wait_ready(sock)
        self.assertEqual(sock.accept(), "ECONNABORTED")
        self.assertEqual(sock.accept(), "EAGAIN")
        self.assertEqual(sock.poll(), "")

    @each(
        data=(
            bind_reply(PEER, REJECTED),
            reply(NO_IDENTD),
            b"\0\x59",
            bind_reply(("203.0.113.99", 20)),
        )
    )
    def test_second_reply(self, data: bytes) -> None:
        """A second reply that grants nothing, or to somebody else."""
        sock, peer = self.listening()
        call = Call(sock.accept)
        call.wait_blocked(SYS_ACCEPT4)
        peer.send(data)
        self.assertEqual(call.result(), "ECONNABORTED")
        self.assertIn(peer.end(), ("reset", "end"))

    def test_rejected_in_one(self) -> None:
        """A first reply that grants, and a second one that does not, at once."""
        self.pair()
        sock = self.sock()
        call, peer = self.ask(sock)
        peer.send(bind_reply(BOUND) + reply(REJECTED))
        self.assertEqual(call.result(DEADLINE), "0")
        self.assertEqual(sock.listen(), "0")
        self.assertEqual(sock.accept(), "ECONNABORTED")


class TimeLimits(Case):
    """A server that says nothing."""

    # Longer than each step takes that is in time.
    configuration = f"""
server add a {text(SERVER_A)} timeout 3 accept-timeout 3
rule add to {THROUGH_PREFIX} via a
"""

    def test_second_reply(self) -> None:
        """accept-timeout is that of the second reply."""
        sock, peer = self.listening()
        self.assertEqual(sock.accept(), "ECONNABORTED")
        self.assertEqual(peer.end(), "reset")

    def test_first_reply(self) -> None:
        """The server's time limit is that of the first reply."""
        self.pair()
        sock = self.sock()
        call, peer = self.ask(sock)
        self.assertEqual(call.result(DEADLINE), "ETIMEDOUT")
        self.assertEqual(peer.end(), "reset")


class Pairing(Case):
    """Which connection of the thread counts."""

    def test_none(self) -> None:
        """A thread that never connected."""
        self.assertEqual(self.thread.run(self.sock().rbind), "ENOTCONN")

    def test_another_thread(self) -> None:
        """Another thread's connection does not count."""
        self.pair(self.worker())
        self.assertEqual(self.thread.run(self.sock().rbind), "ENOTCONN")

    def test_direct_in_between(self) -> None:
        """A direct connection in between breaks the pairing."""
        self.pair()
        listener = Listener(self.net.firewall, DIRECT)
        self.addCleanup(listener.close)
        self.assertEqual(self.thread.run(self.sock().connect, DIRECT), "0")
        self.assertEqual(self.thread.run(self.sock().rbind), "ENOTCONN")

    @each(
        target_errno=(
            (CLOSED_PORT, "ECONNREFUSED"),
            (REJECTED_TARGET, "EACCES"),
            (NO_ROUTE, "EHOSTUNREACH"),
        )
    )
    def test_failed_in_between(
        self, target_errno: tuple[tuple[str, int], str]
    ) -> None:
        """So does one that fails."""
        self.pair()
        self.assertEqual(
            self.thread.run(self.sock().connect, target_errno[0]),
            target_errno[1],
        )
        self.assertEqual(self.thread.run(self.sock().rbind), "ENOTCONN")

    def test_rejected_in_between(self) -> None:
        """And one that the server rejects."""
        self.pair()
        call = self.thread.begin(self.sock().connect, TARGET)
        peer = self.accepted(self.listener())
        peer.request()
        peer.reply(REJECTED)
        self.assertEqual(call.result(DEADLINE), "ECONNREFUSED")
        self.assertEqual(self.thread.run(self.sock().rbind), "ENOTCONN")

    def test_in_progress(self) -> None:
        """One in progress is no pairing yet."""
        self.pair()
        sock = self.sock(nonblocking=True)
        self.assertEqual(
            self.thread.run(sock.connect, TARGET), "EINPROGRESS"
        )
        peer = self.accepted(self.listener())
        self.assertEqual(self.thread.run(self.sock().rbind), "ENOTCONN")
        peer.request()
        peer.reply()
        self.assertEqual(sock.poll(DEADLINE, select.POLLOUT), "OUT")
        self.bound_again()

    def test_last(self) -> None:
        """The last connection counts."""
        self.pair(target=("203.0.113.77", 21))
        self.bound()

    def test_other_calls(self) -> None:
        """Datagram and local sockets don't break it."""
        self.pair()

        def program() -> None:
            with self.net.client.entered():
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                    sock.connect(DIRECT)
                with socket.socket(socket.AF_UNIX) as sock:
                    sock.connect_ex("/nowhere")

        self.thread.run(program)
        self.bound_again()

    def test_two_threads(self) -> None:
        """Each thread has its own."""
        other = self.worker()
        self.pair(target=TARGET)
        self.pair(other, target=("203.0.113.77", 21))
        sock = self.sock()
        call = other.begin(sock.rbind)
        peer = self.accepted(self.listener())
        self.assertEqual(
            peer.request(), request(("203.0.113.77", 21), command=BIND)
        )
        peer.send(bind_reply(("192.0.2.1", 1111)))
        self.assertEqual(call.result(DEADLINE), "0")
        mine, _ = self.bound_again()
        self.assertEqual(sock.sock_name(), ("192.0.2.1", 1111))
        self.assertEqual(mine.sock_name(), BOUND)

    def test_closed(self) -> None:
        """The pairing ends with the connection."""
        sock, peer = self.pair()
        sock.close()
        peer.end()
        peer.close()
        # An Rbind() that comes too early would wait for the server.
        until(lambda: references() == 0, "the end of the connection")
        self.assertEqual(self.thread.run(self.sock().rbind), "ENOTCONN")

    def test_disconnected(self) -> None:
        """Or when the socket is disconnected."""
        sock, _ = self.pair()
        self.assertEqual(sock.disconnect(), "0")
        self.assertEqual(self.thread.run(self.sock().rbind), "ENOTCONN")

    def test_new_rules(self) -> None:
        """It is the server of the connection, whatever the rules say now."""
        self.pair()
        self.configure(
            f"server add b {text(SERVER_B)}\nrule add to {THROUGH_PREFIX} via b"
        )
        self.bound_again()

    def test_child(self) -> None:
        """A child has no pairing."""
        sock, _ = self.pair()
        mine = self.sock()

        def program() -> str:
            child = os.fork()
            if not child:
                os._exit(0 if mine.rbind() == "ENOTCONN" else 1)
            return str(os.waitpid(child, 0)[1])

        self.assertEqual(self.thread.run(program), "0")
        sock.close()

    def test_execve(self) -> None:
        """Nor has a program which the thread executes."""
        listener = self.listener()
        pair, sock = self.sock(), self.sock()
        os.set_inheritable(sock.fileno(), True)
        ask = (
            "import socket, sys\n"
            f"sock = socket.socket(fileno={sock.fileno()})\n"
            f"sin = {socks.sockaddr(IPV4, ('0.0.0.0', 0))!r}\n"
            "try:\n"
            f"    sock.setsockopt(socket.SOL_IP, {socks.SO_RBIND}, sin)\n"
            "except OSError as error:\n"
            "    sys.exit(error.errno)\n"
        )

        def program() -> str:
            os.set_inheritable(pair.fileno(), True)
            assert pair.connect(TARGET) == "0"
            os.execv("/usr/bin/python3", ("python3", "-c", ask))
            return ""

        child = os.fork()
        if not child:
            program()
        peer = self.accepted(listener)
        peer.request()
        peer.reply()
        self.assertEqual(
            os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), errno.ENOTCONN
        )

    def test_other_namespace(self) -> None:
        """Nor does a connection count in another network namespace."""
        self.pair()
        sock = self.sock(namespace=self.net.second)
        self.assertEqual(self.thread.run(sock.rbind), "ENOTCONN")

    def test_accepted_is_none(self) -> None:
        """An accepted connection is no pairing: the first one stays."""
        sock, peer = self.listening()
        peer.send(bind_reply(PEER))
        new = self.thread.run(self.accept, sock)
        again, _ = self.bound_again()
        self.assertEqual(again.sock_name(), BOUND)
        self.echo(new, peer)


class Arguments(Case):
    """Sockets and addresses that can't be."""

    def rbind(self, sock: Sock, address: bytes | None = None) -> str:
        """Rbind() of a thread that is paired."""
        self.pair()
        if address is None:
            return str(self.thread.run(sock.rbind))
        return str(
            self.thread.run(
                sock.setsockopt, socket.SOL_IP, socks.SO_RBIND, address
            )
        )

    def test_datagram(self) -> None:
        """A UDP socket."""
        self.assertEqual(
            self.rbind(self.sock(kind=socket.SOCK_DGRAM)), "EOPNOTSUPP"
        )

    def test_inet6(self) -> None:
        """An AF_INET6 socket."""
        self.assertEqual(
            self.rbind(self.sock(MAPPED), socks.sockaddr(IPV4, BOUND)),
            "EAFNOSUPPORT",
        )

    def test_connected(self) -> None:
        """A connected socket."""
        sock, _ = self.pair()
        self.assertEqual(self.thread.run(sock.rbind), "EINVAL")

    def test_connecting(self) -> None:
        """A socket in the handshake."""
        self.pair()
        sock = self.sock(nonblocking=True)
        self.assertEqual(self.thread.run(sock.connect, TARGET), "EINPROGRESS")
        self.assertEqual(self.thread.run(sock.rbind), "EINVAL")

    def test_bound(self) -> None:
        """A socket that is bound."""
        sock = self.sock()
        self.assertEqual(sock.bind(("0.0.0.0", 0)), "0")
        self.assertEqual(self.rbind(sock), "EINVAL")

    def test_listening(self) -> None:
        """A socket that listens."""
        sock = self.sock()
        self.assertEqual(sock.listen(), "0")
        self.assertEqual(self.rbind(sock), "EINVAL")

    def test_twice(self) -> None:
        """bind() and Rbind() of a socket for which a server listens."""
        sock, _ = self.bound()
        self.assertEqual(sock.bind(("0.0.0.0", 0)), "EINVAL")
        self.assertEqual(self.thread.run(sock.rbind), "EINVAL")
        self.assertEqual(sock.sock_name(), BOUND)

    def test_bound_late(self) -> None:
        """bind() fails also where TCP has put off the port."""
        sock = self.sock()
        sock.setsockopt(socket.SOL_IP, socket.IP_BIND_ADDRESS_NO_PORT, 1)
        self.pair()
        call, peer = self.ask(sock)
        peer.send(bind_reply(BOUND))
        self.assertEqual(call.result(DEADLINE), "0")
        self.assertEqual(sock.bind(("0.0.0.0", 5555)), "EINVAL")
        self.assertEqual(sock.listen(), "0")
        peer.send(bind_reply(PEER))
        self.echo(self.accept(sock), peer)

    def test_not_local(self) -> None:
        """An address that is not this host's."""
        self.assertEqual(
            self.rbind(self.sock(), socks.sockaddr(IPV4, (TARGET[0], 0))),
            "EADDRNOTAVAIL",
        )

    @each(length=(0, 2, 15))
    def test_short(self, length: int) -> None:
        """A short address."""
        self.assertEqual(
            self.rbind(self.sock(), socks.sockaddr(IPV4, BOUND)[:length]),
            "EINVAL",
        )

    def test_family(self) -> None:
        """An address of another family."""
        self.assertEqual(
            self.rbind(self.sock(), socks.sockaddr(MAPPED, BOUND)),
            "EAFNOSUPPORT",
        )

    def test_fault(self) -> None:
        """An address that is not there."""
        self.pair()
        sock = self.sock()
        self.assertEqual(
            self.thread.run(
                socks._call,
                socks._libc.setsockopt,
                sock.fileno(),
                socket.SOL_IP,
                socks.SO_RBIND,
                8,
                16,
            ),
            "EFAULT",
        )


class Waiting(Case):
    """accept() and poll()."""

    def test_blocking(self) -> None:
        """accept() waits."""
        sock, peer = self.listening()
        call = Call(self.accept, sock)
        call.wait_blocked(SYS_ACCEPT4)
        peer.send(bind_reply(PEER))
        self.echo(call.result(), peer)

    def test_nonblocking(self) -> None:
        """Or does not."""
        sock, peer = self.listening(nonblocking=True)
        self.assertEqual(sock.accept(), "EAGAIN")
        peer.send(bind_reply(PEER))
        self.wait_ready(sock)
        self.echo(self.accept(sock), peer)

    def test_rcvtimeo(self) -> None:
        """SO_RCVTIMEO ends the wait."""
        sock, _ = self.listening()
        sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 20000)
        )
        self.assertEqual(sock.accept(), "EAGAIN")

    @each(restart=(False, True))
    def test_signal(self, restart: bool) -> None:
        """A signal ends the wait, or does not."""
        sock, peer = self.listening()
        signals = Signals(restart)
        self.addCleanup(signals.close)
        call = Call(sock.accepted)
        call.wait_blocked(SYS_ACCEPT4)
        signals.send(call.ident)
        if restart:
            call.wait_blocked(SYS_ACCEPT4)
            peer.send(bind_reply(PEER))
            self.addCleanup(call.result().close)
        else:
            self.assertEqual(call.result(), "EINTR")

    def test_two_threads(self) -> None:
        """One of two gets the connection, and the other waits on."""
        sock, peer = self.listening()
        calls = [Call(sock.accepted) for _ in range(2)]
        for call in calls:
            call.wait_blocked(SYS_ACCEPT4)
        peer.send(bind_reply(PEER))
        until(lambda: any(call.done for call in calls), "one of them")
        first, second = sorted(calls, key=lambda call: not call.done)
        new = first.result()
        assert isinstance(new, Sock), new
        self.addCleanup(new.close)
        second.wait_blocked(SYS_ACCEPT4)
        self.assertEqual(sock.shutdown(socket.SHUT_RD), "0")
        self.assertEqual(second.result(), "EINVAL")

    def test_shutdown(self) -> None:
        """shutdown() ends the wait, and the Rbind()."""
        sock, peer = self.listening()
        call = Call(sock.accept)
        call.wait_blocked(SYS_ACCEPT4)
        self.assertEqual(sock.shutdown(socket.SHUT_RDWR), "0")
        self.assertEqual(call.result(), "EINVAL")
        self.assertEqual(peer.end(), "reset")

    def test_close_while_waiting(self) -> None:
        """close() does not end another thread's accept()."""
        sock, peer = self.listening()
        fd = os.dup(sock.fileno())
        call = Call(socks._libc.accept4, fd, None, None, 0)
        call.wait_blocked(SYS_ACCEPT4)
        sock.close()
        os.close(fd)
        peer.send(bind_reply(PEER))
        new = call.result()
        self.assertGreaterEqual(new, 0)
        os.close(new)
        self.assertEqual(peer.end(), "end")

    @each(edge=(False, True))
    def test_epoll(self, edge: bool) -> None:
        """epoll, level and edge."""
        sock, peer = self.listening(nonblocking=True)
        epoll = Epoll(edge)
        self.addCleanup(epoll.close)
        epoll.add(sock)
        self.assertEqual(epoll.wait(), "")
        peer.send(bind_reply(PEER))
        self.assertEqual(epoll.wait(DEADLINE), "IN")
        self.assertEqual(epoll.wait(), "" if edge else "IN")
        self.accept(sock)
        self.assertEqual(epoll.wait(), "")

    def test_sigio(self) -> None:
        """SIGIO says that the peer has come."""
        seen: list[int] = []
        before = signal.signal(signal.SIGIO, lambda *_: seen.append(1))
        self.addCleanup(signal.signal, signal.SIGIO, before)
        sock, peer = self.listening(nonblocking=True)
        fcntl.fcntl(sock.fileno(), fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(sock.fileno(), fcntl.F_SETFL, os.O_NONBLOCK | os.O_ASYNC)
        peer.send(bind_reply(PEER))
        until(lambda: seen, "SIGIO")
        fcntl.fcntl(sock.fileno(), fcntl.F_SETFL, os.O_NONBLOCK)

    def test_dup_and_fork(self) -> None:
        """All descriptors mean the same socket."""
        sock, peer = self.listening()
        copy = os.dup(sock.fileno())
        sock.close()
        child = os.fork()
        if not child:
            got = socks._libc.accept4(copy, None, None, 0)
            os._exit(0 if got >= 0 and os.write(got, b"child") == 5 else 1)
        os.close(copy)
        peer.send(bind_reply(PEER))
        self.assertEqual(peer.recv_all(5), b"child")
        self.assertEqual(os.waitpid(child, 0)[1], 0)


class Ending(Case):
    """The socket is given up, or used for something else."""

    def test_close(self) -> None:
        """close() lets the server know."""
        for close_after in (self.bound, self.listening):
            sock, peer = close_after()
            sock.close()
            self.assertEqual(peer.end(), "reset")

    def test_close_ready(self) -> None:
        """Also when the peer has come."""
        sock, peer = self.listening()
        peer.send(bind_reply(PEER))
        self.wait_ready(sock)
        sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 1000)
        )
        sock.close()
        self.assertEqual(peer.end(), "reset")

    def test_connect(self) -> None:
        """connect() fails."""
        sock, _ = self.bound()
        self.assertEqual(sock.connect(DIRECT), "EISCONN")
        self.assertEqual(sock.listen(), "0")
        self.assertEqual(sock.connect(TARGET), "EISCONN")

    @each(listen=(False, True))
    def test_disconnect(self, listen: bool) -> None:
        """connect() to AF_UNSPEC makes it an ordinary socket."""
        sock, peer = self.listening() if listen else self.bound()
        self.assertEqual(sock.disconnect(), "0")
        self.assertEqual(peer.end(), "reset")
        self.assertEqual(sock.sock_name(), ("0.0.0.0", 0))
        call = Call(sock.connect, TARGET)
        peer = self.accepted(self.listener())
        self.assertEqual(peer.request(), request(TARGET))
        peer.reply()
        self.assertEqual(call.result(), "0")
        self.echo(sock, peer)

    def test_shutdown_and_listen(self) -> None:
        """After shutdown() it may listen, for this host's peers."""
        sock, _ = self.listening()
        self.assertEqual(sock.shutdown(socket.SHUT_RD), "0")
        self.assertEqual(sock.listen(), "0")
        name = sock.sock_name()
        self.assertEqual(name[0], "0.0.0.0")
        with self.net.firewall.entered():
            caller = socket.create_connection(
                (CLIENT_WAN, int(name[1])), DEADLINE
            )
        self.addCleanup(caller.close)
        self.accept(sock)

    def test_module(self) -> None:
        """The module is held as long as there is such a socket, no longer."""
        until(lambda: references() == 0, "no connection")
        pair, pair_peer = self.pair()
        sock, peer = self.bound_again()
        self.assertGreater(references(), 1)
        pair.close()
        pair_peer.close()
        sock.close()
        peer.close()
        until(lambda: references() == 0, "no reference")

    def test_counters(self) -> None:
        """It counts for its server and rule like any connection."""
        self.configure(self.configuration, fresh=True)
        sock, peer = self.listening()
        stats = self.ctl.server("a")
        self.assertEqual((stats["tried"], stats["in_progress"]), (2, 1))
        peer.send(bind_reply(PEER))
        self.wait_ready(sock)
        stats = self.ctl.server("a")
        self.assertEqual((stats["granted"], stats["in_progress"]), (2, 0))
        self.assertEqual(stats["established"], 2)
        self.accept(sock).close()
        peer.close()
        until(lambda: self.ctl.server("a")["established"] == 1, "its end")


class Limits(Case):
    """How many there may be."""

    configuration = f"""
limit rbind 3 rbind-per-user 2
server add a {text(SERVER_A)} timeout 60
rule add to {THROUGH_PREFIX} via a
"""

    def test_user(self) -> None:
        """One user, and another one; what is accepted counts no more."""
        first, peer = self.listening()
        self.bound_again()
        self.assertEqual(self.thread.run(self.sock().rbind), "ENOBUFS")
        peer.send(bind_reply(PEER))
        self.accept(first)
        last, _ = self.bound_again()
        self.assertEqual(self.thread.run(self.sock().rbind), "ENOBUFS")
        last.close()
        self.bound_again()

    def test_failed(self) -> None:
        """What failed does not count."""
        self.pair()
        for _ in range(5):
            call, peer = self.ask(self.sock())
            peer.reply(REJECTED)
            self.assertEqual(call.result(DEADLINE), "ECONNREFUSED")
        self.bound_again()

    def test_namespace(self) -> None:
        """All users together."""
        self.pair()
        self.bound_again()
        self.bound_again()
        self.assertEqual(self.as_user(65534, answers=1), "0 ENOBUFS")

    def as_user(self, uid: int, answers: int) -> str:
        """Two Rbind() of another user, after a connection."""
        listener = self.listener()
        socks_made = [self.sock() for _ in range(3)]

        def program() -> str:
            os.setresuid(uid, uid, uid)
            assert socks_made[0].connect(TARGET) == "0"
            return " ".join(sock.rbind() for sock in socks_made[1:])

        call = Call(in_child, program)
        peer = self.accepted(listener)
        peer.request()
        peer.reply()
        for _ in range(answers):
            peer = self.accepted(listener)
            peer.request()
            peer.send(bind_reply(BOUND))
        return str(call.result())


class ByRule(Case):
    """rbind auto: programs that know nothing of Rbind()."""

    configuration = f"""
server add a {text(SERVER_A)} timeout 60
rule add to {THROUGH_PREFIX} via a rbind auto
"""

    def prepared(
        self, address: tuple[str, int] = ("0.0.0.0", 0)
    ) -> Sock:
        """A socket that is bound, of a thread that is paired."""
        self.pair()
        sock = self.sock()
        self.assertEqual(sock.bind(address), "0")
        return sock

    def by_rule(
        self, call: Callable[[], Any], answer: bytes = bind_reply(BOUND)
    ) -> tuple[Any, Peer]:
        """A call which makes an Rbind() of a socket: its result."""
        begun = self.thread.begin(call)
        peer = self.accepted(self.listener())
        self.assertEqual(peer.request(), request(TARGET, command=BIND))
        peer.send(answer)
        return begun.result(DEADLINE), peer

    @each(address=("0.0.0.0", CLIENT_WAN))
    def test_listen(self, address: str) -> None:
        """bind(), listen(), getsockname(), accept()."""
        sock = self.prepared((address, 0))
        result, peer = self.by_rule(sock.listen)
        self.assertEqual(result, "0")
        self.assertEqual(sock.sock_name(), BOUND)
        if address != "0.0.0.0":
            self.assertEqual(peer.socket.getpeername()[0], address)
        peer.send(bind_reply(PEER))
        new = self.accept(sock)
        self.assertEqual((new.peer_name(), new.sock_name()), (PEER, BOUND))
        self.echo(new, peer)

    def test_name_first(self) -> None:
        """bind(), getsockname(), listen(), accept()."""
        sock = self.prepared()
        result, peer = self.by_rule(sock.sock_name)
        self.assertEqual(result, BOUND)
        self.assertEqual(self.thread.run(sock.listen), "0")
        peer.send(bind_reply(PEER))
        self.echo(self.accept(sock), peer)

    @each(family=(IPV4, MAPPED))
    def test_paired_name(self, family: int) -> None:
        """getsockname() of the paired connection gives the server's address."""
        pair, _ = self.pair(family=family)
        before = pair.sock_name()
        self.assertEqual(before[0], CLIENT_WAN)
        sock = self.sock()
        self.assertEqual(sock.bind(("0.0.0.0", 0)), "0")
        self.assertEqual(self.by_rule(sock.listen)[0], "0")
        self.assertEqual(pair.sock_name(), (BOUND[0], before[1]))
        self.assertEqual(pair.peer_name(), TARGET)

    def test_rejected(self) -> None:
        """listen() fails where the server rejects; the socket stays as it is."""
        sock = self.prepared()
        result, _ = self.by_rule(sock.listen, reply(REJECTED))
        self.assertEqual(result, "ECONNREFUSED")
        self.assertEqual(self.by_rule(sock.listen)[0], "0")
        self.assertEqual(sock.sock_name(), BOUND)

    def test_name_rejected(self) -> None:
        """getsockname() gives this host's address then."""
        sock = self.prepared()
        result, _ = self.by_rule(sock.sock_name, reply(REJECTED))
        self.assertEqual(result[0], "0.0.0.0")

    @each(address=("0.0.0.0", CLIENT_WAN))
    def test_connect(self, address: str) -> None:
        """Who binds, asks for the name and connects, connects."""
        sock = self.prepared((address, 0))
        result, bind_peer = self.by_rule(sock.sock_name)
        self.assertEqual(result, BOUND)
        call = Call(sock.connect, TARGET)
        peer = self.accepted(self.listener())
        self.assertEqual(peer.request(), request(TARGET))
        peer.reply()
        self.assertEqual(call.result(), "0")
        self.assertEqual(bind_peer.end(), "reset")
        self.assertEqual(sock.sock_name(), peer.socket.getpeername())
        self.echo(sock, peer)

    @each(kind=("fixed port", "loopback", "unbound", "inet6", "datagram"))
    def test_not_touched(self, kind: str) -> None:
        """Sockets that are a server's on this host."""
        self.pair()
        family = MAPPED if kind == "inet6" else IPV4
        sock = self.sock(
            family,
            kind=socket.SOCK_DGRAM if kind == "datagram" else socket.SOCK_STREAM,
        )
        address = ("127.0.0.1" if kind == "loopback" else "0.0.0.0", 0)
        if kind == "fixed port":
            address = ("0.0.0.0", 4444)
        if kind != "unbound":
            self.assertEqual(sock.bind(address), "0")
        # Nobody answers: an Rbind() would not return.
        name = self.thread.run(sock.sock_name)
        self.assertEqual(name[0], address[0])
        if kind != "datagram":
            self.assertEqual(self.thread.run(sock.listen), "0")
        self.assertTrue(self.listener().idle())

    @each(why=("never connected", "direct", "another rule"))
    def test_not_paired(self, why: str) -> None:
        """Threads whose last connection does not ask for it."""
        if why == "direct":
            self.pair()
            listener = Listener(self.net.firewall, DIRECT)
            self.addCleanup(listener.close)
            self.assertEqual(self.thread.run(self.sock().connect, DIRECT), "0")
        elif why == "another rule":
            self.configure(Case.configuration)
            self.pair()
        sock = self.sock()
        self.assertEqual(sock.bind(("0.0.0.0", 0)), "0")
        self.assertEqual(self.thread.run(sock.sock_name)[0], "0.0.0.0")
        self.assertEqual(self.thread.run(sock.listen), "0")
        self.assertTrue(self.listener().idle())
