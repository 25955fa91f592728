# SPDX-License-Identifier: GPL-2.0-only
"""A packet capture that sees each SYN which a namespace sends."""

import ctypes
import dataclasses
import ipaddress
import socket
import struct

from .topology import REJECT_PREFIX, THROUGH_PREFIX, Namespace

_ETH_P_ALL = 3
_SOL_PACKET = 263
_PACKET_STATISTICS = 6
_SO_ATTACH_FILTER = 26
_SO_RCVBUFFORCE = 33

# Outgoing, IPv4, TCP, no later fragment, SYN without ACK: offsets from the IP
# header. What is sent over the loopback device comes in again, and perhaps only
# when somebody waits for the next SYN.
_FILTER = (
    (0x20, 0, 0, 0xFFFFF004),  # ld pkttype
    (0x15, 0, 10, 4),  # jeq #PACKET_OUTGOING
    (0x28, 0, 0, 0xFFFFF000),  # ldh proto
    (0x15, 0, 8, 0x0800),  # jeq #ETH_P_IP
    (0x30, 0, 0, 9),  # ldb [9]
    (0x15, 0, 6, 6),  # jeq #IPPROTO_TCP
    (0x28, 0, 0, 6),  # ldh [6]
    (0x45, 4, 0, 0x1FFF),  # jset #0x1fff
    (0xB1, 0, 0, 0),  # ldxb 4*([0]&0xf)
    (0x50, 0, 0, 13),  # ldb [x+13]
    (0x54, 0, 0, 0x12),  # and #SYN|ACK
    (0x15, 1, 0, 0x02),  # jeq #SYN
    (0x06, 0, 0, 0),  # ret #0
    (0x06, 0, 0, 0x40000),  # ret #-1
)

PROTECTED = tuple(
    ipaddress.ip_network(prefix) for prefix in (THROUGH_PREFIX, REJECT_PREFIX)
)


@dataclasses.dataclass(frozen=True)
class Syn:
    """A SYN: the addresses in its IP header, the options there, its port."""

    source: str
    destination: str
    options: bytes
    port: int

    def names(self, address: str) -> bool:
        """Does the IP header hold this address, be it in an option?"""
        host = socket.inet_aton(address)
        return self.destination == address or host in self.options

    def leaks(self) -> bool:
        """Does it lead to where no program may connect directly?"""
        options = self.options
        hosts = [socket.inet_aton(self.destination)]
        hosts += [options[i : i + 4] for i in range(len(options) - 3)]
        return any(
            ipaddress.IPv4Address(host) in prefix
            for host in hosts
            for prefix in PROTECTED
        )


class Capture:
    """The capture, on all of a namespace's devices, from now on."""

    def __init__(self, namespace: Namespace) -> None:
        with namespace.entered():
            self._socket = socket.socket(
                socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL)
            )
        code = b"".join(struct.pack("=HBBI", *line) for line in _FILTER)
        array = (len(code) // 8).to_bytes(2, "little")
        self._code = ctypes.create_string_buffer(code)
        self._socket.setsockopt(
            socket.SOL_SOCKET,
            _SO_ATTACH_FILTER,
            array + bytes(6) + struct.pack("P", ctypes.addressof(self._code)),
        )
        self._socket.setsockopt(
            socket.SOL_SOCKET, _SO_RCVBUFFORCE, 64 << 20
        )
        self._socket.setblocking(False)

    def syns(self) -> list[Syn]:
        """What was sent since the last call."""
        found = []
        while True:
            try:
                packet = self._socket.recv(1 << 16)
            except BlockingIOError:
                break
            head = (packet[0] & 0xF) * 4
            found.append(
                Syn(
                    socket.inet_ntoa(packet[12:16]),
                    socket.inet_ntoa(packet[16:20]),
                    packet[20:head],
                    int.from_bytes(packet[head + 2 : head + 4], "big"),
                )
            )
        seen, dropped = struct.unpack(
            "=II", self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        )
        assert not dropped, f"capture: {dropped} of {seen} packets lost"
        return found

    def leaks(self) -> list[Syn]:
        """Of those, what should not have been sent."""
        return [syn for syn in self.syns() if syn.leaks()]
