# SPDX-License-Identifier: GPL-2.0-only
"""Programs in C: io_uring, and many threads that do anything at once."""

import os
import subprocess

from lib.case import FAMILIES, MAPPED, SLOW, TestCase, each
from lib.path import Path
from lib.program import compiled
from lib.server import REJECTED, Service, reply
from lib.topology import SERVER_A, TARGET, THROUGH_PREFIX, text
from lib.wait import DEADLINE, until

THREADS = 4
OPERATIONS = 1500 if SLOW else 5000
RUNS = 1 if SLOW else 2


class Uring(TestCase):
    """io_uring connects without a system call of the program's."""

    @each(family=FAMILIES, granted=(True, False))
    def test_uring(self, family: int, granted: bool) -> None:
        """What io_uring gives is what it gives for a direct connection."""
        program = compiled("uring")

        def run(path: Path) -> object:
            host, port = path.target
            version = "6" if family == MAPPED else "4"
            with self.net.client.entered():
                process = subprocess.Popen(
                    (program, version, host, str(port)),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            self.addCleanup(process.communicate)
            self.addCleanup(process.kill)

            def waits() -> bool:
                # In io_uring_enter(), which has begun to connect.
                with open(
                    f"/proc/{process.pid}/syscall", encoding="ascii"
                ) as file:
                    return file.read().startswith("426 ")

            until(lambda: process.poll() is not None or waits(), "connect")
            if process.poll() == 3:
                assert process.stderr
                self.skipTest(f"no io_uring: {process.stderr.read()}")
            path.arrived()
            if not granted:
                path.refuse()
                out, _ = process.communicate(timeout=DEADLINE)
                return out
            peer = path.grant(b"hello")
            got = peer.recv_all(3)
            out, _ = process.communicate(timeout=DEADLINE)
            return [out, got]

        truth = self.compare(run)
        if granted:
            expected = "connect 0\nrecv 5\nsend 3\n"
            self.assertEqual(truth, [expected, b"abc"])
        else:
            self.assertEqual(truth, "connect ECONNREFUSED\n")


class Stress(TestCase):
    """Threads that do at random whatever can be done with sockets."""

    configuration = f"""
server add a {text(SERVER_A)} timeout 1 userid uid
rule add to {THROUGH_PREFIX} port 1-7 via a
rule add to {THROUGH_PREFIX} port 8 reject
"""

    ANSWERS = (
        reply(),
        reply() + b"banner",
        reply(REJECTED),
        reply(99) + b"what is this",
        reply()[:5],
        b"",
        None,
    )

    @each(run=range(RUNS))
    def test_stress(self, run: int) -> None:
        """The kernel survives, nothing leaks, and the counters are right."""
        self.configure(self.configuration, fresh=True)

        def answer(asked: bytes) -> bytes | None:
            port = int.from_bytes(asked[2:4], "big")
            return self.ANSWERS[port - 1]

        service = Service(self.net.firewall, SERVER_A, answer=answer)
        self.addCleanup(service.close)
        # So that a failure can be had again, though not for sure.
        seed = os.environ.get("SOCKS_SEED", str(run + 1))
        with self.net.client.entered():
            done = subprocess.run(
                (
                    compiled("stress"),
                    seed,
                    str(THREADS),
                    str(OPERATIONS),
                    TARGET[0],
                    "8",
                ),
                capture_output=True,
                text=True,
                check=False,
                timeout=8 * DEADLINE,
            )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        results = dict(line.split() for line in done.stdout.splitlines())
        self.assertGreater(int(results["EINPROGRESS"]), 100)
        self.assertGreater(int(results["EACCES"]), 10)

        def settled() -> bool:
            stats = self.ctl.server("a")
            return not stats["in_progress"] and not stats["established"]

        until(settled, "end of all connections")
        stats = self.ctl.server("a")
        self.assertEqual(
            stats["tried"],
            stats["granted"] + stats["rejected"] + stats["failed"],
        )
        self.assertGreater(stats["granted"], 0)
        self.assertGreater(stats["rejected"], 0)
