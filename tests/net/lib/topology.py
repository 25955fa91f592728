# SPDX-License-Identifier: GPL-2.0-only
"""
The network in which the tests run: namespaces, joined by veth pairs.

  client --wan--- firewall ---out--- outside
         --lan--/     |
  second --wan2------/

client    Programs run here. Everything goes to the firewall, which does not
          forward: a connection that leaks shows in the capture on the client's
          side, and gets no answer.
second    Another client. It knows no way but to the firewall itself.
firewall  The SOCKS servers listen here.
outside   Where they connect to.

"lan" is the network for what is to be compared with: connections that go
direct. The firewall has all its addresses in LAN_PREFIX, but is silent when
asked for them (ARP). The client's kernel holds the SYN back until the test
says where the address is: so a direct connection is in progress for just as
long as the test wants.
"""

import contextlib
import fcntl
import functools
import itertools
import os
import socket
import struct
import subprocess
from collections.abc import Iterator

from .sock import Address
from .wait import setns

CLIENT_WAN = "10.1.0.2"
CLIENT_LAN = "10.2.0.1"
SECOND_WAN = "10.4.0.2"

# Servers, and what is reached directly, on the firewall.
SERVER_A = ("10.1.0.1", 1080)
SERVER_B = ("10.1.0.3", 1080)
DIRECT = ("10.1.0.4", 7)
CLOSED_PORT = ("10.1.0.4", 9)
SERVER_SECOND = ("10.4.0.1", 1080)
# The client has an "unreachable" route for this.
NO_ROUTE = ("10.5.0.1", 1080)

# Destinations for rules; both lead to the firewall, and no further.
THROUGH_PREFIX = "203.0.113.0/24"
REJECT_PREFIX = "198.51.100.0/24"
TARGET = ("203.0.113.5", 80)
REJECTED = ("198.51.100.5", 80)

_SIOCDARP = 0x8953
_SIOCSARP = 0x8955
_ATF_COM = 0x02
_ATF_PERM = 0x04

_SETUP = """
link add wan netns client type veth peer name wan netns firewall
link add lan netns client type veth peer name lan netns firewall
link add wan2 netns second type veth peer name wan2 netns firewall
link add out netns firewall type veth peer name out netns outside
"""

_CLIENT = f"""
link set lo up
address add {CLIENT_WAN}/24 dev wan
link set wan up
address add {CLIENT_LAN}/16 dev lan
link set lan up
route add default via {SERVER_A[0]}
route add unreachable {NO_ROUTE[0]}/32
"""

_FIREWALL = f"""
link set lo up
address add {SERVER_A[0]}/24 dev wan
address add {SERVER_B[0]}/24 dev wan
address add {DIRECT[0]}/24 dev wan
link set wan up
address add 10.2.0.2/16 dev lan
link set lan up
route add local 10.2.128.0/17 dev lan
address add {SERVER_SECOND[0]}/24 dev wan2
link set wan2 up
address add 192.0.2.1/24 dev out
link set out up
route add {THROUGH_PREFIX} via 192.0.2.2
route add unreachable 10.2.100.0/24
"""

_SECOND = f"""
link set lo up
address add {SECOND_WAN}/24 dev wan2
link set wan2 up
"""

_OUTSIDE = f"""
link set lo up
address add 192.0.2.2/24 dev out
link set out up
route add local {THROUGH_PREFIX} dev lo
"""


def _ip(*arguments: str, batch: str = "") -> None:
    subprocess.run(
        ["ip", *arguments], input=batch, text=True, check=True, timeout=600
    )


class Namespace:
    """A network namespace, known to ip-netns by its name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._fd = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Let this thread be there for a while."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            setns(self._fd)
            try:
                yield
            finally:
                setns(home)
        finally:
            os.close(home)

    def enter(self) -> None:
        """Let this thread be there from now on."""
        setns(self._fd)

    def close(self) -> None:
        """Forget the namespace. It stays."""
        os.close(self._fd)

    def sysctl(self, name: str, value: object) -> None:
        """Set a sysctl, named as below /proc/sys."""
        with self.entered():
            with open(f"/proc/sys/{name}", "w", encoding="ascii") as file:
                file.write(str(value))


class Topology:
    """The whole network. Made once, and used by all tests."""

    def __init__(self) -> None:
        names = ("client", "second", "firewall", "outside")
        for name in names:
            _ip("netns", "add", name)
        self.client = Namespace("client")
        self.second = Namespace("second")
        self.firewall = Namespace("firewall")
        self.outside = Namespace("outside")
        _ip("-batch", "-", batch=_SETUP)

        # Silent before the link is up, so that nobody asks too early.
        self.firewall.sysctl("net/ipv4/conf/lan/arp_ignore", 8)
        self.client.sysctl("net/ipv4/neigh/lan/mcast_solicit", 100000)
        self.firewall.sysctl("net/ipv4/conf/lan/forwarding", 1)
        self.firewall.sysctl("net/ipv4/icmp_ratemask", 0)
        for device in ("all", "lan", "wan", "out"):
            self.firewall.sysctl(f"net/ipv4/conf/{device}/rp_filter", 0)
        for name, batch in zip(
            names, (_CLIENT, _SECOND, _FIREWALL, _OUTSIDE), strict=True
        ):
            _ip("-n", name, "-batch", "-", batch=batch)

        with self.firewall.entered():
            self._lan_mac = _mac("lan")
        with self.client.entered():
            self._arp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.answer("10.2.0.2")
        self._held = itertools.count()
        self._unreachable = itertools.count(1)

    def held_address(self) -> str:
        """A new address for which answer() was not called yet."""
        number = next(self._held)
        return f"10.2.{128 + number // 250}.{number % 250 + 1}"

    def unreachable_address(self) -> str:
        """The same, but the firewall then says that it is out of reach."""
        return f"10.2.100.{next(self._unreachable)}"

    def _tell(self, command: int, address: str) -> None:
        fcntl.ioctl(
            self._arp,
            command,
            struct.pack(
                "=HH4s8xH14si16x16s",
                socket.AF_INET,
                0,
                socket.inet_aton(address),
                1,
                self._lan_mac,
                _ATF_COM | _ATF_PERM,
                b"lan",
            ),
        )

    def answer(self, address: str) -> None:
        """Let the client find an address of "lan"."""
        self._tell(_SIOCSARP, address)

    def forget(self, address: str) -> None:
        """Let the client find it no more."""
        self._tell(_SIOCDARP, address)


def _mac(device: str) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        answer = fcntl.ioctl(
            sock, 0x8927, struct.pack("16s24x", device.encode())
        )
    return answer[18:24]


@functools.cache
def topology() -> Topology:
    """The network, made when first asked for."""
    return Topology()


def text(address: Address) -> str:
    """An address as socksctl takes it."""
    return f"{address[0]}:{address[1]}"
