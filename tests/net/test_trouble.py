# SPDX-License-Identifier: GPL-2.0-only
"""Servers which are silent, go away, or can't be reached."""

import itertools
import os
import signal
import subprocess
import time
from select import POLLOUT

from lib.case import FAMILIES, TestCase, each
from lib.server import GRANTED, REJECTED, Peer, reply, request
from lib.sock import Sock
from lib.temporary import SERVER, Temporary
from lib.topology import (
    CLOSED_PORT,
    DIRECT,
    NO_ROUTE,
    SERVER_A,
    TARGET,
    THROUGH_PREFIX,
    text,
)
from lib.wait import DEADLINE, SYS_CONNECT, Call

# Longer than any server takes that is in time: TCP may put off each
# acknowledgement for which one waits, by 40 ms.
LIMIT = 5


class TimeLimit(TestCase):
    """Servers with a time limit."""

    configuration = f"""
server add a {text(SERVER_A)} timeout {LIMIT}
rule add to {THROUGH_PREFIX} via a
"""

    def late(self, socks: list[Sock], calls: list[Call], start: float) -> None:
        """See that all connections end for want of a reply, not earlier."""
        for call in calls:
            self.assertEqual(call.result(), "ETIMEDOUT")
        for sock in socks:
            sock.ended()
            self.assertEqual(sock.so_error(), "ETIMEDOUT")
            self.assertEqual(sock.so_error(), "0")
        self.assertGreater(time.monotonic() - start, LIMIT - 0.1)

    def test_silent(self) -> None:
        """No reply, or a part of one, or one byte now and one then."""
        listener = self.listener()
        start = time.monotonic()
        socks, calls, peers = [], [], []
        for family in FAMILIES:
            for length in range(8):
                sock = self.sock(family, nonblocking=True)
                self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
                peer = self.accepted(listener)
                peer.request()
                for byte in reply()[:length]:
                    peer.send(bytes((byte,)))
                    peer.wait_taken()
                self.assertEqual(sock.poll(0), "")
                socks.append(sock)
                peers.append(peer)
            sock = self.sock(family)
            calls.append(Call(sock.connect, TARGET))
            peer = self.accepted(listener)
            peer.request()
            peers.append(peer)
        self.late(socks, calls, start)
        for peer in peers:
            self.assertIn(peer.end(), ("end", "reset"))

    def test_no_answer(self) -> None:
        """A server host that never answers the SYN."""
        held = self.net.held_address()
        self.configure(
            f"server add a {held}:1080 timeout {LIMIT}\n"
            f"rule add to {THROUGH_PREFIX} via a\n"
        )
        start = time.monotonic()
        socks, calls = [], []
        for family in FAMILIES:
            sock = self.sock(family, nonblocking=True)
            self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
            socks.append(sock)
            calls.append(Call(self.sock(family).connect, TARGET))
        self.late(socks, calls, start)

    def test_from_connect_on(self) -> None:
        """The limit counts from connect(); replying in time is in time."""
        sock, peer = self.begin()
        peer.reply()
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
        # The limit, of another connection that began later, passes.
        late = self.sock(nonblocking=True)
        self.assertEqual(late.connect(TARGET), "EINPROGRESS")
        late.ended()
        self.assertEqual(late.so_error(), "ETIMEDOUT")
        sock.set_blocking(True)
        self.assertEqual(sock.send(b"x"), 1)
        self.assertEqual(peer.recv_all(1), b"x")
        peer.send(b"y")
        self.assertEqual(sock.recv_all(1), b"y")


