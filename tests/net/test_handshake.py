# SPDX-License-Identifier: GPL-2.0-only
"""What a program may do with a socket while it waits for the server."""

import array
import fcntl
import os
import select
import socket
import struct
import subprocess
import tempfile
from collections.abc import Callable
from select import POLLOUT

from lib import sock as socks
from lib.case import FAMILIES, TestCase, each
from lib.path import Path
from lib.server import reply, request
from lib.sock import Sock, name
from lib.topology import CLIENT_WAN, SERVER_B, TARGET, text
from lib.wait import DEADLINE, SYS_CONNECT, SYS_RECVFROM, SYS_SENDTO, Call

SYS_SENDFILE = 40
SYS_SPLICE = 275
TCP_MD5SIG = 14
TCP_REPAIR = 19
TCP_ZEROCOPY_RECEIVE = 35
IPV6_ADDRFORM = 1
SIOCATMARK = 0x8905
DONTWAIT = socket.MSG_DONTWAIT


def errno_of(function: Callable[[], object]) -> object:
    """What a Python function returns, or its errno's name."""
    try:
        return function()
    except OSError as error:
        return name(error.errno)


# Each of these is a single operation. Its answer must be the same over both
# paths; so must be what comes after.


def op_poll(sock: Sock, path: Path) -> object:
    return sock.poll(0)


def op_select(sock: Sock, path: Path) -> object:
    return select.select([sock], [sock], [sock], 0)


def op_send(sock: Sock, path: Path) -> object:
    return sock.send(b"x")


def op_send_nothing(sock: Sock, path: Path) -> object:
    return sock.send(b"")


def op_send_oob(sock: Sock, path: Path) -> object:
    return sock.send(b"x", socket.MSG_OOB)


def op_send_more(sock: Sock, path: Path) -> object:
    return sock.send(b"x", 0x8000)


def op_send_zerocopy(sock: Sock, path: Path) -> object:
    sock.setsockopt(socket.SOL_SOCKET, 60, 1)
    return sock.send(b"x", 0x4000000)


def op_sendto(sock: Sock, path: Path) -> object:
    return sock.sendto(b"x", 0, path.target)


def op_send_fastopen(sock: Sock, path: Path) -> object:
    return sock.sendto(b"x", socket.MSG_FASTOPEN, path.target)


def op_write(sock: Sock, path: Path) -> object:
    return errno_of(lambda: os.write(sock.fileno(), b"x"))


def op_writev(sock: Sock, path: Path) -> object:
    return errno_of(lambda: os.writev(sock.fileno(), [b"x", b"y"]))


def op_sendfile(sock: Sock, path: Path) -> object:
    with tempfile.TemporaryFile() as file:
        file.write(b"data")
        file.flush()
        return errno_of(
            lambda: os.sendfile(sock.fileno(), file.fileno(), 0, 4)
        )


def op_splice_to(sock: Sock, path: Path) -> object:
    reader, writer = os.pipe()
    os.write(writer, b"data")
    try:
        # Its errno comes from the socket, so the bytes stay in the pipe.
        return errno_of(lambda: os.splice(reader, sock.fileno(), 4))
    finally:
        os.close(reader)
        os.close(writer)


def op_splice_from(sock: Sock, path: Path) -> object:
    reader, writer = os.pipe()
    try:
        return errno_of(lambda: os.splice(sock.fileno(), writer, 4))
    finally:
        os.close(reader)
        os.close(writer)


def op_recv(sock: Sock, path: Path) -> object:
    return sock.recv(10)


def op_recv_nothing(sock: Sock, path: Path) -> object:
    return sock.recv(0)


def op_recv_peek(sock: Sock, path: Path) -> object:
    return sock.recv(10, socket.MSG_PEEK)


def op_recv_oob(sock: Sock, path: Path) -> object:
    return sock.recv(10, socket.MSG_OOB)


def op_recv_errqueue(sock: Sock, path: Path) -> object:
    return sock.recv(10, socket.MSG_ERRQUEUE)


def op_recv_waitall(sock: Sock, path: Path) -> object:
    return sock.recv(10, socket.MSG_WAITALL)


