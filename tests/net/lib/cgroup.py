# SPDX-License-Identifier: GPL-2.0-only
"""Cgroups, for sockets and programs that are to be in one."""

import os

_ROOT = "/sys/fs/cgroup"


def make(name: str) -> None:
    """Make a cgroup."""
    os.mkdir(f"{_ROOT}{name}")


def remove(name: str) -> None:
    """Remove it."""
    os.rmdir(f"{_ROOT}{name}")


def enter(name: str) -> None:
    """Move this process into a cgroup; "" is the root."""
    with open(
        f"{_ROOT}{name}/cgroup.procs", "w", encoding="ascii"
    ) as file:
        file.write("0")
