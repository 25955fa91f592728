# SPDX-License-Identifier: GPL-2.0-only
"""
Ways to make TCP connect to a destination: those that programs use, and all
others that the kernel has.

Each is a function which tries to connect to an IPv4 address and returns what
came of it, the name of an errno or "0". None waits for a connection.
"""

import contextlib
import ctypes
import dataclasses
import errno
import platform
import socket
import struct
import subprocess
import unittest
from collections.abc import Callable

from . import bpf, cgroup
from . import sock as socks
from .program import compiled
from .server import Listener
from .sock import Address, Sock
from .topology import CLIENT_WAN, DIRECT, SERVER_B, Topology
from .wait import DEADLINE, in_child, until

IPV4 = socket.AF_INET
MAPPED = socket.AF_INET6
BOTH = (IPV4, MAPPED)

AF_SMC = 43
IPPROTO_SMC = 256
IP_OPTIONS = 4
IP_TRANSPARENT = 19
IP_BIND_ADDRESS_NO_PORT = 24
IPV6_ADDRFORM = 1
LSRR, SSRR = 131, 137
SO_MARK = 36
TCP_FASTOPEN_NO_COOKIE = 34
CLONE_NEWUSER = 0x10000000

# Not the client's.
FOREIGN = "192.0.2.77"
CGROUP = "/socks-net-ways"

_libc = ctypes.CDLL(None, use_errno=True)


def source_route(kind: int, *hops: str) -> bytes:
    """An IP option with a source route, padded."""
    route = b"".join(socket.inet_aton(hop) for hop in hops)
    return bytes((kind, 3 + len(route), 4)) + route + b"\0"


class Tester:
    """Whoever tries a way, with what has to be cleaned up afterwards."""

    def __init__(self, net: Topology) -> None:
        self.net = net
        self._stack = contextlib.ExitStack()
        self._programs: list[subprocess.Popen[str]] = []

    def close(self) -> None:
        """Close all sockets and end all programs."""
        self._stack.close()

    def later(
        self, function: Callable[..., object], *arguments: object
    ) -> None:
        """Call a function at the end."""
        self._stack.callback(function, *arguments)

    def keep(self, sock: socket.socket, family: int) -> Sock:
        """Make one of Python's sockets a Sock, which does not block."""
        kept = Sock.__new__(Sock)
        kept.family = family
        kept.socket = sock
        kept.set_blocking(False)
        self.later(kept.close)
        return kept

    def sock(self, family: int, protocol: int = 0, domain: int = 0) -> Sock:
        """A program's socket. It does not block."""
        try:
            with self.net.client.entered():
                sock = socket.socket(
                    domain or family, socket.SOCK_STREAM, protocol
                )
        except OSError as error:
            if error.errno not in (
                errno.EAFNOSUPPORT,
                errno.EPROTONOSUPPORT,
                errno.ESOCKTNOSUPPORT,
            ):
                raise
            raise unittest.SkipTest(f"not in this kernel: {error}") from error
        return self.keep(sock, family)

    def set(
        self, sock: Sock, level: int, option: int, value: int | bytes
    ) -> None:
        """setsockopt(), which has to work."""
        result = sock.setsockopt(level, option, value)
        assert result == "0", f"option {option} of level {level}: {result}"

    def listener(self, port: int) -> Listener:
        """Somebody who is reached directly."""
        listener = Listener(self.net.firewall, (DIRECT[0], port))
        self.later(listener.close)
        return listener

    def connected(self, family: int) -> Sock:
        """A socket which is connected directly."""
        listener = self.listener(7001)
        sock = self.sock(family)
        sock.set_blocking(True)
        result = sock.connect(listener.address)
        assert result == "0", result
        self.later(listener.accept().close)
        sock.set_blocking(False)
        return sock

    def accepted(self, family: int, protocol: int = 0) -> Sock:
        """A socket from accept(), bound to the client's address."""
        listener = self.sock(family, protocol)
        assert listener.bind((CLIENT_WAN, 0)) == "0"
        assert listener.listen() == "0"
        other = self.sock(IPV4)
        name = listener.sock_name()
        assert not isinstance(name, str)
        assert other.connect(name) == "EINPROGRESS"
        listener.socket.settimeout(DEADLINE)
        sock, _ = listener.socket.accept()
        return self.keep(sock, family)

    def run(self, name: str, *arguments: object) -> str:
        """Run a program of ours. What it prints is the result."""
        with self.net.client.entered():
            program = subprocess.Popen(
                (compiled(name), *map(str, arguments)),
                stdout=subprocess.PIPE,
                text=True,
            )
        self._programs.append(program)
        assert program.stdout
        self.later(program.stdout.close)
        self.later(program.wait)
        self.later(program.kill)
        return ""

    def settled(self) -> bool:
        """Have all programs ended?"""
        return all(one.poll() is not None for one in self._programs)

    def printed(self) -> str:
        """What the programs that have ended have printed."""
        return "".join(
            one.stdout.read().strip()
            for one in self._programs
            if one.stdout and one.poll() is not None
        )

    def cookie(self, family: int, address: Address) -> None:
        """Have the kernel know a Fast Open cookie for an address."""

        def known() -> bool:
            shown = subprocess.run(
                ("ip", "-n", "client", "tcp_metrics", "show", address[0]),
                capture_output=True,
                # It is an error where nothing is known of the address.
                check=False,
            ).stdout
            return b"fo_cookie" in shown

        if known():
            return
        with self.net.firewall.entered():
            server = socket.socket()
        self.later(server.close)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.setsockopt(socket.SOL_TCP, socket.TCP_FASTOPEN, 5)
        self.net.firewall.sysctl("net/ipv4/tcp_fastopen", 2)
        server.bind(address)
        server.listen()
        sock = self.sock(family)
        sock.sendto(b"x", socket.MSG_FASTOPEN, address)
        server.settimeout(DEADLINE)
        server.accept()[0].close()
        until(known, "Fast Open cookie")


