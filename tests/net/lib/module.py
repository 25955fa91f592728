# SPDX-License-Identifier: GPL-2.0-only
"""Loading the module, and unloading it."""

import ctypes
import os

from .sock import name
from .wait import DEADLINE, until

_SYS_DELETE_MODULE = 176
_SYS_FINIT_MODULE = 313

_libc = ctypes.CDLL(None, use_errno=True)


def loaded() -> bool:
    """Is the module there?"""
    return os.path.exists("/sys/module/socks")


def references() -> int:
    """The module's reference count."""
    with open("/sys/module/socks/refcnt", encoding="ascii") as file:
        return int(file.read())


def idle() -> bool:
    """Does nothing hold it? It may go, or be gone, at any time."""
    try:
        return references() == 0
    except OSError:
        return True


def unload() -> str:
    """delete_module(): "0" or an errno's name."""
    ctypes.set_errno(0)
    if _libc.syscall(_SYS_DELETE_MODULE, b"socks", os.O_NONBLOCK):
        return name(ctypes.get_errno())
    return "0"


def load() -> str:
    """finit_module(): "0" or an errno's name."""
    fd = os.open(os.environ["SOCKS_KO"], os.O_RDONLY)
    try:
        ctypes.set_errno(0)
        if _libc.syscall(_SYS_FINIT_MODULE, fd, b"", 0):
            return name(ctypes.get_errno())
        return "0"
    finally:
        os.close(fd)


def wait_unload() -> None:
    """Unload it as soon as no connection holds it."""
    until(lambda: unload() == "0", "rmmod", DEADLINE)
