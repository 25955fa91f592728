# SPDX-License-Identifier: GPL-2.0-only
"""
Sockets whose calls return what the system call returned.

Python's own retry after a signal, wait in connect(), and turn errors into
exceptions. Here a call is one system call; an error is its errno's name. So
what two sockets saw can be compared, and reads well where it differs.
"""

import array
import ctypes
import errno
import fcntl
import os
import select
import socket
import struct
from typing import Any

from .wait import DEADLINE, until

MAPPED = b"\0" * 10 + b"\xff\xff"

POLL_NAMES = {
    select.POLLIN: "IN",
    select.POLLPRI: "PRI",
    select.POLLOUT: "OUT",
    select.POLLERR: "ERR",
    select.POLLHUP: "HUP",
    select.POLLNVAL: "NVAL",
    select.POLLRDNORM: "RDNORM",
    select.POLLRDBAND: "RDBAND",
    select.POLLWRNORM: "WRNORM",
    select.POLLWRBAND: "WRBAND",
    0x2000: "RDHUP",
}
POLL_ALL = sum(POLL_NAMES)

SIOCINQ = 0x541B
SIOCOUTQ = 0x5411
SIOCOUTQNSD = 0x894B
TCP_ULP = 31
TCP_FASTOPEN_CONNECT = 30
IPPROTO_MPTCP = 262
SO_PEERNAME = 28
SO_RBIND = 21323

TCP_ESTABLISHED = 1
TCP_SYN_SENT = 2
TCP_FIN_WAIT2 = 5
TCP_CLOSE = 7
TCP_LISTEN = 10

_libc = ctypes.CDLL(None, use_errno=True)

Address = tuple[str, int]
# A number, or the name of an errno.
Result = int | str


def name(code: int | None) -> str:
    """The name of an errno; "0" is success."""
    if code == errno.EOPNOTSUPP:
        # Python knows it by its other name.
        return "EOPNOTSUPP"
    return errno.errorcode.get(code or 0, str(code))


def _call(function: Any, *arguments: Any) -> Result:
    ctypes.set_errno(0)
    result = function(*arguments)
    return name(ctypes.get_errno()) if result < 0 else result


def events(mask: int) -> str:
    """poll()'s events by name."""
    return "|".join(text for bit, text in POLL_NAMES.items() if mask & bit)


def sockaddr(family: int, address: Address) -> bytes:
    """An IPv4 address as a socket of that family takes it."""
    host = socket.inet_aton(address[0])
    if family == socket.AF_INET6:
        return struct.pack(
            "=H2sI16sI",
            family,
            struct.pack("!H", address[1]),
            0,
            MAPPED + host,
            0,
        )
    return struct.pack(
        "=H2s4s8x", family, struct.pack("!H", address[1]), host
    )


def ipv4(name_found: tuple[Any, ...] | str) -> Address | str:
    """What getpeername() and the like found, as an IPv4 address."""
    if isinstance(name_found, str):
        return name_found
    host = name_found[0]
    if ":" in host:
        if not host.startswith("::ffff:"):
            return (host, name_found[1])
        host = host.removeprefix("::ffff:")
    return (host, name_found[1])