Attempt = Callable[[Tester, int, Address], str]


@dataclasses.dataclass(frozen=True)
class Way:
    """
    A way: does it lead through the server, or is it refused; is it one to a
    certain host only; is it a program of its own?
    """

    name: str
    attempt: Attempt
    redirected: bool
    host: str | None
    families: tuple[int, ...]
    program: bool

    def __str__(self) -> str:
        return self.name


WAYS: list[Way] = []


def _way(
    redirected: bool = True,
    host: str | None = None,
    families: tuple[int, ...] = BOTH,
    program: bool = False,
) -> Callable[[Attempt], Attempt]:
    def add(attempt: Attempt) -> Attempt:
        name = attempt.__name__.strip("_")
        WAYS.append(Way(name, attempt, redirected, host, families, program))
        return attempt

    return add


# What connect() makes of a socket, in whatever state that is.


@_way()
def _connect(tester: Tester, family: int, target: Address) -> str:
    return tester.sock(family).connect(target)


@_way()
def _connect_again(tester: Tester, family: int, target: Address) -> str:
    """After a connection was begun, and given up."""
    sock = tester.sock(family)
    sock.connect((tester.net.held_address(), 80))
    assert sock.disconnect() == "0"
    return sock.connect(target)


@_way()
def _connect_after_refusal(
    tester: Tester, family: int, target: Address
) -> str:
    sock = tester.sock(family)
    sock.set_blocking(True)
    assert sock.connect((DIRECT[0], 9)) == "ECONNREFUSED"
    sock.set_blocking(False)
    return sock.connect(target)


@_way()
def _connect_after_another(
    tester: Tester, family: int, target: Address
) -> str:
    """After another connection, which was disconnected."""
    sock = tester.connected(family)
    assert sock.disconnect() == "0"
    return sock.connect(target)


@_way(families=(MAPPED,))
def _connect_after_addrform(
    tester: Tester, family: int, target: Address
) -> str:
    """On an IPv6 socket that IPV6_ADDRFORM has made an IPv4 one."""
    sock = tester.connected(family)
    tester.set(sock, socket.IPPROTO_IPV6, IPV6_ADDRFORM, IPV4)
    sock.family = IPV4
    assert sock.disconnect() == "0"
    return sock.connect(target)


@_way()
def _connect_accepted(tester: Tester, family: int, target: Address) -> str:
    """On a socket that accept() gave, once it is disconnected."""
    sock = tester.accepted(family)
    assert sock.disconnect() == "0"
    return sock.connect(target)


@_way()
def _connect_listener(tester: Tester, family: int, target: Address) -> str:
    """On one that has listened."""
    sock = tester.sock(family)
    assert sock.bind((CLIENT_WAN, 0)) == "0"
    assert sock.listen() == "0"
    assert sock.disconnect() == "0"
    return sock.connect(target)


# With options that change how TCP connects.


@_way()
def _bound(tester: Tester, family: int, target: Address) -> str:
    sock = tester.sock(family)
    assert sock.bind((CLIENT_WAN, 0)) == "0"
    return sock.connect(target)


