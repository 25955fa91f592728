# SPDX-License-Identifier: GPL-2.0-only
"""What all test cases are made from."""

import functools
import itertools
import os
import signal
import socket
import unittest
from collections.abc import Callable
from select import POLLOUT
from typing import Any, TypeVar

from .capture import Capture
from .path import Direct, Path, Through
from .server import BIND, Listener, Peer, request
from .sock import Sock
from .socksctl import Socksctl
from .topology import (
    REJECT_PREFIX,
    SERVER_A,
    SERVER_SECOND,
    TARGET,
    THROUGH_PREFIX,
    Namespace,
    Topology,
    text,
    topology,
)
from .wait import DEADLINE, Call, until

IPV4 = socket.AF_INET
MAPPED = socket.AF_INET6
FAMILIES = (IPV4, MAPPED)
# The debug kernel is many times as slow.
SLOW = os.environ.get("SOCKS_KERNEL") == "debug"
# Whether to take hours where minutes would do: tests/net/run --long.
LONG = "SOCKS_LONG" in os.environ

CONFIGURATION = f"""
server add a {text(SERVER_A)} timeout 60
rule add to {THROUGH_PREFIX} via a
rule add to {REJECT_PREFIX} reject
"""

_LABELS = {IPV4: "ipv4", MAPPED: "mapped"}

Function = TypeVar("Function", bound=Callable[..., None])


def each(**axes: Any) -> Callable[[Function], Function]:
    """Make a test case of a method for each combination of these values."""

    def mark(function: Function) -> Function:
        setattr(function, "axes", axes)
        return function

    return mark


def _label(value: Any) -> str:
    if isinstance(value, socket.AddressFamily):
        return _LABELS[value]
    if callable(value):
        return str(value.__name__).strip("_")
    if isinstance(value, tuple):
        return "-".join(_label(part) for part in value)
    if isinstance(value, bytes):
        return value.hex()
    return str(value).lower() if isinstance(value, bool) else str(value)


def _with_arguments(
    function: Callable[..., None], arguments: dict[str, Any]
) -> Callable[..., None]:
    @functools.wraps(function)
    def case(self: "TestCase") -> None:
        function(self, **arguments)

    del case.axes  # type: ignore[attr-defined]
    return case


@functools.cache
def capture(namespace: Namespace) -> Capture:
    """The capture in a namespace, which goes on from the first call."""
    return Capture(namespace)


@functools.cache
def socksctl(namespace: Namespace) -> Socksctl:
    """socksctl for a namespace."""
    return Socksctl(namespace)


