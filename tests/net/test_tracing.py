# SPDX-License-Identifier: GPL-2.0-only
"""
Others use ftrace, too, and the same functions: whatever is switched on or off
there, connections are redirected and none leaks.
"""

import contextlib
import pathlib
import socket
import unittest
from collections.abc import Callable, Iterator

from lib.case import FAMILIES, TestCase, capture, each
from lib.sock import Sock
from lib.topology import DIRECT, REJECTED, TARGET

TRACING = pathlib.Path("/sys/kernel/tracing")
HOOKED = (
    "tcp_disconnect",
    "tcp_set_ulp",
    "inet_getname",
    "inet6_getname",
    "tcp_v4_connect",
    "inet_stream_connect",
)


def write(name: str, value: str) -> None:
    """Write to a file of tracefs."""
    (TRACING / name).write_text(value, "ascii")


def traced() -> set[str]:
    """Which of the functions the trace names."""
    trace = (TRACING / "trace").read_text("ascii")
    return {function for function in HOOKED if function in trace}


@contextlib.contextmanager
def tracer(name: str) -> Iterator[None]:
    """A tracer, for just these functions."""
    if name not in (TRACING / "available_tracers").read_text("ascii").split():
        raise unittest.SkipTest(f"not in this kernel: tracer {name}")
    write("set_ftrace_filter", "\n".join(HOOKED))
    write("current_tracer", name)
    try:
        yield
    finally:
        write("current_tracer", "nop")
        write("set_ftrace_filter", "\n")


def function() -> contextlib.AbstractContextManager[None]:
    """The function tracer."""
    return tracer("function")


def function_graph() -> contextlib.AbstractContextManager[None]:
    """The one that changes where functions return to."""
    return tracer("function_graph")


@contextlib.contextmanager
def kprobes() -> Iterator[None]:
    """Probes at the functions' entries, and at their ends."""
    write(
        "kprobe_events",
        "".join(
            f"p:socks/{name} {name}\nr:socks/{name}_end {name}\n"
            for name in HOOKED
        ),
    )
    write("events/socks/enable", "1")
    try:
        yield
    finally:
        write("events/socks/enable", "0")
        write("kprobe_events", "")


@contextlib.contextmanager
def off() -> Iterator[None]:
    """All that can be switched off: tracing, and what is traced."""
    write("tracing_on", "0")
    write("set_ftrace_notrace", "\n".join(HOOKED))
    write("set_ftrace_filter", "schedule")
    write("set_ftrace_pid", "1")
    write("current_tracer", "function")
    write("current_tracer", "nop")
    try:
        yield
    finally:
        write("set_ftrace_pid", "\n")
        write("set_ftrace_filter", "\n")
        write("set_ftrace_notrace", "\n")
        write("tracing_on", "1")


class Tracing(TestCase):
    """Connections while somebody traces."""

    def use(self, family: int) -> None:
        """Each of the hooks, and what is direct."""
        sock, _ = self.established(family)
        self.assertEqual(sock.peer_name(), TARGET)
        self.assertEqual(sock.disconnect(), "0")
        self.listener(DIRECT)
        sock.set_blocking(True)
        self.assertEqual(sock.connect(DIRECT), "0")
        self.assertEqual(sock.peer_name(), DIRECT)

        sock, peer = self.begin(family)
        self.assertEqual(sock.peer_name(), "ENOTCONN")
        self.assertEqual(
            sock.setsockopt(socket.SOL_TCP, 31, b"tls"), "ENOTCONN"
        )
        peer.reply()

        other: Sock = self.sock(family, nonblocking=True)
        capture(self.net.client).syns()
        self.assertEqual(other.connect(REJECTED), "EACCES")
        self.assertEqual(
            other.sendto(b"x", socket.MSG_FASTOPEN, TARGET), "EOPNOTSUPP"
        )
        self.assertEqual(capture(self.net.client).syns(), [])

    @each(how=(function, function_graph, kprobes, off))
    def test(
        self, how: Callable[[], contextlib.AbstractContextManager[None]]
    ) -> None:
        """The module sees each call, and so does the other one."""
        write("trace", "")
        with how():
            for family in FAMILIES:
                self.use(family)
            seen = traced()
        if how is not off:
            self.assertGreaterEqual(
                seen, {"tcp_v4_connect", "inet_stream_connect"}
            )