def op_read(sock: Sock, path: Path) -> object:
    return errno_of(lambda: os.read(sock.fileno(), 10))


def op_getpeername(sock: Sock, path: Path) -> object:
    return sock.peer_name()


def op_getsockname(sock: Sock, path: Path) -> object:
    host, port = sock.sock_name()
    return host == path.local and int(port) > 0


def op_so_error(sock: Sock, path: Path) -> object:
    return sock.so_error()


def op_so_peername(sock: Sock, path: Path) -> object:
    raw = socks.sockaddr(sock.family, path.target)
    found = sock.getsockopt(socket.SOL_SOCKET, socks.SO_PEERNAME, len(raw))
    return found == raw or found


def op_so_peercred(sock: Sock, path: Path) -> object:
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)


def op_so_acceptconn(sock: Sock, path: Path) -> object:
    return sock.getsockopt_int(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)


def op_so_rcvlowat(sock: Sock, path: Path) -> object:
    return [
        sock.getsockopt_int(socket.SOL_SOCKET, socket.SO_RCVLOWAT),
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 3),
        sock.getsockopt_int(socket.SOL_SOCKET, socket.SO_RCVLOWAT),
    ]


def op_fionread(sock: Sock, path: Path) -> object:
    return sock.ioctl_int(socks.SIOCINQ)


def op_siocoutq(sock: Sock, path: Path) -> object:
    return sock.ioctl_int(socks.SIOCOUTQ)


def op_siocoutqnsd(sock: Sock, path: Path) -> object:
    return sock.ioctl_int(socks.SIOCOUTQNSD)


def op_siocatmark(sock: Sock, path: Path) -> object:
    return sock.ioctl_int(SIOCATMARK)


def op_siocgifconf(sock: Sock, path: Path) -> object:
    # SIOCGIFINDEX of "lo": an ioctl() that is no socket's in particular.
    request_ = array.array("B", b"lo".ljust(40, b"\0"))
    return errno_of(lambda: fcntl.ioctl(sock.fileno(), 0x8933, request_, True))


def op_tcp_info(sock: Sock, path: Path) -> object:
    return sock.tcp_state()


def op_tcp_info_short(sock: Sock, path: Path) -> object:
    return sock.getsockopt(socket.SOL_TCP, socket.TCP_INFO, 1)


def op_tcp_info_empty(sock: Sock, path: Path) -> object:
    return sock.getsockopt(socket.SOL_TCP, socket.TCP_INFO, 0)


def op_tcp_ulp(sock: Sock, path: Path) -> object:
    return sock.setsockopt(socket.SOL_TCP, socks.TCP_ULP, b"tls")


def op_tcp_fastopen_connect(sock: Sock, path: Path) -> object:
    return sock.setsockopt(socket.SOL_TCP, socks.TCP_FASTOPEN_CONNECT, 1)


def op_tcp_nodelay(sock: Sock, path: Path) -> object:
    return [
        sock.setsockopt(socket.SOL_TCP, socket.TCP_NODELAY, 1),
        sock.getsockopt_int(socket.SOL_TCP, socket.TCP_NODELAY),
    ]


def op_tcp_cork(sock: Sock, path: Path) -> object:
    return [
        sock.setsockopt(socket.SOL_TCP, socket.TCP_CORK, 1),
        sock.setsockopt(socket.SOL_TCP, socket.TCP_CORK, 0),
    ]


def op_tcp_zerocopy_receive(sock: Sock, path: Path) -> object:
    return sock.getsockopt(socket.SOL_TCP, TCP_ZEROCOPY_RECEIVE, 64)


def op_keepalive(sock: Sock, path: Path) -> object:
    return [
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        sock.setsockopt(socket.SOL_TCP, socket.TCP_KEEPIDLE, 100),
        sock.setsockopt(socket.SOL_TCP, socket.TCP_USER_TIMEOUT, 100_000),
    ]


def op_linger(sock: Sock, path: Path) -> object:
    linger = struct.pack("ii", 1, 5)
    return [
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger),
        sock.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8),
    ]


