# SPDX-License-Identifier: GPL-2.0-only
"""Network namespaces: each has its own rules, and sockets keep theirs."""

import array
import os
import socket
import subprocess

from lib.case import FAMILIES, TestCase, capture, each, socksctl
from lib.server import Listener, reply, request
from lib.sock import Sock
from lib.socksctl import Socksctl
from lib.topology import (
    SECOND_WAN,
    SERVER_SECOND,
    TARGET,
    THROUGH_PREFIX,
    Namespace,
    text,
)
from lib.wait import DEADLINE, in_child, until


class Namespaces(TestCase):
    """Two namespaces, with different rules at the same time."""

    def setUp(self) -> None:
        super().setUp()
        second = socksctl(self.net.second)
        second.apply(
            f"server add s {text(SERVER_SECOND)} userid second\n"
            f"rule add to {THROUGH_PREFIX} via s\n"
        )
        self.addCleanup(second.flush)
        self.first_server = self.listener()
        self.second_server = self.listener(SERVER_SECOND)

    def granted(self, sock: Sock, listener: Listener, userid: bytes) -> None:
        """See that this server gets the request."""
        peer = self.accepted(listener)
        self.assertEqual(peer.request(), request(TARGET, userid))
        peer.reply()
        self.assertEqual(sock.poll(DEADLINE, 0x4), "OUT")
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
        self.assertEqual(sock.poll(DEADLINE, 0x4), "OUT")
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
            seen = [passed.poll(DEADLINE, 0x4), passed.so_error()]
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

    SERVER = ("10.7.0.1", 1080)

    def setUp(self) -> None:
        super().setUp()
        ip = ("ip", "-batch", "-")
        subprocess.run(
            ip,
            input=f"""
netns add temporary
link add short netns temporary type veth peer name short netns firewall
""",
            text=True,
            check=True,
        )
        for name, host in (("temporary", "10.7.0.2"), ("firewall", "10.7.0.1")):
            subprocess.run(
                ("ip", "-n", name, "-batch", "-"),
                input=f"address add {host}/24 dev short\nlink set short up\n",
                text=True,
                check=True,
            )
        self.temporary = Namespace("temporary")
        ctl = Socksctl(self.temporary)
        ctl.apply(
            f"server add t {text(self.SERVER)}\n"
            f"rule add to {THROUGH_PREFIX} via t\n"
        )
        ctl.close()
        self.server = self.listener(self.SERVER)
        self.own = self.sock(nonblocking=True, namespace=self.temporary)

    def delete(self) -> None:
        """Delete the namespace. Its sockets keep it, unseen, for a while."""
        self.temporary.close()
        subprocess.run(("ip", "netns", "delete", "temporary"), check=True)

    def gone(self) -> None:
        """Wait until it is gone, of which its veth pair tells."""

        def veth_gone() -> bool:
            with self.net.firewall.entered():
                return "short" not in {name for _, name in socket.if_nameindex()}

        until(veth_gone, "end of the namespace")

    def test_granted(self) -> None:
        """The connection goes on, as a direct one does."""
        self.assertEqual(self.own.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(self.server)
        self.assertEqual(peer.request(), request(TARGET))
        self.delete()
        peer.send(reply() + b"hello")
        self.assertEqual(self.own.poll(DEADLINE, 0x4), "OUT")
        self.assertEqual(self.own.so_error(), "0")
        self.assertEqual(self.own.recv(10), b"hello")
        self.assertEqual(self.own.peer_name(), TARGET)
        self.own.close()
        self.gone()

    def test_given_up(self) -> None:
        """The socket is closed before the server has replied."""
        self.assertEqual(self.own.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(self.server)
        peer.request()
        self.delete()
        self.own.close()
        self.gone()

    def test_rules_stay(self) -> None:
        """As long as there is a socket, it has its rules."""
        self.delete()
        self.assertEqual(self.own.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(self.server)
        self.assertEqual(peer.request(), request(TARGET))
        peer.reply()
        self.assertEqual(self.own.poll(DEADLINE, 0x4), "OUT")
        self.own.close()
        self.gone()
