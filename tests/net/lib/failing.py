# SPDX-License-Identifier: GPL-2.0-only
"""Allocations which fail, and where in the module they were made."""

import collections
import contextlib
import ctypes
import functools
import os
import pathlib
import re
import subprocess
import time
from collections.abc import Iterator

from .program import library
from .sock import name

_DEBUG = pathlib.Path("/sys/kernel/debug")
_TRACING = pathlib.Path("/sys/kernel/tracing")
_INSTANCE = _TRACING / "instances/socks_memory"
_PROBES = {"slab": "should_failslab", "page": "should_fail_alloc_page"}

# Functions which allocate, for themselves or on behalf of who calls them.
_ALLOCATES = re.compile(
    r"k(v?malloc|zalloc|strdup|memdup|mem_cache_(alloc|create))"
    r"|__(kmalloc|kvmalloc|kmem_cache_(alloc|create)|alloc_skb)"
    r"|__netdev_alloc_frag|alloc_workqueue|rhashtable_(init|insert)"
    r"|__sock_create|sock_create_kern|ftrace_set_filter"
    r"|register_ftrace_function"
    r"|genl_register_family|register_pernet_subsys|__inet_stream_connect"
    r"|rht_bucket_nested_insert|tcp_sendmsg_locked|tcp_abort"
)


def _plain(symbol: str) -> str:
    """A symbol without what the compiler adds to the name of a copy."""
    return re.sub(r"\.(isra|constprop|part|cold)\.?\d*", "", symbol)


def available() -> bool:
    """Can allocations be made to fail here?"""
    return (_DEBUG / "failslab").exists()


def _set(folder: str, **values: object) -> None:
    for key, value in values.items():
        text = "NY"[value] if isinstance(value, bool) else str(value)
        (_DEBUG / folder / key.replace("_", "-")).write_text(text)


def _rest() -> None:
    """Nothing fails, but for who asks for it."""
    for folder in ("failslab", "fail_page_alloc"):
        # In this order: never may the memory of all be short.
        _set(
            folder,
            task_filter=True,
            ignore_gfp_wait=False,
            interval=1,
            verbose=0,
            times=-1,
            probability=100,
        )
    _set("failslab", cache_filter=False)
    # The pages of programs, without which none goes on.
    _set("fail_page_alloc", ignore_gfp_highmem=True, min_order=0)


@contextlib.contextmanager
def cache_empty(cache: str) -> Iterator[None]:
    """All allocations from a slab cache fail for a while, whoever asks."""
    mark = pathlib.Path(f"/sys/kernel/slab/{cache}/failslab")
    mark.write_text("1")
    _set("failslab", cache_filter=True, task_filter=False)
    try:
        yield
    finally:
        _rest()
        mark.write_text("0")


def kernel_leaks() -> list[str]:
    """
    What the kernel itself leaks where memory is short: sysfs_slab_add() the
    name of a cache. Look for leaks, and forget those. Return the others.
    """
    leaks, level = _DEBUG / "kmemleak", pathlib.Path("/proc/sys/kernel/printk")
    if not leaks.exists():
        return []
    levels = level.read_text()
    # That there are some is said at level "info".
    level.write_text("6")
    try:
        leaks.write_text("scan")
        # Nothing counts as leaked before it is five seconds old.
        time.sleep(6)
        leaks.write_text("scan")
    finally:
        level.write_text(levels.split()[0])
    found = re.split(r"^(?=unreferenced)", leaks.read_text(), flags=re.M)
    others = [one for one in found if one and "sysfs_slab_add" not in one]
    if not others:
        leaks.write_text("clear")
    return others


class Failing:
    """System calls of this thread in which memory is short."""

    def __init__(self) -> None:
        self._call = library("failing").failing_call
        self._call.restype = ctypes.c_long
        _rest()
        self._files = [
            os.open(f"/proc/thread-self/{file}", os.O_RDWR)
            for file in ("fail-nth", "make-it-fail")
        ]
        # Of the last call: how many allocations it made before the n-th.
        self.made = 0
        # What it returned.
        self.result = 0

    def close(self) -> None:
        """Forget the thread."""
        for file in self._files:
            os.close(file)

    def call(
        self, nth: int, lasting: bool, number: int, *arguments: object
    ) -> tuple[str, bool]:
        """
        A system call. Return "0", or an errno's name, and whether there were
        so many allocations.
        """
        left, error = ctypes.c_uint(), ctypes.c_int()
        raw = (ctypes.c_long * 6)()
        for i, argument in enumerate(arguments):
            if isinstance(argument, bytes):
                # The caller holds them.
                argument = ctypes.cast(argument, ctypes.c_void_p).value
            raw[i] = argument  # type: ignore[call-overload]
        self.result = result = self._call(
            *self._files,
            ctypes.c_uint(nth),
            lasting,
            ctypes.byref(left),
            ctypes.byref(error),
            ctypes.c_long(number),
            raw,
        )
        failed = not left.value
        self.made = nth - left.value
        return name(error.value) if result < 0 else "0", failed