def op_buffers(sock: Sock, path: Path) -> object:
    return [
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 5000),
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 5000),
        sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF),
    ]


def op_bad_option(sock: Sock, path: Path) -> object:
    return [
        sock.setsockopt(socket.SOL_TCP, 12345, 1),
        sock.getsockopt(socket.SOL_TCP, 12345),
        sock.getsockopt(socket.SOL_TCP + 1000, 1),
    ]


def op_addrform(sock: Sock, path: Path) -> object:
    return sock.setsockopt(socket.IPPROTO_IPV6, IPV6_ADDRFORM, socket.AF_INET)


def op_listen(sock: Sock, path: Path) -> object:
    return sock.listen()


def op_accept(sock: Sock, path: Path) -> object:
    return sock.accept()


def op_bind(sock: Sock, path: Path) -> object:
    return sock.bind(("0.0.0.0", 0))


def op_connect(sock: Sock, path: Path) -> object:
    return [sock.connect(path.target), sock.connect(TARGET)]


def op_connect_elsewhere(sock: Sock, path: Path) -> object:
    return sock.connect(("127.0.0.1", 1))


def op_connect_short(sock: Sock, path: Path) -> object:
    return [sock.connect(b""), sock.connect(b"\2"), sock.connect(b"\2\0")]


def op_connect_family(sock: Sock, path: Path) -> object:
    return sock.connect(struct.pack("=H26x", 99))


def op_shutdown_wrong(sock: Sock, path: Path) -> object:
    return [sock.shutdown(3), sock.shutdown(-1)]


def op_duplicate(sock: Sock, path: Path) -> object:
    os.close(os.dup(sock.fileno()))
    return "closed"


OPERATIONS = tuple(
    function for key, function in list(globals().items())
    if key.startswith("op_")
)


class Operations(TestCase):
    """Single operations, which change nothing."""

    @each(operation=OPERATIONS, family=FAMILIES)
    def test_op(
        self, operation: Callable[[Sock, Path], object], family: int
    ) -> None:
        """One operation, then the connection is granted."""

        def program(path: Path) -> object:
            sock = self.sock(family, nonblocking=True)
            seen: list[object] = [sock.connect(path.target)]
            path.arrived()
            seen.append(operation(sock, path))
            peer = path.grant()
            seen += [sock.poll(DEADLINE, POLLOUT), sock.so_error()]
            seen.append(sock.peer_name() == path.target)
            sock.set_blocking(True)
            peer.send(b"hello")
            seen += [sock.recv_all(5), sock.send(b"abc"), peer.recv_all(3)]
            return seen

        self.compare(program)

    def test_repair(self) -> None:
        """TCP_REPAIR, which privileged programs may set in SYN_SENT."""
        sock, peer = self.begin()
        self.assertEqual(
            sock.setsockopt(socket.SOL_TCP, TCP_REPAIR, 1), "EPERM"
        )
        peer.reply()
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")

    @each(family=FAMILIES)
    def test_urgent(self, family: int) -> None:
        """Urgent data from the server, before, in and behind the reply."""
        for data in (b"\0", reply()[:3], reply(), reply() + b"banner"):
            with self.subTest(data=data):
                sock, peer = self.begin(family)
                peer.socket.send(data, socket.MSG_OOB)
                peer.wait_taken()
                sock.recv(10)
                peer.reset()
                sock.ended()
                self.assertNotEqual(sock.so_error(), "0")
                sock.close()

    @each(operation=(op_recv, op_send, op_fionread, op_poll, op_so_error))
    def test_op_part_of_reply(
        self, operation: Callable[[Sock, Path], object]
    ) -> None:
        """With a part of the reply there, it is no different."""

        def program(path: Path, part: Callable[[], None]) -> object:
            sock = self.sock(nonblocking=True)
            seen: list[object] = [sock.connect(path.target)]
            path.arrived()
            part()
            return [*seen, operation(sock, path)]

        truth = program(self.direct(), lambda: None)
        through = self.through()

        def part() -> None:
            through.peer.send(reply()[:5])
            through.peer.wait_taken()

        self.assertEqual(program(through, part), truth)