class Sock:
    """A socket of a program. It belongs to the namespace it was made in."""

    def __init__(
        self,
        family: int = socket.AF_INET,
        kind: int = socket.SOCK_STREAM,
        protocol: int = 0,
        nonblocking: bool = False,
    ) -> None:
        self.family = family
        self.socket = socket.socket(family, kind, protocol)
        os.set_blocking(self.socket.fileno(), not nonblocking)

    def fileno(self) -> int:
        """The file descriptor."""
        return self.socket.fileno()

    def close(self) -> None:
        """close()"""
        self.socket.close()

    def set_blocking(self, blocking: bool) -> None:
        """Set or clear O_NONBLOCK."""
        os.set_blocking(self.fileno(), blocking)

    def connect(self, address: Address | bytes) -> str:
        """connect(): "0" or an errno's name."""
        if not isinstance(address, bytes):
            address = sockaddr(self.family, address)
        return str(_call(_libc.connect, self.fileno(), address, len(address)))

    def disconnect(self) -> str:
        """connect() to AF_UNSPEC."""
        return self.connect(struct.pack("=H14x", socket.AF_UNSPEC))

    def send(self, data: bytes, flags: int = 0) -> Result:
        """send(), without SIGPIPE"""
        return _call(
            _libc.send,
            self.fileno(),
            data,
            len(data),
            flags | socket.MSG_NOSIGNAL,
        )

    def sendto(self, data: bytes, flags: int, address: Address) -> Result:
        """sendto()"""
        raw = sockaddr(self.family, address)
        return _call(
            _libc.sendto,
            self.fileno(),
            data,
            len(data),
            flags | socket.MSG_NOSIGNAL,
            raw,
            len(raw),
        )

    def send_all(self, data: bytes) -> None:
        """send() until all is sent"""
        while data:
            sent = self.send(data)
            assert isinstance(sent, int), sent
            data = data[sent:]

    def recv(self, size: int, flags: int = 0) -> bytes | str:
        """recv(): the bytes, or an errno's name"""
        buffer = ctypes.create_string_buffer(max(size, 1))
        got = _call(_libc.recv, self.fileno(), buffer, size, flags)
        return buffer.raw[:got] if isinstance(got, int) else got

    def recv_all(self, size: int) -> bytes:
        """recv() until there is that much, or the end"""
        data = b""
        while len(data) < size:
            piece = self.recv(size - len(data))
            assert isinstance(piece, bytes), piece
            if not piece:
                break
            data += piece
        return data

    def recv_end(self) -> bytes:
        """recv() until the end"""
        data = b""
        while True:
            piece = self.recv(1 << 16)
            assert isinstance(piece, bytes), piece
            if not piece:
                return data
            data += piece

    def shutdown(self, how: int) -> str:
        """shutdown()"""
        return str(_call(_libc.shutdown, self.fileno(), how))

    def listen(self) -> str:
        """listen()"""
        return str(_call(_libc.listen, self.fileno(), 5))

    def accept(self) -> str:
        """accept(), of which only an errno is expected"""
        return str(_call(_libc.accept4, self.fileno(), None, None, 0))

    def bind(self, address: Address) -> str:
        """bind()"""
        raw = sockaddr(self.family, address)
        return str(_call(_libc.bind, self.fileno(), raw, len(raw)))

    def rbind(self, address: Address = ("0.0.0.0", 0)) -> str:
        """Rbind()"""
        return self.setsockopt(
            socket.SOL_IP, SO_RBIND, sockaddr(self.family, address)
        )

    def accepted(self) -> "Sock | str":
        """accept(): the new socket, or an errno's name"""
        got = _call(_libc.accept4, self.fileno(), None, None, 0)
        if isinstance(got, str):
            return got
        new = object.__new__(Sock)
        new.family = self.family
        new.socket = socket.socket(fileno=got)
        return new

    def poll(self, timeout: float = 0, mask: int = POLL_ALL) -> str:
        """poll(): the events by name"""
        poll = select.poll()
        poll.register(self.fileno(), mask)
        found = poll.poll(timeout * 1000)
        return events(found[0][1]) if found else ""

    def ended(self) -> str:
        """
        poll() until a connection has failed: the events by name. The kernel
        sets the error first, so for a moment there may be no more than ERR.
        """

        def seen() -> str:
            found = self.poll(DEADLINE)
            return found if "HUP" in found else ""

        return str(until(seen, "POLLHUP"))

    def setsockopt(self, level: int, option: int, value: int | bytes) -> str:
        """setsockopt()"""
        raw = struct.pack("i", value) if isinstance(value, int) else value
        return str(
            _call(
                _libc.setsockopt, self.fileno(), level, option, raw, len(raw)
            )
        )

    def getsockopt(
        self, level: int, option: int, size: int = 4
    ) -> bytes | str:
        """getsockopt(): the bytes, or an errno's name"""
        buffer = ctypes.create_string_buffer(size)
        length = ctypes.c_uint(size)
        result = _call(
            _libc.getsockopt,
            self.fileno(),
            level,
            option,
            buffer,
            ctypes.byref(length),
        )
        if isinstance(result, str):
            return result
        return buffer.raw[: length.value]

    def getsockopt_int(self, level: int, option: int) -> Result:
        """getsockopt() of a number"""
        value = self.getsockopt(level, option)
        if isinstance(value, str):
            return value
        return int(struct.unpack("i", value)[0])

    def so_error(self) -> str:
        """SO_ERROR, by name"""
        value = self.getsockopt_int(socket.SOL_SOCKET, socket.SO_ERROR)
        return value if isinstance(value, str) else name(value)

    def tcp_state(self) -> Result:
        """The state that TCP_INFO shows"""
        value = self.getsockopt(socket.SOL_TCP, socket.TCP_INFO, 104)
        return value if isinstance(value, str) else value[0]

    def ioctl_int(self, request: int) -> Result:
        """ioctl() which gives a number"""
        buffer = array.array("i", [-1])
        try:
            fcntl.ioctl(self.fileno(), request, buffer, True)
        except OSError as error:
            return name(error.errno)
        return buffer[0]

    def peer_name(self) -> Address | str:
        """getpeername(), as IPv4"""
        try:
            return ipv4(self.socket.getpeername())
        except OSError as error:
            return name(error.errno)

    def sock_name(self) -> Address | str:
        """getsockname(), as IPv4"""
        try:
            return ipv4(self.socket.getsockname())
        except OSError as error:
            return name(error.errno)


class Epoll:
    """An epoll instance with one socket in it."""

    EVENTS = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP

    def __init__(self, edge: bool) -> None:
        self._epoll = select.epoll()
        self._edge = select.EPOLLET if edge else 0

    def add(self, sock: Sock) -> None:
        """Watch a socket."""
        self._epoll.register(sock.fileno(), self.EVENTS | self._edge)

    def wait(self, timeout: float = 0) -> str:
        """epoll_wait(): the events by name"""
        found = self._epoll.poll(timeout)
        return events(found[0][1]) if found else ""

    def close(self) -> None:
        """Forget it."""
        self._epoll.close()
