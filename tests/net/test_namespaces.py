# SPDX-License-Identifier: GPL-2.0-only
"""Network namespaces: each has its own rules, and sockets keep theirs."""

import array
import socket
from collections.abc import Callable
from select import POLLOUT

from lib.case import FAMILIES, TestCase, each, socksctl
from lib.server import Listener, Peer, reply, request
from lib.sock import Sock
from lib.temporary import SERVER, Temporary
from lib.topology import SECOND_WAN, SERVER_SECOND, TARGET
from lib.wait import DEADLINE, in_child


class Namespaces(TestCase):
    """Two namespaces, with different rules at the same time."""

    def setUp(self) -> None:
        super().setUp()
        self.configure_second(words="userid second")
        self.first_server = self.listener()
        self.second_server = self.listener(SERVER_SECOND)

    def granted(self, sock: Sock, listener: Listener, userid: bytes) -> None:
        """See that this server gets the request."""
        peer = self.accepted(listener)
        self.assertEqual(peer.request(), request(TARGET, userid))
        peer.reply()
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
        self.assertEqual(sock.peer_name(), TARGET)

    @each(family=FAMILIES)
    def test_two(self, family: int) -> None:
        """Connections of both, to the same destination, at once."""
        first = self.sock(family, nonblocking=True)
        second = self.sock(
            family, nonblocking=True, namespace=self.net.second
        )
        self.assertEqual(first.connect(TARGET), "EINPROGRESS")
        self.assertEqual(second.connect(TARGET), "EINPROGRESS")
        self.granted(second, self.second_server, b"second")
        self.granted(first, self.first_server, b"")
        self.assertEqual(second.sock_name()[0], SECOND_WAN)

    def test_counters(self) -> None:
        """Counters are those of the namespace."""
        sock = self.sock(nonblocking=True, namespace=self.net.second)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        before = self.ctl.server("a")["tried"]
        self.granted(sock, self.second_server, b"second")
        self.assertEqual(socksctl(self.net.second).server("s")["granted"], 1)
        self.assertEqual(self.ctl.server("a")["tried"], before)

    def test_third(self) -> None:
        """A namespace that was never configured goes direct."""
        with self.net.outside.entered():
            sock = Sock(nonblocking=True)
        self.addCleanup(sock.close)
        target = Listener(self.net.outside, TARGET)
        self.addCleanup(target.close)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
        target.accept().close()

    @each(family=FAMILIES)
    def test_passed_socket(self, family: int) -> None:
        """A socket that is passed into another namespace keeps its rules."""
        sock = self.sock(family, nonblocking=True)
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        socket.send_fds(ours, [b"x"], [sock.fileno()])

        def program() -> str:
            _, fds, _, _ = socket.recv_fds(theirs, 1, 1)
            self.net.second.enter()
            passed = Sock.__new__(Sock)
            passed.family = family
            passed.socket = socket.socket(fileno=fds[0])
            return passed.connect(TARGET)

        self.assertEqual(in_child(program), "EINPROGRESS")
        self.assertTrue(self.second_server.idle())
        self.granted(sock, self.first_server, b"")

    @each(family=FAMILIES)
    def test_passed_in_handshake(self, family: int) -> None:
        """Also where that is in the midst of the handshake."""
        sock = self.sock(family, nonblocking=True)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(self.first_server)
        peer.request()
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        socket.send_fds(ours, [b"x"], [sock.fileno()])
        sock.close()
        peer.reply()

        def program() -> str:
            _, fds, _, _ = socket.recv_fds(theirs, 1, 1)
            self.net.second.enter()
            passed = Sock.__new__(Sock)
            passed.family = family
            passed.socket = socket.socket(fileno=fds[0])
            seen = [passed.poll(DEADLINE, POLLOUT), passed.so_error()]
            return repr([*seen, passed.peer_name(), passed.send(b"x")])

        self.assertEqual(in_child(program), repr(["OUT", "0", TARGET, 1]))
        self.assertEqual(peer.recv_all(1), b"x")

    def test_only_reference(self) -> None:
        """
        A socket on its way between two processes when it is connected, and
        never received: it goes with the socket pair.
        """
        sock = self.sock(nonblocking=True)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(self.first_server)
        peer.request()
        ours, theirs = socket.socketpair()
        ours.sendmsg(
            [b"x"],
            [
                (
                    socket.SOL_SOCKET,
                    socket.SCM_RIGHTS,
                    array.array("i", [sock.fileno()]),
                )
            ],
        )
        sock.close()
        ours.close()
        theirs.close()
        self.assertEqual(peer.end(), "reset")