class GoesAway(TestCase):
    """Servers which close the connection before they have replied."""

    @each(
        family=FAMILIES,
        how=(Peer.finish, Peer.reset, Peer.close),
        code=(GRANTED, REJECTED),
    )
    def test_nonblocking(self, family: int, how: object, code: int) -> None:
        """After each number of bytes, in the same segment or later."""
        assert callable(how)
        for length in range(8):
            for taken in (False, True):
                with self.subTest(length=length, taken=taken):
                    sock, peer = self.begin(family)
                    peer.send(reply(code)[:length])
                    if taken:
                        peer.wait_taken()
                        self.assertEqual(sock.poll(0), "")
                    how(peer)
                    self.assertEqual(
                        sock.ended(), "IN|OUT|ERR|HUP|RDNORM|WRNORM|RDHUP"
                    )
                    self.assertEqual(sock.so_error(), "ECONNRESET")
                    self.assertEqual(sock.so_error(), "0")
                    self.assertEqual(sock.recv(10), b"")
                    sock.close()
                    peer.close()

    @each(family=FAMILIES, how=(Peer.finish, Peer.reset))
    def test_blocking(self, family: int, how: object) -> None:
        """The same for a connect() which waits."""
        assert callable(how)
        listener = self.listener()
        for length in range(8):
            with self.subTest(length=length):
                sock = self.sock(family)
                call = Call(sock.connect, TARGET)
                peer = self.accepted(listener)
                peer.request()
                peer.send(reply()[:length])
                how(peer)
                self.assertEqual(call.result(), "ECONNRESET")
                self.assertEqual(sock.so_error(), "0")
                sock.close()
                peer.close()

    @each(family=FAMILIES, how=(Peer.finish, Peer.reset), length=(0, 4))
    def test_recv(self, family: int, how: object, length: int) -> None:
        """Where recv() asks first it gets the errno, and no end of file."""
        assert callable(how)
        sock, peer = self.begin(family)
        peer.send(reply()[:length])
        how(peer)
        sock.ended()
        self.assertEqual(sock.recv(10), "ECONNRESET")
        self.assertEqual(sock.so_error(), "0")
        self.assertEqual(sock.recv(10), b"")

    def test_without_reading(self) -> None:
        """Servers that close at once, with the request unread."""
        listener = self.listener()
        for how in (Peer.close, Peer.reset):
            with self.subTest(how=how.__name__):
                sock = self.sock(nonblocking=True)
                self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
                how(self.accepted(listener))
                sock.ended()
                self.assertEqual(sock.so_error(), "ECONNRESET")


class OutOfReach(TestCase):
    """Servers that can't be connected to: as if one connected to them."""

    SERVERS = {
        "noroute": NO_ROUTE,
        "closed": CLOSED_PORT,
        "loopback": ("127.0.0.1", 1),
    }
    TARGETS = {
        name: (f"203.0.113.{number}", 80)
        for number, name in enumerate(SERVERS, 1)
    }
    configuration = "".join(
        f"server add {name} {text(address)}\n"
        for name, address in SERVERS.items()
    ) + "".join(
        f"rule add to {address[0]} via {name}\n"
        for name, address in TARGETS.items()
    )

    @each(family=FAMILIES, server=SERVERS)
    def test_nonblocking(self, family: int, server: str) -> None:
        """connect() to the destination gives what one to the server does."""

        def program(address: tuple[str, int]) -> object:
            sock = self.sock(family, nonblocking=True)
            seen = [sock.connect(address)]
            if seen == ["EINPROGRESS"]:
                seen.append(sock.ended())
            seen += [sock.so_error(), sock.so_error(), sock.poll(0)]
            seen += [sock.recv(10), sock.peer_name()]
            return seen

        truth = program(self.SERVERS[server])
        self.assertEqual(program(self.TARGETS[server]), truth)

    @each(family=FAMILIES, server=SERVERS)
    def test_blocking(self, family: int, server: str) -> None:
        """The same for a connect() which waits."""

        def program(address: tuple[str, int]) -> object:
            sock = self.sock(family)
            seen = [sock.connect(address), sock.so_error(), sock.poll(0)]
            # It is no worse for it.
            seen.append(sock.connect(DIRECT))
            return seen

        self.listener(DIRECT)
        truth = program(self.SERVERS[server])
        self.assertEqual(program(self.TARGETS[server]), truth)
        expected = {
            "noroute": "EHOSTUNREACH",
            "closed": "ECONNREFUSED",
            "loopback": "ECONNREFUSED",
        }
        self.assertEqual(truth, [expected[server], "0", truth[2], "0"])

    @each(family=FAMILIES, blocking=(False, True))
    def test_icmp(self, family: int, blocking: bool) -> None:
        """A router on the way which says that the server is out of reach."""

        def program(server: str, target: tuple[str, int]) -> object:
            sock = self.sock(family, nonblocking=not blocking)
            call = Call(sock.connect, target)
            if blocking:
                call.wait_blocked(SYS_CONNECT)
            else:
                self.assertEqual(call.result(), "EINPROGRESS")
            self.net.answer(server)
            seen = [call.result()]
            if not blocking:
                seen.append(sock.ended())
            return [*seen, sock.so_error(), sock.so_error(), sock.poll(0)]

        server = self.net.unreachable_address()
        truth = program(server, (server, 1080))
        self.assertIn("EHOSTUNREACH", truth)
        server = self.net.unreachable_address()
        self.configure(
            f"server add a {server}:1080\nrule add to {THROUGH_PREFIX} via a\n"
        )
        self.assertEqual(program(server, TARGET), truth)

    def test_no_address_at_all(self) -> None:
        """No route to the server at all: ENETUNREACH, as directly."""
        self.configure_second(SERVER_A)
        for family in FAMILIES:
            with self.subTest(family=family):
                sock = self.sock(family, namespace=self.net.second)
                self.assertEqual(sock.connect(SERVER_A), "ENETUNREACH")
                self.assertEqual(sock.connect(TARGET), "ENETUNREACH")


