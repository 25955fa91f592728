# SPDX-License-Identifier: GPL-2.0-only
"""How programs wait for a connection: each way as with a direct one."""

import fcntl
import os
import select
import signal
import socket
import struct

from lib.case import FAMILIES, Signals, TestCase, each
from lib.path import Path
from lib.server import reply
from lib.sock import Epoll, Sock
from lib.topology import TARGET
from lib.wait import DEADLINE, SYS_CONNECT, Call, until

SYS_POLL = 7
F_SETSIG = 10

# Blocked here, before any test has begun a thread: a signal for the process
# goes to a thread that does not block it, such as one which an earlier test
# has joined and which is not quite gone yet, and ends the process there.
SIGNAL = signal.SIGRTMIN + 1
signal.pthread_sigmask(signal.SIG_BLOCK, {SIGNAL})


def set_timeout(sock: Sock, option: int, seconds: float) -> None:
    """Set SO_SNDTIMEO or SO_RCVTIMEO."""
    micro = int(seconds * 1e6)
    value = struct.pack("ll", micro // 1_000_000, micro % 1_000_000)
    sock.setsockopt(socket.SOL_SOCKET, option, value)


def ready(sock: Sock, timeout: float) -> list[bool]:
    """select(): is it in the sets for reading, writing, exceptions?"""
    sets = select.select([sock], [sock], [sock], timeout)
    return [bool(found) for found in sets]


class Waiting(TestCase):
    """Programs that wait with select(), poll(), epoll."""

    @each(family=FAMILIES, granted=(True, False))
    def test_select(self, family: int, granted: bool) -> None:
        """select()"""

        def program(path: Path) -> object:
            sock = self.sock(family, nonblocking=True)
            seen: list[object] = [sock.connect(path.target), ready(sock, 0)]
            path.arrived()
            seen.append(ready(sock, 0))
            if granted:
                path.grant()
                seen.append(ready(sock, DEADLINE))
            else:
                path.refuse()
                sock.ended()
                seen.append(ready(sock, DEADLINE))
            return [*seen, sock.so_error()]

        self.compare(program)

    @each(family=FAMILIES, granted=(True, False))
    def test_poll(self, family: int, granted: bool) -> None:
        """poll() which waits when the answer comes"""

        def program(path: Path) -> object:
            sock = self.sock(family, nonblocking=True)
            seen: list[object] = [sock.connect(path.target), sock.poll(0)]
            path.arrived()
            seen.append(sock.poll(0))
            call = Call(sock.poll, DEADLINE)
            call.wait_blocked(SYS_POLL)
            if granted:
                path.grant()
                seen.append(call.result())
            else:
                path.refuse()
                call.result()
                seen.append(sock.ended())
            return [*seen, sock.so_error(), sock.poll(0)]

        self.compare(program)

    @each(
        family=FAMILIES,
        edge=(False, True),
        before=(False, True),
        granted=(True, False),
    )
    def test_epoll(
        self, family: int, edge: bool, before: bool, granted: bool
    ) -> None:
        """epoll: no event before the answer, then EPOLLOUT and no other."""

        def program(path: Path) -> object:
            sock = self.sock(family, nonblocking=True)
            epoll = Epoll(edge)
            self.addCleanup(epoll.close)
            seen: list[object] = []
            if before:
                epoll.add(sock)
                seen.append(epoll.wait())
            seen.append(sock.connect(path.target))
            if not before:
                epoll.add(sock)
            seen.append(epoll.wait())
            path.arrived()
            seen.append(epoll.wait())
            if granted:
                path.grant()
                seen.append(epoll.wait(DEADLINE))
                # An edge is told of once, a level as long as it lasts.
                seen.append(epoll.wait())
            else:
                path.refuse()
                sock.ended()
                seen.append(epoll.wait(DEADLINE))
            return [*seen, sock.so_error(), sock.poll(0)]

        truth = self.compare(program)
        if granted:
            expected = ["OUT", "" if edge else "OUT", "0", "OUT|WRNORM"]
            self.assertEqual(truth[-4:], expected)

    @each(family=FAMILIES, edge=(False, True))
    def test_epoll_pieces(self, family: int, edge: bool) -> None:
        """No event while the reply comes in pieces, then one."""
        listener = self.listener()
        sock = self.sock(family, nonblocking=True)
        epoll = Epoll(edge)
        self.addCleanup(epoll.close)
        epoll.add(sock)
        epoll.wait()
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(listener)
        peer.request()
        for byte in reply()[:-1]:
            self.assertEqual(epoll.wait(), "")
            peer.send(bytes((byte,)))
            peer.wait_taken()
        self.assertEqual(epoll.wait(), "")
        peer.send(reply()[-1:])
        self.assertEqual(epoll.wait(DEADLINE), "OUT")
        self.assertEqual(epoll.wait(), "" if edge else "OUT")

    @each(family=FAMILIES, edge=(False, True))
    def test_epoll_banner(self, family: int, edge: bool) -> None:
        """With a banner behind the reply EPOLLIN comes, too."""
        sock, peer = self.begin(family)
        epoll = Epoll(edge)
        self.addCleanup(epoll.close)
        epoll.add(sock)
        self.assertEqual(epoll.wait(), "")
        peer.send(reply() + b"banner")
        self.assertEqual(epoll.wait(DEADLINE), "IN|OUT")
        self.assertEqual(sock.recv(100), b"banner")

    @each(family=FAMILIES)
    def test_epoll_data_later(self, family: int) -> None:
        """Edge-triggered: data after the grant is an edge of its own."""
        sock, peer = self.begin(family)
        epoll = Epoll(edge=True)
        self.addCleanup(epoll.close)
        epoll.add(sock)
        peer.reply()
        self.assertEqual(epoll.wait(DEADLINE), "OUT")
        peer.send(b"data")
        self.assertEqual(epoll.wait(DEADLINE), "IN|OUT")
        self.assertEqual(sock.recv(100), b"data")
        peer.finish()
        self.assertEqual(epoll.wait(DEADLINE), "IN|OUT|RDHUP")


class Blocking(TestCase):
    """A connect() that waits, and what ends the wait."""

    def setUp(self) -> None:
        super().setUp()
        self._signals: Signals | None = None

    def signals(self, restart: bool) -> Signals:
        """Catch SIGUSR1 for the rest of the test case."""
        signals = Signals(restart)
        self.addCleanup(signals.close)
        return signals

    @each(family=FAMILIES, granted=(True, False))
    def test_blocking(self, family: int, granted: bool) -> None:
        """It returns what the answer is."""

        def program(path: Path) -> object:
            sock = self.sock(family)
            call = Call(sock.connect, path.target)
            path.arrived()
            call.wait_blocked(SYS_CONNECT)
            if granted:
                path.grant()
            else:
                path.refuse()
            seen: list[object] = [call.result(), sock.so_error()]
            return [*seen, sock.poll(0), sock.tcp_state()]

        truth = self.compare(program)
        self.assertEqual(truth[0], "0" if granted else "ECONNREFUSED")

    @each(family=FAMILIES, granted=(True, False))
    def test_timeout(self, family: int, granted: bool) -> None:
        """SO_SNDTIMEO ends the wait; the connection goes on."""

        def program(path: Path) -> object:
            sock = self.sock(family)
            set_timeout(sock, socket.SO_SNDTIMEO, 0.05)
            seen: list[object] = [sock.connect(path.target)]
            path.arrived()
            seen += [sock.connect(path.target), sock.poll(0), sock.so_error()]
            if granted:
                path.grant()
                seen.append(sock.poll(DEADLINE))
                seen.append(sock.connect(path.target))
            else:
                path.refuse()
                seen.append(sock.ended())
            return [*seen, sock.connect(path.target)]

        truth = self.compare(program)
        self.assertEqual(truth[:4], ["EINPROGRESS", "EALREADY", "", "0"])

    @each(family=FAMILIES)
    def test_timeout_long_enough(self, family: int) -> None:
        """Where the answer comes within SO_SNDTIMEO it is as without."""

        def program(path: Path) -> object:
            sock = self.sock(family)
            set_timeout(sock, socket.SO_SNDTIMEO, 4 * DEADLINE)
            call = Call(sock.connect, path.target)
            path.arrived()
            call.wait_blocked(SYS_CONNECT)
            path.grant()
            return [call.result(), sock.so_error(), sock.poll(0)]

        self.assertEqual(self.compare(program)[0], "0")

    @each(family=FAMILIES, granted=(True, False), timeout=(False, True))
    def test_signal(self, family: int, granted: bool, timeout: bool) -> None:
        """EINTR; then connect() again goes on."""
        signals = self.signals(restart=False)

        def program(path: Path) -> object:
            sock = self.sock(family)
            if timeout:
                set_timeout(sock, socket.SO_SNDTIMEO, 4 * DEADLINE)
            call = Call(sock.connect, path.target)
            path.arrived()
            call.wait_blocked(SYS_CONNECT)
            signals.send(call.ident)
            seen: list[object] = [call.result(), sock.poll(0), sock.so_error()]
            call = Call(sock.connect, path.target)
            call.wait_blocked(SYS_CONNECT)
            if granted:
                path.grant()
            else:
                path.refuse()
            return [*seen, call.result(), sock.so_error()]

        truth = self.compare(program)
        self.assertEqual(truth[0], "EINTR")

    @each(family=FAMILIES, granted=(True, False))
    def test_signal_then_poll(self, family: int, granted: bool) -> None:
        """EINTR; then poll() tells of the end."""
        signals = self.signals(restart=False)

        def program(path: Path) -> object:
            sock = self.sock(family)
            call = Call(sock.connect, path.target)
            path.arrived()
            call.wait_blocked(SYS_CONNECT)
            signals.send(call.ident)
            seen: list[object] = [call.result()]
            sock.set_blocking(False)
            seen.append(sock.connect(path.target))
            if granted:
                path.grant()
                seen.append(sock.poll(DEADLINE))
            else:
                path.refuse()
                seen.append(sock.ended())
            return [*seen, sock.so_error()]

        truth = self.compare(program)
        self.assertEqual(truth[:2], ["EINTR", "EALREADY"])

    @each(family=FAMILIES, granted=(True, False))
    def test_signal_restart(self, family: int, granted: bool) -> None:
        """With SA_RESTART the wait goes on."""
        signals = self.signals(restart=True)

        def program(path: Path) -> object:
            sock = self.sock(family)
            call = Call(sock.connect, path.target)
            path.arrived()
            for _ in range(3):
                call.wait_blocked(SYS_CONNECT)
                signals.send(call.ident)
            call.wait_blocked(SYS_CONNECT)
            if granted:
                path.grant()
            else:
                path.refuse()
            return [call.result(), sock.so_error()]

        truth = self.compare(program)
        self.assertEqual(truth[0], "0" if granted else "ECONNREFUSED")

    @each(family=FAMILIES)
    def test_signal_timeout_restart(self, family: int) -> None:
        """With SA_RESTART and SO_SNDTIMEO it is EINTR all the same."""
        signals = self.signals(restart=True)

        def program(path: Path) -> object:
            sock = self.sock(family)
            set_timeout(sock, socket.SO_SNDTIMEO, 4 * DEADLINE)
            call = Call(sock.connect, path.target)
            path.arrived()
            call.wait_blocked(SYS_CONNECT)
            signals.send(call.ident)
            seen = [call.result()]
            path.grant()
            return [*seen, sock.poll(DEADLINE)]

        self.assertEqual(self.compare(program)[0], "EINTR")

    @each(family=FAMILIES, granted=(True, False))
    def test_two_threads(self, family: int, granted: bool) -> None:
        """Two threads wait in connect() of one socket."""

        def program(path: Path) -> object:
            sock = self.sock(family)
            calls = [Call(sock.connect, path.target) for _ in range(2)]
            for call in calls:
                call.wait_blocked(SYS_CONNECT)
            path.arrived()
            if granted:
                path.grant()
            else:
                path.refuse()
            return sorted(call.result() for call in calls)

        self.compare(program)


class Sigio(TestCase):
    """O_ASYNC: what is signalled, and when."""

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(self.drain)

    def drain(self) -> list[int]:
        """The poll bands of the signals that are pending."""
        bands = []
        while info := signal.sigtimedwait([SIGNAL], 0):
            bands.append(info.si_band)
        return bands

    def async_sock(self, family: int) -> Sock:
        """A socket whose events are signalled to this process."""
        sock = self.sock(family, nonblocking=True)
        fcntl.fcntl(sock, F_SETSIG, SIGNAL)
        fcntl.fcntl(sock, fcntl.F_SETOWN, os.getpid())
        flags = fcntl.fcntl(sock, fcntl.F_GETFL)
        fcntl.fcntl(sock, fcntl.F_SETFL, flags | os.O_ASYNC)
        return sock

    @each(family=FAMILIES, granted=(True, False))
    def test_sigio(self, family: int, granted: bool) -> None:
        """A signal comes with the answer, and none before."""

        def program(path: Path) -> object:
            sock = self.async_sock(family)
            self.drain()
            seen: list[object] = [sock.connect(path.target)]
            path.arrived()
            seen.append(self.drain())
            if granted:
                path.grant()
                sock.poll(DEADLINE)
            else:
                path.refuse()
                sock.ended()
            bands = until(self.drain, "signal")
            seen.append(bands[0])
            return seen

        truth = self.compare(program)
        self.assertEqual(truth[1], [])

    @each(family=FAMILIES)
    def test_sigio_banner(self, family: int) -> None:
        """Signals for data come after it, as before."""
        sock = self.async_sock(family)
        self.drain()
        listener = self.listener()
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(listener)
        peer.request()
        peer.send(reply()[:5])
        peer.wait_taken()
        self.assertEqual(self.drain(), [])
        peer.send(reply()[5:])
        sock.poll(DEADLINE)
        until(self.drain, "signal")
        peer.send(b"data")
        peer.wait_taken()
        bands = until(self.drain, "signal")
        self.assertTrue(bands[0] & select.POLLIN)

    @each(family=FAMILIES)
    def test_sigio_set_meanwhile(self, family: int) -> None:
        """O_ASYNC that is set, or cleared, in mid-connect."""

        def program(path: Path) -> object:
            sock = self.async_sock(family)
            other = self.sock(family, nonblocking=True)
            seen: list[object] = [sock.connect(path.target)]
            path.arrived()
            flags = fcntl.fcntl(sock, fcntl.F_GETFL)
            fcntl.fcntl(sock, fcntl.F_SETFL, flags & ~os.O_ASYNC)
            self.drain()
            path.grant()
            seen += [sock.poll(DEADLINE), self.drain()]

            path = path.again()
            self.addCleanup(path.close)
            seen.append(other.connect(path.target))
            path.arrived()
            fcntl.fcntl(other, F_SETSIG, SIGNAL)
            fcntl.fcntl(other, fcntl.F_SETOWN, os.getpid())
            flags = fcntl.fcntl(other, fcntl.F_GETFL)
            fcntl.fcntl(other, fcntl.F_SETFL, flags | os.O_ASYNC)
            seen.append(self.drain())
            path.grant()
            seen.append(other.poll(DEADLINE))
            return [*seen, until(self.drain, "signal")[0]]

        self.compare(program)
