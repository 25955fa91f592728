# SPDX-License-Identifier: GPL-2.0-only
"""Memory whose first use lasts as long as a test wants: userfaultfd(2)."""

import contextlib
import ctypes
import fcntl
import mmap
import os
import struct
import unittest

from .wait import until

_SYS_USERFAULTFD = 323
_UFFDIO_API = 0xC018AA3F
_UFFDIO_REGISTER = 0xC020AA00
_UFFDIO_COPY = 0xC028AA03
_UFFD_API = 0xAA
_MODE_MISSING = 1

_libc = ctypes.CDLL(None, use_errno=True)


class Userfault:
    """
    A page. Who reads it sleeps, a system call in the midst of its work, until
    it is filled.
    """

    size = mmap.PAGESIZE

    def __init__(self) -> None:
        fd = _libc.syscall(_SYS_USERFAULTFD, os.O_CLOEXEC | os.O_NONBLOCK)
        if fd < 0:
            raise unittest.SkipTest("not in this kernel: userfaultfd")
        self._fd = fd
        self._page = mmap.mmap(-1, self.size)
        anchor = ctypes.c_char.from_buffer(self._page)
        self.address = ctypes.addressof(anchor)
        del anchor
        fcntl.ioctl(fd, _UFFDIO_API, struct.pack("QQQ", _UFFD_API, 0, 0))
        fcntl.ioctl(
            fd,
            _UFFDIO_REGISTER,
            struct.pack("QQQQ", self.address, self.size, _MODE_MISSING, 0),
        )

    def wait(self) -> None:
        """Wait until somebody sleeps for want of the page."""

        def message() -> bytes:
            try:
                return os.read(self._fd, 32)
            except BlockingIOError:
                return b""

        until(message, "a page fault")

    def fill(self, data: bytes = b"") -> None:
        """Fill the page with these bytes and zeros, and wake who sleeps."""
        page = ctypes.create_string_buffer(data, self.size)
        fcntl.ioctl(
            self._fd,
            _UFFDIO_COPY,
            struct.pack(
                *("QQQQQ", self.address, ctypes.addressof(page)),
                *(self.size, 0, 0),
            ),
        )

    def setsockopt(self, fd: int, level: int, option: int) -> int:
        """setsockopt() whose value, a number, is in the page."""
        result: int = _libc.setsockopt(
            fd, level, option, ctypes.c_void_p(self.address), 4
        )
        return result

    def close(self) -> None:
        """Be done with it; who still sleeps is woken."""
        with contextlib.suppress(OSError):
            self.fill()
        os.close(self._fd)
        self._page.close()
