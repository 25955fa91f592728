# SPDX-License-Identifier: GPL-2.0-only
"""Servers that are local auto: who runs one is not sent to it."""

import contextlib
import os
import socket
import struct
import subprocess
from collections.abc import Callable, Iterator

from lib.case import FAMILIES, IPV4, MAPPED, TestCase, capture, each
from lib.genetlink import Genetlink, attribute, constants
from lib.sock import IPPROTO_MPTCP, Sock
from lib.topology import CLIENT_WAN, DIRECT, SERVER_A
from lib.wait import DEADLINE, Call, in_child, until

OWN = ("127.0.0.1", 1080)
WAN = (CLIENT_WAN, 1080)
ANY = ("0.0.0.0", 1080)
_FREEBIND = 15


def configuration(
    address: tuple[str, int] = OWN, words: str = "local auto"
) -> str:
    """A rule that sends what goes to DIRECT to a server."""
    return (
        f"server add own {address[0]}:{address[1]} {words}\n"
        f"rule add to {DIRECT[0]} via own\n"
    )


def lookup(*attributes: bytes) -> dict[str, int]:
    """What the kernel answers to this process about DIRECT."""
    netlink = Genetlink()
    try:
        netlink.socket.setblocking(True)
        netlink.socket.settimeout(DEADLINE)
        question = netlink.message(
            "LOOKUP",
            attribute(
                "LOOKUP_ADDRESS",
                int.from_bytes(socket.inet_aton(DIRECT[0]), "little"),
            ),
            attribute("LOOKUP_PORT", socket.htons(DIRECT[1]), 2),
            *attributes,
        )
        netlink.socket.sendto(question, (0, 0))
        answer = netlink.socket.recv(1 << 16)
    finally:
        netlink.close()
    found, at = {}, 20
    (length,) = struct.unpack_from("=I", answer)
    names = {
        constants()[f"SOCKS_A_LOOKUP_{name}"]: name.lower()
        for name in ("ACTION", "REASON", "INDEX")
    }
    while at < length:
        size, kind = struct.unpack_from("=HH", answer, at)
        if kind in names:
            (found[names[kind]],) = struct.unpack_from("=I", answer, at + 4)
        at += (size + 3) & ~3
    return found