@_way()
def _bound_late(tester: Tester, family: int, target: Address) -> str:
    sock = tester.sock(family)
    tester.set(sock, socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    assert sock.bind((CLIENT_WAN, 0)) == "0"
    return sock.connect(target)


@_way()
def _transparent(tester: Tester, family: int, target: Address) -> str:
    """From an address which is not the host's."""
    sock = tester.sock(family)
    tester.set(sock, socket.IPPROTO_IP, IP_TRANSPARENT, 1)
    assert sock.bind((FOREIGN, 0)) == "0"
    return sock.connect(target)


@_way()
def _marked(tester: Tester, family: int, target: Address) -> str:
    sock = tester.sock(family)
    tester.set(sock, socket.SOL_SOCKET, SO_MARK, 1)
    return sock.connect(target)


@_way()
def _device(tester: Tester, family: int, target: Address) -> str:
    sock = tester.sock(family)
    tester.set(sock, socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"wan")
    return sock.connect(target)


def _routed(
    tester: Tester, family: int, kind: int, hop: str, fastopen: bool
) -> str:
    sock = tester.sock(family)
    tester.set(sock, socket.IPPROTO_IP, IP_OPTIONS, source_route(kind, hop))
    if fastopen:
        return str(sock.sendto(b"x", socket.MSG_FASTOPEN, DIRECT))
    return sock.connect(DIRECT)


@_way(redirected=False)
def _loose_route(tester: Tester, family: int, target: Address) -> str:
    """As the first hop on the way to somewhere else."""
    return _routed(tester, family, LSRR, target[0], False)


@_way(redirected=False)
def _loose_route_fastopen(
    tester: Tester, family: int, target: Address
) -> str:
    return _routed(tester, family, LSRR, target[0], True)


# A strict route is one to a neighbour.
@_way(redirected=False, host=SERVER_B[0])
def _strict_route(tester: Tester, family: int, target: Address) -> str:
    return _routed(tester, family, SSRR, target[0], False)


# Other names for a host.


@_way(host="127.0.0.1")
def _zero(tester: Tester, family: int, target: Address) -> str:
    """0.0.0.0 is 127.0.0.1 ..."""
    return tester.sock(family).connect(("0.0.0.0", target[1]))


@_way(host=CLIENT_WAN)
def _zero_bound(tester: Tester, family: int, target: Address) -> str:
    """... or where the socket is bound to ..."""
    sock = tester.sock(family)
    assert sock.bind((CLIENT_WAN, 0)) == "0"
    return sock.connect(("0.0.0.0", target[1]))


@_way(host=CLIENT_WAN)
def _zero_device(tester: Tester, family: int, target: Address) -> str:
    """... or the address of its device."""
    sock = tester.sock(family)
    tester.set(sock, socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"wan")
    return sock.connect(("0.0.0.0", target[1]))


@_way(redirected=False, host="127.0.0.1", families=(MAPPED,))
def _unspecified(tester: Tester, family: int, target: Address) -> str:
    """"::" on an IPv6 socket bound to an IPv4 address is 127.0.0.1."""
    sock = tester.sock(family)
    assert sock.bind(("127.0.0.1", 0)) == "0"
    port = struct.pack("!H", target[1])
    return sock.connect(struct.pack("=H2s24x", family, port))


# TCP Fast Open.


@_way(redirected=False)
def _fastopen(tester: Tester, family: int, target: Address) -> str:
    sock = tester.sock(family)
    return str(sock.sendto(b"x", socket.MSG_FASTOPEN, target))


@_way(redirected=False)
def _fastopen_sendmsg(tester: Tester, family: int, target: Address) -> str:
    host = f"::ffff:{target[0]}" if family == MAPPED else target[0]
    try:
        return str(
            tester.sock(family).socket.sendmsg(
                [b"x"], [], socket.MSG_FASTOPEN, (host, target[1])
            )
        )
    except OSError as error:
        return socks.name(error.errno)


@_way(redirected=False)
def _fastopen_no_cookie(
    tester: Tester, family: int, target: Address
) -> str:
    sock = tester.sock(family)
    tester.set(sock, socket.SOL_TCP, TCP_FASTOPEN_NO_COOKIE, 1)
    return str(sock.sendto(b"x", socket.MSG_FASTOPEN, target))


@_way(redirected=False, host=DIRECT[0])
def _fastopen_cookie(tester: Tester, family: int, target: Address) -> str:
    """With a cookie, the SYN carries data."""
    tester.cookie(family, (DIRECT[0], 7002))
    sock = tester.sock(family)
    return str(sock.sendto(b"x", socket.MSG_FASTOPEN, target))


@_way()
def _fastopen_connect(tester: Tester, family: int, target: Address) -> str:
    sock = tester.sock(family)
    tester.set(sock, socket.SOL_TCP, socks.TCP_FASTOPEN_CONNECT, 1)
    return sock.connect(target)


@_way(host=DIRECT[0])
def _fastopen_connect_cookie(
    tester: Tester, family: int, target: Address
) -> str:
    """With a cookie, connect() leaves it to the first write()."""
    tester.cookie(family, (DIRECT[0], 7002))
    sock = tester.sock(family)
    tester.set(sock, socket.SOL_TCP, socks.TCP_FASTOPEN_CONNECT, 1)
    result = sock.connect(target)
    sock.send(b"x")
    return result


# MPTCP and SMC, which connect with TCP sockets of the kernel's.


@_way(redirected=False)
def _mptcp(tester: Tester, family: int, target: Address) -> str:
    return tester.sock(family, socks.IPPROTO_MPTCP).connect(target)


@_way(redirected=False)
def _mptcp_fastopen(tester: Tester, family: int, target: Address) -> str:
    if platform.release().startswith("6.1."):
        raise unittest.SkipTest("not in this kernel: Fast Open of MPTCP")
    sock = tester.sock(family, socks.IPPROTO_MPTCP)
    return str(sock.sendto(b"x", socket.MSG_FASTOPEN, target))


@_way()
def _mptcp_accepted(tester: Tester, family: int, target: Address) -> str:
    """
    A listener of MPTCP gives a TCP socket of the kernel's to a program when
    somebody connects who speaks TCP only.
    """
    sock = tester.accepted(family, socks.IPPROTO_MPTCP)
    assert sock.disconnect() == "0"
    return sock.connect(target)


def _smc_sock(tester: Tester, family: int) -> Sock:
    return tester.sock(family, int(family == MAPPED), AF_SMC)


@_way(redirected=False)
def _smc(tester: Tester, family: int, target: Address) -> str:
    return _smc_sock(tester, family).connect(target)


@_way(redirected=False)
def _smc_protocol(tester: Tester, family: int, target: Address) -> str:
    return tester.sock(family, IPPROTO_SMC).connect(target)


@_way(redirected=False)
def _smc_fallback(tester: Tester, family: int, target: Address) -> str:
    """An option SMC does not know puts its TCP socket in its place."""
    sock = _smc_sock(tester, family)
    tester.set(sock, socket.SOL_TCP, socks.TCP_FASTOPEN_CONNECT, 1)
    tester.set(sock, socket.SOL_TCP, socks.TCP_FASTOPEN_CONNECT, 0)
    return sock.connect(target)


@_way(redirected=False)
def _smc_fastopen(tester: Tester, family: int, target: Address) -> str:
    sock = _smc_sock(tester, family)
    return str(sock.sendto(b"x", socket.MSG_FASTOPEN, target))


# Without connect(), or with another one.


@_way(program=True)
def _uring(tester: Tester, family: int, target: Address) -> str:
    version = "6" if family == MAPPED else "4"
    return tester.run("uring", version, *target)


@_way(program=True)
def _uring_thread(tester: Tester, family: int, target: Address) -> str:
    """By a thread of the kernel's, which polls the queue."""
    version = "6" if family == MAPPED else "4"
    return tester.run("uring", version, *target, "sqpoll")


@_way(redirected=False, program=True)
def _uring_fastopen(tester: Tester, family: int, target: Address) -> str:
    version = "6" if family == MAPPED else "4"
    return tester.run("uring", version, *target, "fastopen")


def _compat(tester: Tester, family: int, target: Address, how: str) -> str:
    version = "6" if family == MAPPED else "4"
    return tester.run("compat", version, *target, how)


@_way(program=True)
def _compat_connect(tester: Tester, family: int, target: Address) -> str:
    """System calls of 32-bit programs."""
    return _compat(tester, family, target, "connect")


@_way(program=True)
def _compat_socketcall(tester: Tester, family: int, target: Address) -> str:
    return _compat(tester, family, target, "socketcall")


@_way(redirected=False, program=True)
def _compat_fastopen(tester: Tester, family: int, target: Address) -> str:
    return _compat(tester, family, target, "fastopen")


# From elsewhere.


@_way()
def _namespace(tester: Tester, family: int, target: Address) -> str:
    """In a process which is in another network namespace."""
    sock = tester.sock(family)

    def program() -> str:
        tester.net.second.enter()
        return sock.connect(target)

    return in_child(program)


@_way()
def _user_namespace(tester: Tester, family: int, target: Address) -> str:
    """By the root of a new user namespace."""

    def program() -> str:
        tester.net.client.enter()
        if _libc.unshare(CLONE_NEWUSER):
            return f"unshare: {socks.name(ctypes.get_errno())}"
        with open("/proc/self/uid_map", "w", encoding="ascii") as file:
            file.write("0 0 1")
        return Sock(family, nonblocking=True).connect(target)

    return in_child(program)


@_way(redirected=False)
def _bpf(tester: Tester, family: int, target: Address) -> str:
    """A BPF program makes another address of it."""
    try:
        cgroup.make(CGROUP)
        tester.later(cgroup.remove, CGROUP)
        tester.later(cgroup.enter, "")
        bpf.attach(bpf.rewrite(DIRECT[0], target[0], family), CGROUP, family)
    except OSError as error:
        raise unittest.SkipTest(f"not in this kernel: {error}") from error
    cgroup.enter(CGROUP)
    return tester.sock(family).connect((DIRECT[0], target[1]))
