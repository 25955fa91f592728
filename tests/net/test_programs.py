# SPDX-License-Identifier: GPL-2.0-only
"""Programs in C: io_uring."""

import subprocess

from lib.case import FAMILIES, MAPPED, TestCase, each
from lib.path import Path
from lib.program import compiled
from lib.wait import DEADLINE, until


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
