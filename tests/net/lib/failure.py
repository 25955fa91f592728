# SPDX-License-Identifier: GPL-2.0-only
"""Allocations of memory that fail in the kernel (CONFIG_FAILSLAB)."""

import contextlib
import os
import pathlib
from collections.abc import Callable, Iterator

_FAILSLAB = pathlib.Path("/sys/kernel/debug/failslab")


def available() -> bool:
    """Can this kernel do it?"""
    return _FAILSLAB.exists()


@contextlib.contextmanager
def of_allocation(number: int) -> Iterator[Callable[[], bool]]:
    """
    Let this thread's allocation of that number from now on fail. Yields a
    function which says afterwards whether there were that many.
    """
    # Those that could wait for memory, too, and without a word in the log.
    (_FAILSLAB / "ignore-gfp-wait").write_text("N", "ascii")
    (_FAILSLAB / "verbose").write_text("0", "ascii")
    file = os.open("/proc/thread-self/fail-nth", os.O_RDWR)
    left = number

    def happened() -> bool:
        return left == 0

    try:
        os.pwrite(file, str(number).encode(), 0)
        try:
            yield happened
        finally:
            left = int(os.pread(file, 20, 0))
            os.pwrite(file, b"0", 0)
    finally:
        os.close(file)
