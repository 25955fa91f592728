# SPDX-License-Identifier: GPL-2.0-only
"""What the two have in common: a program in C, the command line, the end."""

import argparse
import os
import pathlib
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "net"))
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from lib import module  # noqa: E402
from lib.wait import until  # noqa: E402

SLOW = os.environ.get("SOCKS_KERNEL") == "debug"
_CFLAGS = ("-O1", "-Wall", "-Wextra", "-Wno-unused-parameter", "-pthread")


def arguments(
    description: str, count: int, single: bool = False
) -> argparse.Namespace:
    """The command line: how many, and from which seed."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--count", type=int, default=count, help=f"how many ({count})"
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=random.SystemRandom().randrange(1 << 32),
        help="to repeat a run",
    )
    if single:
        parser.add_argument(
            "--first", type=int, default=0, help="begin with this one"
        )
        parser.add_argument(
            "--seconds", type=int, default=0, help="stop when these are over"
        )
    options = parser.parse_args()
    if not module.loaded():
        parser.error("the module is not loaded: this runs in tests/vm/run")
    print(f"seed {options.seed}", flush=True)
    return options


def compiled(name: str, *libraries: str) -> str:
    """Compile a folder's program, and return where it is."""
    path = f"{tempfile.mkdtemp(prefix='socks-hostile.')}/{name}"
    sources = sorted((HERE / name).glob("*.c"))
    uapi = HERE.parent.parent / "uapi"
    subprocess.run(
        ("gcc", *_CFLAGS, "-I", uapi, "-o", path, *sources, *libraries),
        check=True,
    )
    return path


def in_order() -> None:
    """
    Let a RST not overtake what was sent before it. A server stays on one
    processor, but where the machine is slow, TCP believes that something was
    lost and sends it again; and for a server's socket that is closed by then
    TCP answers with a RST, on another processor.
    """
    for name, value in (
        ("tcp_early_retrans", "0"),
        ("tcp_rto_min_us", "2000000"),
    ):
        path = pathlib.Path("/proc/sys/net/ipv4") / name
        # Older kernels do not have each.
        if path.exists():
            path.write_text(value, "ascii")


class Checks:
    """Counts what passes and what fails."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    def check(self, what: str, function: Callable[[], None]) -> None:
        """Passes where the function raises nothing."""
        try:
            function()
        except AssertionError as error:
            self.failed += 1
            print(f"FAIL {what}: {error}", flush=True)
        else:
            self.passed += 1

    def end(self) -> int:
        """Print the sums, and return what to exit with."""
        print(f"{self.passed} passed, {self.failed} failed")
        return int(bool(self.failed))


def unload() -> None:
    """
    Unload the module, which destroys its caches: the kernel reports what is
    left in them.
    """
    until(lambda: module.references() == 0, "end of all references")
    module.wait_unload()