def block_send(sock: Sock) -> object:
    return sock.send(b"abc")


def block_send_nothing(sock: Sock) -> object:
    return sock.send(b"")


def block_sendto_fastopen(sock: Sock) -> object:
    return sock.sendto(b"abc", socket.MSG_FASTOPEN, TARGET)


def block_recv(sock: Sock) -> object:
    return sock.recv(5)


def block_recv_waitall(sock: Sock) -> object:
    return sock.recv(5, socket.MSG_WAITALL)


def block_recv_peek(sock: Sock) -> object:
    return sock.recv(5, socket.MSG_PEEK)


def block_sendfile(sock: Sock) -> object:
    with tempfile.TemporaryFile() as file:
        file.write(b"abc")
        file.flush()
        return errno_of(
            lambda: os.sendfile(sock.fileno(), file.fileno(), 0, 3)
        )


def block_splice_to(sock: Sock) -> object:
    reader, writer = os.pipe()
    os.write(writer, b"abc")
    try:
        return errno_of(lambda: os.splice(reader, sock.fileno(), 3))
    finally:
        os.close(reader)
        os.close(writer)


def block_splice_from(sock: Sock) -> object:
    reader, writer = os.pipe()
    try:
        return errno_of(lambda: os.splice(sock.fileno(), writer, 5))
    finally:
        os.close(reader)
        os.close(writer)


BLOCKING = {
    block_send: SYS_SENDTO,
    block_send_nothing: SYS_SENDTO,
    block_sendto_fastopen: SYS_SENDTO,
    block_recv: SYS_RECVFROM,
    block_recv_waitall: SYS_RECVFROM,
    block_recv_peek: SYS_RECVFROM,
    block_sendfile: SYS_SENDFILE,
    block_splice_to: SYS_SPLICE,
    block_splice_from: SYS_SPLICE,
}
SENDS = (block_send, block_sendto_fastopen, block_sendfile, block_splice_to)


class Blocked(TestCase):
    """Calls on a blocking socket which wait for the connection."""

    @each(
        operation=BLOCKING, family=FAMILIES, end=("grant", "refuse", "timeout")
    )
    def test_blocked(
        self, operation: Callable[[Sock], object], family: int, end: str
    ) -> None:
        """They go through once it is granted, and fail if it is not."""

        def program(path: Path) -> object:
            sock = self.sock(family, nonblocking=True)
            seen: list[object] = [sock.connect(path.target)]
            path.arrived()
            sock.set_blocking(True)
            if end == "timeout":
                timeval = struct.pack("ll", 0, 50_000)
                for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
                    sock.setsockopt(socket.SOL_SOCKET, option, timeval)
                return [*seen, operation(sock), sock.so_error()]
            call = Call(operation, sock)
            call.wait_blocked(BLOCKING[operation])
            if end == "refuse":
                path.refuse()
                return [*seen, call.result(), sock.so_error()]
            peer = path.grant(b"hello")
            seen.append(call.result())
            if operation in SENDS:
                seen.append(peer.recv_all(3))
            return [*seen, sock.so_error()]

        self.compare(program)

    @each(call=("connect", "send", "recv"), how=(0, 1, 2))
    def test_shutdown_by_another(self, call: str, how: int) -> None:
        """shutdown() by another thread ends the wait."""

        def program(path: Path) -> object:
            sock = self.sock(nonblocking=True)
            waits = self.start(call, sock, path)
            seen: list[object] = [sock.shutdown(how), waits.result()]
            return [*seen, sock.poll(0), sock.so_error()]

        self.compare(program)

    @each(call=("connect", "send", "recv"))
    def test_disconnect_by_another(self, call: str) -> None:
        """connect() to AF_UNSPEC by another thread does so, too."""

        def program(path: Path) -> object:
            sock = self.sock(nonblocking=True)
            waits = self.start(call, sock, path)
            seen: list[object] = [sock.disconnect()]
            # A direct connection's connect() is not always woken.
            sock.shutdown(2)
            return [*seen, waits.result(), sock.so_error()]

        self.compare(program)

    def start(self, call: str, sock: Sock, path: Path) -> Call:
        """Let a call wait in a thread of its own."""
        if call != "connect":
            self.assertEqual(sock.connect(path.target), "EINPROGRESS")
        sock.set_blocking(True)
        if call == "connect":
            waits = Call(sock.connect, path.target)
            waits.wait_blocked(SYS_CONNECT)
        elif call == "send":
            waits = Call(sock.send, b"x")
            waits.wait_blocked(SYS_SENDTO)
        else:
            waits = Call(sock.recv, 10)
            waits.wait_blocked(SYS_RECVFROM)
        path.arrived()
        return waits

    def test_close_by_another(self) -> None:
        """close() by another thread does not end the wait, as directly."""

        def program(path: Path) -> object:
            sock = self.sock()
            call = Call(sock.connect, path.target)
            call.wait_blocked(SYS_CONNECT)
            path.arrived()
            sock.close()
            peer = path.grant()
            seen: list[object] = [call.result()]
            # That call had the last reference.
            return [*seen, peer.end()]

        self.compare(program)


