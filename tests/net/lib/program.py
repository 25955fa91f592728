# SPDX-License-Identifier: GPL-2.0-only
"""Programs in C, for what Python can't do."""

import ctypes
import functools
import pathlib
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent.parent


@functools.cache
def compiled(name: str, *flags: str) -> str:
    """Compile a program, and return where it is."""
    folder = tempfile.mkdtemp(prefix="socks-net.")
    path = f"{folder}/{name}"
    subprocess.run(
        (
            *("gcc", "-O1", "-Wall", "-pthread", *flags, "-o", path),
            HERE / f"{name}.c",
        ),
        check=True,
    )
    return path


@functools.cache
def library(name: str) -> ctypes.CDLL:
    """Compile a library, and load it."""
    return ctypes.CDLL(compiled(name, "-shared", "-fPIC"))