class Death(TestCase):
    """The server's process is killed, or its host drops out of the network."""

    # How far the handshake has come: bytes of the reply which were sent, or
    # SILENT: the request was not even read.
    SILENT = -1
    STEPS = (SILENT, 0, 4, 7)

    def begun(self, peer: Peer, step: int) -> None:
        """Bring the handshake to a step."""
        if step != self.SILENT:
            self.assertEqual(peer.request(), request(TARGET))
            peer.send(reply()[:step])
        peer.wait_taken()

    @each(family=FAMILIES, step=STEPS)
    def test_killed(self, family: int, step: int) -> None:
        """SIGKILL to the server's process, at each step."""
        listener = self.listener()
        sock = self.sock(family, nonblocking=True)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        ready, go = os.pipe()
        child = os.fork()
        if not child:
            try:
                peer = listener.accept()
                self.begun(peer, step)
                os.write(go, b"x")
                signal.pause()
            finally:
                os._exit(1)
        os.close(go)
        try:
            self.assertEqual(os.read(ready, 1), b"x")
            self.assertEqual(sock.poll(0), "")
        finally:
            os.close(ready)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        sock.ended()
        self.assertEqual(sock.so_error(), "ECONNRESET")
        self.assertEqual(sock.so_error(), "0")


class Vanished(TestCase):
    """The server vanishes without a word: only the time limit tells."""

    LIMIT = 2
    # Bytes of the reply which were sent.
    LENGTHS = (0, 4, 7)

    def ip(self, namespace: str, command: str) -> None:
        """ip(8), in a namespace."""
        subprocess.run(("ip", "-n", namespace, *command.split()), check=True)

    @each(
        where=("firewall", "temporary"),
        command=("link set short down", "address flush dev short"),
    )
    def test_vanished(self, where: str, command: str) -> None:
        """Before the handshake, and at each step of it."""
        temporary = Temporary(self.net, timeout=self.LIMIT)
        listener = self.listener(SERVER)

        def program(family: int) -> Sock:
            return self.sock(
                family, nonblocking=True, namespace=temporary.namespace
            )

        socks = []
        for family, length in itertools.product(FAMILIES, self.LENGTHS):
            socks.append(program(family))
            self.assertEqual(socks[-1].connect(TARGET), "EINPROGRESS")
            peer = self.accepted(listener)
            self.assertEqual(peer.request(), request(TARGET))
            peer.send(reply()[:length])
            peer.wait_taken()
        self.ip(where, command)
        for family in FAMILIES:
            sock = program(family)
            result = sock.connect(TARGET)
            if where == "temporary":
                # What it is directly, where there is no way.
                self.assertEqual(result, "ENETUNREACH")
                sock.close()
            else:
                self.assertEqual(result, "EINPROGRESS")
                socks.append(sock)
        for sock in socks:
            sock.ended()
            self.assertIn(sock.so_error(), ("ETIMEDOUT", "EHOSTUNREACH"))
            self.assertEqual(sock.so_error(), "0")
            sock.close()
        temporary.delete()
        temporary.gone()
