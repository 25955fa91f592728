# SPDX-License-Identifier: GPL-2.0-only
"""Cgroups, for sockets and programs that are to be in one."""

import errno
import os

from .wait import until

_ROOT = "/sys/fs/cgroup"


def make(name: str) -> None:
    """Make a cgroup."""
    os.mkdir(f"{_ROOT}{name}")


def remove(name: str) -> None:
    """
    Remove it. Who moves this process out of it leaves a thread behind which is
    about to end, though it was joined already.
    """

    def removed() -> bool:
        try:
            os.rmdir(f"{_ROOT}{name}")
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            return False
        return True

    until(removed, f"nobody in the cgroup {name}")


def enter(name: str) -> None:
    """Move this process into a cgroup; "" is the root."""
    with open(
        f"{_ROOT}{name}/cgroup.procs", "w", encoding="ascii"
    ) as file:
        file.write("0")