class Sites:
    """
    Call sites in the module: those at which allocations have failed, as the
    kernel's tracing saw it, and those which there are.
    """

    def __init__(self) -> None:
        # No seeking there, which open() would do.
        events = os.open(_TRACING / "kprobe_events", os.O_WRONLY | os.O_APPEND)
        for probe, function in _PROBES.items():
            line = f"r100:socks_memory/{probe} {function} ret=$retval:u8\n"
            os.write(events, line.encode())
        os.close(events)
        _INSTANCE.mkdir()
        (_INSTANCE / "buffer_size_kb").write_text("8192")
        for option in ("stacktrace", "sym-offset"):
            (_INSTANCE / "options" / option).write_text("1")
        for probe in _PROBES:
            folder = _INSTANCE / "events/socks_memory" / probe
            (folder / "filter").write_text("ret != 0")
        self._enable("1")
        self._seen: collections.Counter[str] = collections.Counter()
        self._log = -1

    @contextlib.contextmanager
    def dumping(self) -> Iterator[None]:
        """
        Look for a while at what the kernel's log says of each failure: names
        which it knows when that happens, while a module is loaded that is gone
        when one asks.
        """
        self.seen()
        self._enable("0")
        for folder in ("failslab", "fail_page_alloc"):
            (_DEBUG / folder / "verbose_ratelimit_interval_ms").write_text("0")
            _set(folder, verbose=2)
        self._log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self._log, 0, os.SEEK_END)
        try:
            yield
        finally:
            _rest()
            os.close(self._log)
            self._log = -1
            self._enable("1")

    def read_log(self) -> None:
        """Take in what the log says of failures."""
        inside = False
        while True:
            try:
                line = os.read(self._log, 1 << 13).decode(errors="replace")
            except BlockingIOError:
                return
            except BrokenPipeError:
                # Some lines were overwritten.
                inside = False
                continue
            text = line.partition(";")[2].split("\n", 1)[0]
            if "FAULT_INJECTION: forcing a failure" in text:
                inside = True
            elif inside and "[socks]" in text and "?" not in text:
                inside = False
                self._count(text.split()[0])

    def _enable(self, value: str) -> None:
        for probe in _PROBES:
            (_INSTANCE / "events/socks_memory" / probe / "enable").write_text(
                value
            )

    def _count(self, symbol: str) -> None:
        self._seen[_plain(symbol.partition("/")[0])] += 1

    def seen(self) -> collections.Counter[str]:
        """How often an allocation has failed, by call site in the module."""
        inside = False
        with open(_INSTANCE / "trace", encoding="ascii") as file:
            for line in file:
                if "<stack trace>" in line:
                    inside = True
                elif not line.startswith(" =>"):
                    inside = False
                elif inside and "[socks]" in line:
                    # The innermost of the module's.
                    inside = False
                    self._count(line.split()[1])
        (_INSTANCE / "trace").write_text("")
        return self._seen


@functools.cache
def sites() -> Sites:
    """Call sites, from the first call on."""
    return Sites()


@functools.cache
def all_sites() -> dict[str, str]:
    """
    Each place of the module from which a function is called that allocates,
    named as the kernel names return addresses, and that function.
    """
    code = subprocess.run(
        ("objdump", "-dr", "--no-show-raw-insn", os.environ["SOCKS_KO"]),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = {}
    function, start, after = "", 0, 0
    for line in code.splitlines():
        if head := re.match(r"([0-9a-f]+) <(.+)>:$", line):
            start, function = int(head[1], 16), head[2]
        elif call := re.match(r"\s*([0-9a-f]+):\s+call\b", line):
            after = int(call[1], 16) + 5
            continue
        elif after:
            symbol = re.search(r"R_X86_64_(?:PLT32|PC32)\s+(\w+)-0x4", line)
            if symbol and _ALLOCATES.match(symbol[1]):
                found[f"{_plain(function)}+{after - start:#x}"] = symbol[1]
        after = 0
    return found