class TestCase(unittest.TestCase):
    """
    A test case: it starts with the configuration of its class, and at its end
    no SYN may have been sent to where no program may connect directly.
    """

    configuration = CONFIGURATION
    maxDiff = None
    # The client's configuration, as far as it is known: to change nothing
    # takes no time.
    _applied: str | None = None

    def __init_subclass__(cls) -> None:
        for key, function in list(vars(cls).items()):
            axes = getattr(function, "axes", None)
            if not axes:
                continue
            delattr(cls, key)
            for values in itertools.product(*axes.values()):
                labels = ",".join(_label(value) for value in values)
                case = _with_arguments(
                    function, dict(zip(axes, values, strict=True))
                )
                setattr(cls, f"{key}[{labels}]", case)

    @property
    def net(self) -> Topology:
        """The network."""
        return topology()

    @property
    def ctl(self) -> Socksctl:
        """socksctl for the client."""
        return socksctl(self.net.client)

    def setUp(self) -> None:
        self._listeners: dict[tuple[str, int], Listener] = {}
        self.addCleanup(self._no_leaks)
        self.configure(self.configuration)
        for namespace in (self.net.client, self.net.second):
            capture(namespace).syns()

    def _no_leaks(self) -> None:
        for namespace in (self.net.client, self.net.second):
            leaks = capture(namespace).leaks()
            self.assertEqual(leaks, [], f"leaks from {namespace.name}")

    def configure(self, configuration: str, fresh: bool = False) -> None:
        """
        Give the client a configuration. Counters go on if it has just this
        one; with fresh, they begin anew.
        """
        if fresh or configuration != TestCase._applied:
            TestCase._applied = None
            self.ctl.apply(configuration)
            TestCase._applied = configuration

    def configure_second(
        self, server: tuple[str, int] = SERVER_SECOND, words: str = ""
    ) -> Socksctl:
        """Have the second namespace redirect by a server s, up to the end."""
        second = socksctl(self.net.second)
        second.apply(
            f"server add s {text(server)} {words}\n"
            f"rule add to {THROUGH_PREFIX} via s\n"
        )
        self.addCleanup(second.flush)
        return second

    def alone(self) -> None:
        """
        Wait until no connection of another test case is left: the last packet
        of one may come a little after close().
        """
        until(lambda: not self.ctl.connections(), "end of all connections")

    @staticmethod
    def forget_configuration() -> None:
        """Say that somebody else has changed it."""
        TestCase._applied = None

    def sock(
        self,
        family: int = IPV4,
        nonblocking: bool = False,
        namespace: Namespace | None = None,
        **arguments: int,
    ) -> Sock:
        """A program's socket."""
        with (namespace or self.net.client).entered():
            sock = Sock(family, nonblocking=nonblocking, **arguments)
        self.addCleanup(sock.close)
        return sock

    def listener(self, address: tuple[str, int] = SERVER_A) -> Listener:
        """A server on the firewall, the same for the whole test case."""
        if address not in self._listeners:
            listener = Listener(self.net.firewall, address)
            self.addCleanup(listener.close)
            self._listeners[address] = listener
        return self._listeners[address]

    def accepted(self, listener: Listener) -> Peer:
        """A server's next connection."""
        peer = listener.accept()
        self.addCleanup(peer.close)
        return peer

    def begin(
        self, family: int = IPV4, target: tuple[str, int] = TARGET
    ) -> tuple[Sock, Peer]:
        """A non-blocking connection, and the server's end of it."""
        listener = self.listener()
        sock = self.sock(family, nonblocking=True)
        self.assertEqual(sock.connect(target), "EINPROGRESS")
        peer = self.accepted(listener)
        peer.request()
        return sock, peer

    def ask_rbind(
        self, then: Callable[[Sock], object]
    ) -> tuple[Sock, Call, Peer]:
        """
        A thread which connects, calls Rbind(), and, where that gives "0", does
        something with the socket; and the server's end of the inner one, which
        has not replied yet.
        """
        first, sock = self.sock(IPV4), self.sock(IPV4)
        listener = self.listener()

        def program() -> object:
            self.assertEqual(first.connect(TARGET), "0")
            result = sock.rbind()
            return then(sock) if result == "0" else result

        call = Call(program)
        peer = self.accepted(listener)
        peer.request()
        peer.reply()
        inner = self.accepted(listener)
        self.assertEqual(inner.request(), request(TARGET, command=BIND))
        return sock, call, inner

    def established(
        self, family: int = IPV4, target: tuple[str, int] = TARGET
    ) -> tuple[Sock, Peer]:
        """A connection that was granted; the socket blocks."""
        sock, peer = self.begin(family, target)
        peer.reply()
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
        self.assertEqual(sock.so_error(), "0")
        sock.set_blocking(True)
        return sock, peer

    def through(self, target: tuple[str, int] = TARGET) -> Through:
        """A path through the server."""
        path = Through(self.listener(), target)
        self.addCleanup(path.close)
        return path

    def direct(self) -> Direct:
        """A direct path."""
        path = Direct(self.net)
        self.addCleanup(path.close)
        return path

    def compare(self, program: Callable[[Path], Any]) -> Any:
        """
        Run a program over both paths, and see that it sees the same. Return
        that.
        """
        truth = program(self.direct())
        seen = program(self.through())
        self.assertEqual(seen, truth, "through the server, and direct")
        return truth


class Signals:
    """
    Catches SIGUSR1, and knows when it was delivered. Python's handlers run
    later; this looks at what the handler in C does.
    """

    def __init__(self, restart: bool) -> None:
        self._reader, writer = socket.socketpair()
        writer.setblocking(False)
        self._writer = writer
        self._reader.settimeout(DEADLINE)
        self._handler = signal.signal(signal.SIGUSR1, lambda *_: None)
        signal.siginterrupt(signal.SIGUSR1, not restart)
        self._wakeup = signal.set_wakeup_fd(
            writer.fileno(), warn_on_full_buffer=False
        )

    def send(self, thread: int) -> None:
        """Send the signal to a thread, and wait until it has it."""
        signal.pthread_kill(thread, signal.SIGUSR1)
        self._reader.recv(1)

    def close(self) -> None:
        """Catch it no more."""
        signal.set_wakeup_fd(self._wakeup)
        signal.signal(signal.SIGUSR1, self._handler)
        self._reader.close()
        self._writer.close()
