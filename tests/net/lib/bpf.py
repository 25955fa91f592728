# SPDX-License-Identifier: GPL-2.0-only
"""Small BPF programs, attached to a cgroup's connect4 and connect6."""

import ctypes
import os
import socket
import struct

_SYS_BPF = 321
_PROG_LOAD = 5
_PROG_ATTACH = 8
_CGROUP_SOCK_ADDR = 18

# By family: the type of a program; where struct bpf_sock_addr has the IPv4
# address to which it connects.
_CONNECT = {socket.AF_INET: 10, socket.AF_INET6: 11}
_ADDRESS = {socket.AF_INET: 4, socket.AF_INET6: 8 + 3 * 4}

_libc = ctypes.CDLL(None, use_errno=True)


def _number(address: str) -> int:
    """An IPv4 address as an instruction takes it."""
    return int(struct.unpack("=i", socket.inet_aton(address))[0])


def _instruction(
    code: int,
    target: int = 0,
    source: int = 0,
    offset: int = 0,
    value: int = 0,
) -> bytes:
    return struct.pack("=BBhi", code, target | source << 4, offset, value)


_EXIT = _instruction(0x95)


def _when(family: int, address: str, then: bytes) -> bytes:
    """r0 = 1, and where the destination is this one, something else, too."""
    return (
        _instruction(0xB7, 0, value=1)  # r0 = 1
        + _instruction(0x61, 2, 1, _ADDRESS[family])  # r2 = its address
        + _instruction(0x56, 2, 0, len(then) // 8, _number(address))  # jne32
        + then
        + _EXIT
    )


def deny(address: str, family: int = socket.AF_INET) -> bytes:
    """A program which forbids connect() to an address."""
    return _when(family, address, _instruction(0xB7, 0, value=0))


def rewrite(
    address: str, other: str, family: int = socket.AF_INET
) -> bytes:
    """A program which lets connect() to an address go to another one."""
    return _when(
        family,
        address,
        _instruction(0xB4, 3, value=_number(other))
        + _instruction(0x63, 1, 3, _ADDRESS[family]),
    )


def _bpf(command: int, attributes: bytes) -> int:
    result = _libc.syscall(
        _SYS_BPF, command, attributes, ctypes.c_size_t(len(attributes))
    )
    if result < 0:
        raise OSError(ctypes.get_errno(), "bpf")
    return int(result)


def attach(
    program: bytes, cgroup: str, family: int = socket.AF_INET
) -> None:
    """Load a program, and attach it to a cgroup, with which it goes."""
    kind = _CONNECT[family]
    code = ctypes.create_string_buffer(program)
    licence = ctypes.create_string_buffer(b"GPL")
    attributes = struct.pack(
        "=IIQQIIQII16sII",
        _CGROUP_SOCK_ADDR,
        len(program) // 8,
        ctypes.addressof(code),
        ctypes.addressof(licence),
        *(0, 0, 0, 0, 0, b"socks_net", 0),
        kind,
    )
    loaded = _bpf(_PROG_LOAD, attributes)
    folder = os.open(f"/sys/fs/cgroup{cgroup}", os.O_RDONLY)
    try:
        _bpf(
            _PROG_ATTACH,
            struct.pack("=IIII", folder, loaded, kind, 0),
        )
    finally:
        os.close(folder)
        os.close(loaded)
