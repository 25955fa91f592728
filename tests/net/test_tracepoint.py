# SPDX-License-Identifier: GPL-2.0-only
"""The tracepoint socks:socks_state, and what perf and bpftrace make of it."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import unittest
from collections.abc import Iterator
from select import POLLOUT

from lib.case import TestCase
from lib.module import references
from lib.server import REJECTED
from lib.sock import Sock
from lib.topology import TARGET
from lib.wait import DEADLINE, until

TRACING = pathlib.Path("/sys/kernel/tracing")
EVENT = TRACING / "events/socks/socks_state"
EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / (
    "userspace-cfg/examples"
)
LINE = re.compile(
    r"socks_state: (\w+) -> (\w+) ([\d.]+):(\d+) via (\S+) "
    r"source=([\d.]+):(\d+) pid=(\d+) bind=(\d) code=(\d+) error=(\d+) "
    r"sent=(\d+) received=(\d+) sk="
)
# How long a compiler takes in the virtual machine.
COMPILES = 300


@contextlib.contextmanager
def traced() -> Iterator[None]:
    """Trace these events."""
    (TRACING / "trace").write_text("", "ascii")
    (EVENT / "enable").write_text("1", "ascii")
    try:
        yield
    finally:
        (EVENT / "enable").write_text("0", "ascii")


@contextlib.contextmanager
def running(*argv: str | pathlib.Path) -> Iterator[subprocess.Popen[str]]:
    """Run a program, and kill it in the end: it may be what a test fails on."""
    with subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def interrupted(bpftrace: subprocess.Popen[str]) -> str:
    """
    Interrupt bpftrace, and return what it printed. An interrupt that comes while
    it is not asleep in epoll_wait() only sets a flag which it never looks at
    again, so it may need another. Not too soon: one that comes while it prints
    kills it.
    """
    end = time.monotonic() + COMPILES
    while True:
        bpftrace.send_signal(signal.SIGINT)
        try:
            return bpftrace.communicate(timeout=20)[0]
        except subprocess.TimeoutExpired:
            if time.monotonic() > end:
                raise


class Tracepoint(TestCase):
    """Connections which somebody traces."""

    def setUp(self) -> None:
        super().setUp()
        until(lambda: references() == 0, "end of all connections")

    def lines(self) -> list[tuple[str, ...]]:
        """What the trace has."""
        trace = (TRACING / "trace").read_text("utf-8")
        return [found.groups() for found in LINE.finditer(trace)]

    def granted(self) -> None:
        """A connection with 3 bytes sent and 5 received."""
        sock, peer = self.established()
        sock.send_all(b"123")
        peer.recv_all(3)
        peer.send(b"12345")
        sock.recv_all(5)
        peer.finish()
        self.assertEqual(sock.recv(1), b"")
        sock.close()
        until(lambda: not self.ctl.connections(), "the end of the connection")
        peer.close()

    def not_granted(self) -> Sock:
        """A connection that the server rejects."""
        sock, peer = self.begin()
        peer.reply(REJECTED)
        sock.ended()
        return sock

    def states(self) -> list[tuple[str, str, str, str]]:
        """Old and new state, code and error."""
        return [
            (line[0], line[1], line[9], line[10]) for line in self.lines()
        ]

    def test_granted(self) -> None:
        """Each state in its turn, with all that is known."""
        with traced():
            sock, peer = self.begin()
            source = sock.sock_name()
            peer.reply()
            self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
            sock.set_blocking(True)
            sock.send_all(b"123")
            peer.recv_all(3)
            sock.close()
            self.assertEqual(peer.end(), "end")
            peer.close()
            # The last thing there is of a connection, behind what is told of it.
            until(lambda: references() == 0, "its end")
        ok = "0"
        self.assertEqual(
            self.states(),
            [
                ("new", "connecting", ok, ok),
                ("connecting", "waiting", ok, ok),
                ("waiting", "established", "90", ok),
                ("established", "ended", "90", ok),
            ],
        )
        for line in self.lines():
            self.assertEqual(line[2:5], (TARGET[0], str(TARGET[1]), "a"))
            self.assertEqual(line[5:7], (source[0], str(source[1])))
        self.assertEqual([line[11] for line in self.lines()], [*"000", "3"])

    def test_not_granted(self) -> None:
        """Rejected, reset by the server, and given up."""
        with traced():
            self.not_granted()
            sock, peer = self.begin()
            peer.reset()
            sock.ended()
            sock, peer = self.begin()
            sock.close()
            self.assertEqual(peer.end(), "reset")
        begins = [
            ("new", "connecting", "0", "0"),
            ("connecting", "waiting", "0", "0"),
        ]
        self.assertEqual(
            self.states(),
            [
                *begins,
                ("waiting", "aborting", "91", "111"),
                ("aborting", "closing", "91", "111"),
                ("closing", "ended", "91", "111"),
                *begins,
                ("waiting", "aborting", "0", "104"),
                ("aborting", "ended", "0", "104"),
                *begins,
                ("waiting", "ended", "0", "0"),
            ],
        )

    def need(self, program: str) -> None:
        """
        Skip this where the program can't be run: the debug kernel has not what
        they need. Each takes long; with one kernel is enough.
        """
        if os.environ.get("SOCKS_KERNEL") != "6.12":
            raise unittest.SkipTest(f"not with this kernel: {program}")
        self.assertTrue(shutil.which(program), program)

    def test_perf(self) -> None:
        """The example for perf prints them."""
        self.need("perf")
        with running(EXAMPLES / "perf-connections", "cat") as process:
            assert process.stdin and process.stdout
            # The command runs as soon as perf records.
            process.stdin.write("go\n")
            process.stdin.flush()
            self.assertEqual(process.stdout.readline(), "go\n")
            self.granted()
            self.not_granted()
            out, _ = process.communicate(timeout=COMPILES)
        found = [line.groups() for line in LINE.finditer(out)]
        self.assertEqual(
            [line[:2] for line in found],
            [
                ("new", "connecting"),
                ("connecting", "waiting"),
                ("waiting", "established"),
                ("established", "ended"),
                ("new", "connecting"),
                ("connecting", "waiting"),
                ("waiting", "aborting"),
                ("aborting", "closing"),
                ("closing", "ended"),
            ],
            out,
        )
        self.assertEqual(found[3][11:13], ("3", "5"))
        self.assertEqual(found[8][9:11], ("91", "111"))

    def test_bpftrace(self) -> None:
        """The example for bpftrace counts them."""
        self.need("bpftrace")
        script = EXAMPLES / "handshake-latency.bt"
        probes = script.read_text("ascii").count("tracepoint:socks:socks_state")
        with running("bpftrace", script) as process:
            # Each one that is attached holds the module.
            until(
                lambda: references() >= probes or process.poll() is not None,
                "bpftrace at work",
                COMPILES,
            )
            for _ in range(5):
                self.granted()
                self.not_granted()
            out = interrupted(process)
        self.assertRegex(out, r"@granted_us\[a\]:")
        bars = re.findall(r"^\[[^)\]]*[)\]] +(\d+) \|", out, re.M)
        self.assertEqual(sum(map(int, bars)), 5, out)
        self.assertIn("@not_granted[a, 91, 111]: 5\n", out)
        self.assertNotIn("@started", out)
