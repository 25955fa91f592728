# SPDX-License-Identifier: GPL-2.0-only
"""socksctl abort: an administrator ends connections."""

import ctypes
import socket
import subprocess
from select import POLLOUT

from lib.case import FAMILIES, IPV4, SLOW, TestCase, each
from lib.genetlink import Genetlink, attribute
from lib.module import references
from lib.path import Path
from lib.server import bind_reply, reply
from lib.sock import Sock
from lib.topology import (
    SERVER_A,
    SERVER_B,
    SERVER_SECOND,
    TARGET,
    THROUGH_PREFIX,
    text,
)
from lib.userfault import Userfault
from lib.wait import (
    DEADLINE,
    SYS_ACCEPT4,
    SYS_CONNECT,
    SYS_RECVFROM,
    SYS_SETSOCKOPT,
    Call,
    until,
)

BOUND = ("192.0.2.1", 4321)
MSG_DONTWAIT = 0x40
# Sockets whose fate is decided at the same time.
TOGETHER = 20

_libc = ctypes.CDLL(None, use_errno=True)


class Abort(TestCase):
    """What becomes of a connection that is aborted."""

    def setUp(self) -> None:
        super().setUp()
        self.alone()

    def abort(self, words: str = "all", count: int = 1) -> None:
        """Abort so many connections."""
        rows = self.ctl.abort(words)
        self.assertEqual(len(rows), count, rows)

    def free(self) -> None:
        """See that nothing holds the module any more."""
        until(lambda: references() == 0, "no reference to the module")

    def again(self, sock: Sock) -> None:
        """A socket whose connection failed can connect again."""
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(self.listener())
        peer.request()
        peer.reply()
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
        self.assertEqual(sock.so_error(), "0")

    def ended(self, sock: Sock) -> None:
        """The program sees that its connect() was aborted."""
        sock.ended()
        self.assertEqual(sock.so_error(), "ECONNABORTED")
        self.assertEqual(sock.so_error(), "0")
        # As after each failed non-blocking connect().
        self.assertEqual(sock.connect(TARGET), "ECONNABORTED")

    @each(family=FAMILIES, part=(b"", reply()[:5]))
    def test_waiting(self, family: int, part: bytes) -> None:
        """The server is to reply, or to go on with it."""
        failed = self.ctl.server("a")["failed"]
        sock, peer = self.begin(family)
        peer.send(part)
        peer.wait_taken()
        self.abort()
        self.assertIn(peer.end(), ("reset", "end"))
        self.assertEqual(self.ctl.server("a")["failed"], failed + 1)
        self.free()
        self.ended(sock)
        self.again(sock)

    @each(family=FAMILIES)
    def test_connecting(self, family: int) -> None:
        """The server has not answered TCP yet."""
        held = self.net.held_address()
        self.configure(
            f"server add a {held}:1080\nrule add to {THROUGH_PREFIX} via a\n"
        )
        sock = self.sock(family, nonblocking=True)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        self.abort()
        self.free()
        self.ended(sock)

    @each(family=FAMILIES)
    def test_blocking(self, family: int) -> None:
        """A connect() that waits."""
        listener = self.listener()
        sock = self.sock(family)
        call = Call(sock.connect, TARGET)
        self.accepted(listener).request()
        call.wait_blocked(SYS_CONNECT)
        self.abort()
        self.assertEqual(call.result(), "ECONNABORTED")
        self.free()

    @each(family=FAMILIES)
    def test_established(self, family: int) -> None:
        """A recv() that waits; and the socket, which is kept, holds nothing."""
        sock, peer = self.established(family)
        call = Call(sock.recv, 1)
        call.wait_blocked(SYS_RECVFROM)
        self.abort()
        self.assertEqual(call.result(), "ECONNABORTED")
        self.assertEqual(peer.end(), "reset")
        self.assertEqual(self.ctl.connections(), [])
        self.assertEqual(self.ctl.server("a")["established"], 0)
        self.free()
        self.assertEqual(sock.recv(1), b"")
        self.assertEqual(sock.send(b"x"), "EPIPE")
        self.assertEqual(sock.peer_name(), "ENOTCONN")

    def test_as_a_direct_one(self) -> None:
        """The program sees the same as where ss --kill ends a direct one."""

        def program(path: Path) -> list[object]:
            sock = Sock(IPV4, nonblocking=True)
            seen: list[object] = [sock.connect(path.target)]
            path.grant()
            seen += [sock.poll(DEADLINE, POLLOUT), sock.so_error()]
            host, port = sock.sock_name()
            if path is direct:
                subprocess.run(
                    f"ss -K src {host} sport = {port}".split(),
                    check=True,
                    stdout=subprocess.DEVNULL,
                )
            else:
                self.abort()
            seen += [sock.ended(), sock.recv(1), sock.poll(), sock.recv(1)]
            seen += [sock.send(b"x"), sock.peer_name(), sock.so_error()]
            seen += [sock.shutdown(socket.SHUT_RDWR), sock.disconnect()]
            sock.close()
            return seen

        direct = self.direct()
        with self.net.client.entered():
            truth = program(direct)
            self.assertIn("ECONNABORTED", truth)
            self.assertEqual(program(self.through()), truth)

    def test_filters(self) -> None:
        """Only what is meant."""
        socks = [self.established(target=(TARGET[0], port))[0] for port in (1, 2)]
        other = self.begin(target=(TARGET[0], 2))[0]
        self.abort("port 3", 0)
        self.abort("via b", 0)
        self.abort("port 2 state established")
        self.assertEqual(socks[1].recv(1), "ECONNABORTED")
        self.abort(f"state connecting to {TARGET[0]}")
        self.assertEqual(other.so_error(), "ECONNABORTED")
        self.assertEqual(socks[0].recv(1, MSG_DONTWAIT), "EAGAIN")
        self.abort("all")
        self.assertEqual(socks[0].recv(1), "ECONNABORTED")

    def test_namespaces(self) -> None:
        """Only in one's own network namespace."""
        self.configure_second()
        server = self.listener(SERVER_SECOND)
        theirs = self.sock(nonblocking=True, namespace=self.net.second)
        self.assertEqual(theirs.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(server)
        peer.request()
        ours, _ = self.begin()
        self.abort()
        self.ended(ours)
        peer.reply()
        self.assertEqual(theirs.poll(DEADLINE, POLLOUT), "OUT")
        self.assertEqual(theirs.so_error(), "0")

    def test_locked(self) -> None:
        """
        A program holds the socket's lock for as long as it likes: who aborts
        does not wait for that, and the connection ends when it can.
        """
        sock, peer = self.established()
        fault = Userfault()
        self.addCleanup(fault.close)

        def send() -> int:
            sent: int = _libc.send(
                *(sock.fileno(), ctypes.c_void_p(fault.address)),
                *(fault.size, socket.MSG_NOSIGNAL),
            )
            return sent

        call = Call(send)
        fault.wait()
        self.abort()
        self.assertFalse(call.done)
        self.assertEqual(self.ctl.connections()[0]["state"], "established")
        fault.fill()
        call.result()
        self.assertIn(peer.end(), ("reset", "end"))
        self.free()

    def test_lock_held_at_once(self) -> None:
        """
        Of many requests which come in one datagram, the last alone waits for
        such a program: netlink families come and go only between datagrams.
        """
        sock, peer = self.established()
        fault = Userfault()
        self.addCleanup(fault.close)
        with self.net.client.entered():
            netlink = Genetlink()
        self.addCleanup(netlink.close)
        message = netlink.message(
            "CONNECTION_ABORT",
            attribute(
                "CONNECTION_COOKIES", self.ctl.connections()[0]["cookie"], 8
            ),
        )

        call = Call(
            fault.setsockopt, sock.fileno(), socket.SOL_IP, socket.IP_OPTIONS
        )
        fault.wait()
        # If each waited, this would be longer than anything may take.
        count = 10 + int(DEADLINE)
        Call(netlink.socket.sendto, message * count, (0, 0)).result()
        self.assertEqual(netlink.answers(), ([(0, 0)] * count, False))
        self.assertFalse(call.done)
        fault.fill()
        call.result()
        self.assertIn(peer.end(), ("reset", "end"))
        self.free()

    def test_about_to_go_on(self) -> None:
        """
        Aborted as its server fails, a connection does not go on to the next
        one, whichever of the two is seen first.
        """
        failing = self.listener(SERVER_B)
        # The next one listens, and never replies.
        self.listener()
        self.configure(
            f"server add dead {text(SERVER_B)} timeout 60\n"
            f"server add a {text(SERVER_A)} timeout 60\n"
            f"rule add to {THROUGH_PREFIX} via dead,a\n"
        )
        fault = Userfault()
        self.addCleanup(fault.close)
        pairs = []
        for _ in range(TOGETHER):
            sock = self.sock(nonblocking=True)
            self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
            peer = self.accepted(failing)
            peer.request()
            pairs.append((sock, peer))

        # With the socket's lock held, all that comes waits.
        calls = [
            Call(fault.setsockopt, sock.fileno(), socket.SOL_IP, socket.IP_OPTIONS)
            for sock, _ in pairs
        ]
        for call in calls:
            call.wait_blocked(SYS_SETSOCKOPT)
        for _, peer in pairs:
            peer.close()
        self.abort("all", len(pairs))
        fault.fill()
        for call in calls:
            self.assertEqual(call.result(), 0)
        for sock, _ in pairs:
            self.ended(sock)
        self.free()

    def test_many(self) -> None:
        """More than go into one message."""
        listener = self.listener()
        socks = []
        for _ in range(60 if SLOW else 600):
            sock = self.sock(nonblocking=True)
            self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
            socks.append((sock, self.accepted(listener)))
        self.abort("all", len(socks))
        for sock, _ in socks:
            self.assertEqual(sock.so_error(), "ECONNABORTED")
        self.free()


class Rbind(TestCase):
    """Connections of Rbind()."""

    def setUp(self) -> None:
        super().setUp()
        self.alone()

    def test_asking(self) -> None:
        """The server has not answered yet."""
        _, call, inner = self.ask_rbind(lambda sock: "granted")
        call.wait_blocked(SYS_SETSOCKOPT)
        self.assertEqual(len(self.ctl.abort("state connecting")), 1)
        self.assertEqual(call.result(), "ECONNABORTED")
        self.assertEqual(inner.end(), "reset")

    def test_listening(self) -> None:
        """An accept() that waits."""

        def accept(sock: Sock) -> list[str]:
            return [sock.listen(), sock.accept()]

        sock, call, inner = self.ask_rbind(accept)
        inner.send(bind_reply(BOUND))
        call.wait_blocked(SYS_ACCEPT4)
        self.assertEqual(len(self.ctl.abort("state listening")), 1)
        self.assertEqual(call.result(), ["0", "ECONNABORTED"])
        self.assertEqual(inner.end(), "reset")
        sock.set_blocking(False)
        self.assertEqual(sock.accept(), "EAGAIN")

    @each(accepted=(False, True))
    def test_established(self, accepted: bool) -> None:
        """The peer has come, and perhaps accept() has been called."""
        sock, call, inner = self.ask_rbind(lambda sock: sock.listen())
        inner.send(bind_reply(BOUND) + bind_reply((TARGET[0], 20)))
        self.assertEqual(call.result(), "0")
        sock.poll(DEADLINE)
        new = sock.accepted() if accepted else None
        words = "state established port 20"
        self.assertEqual(len(self.ctl.abort(words)), 1)
        self.assertEqual(inner.end(), "reset")
        if new is None:
            new = sock.accepted()
        assert isinstance(new, Sock)
        self.addCleanup(new.close)
        self.assertEqual(new.recv(1), "ECONNABORTED")
        self.assertEqual(new.recv(1), b"")
