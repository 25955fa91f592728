# SPDX-License-Identifier: GPL-2.0-only
"""Waiting for conditions, never for a time."""

import concurrent.futures
import ctypes
import os
import threading
import time
from collections.abc import Callable
from typing import Any

# Far more than anything takes, even on a debug kernel on a busy host.
DEADLINE = 30.0

SYS_CONNECT = 42
SYS_ACCEPT4 = 288
SYS_SETSOCKOPT = 54
SYS_SENDTO = 44
SYS_RECVFROM = 45

_libc = ctypes.CDLL(None, use_errno=True)


class Timeout(AssertionError):
    """A condition did not come true in time."""


def until(
    condition: Callable[[], Any], what: str, deadline: float = DEADLINE
) -> Any:
    """Ask again and again until the answer is true, and return it."""
    end = time.monotonic() + deadline
    pause = 0.0005
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise Timeout(f"{what}: not within {deadline:g} seconds")
        time.sleep(pause)
        pause = min(pause * 2, 0.02)


class Call:
    """A function which runs in a thread of its own, since it blocks."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._function = function
        self._arguments = arguments
        self._result: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result = self._function(*self._arguments)
        except BaseException as error:  # pylint: disable=broad-except
            self._error = error

    @property
    def ident(self) -> int:
        """The thread, for signal.pthread_kill()."""
        assert self._thread.ident is not None
        return self._thread.ident

    @property
    def tid(self) -> int:
        """The thread, as the kernel knows it."""
        assert self._thread.native_id is not None
        return self._thread.native_id

    @property
    def done(self) -> bool:
        """Has it returned?"""
        return not self._thread.is_alive()

    def blocked_in(self, number: int) -> bool:
        """Does the thread sleep in this system call?"""
        folder = f"/proc/self/task/{self.tid}"
        try:
            with open(f"{folder}/syscall", encoding="ascii") as file:
                call = file.read().split()[0]
            with open(f"{folder}/stat", encoding="ascii") as file:
                state = file.read().rpartition(")")[2].split()[0]
        except (OSError, IndexError):
            return False
        return call == str(number) and state == "S"

    def wait_blocked(self, number: int) -> None:
        """Wait until the thread sleeps in this system call."""

        def blocked_or_done() -> bool:
            return self.blocked_in(number) or self.done

        until(blocked_or_done, f"sleep in system call {number}")
        if self.done:
            raise AssertionError(f"it did not block: {self.result()!r}")

    def result(self, deadline: float = DEADLINE) -> Any:
        """Wait until it returns, and return what it returned."""
        self._thread.join(deadline)
        if self._thread.is_alive():
            raise Timeout(
                f"{getattr(self._function, '__qualname__', self._function)}: "
                f"has not returned within {deadline:g} seconds"
            )
        if self._error:
            raise self._error
        return self._result


class Worker:
    """A thread which runs one function after another, each when it is told."""

    def __init__(self) -> None:
        self._pool = concurrent.futures.ThreadPoolExecutor(1)

    def begin(
        self, function: Callable[..., Any], *arguments: Any
    ) -> "concurrent.futures.Future[Any]":
        """Let it run a function."""
        return self._pool.submit(function, *arguments)

    def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Let it run a function, and return what that returns."""
        return self.begin(function, *arguments).result(DEADLINE)

    def close(self) -> None:
        """End the thread, as soon as it has nothing to do."""
        self._pool.shutdown(wait=False)


def setns(fd: int) -> None:
    """Let this thread enter a network namespace."""
    clone_newnet = 0x40000000
    if _libc.setns(fd, clone_newnet):
        raise OSError(ctypes.get_errno(), "setns")


def in_child(function: Callable[[], str]) -> str:
    """
    Run a function in a process of its own, and return the text it returns.
    What it changes (user, namespace, cgroup) is changed only there.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            os.close(reader)
            os.write(writer, function().encode())
            status = 0
        except BaseException as error:  # pylint: disable=broad-except
            os.write(writer, repr(error).encode())
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader) as file:
        answer = file.read()
    _, status = os.waitpid(child, 0)
    assert status == 0, f"child: status {status:#x}, {answer}"
    return answer