class GivingUp(TestCase):
    """The program gives up while it waits for the server."""

    def again(self, sock: Sock) -> None:
        """See that the socket can be used for a new connection."""
        listener = self.listener()
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(listener)
        self.assertEqual(peer.request(), request(TARGET))
        peer.send(reply() + b"hello")
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
        self.assertEqual(sock.so_error(), "0")
        sock.set_blocking(True)
        self.assertEqual(sock.recv_all(5), b"hello")

    @each(family=FAMILIES, how=(0, 1, 2))
    def test_shutdown(self, family: int, how: int) -> None:
        """shutdown(): as in SYN_SENT, whatever is to be shut down."""

        def program(path: Path) -> object:
            sock = self.sock(family, nonblocking=True)
            seen: list[object] = [sock.connect(path.target)]
            path.arrived()
            seen += [sock.shutdown(how), sock.poll(0), sock.so_error()]
            seen += [sock.poll(0), sock.recv(10), sock.send(b"x")]
            seen += [sock.tcp_state(), sock.shutdown(how), sock.listen()]
            return seen

        self.compare(program)

    @each(family=FAMILIES, how=(0, 1, 2))
    def test_shutdown_then_again(self, family: int, how: int) -> None:
        """After shutdown() the socket can be connected anew."""
        sock, peer = self.begin(family)
        self.assertEqual(sock.shutdown(how), "0")
        self.assertEqual(peer.end(), "reset")
        self.assertEqual(sock.so_error(), "ECONNRESET")
        self.again(sock)

    @each(family=FAMILIES)
    def test_disconnect(self, family: int) -> None:
        """connect() to AF_UNSPEC."""

        def program(path: Path) -> object:
            sock = self.sock(family, nonblocking=True)
            seen: list[object] = [sock.connect(path.target)]
            path.arrived()
            seen += [sock.disconnect(), sock.poll(0), sock.so_error()]
            seen += [sock.tcp_state(), sock.peer_name(), sock.disconnect()]
            seen += [sock.recv(10), sock.send(b"x")]
            return seen

        self.compare(program)

    @each(first=FAMILIES)
    def test_disconnect_then_again(self, first: int) -> None:
        """After connect() to AF_UNSPEC the socket can be connected anew."""
        sock, peer = self.begin(first)
        for _ in range(3):
            self.assertEqual(sock.disconnect(), "0")
            self.assertEqual(peer.end(), "reset")
            self.assertEqual(sock.so_error(), "ECONNRESET")
            self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
            peer = self.accepted(self.listener())
            peer.request()
        self.assertEqual(sock.disconnect(), "0")
        sock.so_error()
        self.again(sock)

    @each(family=FAMILIES)
    def test_disconnect_then_listen(self, family: int) -> None:
        """Or be listened on; what it accepts is nothing of ours."""
        sock, _ = self.begin(family)
        self.assertEqual(sock.disconnect(), "0")
        self.assertEqual(sock.listen(), "0")
        host, port = sock.sock_name()
        self.assertIn(host, ("0.0.0.0", "::"))
        client = self.sock()
        self.assertEqual(client.connect((CLIENT_WAN, int(port))), "0")
        sock.set_blocking(True)
        accepted, _ = sock.socket.accept()
        self.addCleanup(accepted.close)
        self.assertEqual(client.send(b"x"), 1)
        self.assertEqual(accepted.recv(1), b"x")

    @each(family=FAMILIES)
    def test_disconnect_then_direct(self, family: int) -> None:
        """Or be connected directly."""
        sock, _ = self.begin(family)
        self.listener(SERVER_B)
        self.assertEqual(sock.disconnect(), "0")
        sock.so_error()
        sock.set_blocking(True)
        self.assertEqual(sock.connect(SERVER_B), "0")
        self.assertEqual(sock.peer_name(), SERVER_B)

    @each(family=FAMILIES, linger=(None, 0, 5), part=(0, 4))
    def test_close(self, family: int, linger: int | None, part: int) -> None:
        """close(): the server sees the end, and nothing is left."""
        sock, peer = self.begin(family)
        if linger is not None:
            option = struct.pack("ii", 1, linger)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
        peer.send(reply()[:part])
        peer.wait_taken()
        sock.close()
        self.assertEqual(peer.end(), "reset")
        stats = self.ctl.server("a")
        self.assertEqual(stats["in_progress"], 0)

    def test_close_duplicate(self) -> None:
        """dup(): the connection lives as long as one of them."""
        sock, peer = self.begin()
        copy = os.dup(sock.fileno())
        sock.close()
        peer.reply()
        poll = select.poll()
        poll.register(copy, select.POLLOUT)
        self.assertEqual(poll.poll(DEADLINE * 1000), [(copy, select.POLLOUT)])
        self.assertEqual(os.write(copy, b"x"), 1)
        self.assertEqual(peer.recv_all(1), b"x")
        os.close(copy)
        self.assertEqual(peer.end(), "end")

    @each(family=FAMILIES)
    def test_fork(self, family: int) -> None:
        """fork(): the child goes on with what the parent began."""
        sock, peer = self.begin(family)
        child = os.fork()
        if not child:
            status = 1
            try:
                peer.close()
                if sock.poll(DEADLINE, POLLOUT) == "OUT":
                    status = int(sock.send(b"c") != 1)
            finally:
                os._exit(status)
        sock.close()
        peer.reply()
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
        self.assertEqual(peer.recv_all(1), b"c")
        self.assertEqual(peer.end(), "end")

    def test_exit(self) -> None:
        """A process that ends in mid-connect."""
        listener = self.listener()
        child = os.fork()
        if not child:
            try:
                with self.net.client.entered():
                    Sock().connect(TARGET)
            finally:
                os._exit(1)
        peer = self.accepted(listener)
        peer.request()
        os.kill(child, 9)
        os.waitpid(child, 0)
        self.assertEqual(peer.end(), "reset")

    def test_destroyed(self) -> None:
        """ss --kill, which aborts a socket from outside."""
        sock, peer = self.begin()
        host, port = sock.sock_name()
        subprocess.run(
            f"ip netns exec client ss -K src {host} sport = {port}".split(),
            check=True,
            stdout=subprocess.DEVNULL,
        )
        self.assertEqual(peer.end(), "reset")
        sock.ended()
        self.assertEqual(sock.so_error(), "ECONNABORTED")
        # As after each failed non-blocking connect().
        self.assertEqual(sock.connect(TARGET), "ECONNABORTED")
        self.again(sock)

    def test_server_removed(self) -> None:
        """A server that is removed while a connection waits for it."""
        sock, peer = self.begin()
        self.configure(
            f"server add b {text(SERVER_B)}\n"
            "rule add to 203.0.113.0/24 via b\n"
        )
        peer.send(reply() + b"hello")
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
        sock.set_blocking(True)
        self.assertEqual(sock.recv_all(5), b"hello")
        self.assertEqual(sock.peer_name(), TARGET)
