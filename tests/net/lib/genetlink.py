# SPDX-License-Identifier: GPL-2.0-only
"""The module's netlink family, message by message."""

import functools
import pathlib
import re
import socket
import struct

HEADER = pathlib.Path(__file__).resolve().parents[3] / "uapi/linux/socks.h"

NETLINK_GENERIC = 16
_CTRL = 16
_CTRL_GETFAMILY = 3
_CTRL_FAMILY_ID = 1
_CTRL_FAMILY_NAME = 2

REQUEST, ACK, DUMP = 1, 4, 0x300
_ERROR, _DONE = 2, 3


@functools.cache
def constants() -> dict[str, int]:
    """The numbers in the header, by name."""
    found: dict[str, int] = {}
    for body in re.findall(
        r"enum[^{;]*\{([^}]*)\}", HEADER.read_text("ascii")
    ):
        value = 0
        for entry in filter(None, map(str.strip, body.split(","))):
            key, _, given = entry.partition("=")
            if given:
                number = given.strip()
                if not number.isdigit():
                    continue
                value = int(number)
            found[key.strip()] = value
            value += 1
    return found


def attribute(name: str, value: int | str | bytes, size: int = 4) -> bytes:
    """An attribute: a number of so many bytes, or a string, or what is given."""
    if isinstance(value, int):
        value = value.to_bytes(size, "little")
    elif isinstance(value, str):
        value = value.encode() + b"\0"
    head = struct.pack("=HH", 4 + len(value), constants()[f"SOCKS_A_{name}"])
    return head + value + bytes(-len(value) % 4)


def _message(kind: int, command: int, flags: int, seq: int, body: bytes) -> bytes:
    return (
        struct.pack("=IHHIIBBH", 20 + len(body), kind, flags, seq, 0, command, 1, 0)
        + body
    )


class Genetlink:
    """A netlink socket, in the namespace in which it is made."""

    def __init__(self) -> None:
        self.socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC
        )
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self.socket.bind((0, 0))
        body = struct.pack("=HH6s2x", 10, _CTRL_FAMILY_NAME, b"socks\0")
        self.socket.sendto(
            _message(_CTRL, _CTRL_GETFAMILY, REQUEST, 0, body), (0, 0)
        )
        answer = self.socket.recv(1 << 16)
        # 0 where there is no such family.
        self.family = 0
        at = 20
        while struct.unpack_from("=H", answer, 4)[0] == _CTRL and at < len(answer):
            length, kind = struct.unpack_from("=HH", answer, at)
            if kind == _CTRL_FAMILY_ID:
                (self.family,) = struct.unpack_from("=H", answer, at + 4)
            at += (length + 3) & ~3
        self.socket.setblocking(False)

    def message(
        self, command: str, *attributes: bytes, flags: int = ACK, seq: int = 0
    ) -> bytes:
        """A message, to be sent."""
        return _message(
            self.family,
            constants()[f"SOCKS_CMD_{command}"],
            REQUEST | flags,
            seq,
            b"".join(attributes),
        )

    def answers(self) -> tuple[list[tuple[int, int]], bool]:
        """
        What has come: sequence number and errno of each answer that tells one,
        and whether any answer was lost for want of memory.
        """
        found, lost = [], False
        while True:
            try:
                data = self.socket.recv(1 << 20)
            except BlockingIOError:
                return found, lost
            except OSError:
                lost = True
                continue
            while len(data) >= 16:
                length, kind, _, seq = struct.unpack_from("=IHHI", data)
                if kind in (_ERROR, _DONE) and length >= 20:
                    found.append((seq, -struct.unpack_from("=i", data, 16)[0]))
                data = data[(length + 3) & ~3 :]

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()