class Deleted(TestCase):
    """A namespace that is deleted in the midst of a handshake."""

    def setUp(self) -> None:
        super().setUp()
        self.temporary = Temporary(self.net)
        self.server = self.listener(SERVER)
        self.own = self.sock(
            nonblocking=True, namespace=self.temporary.namespace
        )

    def test_granted(self) -> None:
        """The connection goes on, as a direct one does."""
        self.assertEqual(self.own.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(self.server)
        self.assertEqual(peer.request(), request(TARGET))
        self.temporary.delete()
        peer.send(reply() + b"hello")
        self.assertEqual(self.own.poll(DEADLINE, POLLOUT), "OUT")
        self.assertEqual(self.own.so_error(), "0")
        self.assertEqual(self.own.recv(10), b"hello")
        self.assertEqual(self.own.peer_name(), TARGET)
        self.own.close()
        self.temporary.gone()

    def test_given_up(self) -> None:
        """The socket is closed before the server has replied."""
        self.assertEqual(self.own.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(self.server)
        peer.request()
        self.temporary.delete()
        self.own.close()
        self.temporary.gone()

    def test_rules_stay(self) -> None:
        """As long as there is a socket, it has its rules."""
        self.temporary.delete()
        self.assertEqual(self.own.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(self.server)
        self.assertEqual(peer.request(), request(TARGET))
        peer.reply()
        self.assertEqual(self.own.poll(DEADLINE, POLLOUT), "OUT")
        self.own.close()
        self.temporary.gone()

    @each(how=(Peer.reset, Peer.finish))
    def test_server_gone(self, how: Callable[[Peer], None]) -> None:
        """The server goes away when the namespace has."""
        self.assertEqual(self.own.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(self.server)
        peer.request()
        self.temporary.delete()
        how(peer)
        self.own.ended()
        self.assertEqual(self.own.so_error(), "ECONNRESET")
        self.own.close()
        self.temporary.gone()

    def test_many(self) -> None:
        """Many connections in each state, closed all at once by the end of
        the process which has them."""

        def program() -> str:
            self.temporary.namespace.enter()
            self.own.close()
            socks = [
                Sock(FAMILIES[turn % 2], nonblocking=True) for turn in range(40)
            ]
            seen = {sock.connect(TARGET) for sock in socks}
            peers = [self.server.accept() for _ in socks]
            for turn, peer in enumerate(peers):
                peer.request()
                if turn % 4 == 1:
                    peer.send(reply()[:4])
                elif turn % 4 == 2:
                    peer.reply()
                elif turn % 4 == 3:
                    peer.finish()
            self.temporary.delete()
            return repr(seen)

        self.own.close()
        self.assertEqual(in_child(program), repr({"EINPROGRESS"}))
        self.temporary.namespace.close()
        self.temporary.gone()


class TimeIsUp(TestCase):
    """The time limit of a server holds when the namespace has gone, too."""

    def test_time_is_up(self) -> None:
        """Silence, and the connection ends; so does the namespace."""
        temporary = Temporary(self.net, timeout=1)
        server = self.listener(SERVER)
        own = self.sock(nonblocking=True, namespace=temporary.namespace)
        self.assertEqual(own.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(server)
        peer.request()
        temporary.delete()
        own.ended()
        self.assertEqual(own.so_error(), "ETIMEDOUT")
        own.close()
        temporary.gone()
