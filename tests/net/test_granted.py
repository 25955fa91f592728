# SPDX-License-Identifier: GPL-2.0-only
"""Connections that the server grants, and the requests that it gets."""

import os
import subprocess
from select import POLLOUT

from lib.case import FAMILIES, TestCase, each
from lib.server import Peer, reply, request
from lib.sock import Sock
from lib.topology import SERVER_A, TARGET, THROUGH_PREFIX, text
from lib.wait import DEADLINE, SYS_CONNECT, Call, in_child


def userid_configuration(userid: str) -> str:
    """A server with that USERID, and a rule for it."""
    return (
        f"server add a {text(SERVER_A)} timeout 60 userid {userid}\n"
        f"rule add to {THROUGH_PREFIX} via a\n"
    )


class Granted(TestCase):
    """Connections that the server grants."""

    def serve(self, sock: Sock, peer: Peer, version: int = 0) -> None:
        """Grant, and see that the connection then carries bytes."""
        peer.reply(version=version)
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
        self.assertEqual(sock.so_error(), "0")
        self.assertEqual(sock.send(b"ping"), 4)
        self.assertEqual(peer.recv_all(4), b"ping")
        peer.send(b"pong")
        sock.set_blocking(True)
        self.assertEqual(sock.recv_all(4), b"pong")

    @each(family=FAMILIES, version=(0, 4))
    def test_nonblocking(self, family: int, version: int) -> None:
        """connect() answers EINPROGRESS, poll() tells when it is granted."""
        sock, peer = self.begin(family)
        self.serve(sock, peer, version)

    @each(family=FAMILIES, version=(0, 4))
    def test_blocking(self, family: int, version: int) -> None:
        """connect() returns when it is granted, and not before."""
        listener = self.listener()
        sock = self.sock(family)
        call = Call(sock.connect, TARGET)
        peer = self.accepted(listener)
        self.assertEqual(peer.request(), request(TARGET))
        call.wait_blocked(SYS_CONNECT)
        peer.reply(version=version)
        self.assertEqual(call.result(), "0")
        self.assertEqual(sock.send(b"ping"), 4)
        self.assertEqual(peer.recv_all(4), b"ping")

    @each(family=FAMILIES)
    def test_request(self, family: int) -> None:
        """The request names the destination, and nothing comes after it."""
        listener = self.listener()
        for target in (
            ("203.0.113.1", 1),
            ("203.0.113.255", 65535),
            ("203.0.113.128", 258),
        ):
            sock = self.sock(family, nonblocking=True)
            self.assertEqual(sock.connect(target), "EINPROGRESS")
            peer = self.accepted(listener)
            self.assertEqual(peer.request(), request(target))
            peer.reply()
            self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
            self.assertEqual(peer.pending(), b"")

    @each(rest=(b"\xff" * 6, b"\x00\x5a\x00\x5a\x00\x5a", bytes(range(6))))
    def test_reply_address(self, rest: bytes) -> None:
        """What a reply has in DSTPORT and DSTIP means nothing."""
        sock, peer = self.begin()
        peer.send(reply(rest=rest))
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
        self.assertEqual(sock.so_error(), "0")
        self.assertEqual(sock.recv(1), "EAGAIN")

    @each(length=(1, 8, 255))
    def test_userid_fixed(self, length: int) -> None:
        """A fixed USERID is sent as it is."""
        userid = ("user.id-" * 32)[:length]
        self.configure(userid_configuration(f"string {userid}"))
        listener = self.listener()
        sock = self.sock(nonblocking=True)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(listener)
        self.assertEqual(peer.request(), request(TARGET, userid.encode()))
        self.serve(sock, peer)

    @each(family=FAMILIES, uid=(0, 1234, 4294967294))
    def test_userid_uid(self, family: int, uid: int) -> None:
        """With userid uid, USERID is the caller's effective user id."""
        self.configure(userid_configuration("uid"))
        listener = self.listener()
        sock = self.sock(family, nonblocking=True)

        def program() -> str:
            os.seteuid(uid)
            return sock.connect(TARGET)

        self.assertEqual(in_child(program), "EINPROGRESS")
        peer = self.accepted(listener)
        self.assertEqual(peer.request(), request(TARGET, b"%d" % uid))
        self.serve(sock, peer)

    def test_userid_setpriv(self) -> None:
        """The same for an ordinary program under another user."""
        self.configure(userid_configuration("uid"))
        listener = self.listener()
        program = subprocess.Popen(
            [
                *("ip", "netns", "exec", "client"),
                *("setpriv", "--reuid", "1234", "--clear-groups"),
                *("bash", "-c"),
                f"exec 3<>/dev/tcp/{TARGET[0]}/{TARGET[1]} && read -u3 line &&"
                ' echo "$line" >&3',
            ],
        )
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        peer = self.accepted(listener)
        self.assertEqual(peer.request(), request(TARGET, b"1234"))
        peer.send(reply() + b"hello\n")
        self.assertEqual(peer.end(), "end after b'hello\\n'")
        self.assertEqual(program.wait(DEADLINE), 0)

    def test_userid_none(self) -> None:
        """With userid none, USERID is empty, whoever asks."""
        self.configure(userid_configuration("none"))
        listener = self.listener()
        sock = self.sock(nonblocking=True)

        def program() -> str:
            os.seteuid(1234)
            return sock.connect(TARGET)

        self.assertEqual(in_child(program), "EINPROGRESS")
        peer = self.accepted(listener)
        self.assertEqual(peer.request(), request(TARGET))
        self.serve(sock, peer)

    @each(first=FAMILIES, second=FAMILIES)
    def test_again(self, first: int, second: int) -> None:
        """Connections after each other have nothing to do with each other."""
        listener = self.listener()
        for family in (first, second):
            sock = self.sock(family, nonblocking=True)
            self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
            peer = self.accepted(listener)
            self.assertEqual(peer.request(), request(TARGET))
            self.serve(sock, peer)
            sock.close()
            self.assertEqual(peer.end(), "end")