class Local(TestCase):
    """Where a connection goes, by what the process has open."""

    configuration = configuration()

    def open(
        self,
        address: tuple[str, int] = OWN,
        family: int = IPV4,
        listen: bool = True,
        protocol: int = 0,
        options: tuple[tuple[int, int, int | bytes], ...] = (),
    ) -> Sock:
        """A socket of this process, in the client's namespace."""
        sock = self.sock(family, protocol=protocol)
        for option in ((socket.SOL_SOCKET, socket.SO_REUSEADDR, 1), *options):
            self.assertEqual(sock.setsockopt(*option), "0", option)
        self.assertEqual(sock.bind(address), "0", address)
        if listen:
            self.assertEqual(sock.listen(), "0")
        return sock

    def where(self, begun: str) -> str:
        """Where the connection's SYN has gone that was begun just now."""
        if begun not in ("0", "EINPROGRESS"):
            return begun
        syns = until(capture(self.net.client).syns, "SYN")
        places = {(syn.destination, syn.port) for syn in syns}
        if places == {DIRECT}:
            return "direct"
        self.assertNotIn(DIRECT, places)
        return "server"

    def goes(self, family: int = IPV4) -> str:
        """Where a connection of this process goes."""
        return self.where(self.sock(family, nonblocking=True).connect(DIRECT))

    def goes_without(self, *socks: Sock) -> str:
        """Where one goes of a child which has closed these."""
        sock = self.sock(nonblocking=True)

        def program() -> str:
            for one in socks:
                one.close()
            return sock.connect(DIRECT)

        return self.where(in_child(program))

    @each(family=FAMILIES)
    def test_owner(self, family: int) -> None:
        """Who listens goes direct, all others to the server."""
        self.assertEqual(self.goes(family), "server")
        server = self.open()
        self.assertEqual(self.goes(family), "direct")
        self.assertEqual(self.goes_without(), "direct")
        self.assertEqual(self.goes_without(server), "server")
        server.close()
        self.assertEqual(self.goes(family), "server")

    def test_counted(self) -> None:
        """As connections are which a rule lets go direct."""
        self.configure(configuration(), fresh=True)
        self.open()
        self.assertEqual(self.goes(), "direct")
        (rule,) = self.ctl.rules()
        self.assertEqual((rule["tried"], rule["in_progress"]), (1, 0))
        self.assertEqual(self.ctl.server("own")["tried"], 0)

    def test_without_the_word(self) -> None:
        """What there is without it: the server's connection comes to itself."""
        self.configure(configuration(words=""))
        server = self.open()
        begun = Call(self.sock().connect, DIRECT)
        accepted = server.accepted()
        assert isinstance(accepted, Sock)
        self.addCleanup(accepted.close)
        asked = accepted.recv_all(9)
        self.assertEqual(
            asked,
            struct.pack("!BBH", 4, 1, DIRECT[1])
            + socket.inet_aton(DIRECT[0])
            + b"\0",
        )
        accepted.send_all(bytes((0, 91)) + bytes(6))
        self.assertEqual(begun.result(), "ECONNREFUSED")

    def test_listening_sockets(self) -> None:
        """Each socket that gets connections to the server's address counts."""
        v6only = (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        dual = (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        device = socket.SO_BINDTODEVICE
        for name, where, arguments in (
            ("its address", "direct", {}),
            ("any address", "direct", {"address": ANY}),
            ("another address", "server", {"address": WAN}),
            ("another port", "server", {"address": ("127.0.0.1", 1081)}),
            ("not listening", "server", {"listen": False}),
            (
                "mapped address",
                "direct",
                {"family": MAPPED, "options": (dual,)},
            ),
            ("MPTCP", "direct", {"protocol": IPPROTO_MPTCP}),
            (
                "loopback device",
                "direct",
                {"options": ((socket.SOL_SOCKET, device, b"lo\0"),)},
            ),
            (
                "another device",
                "server",
                {
                    "address": ANY,
                    "options": ((socket.SOL_SOCKET, device, b"wan\0"),),
                },
            ),
        ):
            with self.subTest(name):
                if name == "MPTCP" and not os.path.exists(
                    "/proc/sys/net/mptcp"
                ):
                    continue
                server = self.open(**arguments)
                self.assertEqual(self.goes(), where)
                server.close()
        # Any IPv6 address holds all IPv4 ones, unless the socket says no.
        for option, where in ((dual, "direct"), (v6only, "server")):
            with self.subTest(option), self.net.client.entered():
                with socket.socket(socket.AF_INET6) as server6:
                    server6.setsockopt(
                        socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
                    )
                    server6.setsockopt(*option)
                    server6.bind(("::", OWN[1]))
                    server6.listen()
                    self.assertEqual(self.goes(), where)

    def test_ipv6_address(self) -> None:
        """A socket with an IPv6 address is no server of this one."""
        # The kernel has this for sockets with an IPv6 address of their own.
        self.configure(configuration(("127.0.0.6", OWN[1])))
        for protocol in (0, IPPROTO_MPTCP):
            if protocol and not os.path.exists("/proc/sys/net/mptcp"):
                continue
            with (
                self.subTest(protocol),
                self.net.client.entered(),
                socket.socket(
                    socket.AF_INET6, socket.SOCK_STREAM, protocol
                ) as listener,
            ):
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(("::1", OWN[1]))
                listener.listen()
                self.assertEqual(self.goes(), "server")
        self.open(("127.0.0.6", OWN[1]))
        self.assertEqual(self.goes(), "direct")

    def test_several_processes(self) -> None:
        """SO_REUSEPORT: each that listens there runs the server."""
        again = (socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        one, two = (self.open(options=(again,)) for _ in range(2))
        self.assertEqual(self.goes_without(one), "direct")
        self.assertEqual(self.goes_without(two), "direct")
        self.assertEqual(self.goes_without(one, two), "server")

    def test_threads(self) -> None:
        """All threads of a process have its sockets open."""
        self.open()
        sock = self.sock(nonblocking=True)
        self.assertEqual(
            self.where(Call(sock.connect, DIRECT).result()), "direct"
        )

    def test_many_files(self) -> None:
        """However many files are open, and be it the last one."""
        with contextlib.ExitStack() as stack:
            for _ in range(500):
                stack.enter_context(open("/dev/null", "rb"))
            server = self.open()
            self.assertEqual(self.goes(), "direct")
            self.assertEqual(self.goes_without(server), "server")

    def test_another_namespace(self) -> None:
        """A listener in another network namespace is another one."""
        with self.net.second.entered(), socket.create_server(OWN):
            self.assertEqual(self.goes(), "server")

    def test_server_elsewhere(self) -> None:
        """Nobody runs a server of another host by listening to its port."""
        self.configure(configuration(SERVER_A))
        self.listener()
        self.open(("0.0.0.0", SERVER_A[1]))
        self.assertEqual(self.goes(), "server")

    def test_address_not_here(self) -> None:
        """Nor with its address."""
        self.configure(configuration(SERVER_A))
        self.listener()
        self.open(SERVER_A, options=((socket.SOL_IP, _FREEBIND, 1),))
        self.assertEqual(self.goes(), "server")

    def test_another_server(self) -> None:
        """What goes to another server goes there."""
        self.configure(
            "server add own 127.0.0.1:1080 local auto\n"
            f"server add other {CLIENT_WAN}:1080\n"
            f"rule add to {DIRECT[0]} port 1-6 via own\n"
            f"rule add to {DIRECT[0]} via other\n"
        )
        self.open()
        self.assertEqual(self.goes(), "server")

    def test_reject(self) -> None:
        """What is rejected is rejected."""
        self.configure(
            "server add own 127.0.0.1:1080 local auto\n"
            f"rule add to {DIRECT[0]} reject\n"
        )
        self.open()
        self.assertEqual(self.goes(), "EACCES")

    def test_fastopen(self) -> None:
        """It is the same for what does not come by connect()."""
        sock = self.sock()
        self.assertEqual(
            sock.sendto(b"x", socket.MSG_FASTOPEN, DIRECT), "EOPNOTSUPP"
        )
        self.open()
        sock = self.sock(nonblocking=True)
        sent = sock.sendto(b"x", socket.MSG_FASTOPEN, DIRECT)
        # Where an earlier connection was given a cookie, data go with the SYN.
        self.assertIn(sent, (1, "EINPROGRESS"))
        self.assertEqual(self.where("EINPROGRESS"), "direct")

    def test_mptcp(self) -> None:
        """And for MPTCP."""
        if not os.path.exists("/proc/sys/net/mptcp"):
            self.skipTest("this kernel has no MPTCP")
        sock = self.sock(nonblocking=True, protocol=IPPROTO_MPTCP)
        self.assertEqual(sock.connect(DIRECT), "EOPNOTSUPP")
        self.open()
        sock = self.sock(nonblocking=True, protocol=IPPROTO_MPTCP)
        self.assertEqual(self.where(sock.connect(DIRECT)), "direct")

    def test_lookup(self) -> None:
        """A process that asks about itself gets the same answer."""
        number = constants()
        via = number["SOCKS_ACTION_VIA"]
        direct = number["SOCKS_ACTION_DIRECT"]
        rule = number["SOCKS_REASON_RULE"]
        local = number["SOCKS_REASON_LOCAL"]
        with self.net.client.entered():
            self.assertEqual(
                lookup(), {"action": via, "reason": rule, "index": 1}
            )
            self.open()
            self.assertEqual(
                lookup(), {"action": direct, "reason": local, "index": 1}
            )
            # That is then a question about somebody.
            for who in "UID", "GID":
                self.assertEqual(
                    lookup(attribute(f"LOOKUP_{who}", 0))["action"], via
                )

    @contextlib.contextmanager
    def churn(self, function: Callable[[], None]) -> Iterator[None]:
        """Do something again and again meanwhile."""
        stop = False

        def again() -> None:
            while not stop:
                function()

        call = Call(again)
        try:
            yield
        finally:
            stop = True
            call.result()

    def test_files_come_and_go(self) -> None:
        """
        While other threads open and close files and listening sockets, each
        connection goes to one of both places, or is refused.
        """

        def files() -> None:
            descriptors = [os.dup(0) for _ in range(50)]
            for descriptor in descriptors:
                os.close(descriptor)

        def listen() -> None:
            self.open().close()

        seen = set()
        with self.churn(files), self.churn(listen):
            for _ in range(200):
                sock = self.sock(nonblocking=True)
                seen.add(sock.connect(DIRECT))
                sock.close()
        self.assertLessEqual(
            seen, {"EINPROGRESS", "ECONNREFUSED", "EOPNOTSUPP"}
        )

    def test_shown(self) -> None:
        """It is kept, and shown."""
        shown = subprocess.run(
            ("socksctl", "-n", self.net.client.name, "save"),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        self.assertIn(" local auto\n", shown)
        self.assertEqual(self.ctl.show()["servers"][0]["local"], "auto")
