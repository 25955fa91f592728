# SPDX-License-Identifier: GPL-2.0-only
"""Which rule decides, and what none speaks of."""

import contextlib
import ctypes
import os
import socket
import struct
import subprocess
import tempfile
from select import POLLOUT

from lib import cgroup
from lib.case import FAMILIES, MAPPED, TestCase, capture, each
from lib.server import Listener, request
from lib.topology import (
    CLIENT_WAN,
    DIRECT,
    SERVER_A,
    SERVER_B,
    TARGET,
    Namespace,
    text,
)
from lib.wait import DEADLINE, Call, in_child, until

SERVERS = f"server add a {text(SERVER_A)}\nserver add b {text(SERVER_B)}\n"
OTHER = ("203.0.113.200", 443)


class Rules(TestCase):
    """What becomes of a connection."""

    def rules(self, *lines: str) -> None:
        """Configure both servers, and these rules."""
        self.configure(
            SERVERS + "".join(f"rule add {line}\n" for line in lines)
        )

    def goes(
        self, target: tuple[str, int], family: int = socket.AF_INET
    ) -> str:
        """Where a connection ends: a, b, direct, or an errno's name."""
        sock = self.sock(family, nonblocking=True)
        return self.arrives(sock.connect(target), target)

    def goes_as(self, target: tuple[str, int], **ids: int) -> str:
        """The same for a process with other ids."""
        sock = self.sock(nonblocking=True)

        def program() -> str:
            if "gid" in ids:
                os.setegid(ids["gid"])
            if "uid" in ids:
                os.seteuid(ids["uid"])
            return sock.connect(target)

        return self.arrives(in_child(program), target)

    def goes_in(self, target: tuple[str, int], folder: str) -> str:
        """The same for a process in a cgroup."""
        sock = self.sock(nonblocking=True)

        def program() -> str:
            cgroup.enter(folder)
            return sock.connect(target)

        return self.arrives(in_child(program), target)

    def arrives(self, result: str, target: tuple[str, int]) -> str:
        """Where the connection that gave this result has gone."""
        if result not in ("0", "EINPROGRESS"):
            return result
        syn = until(capture(self.net.client).syns, "SYN")[0]
        for name, address in (("a", SERVER_A), ("b", SERVER_B)):
            if (syn.destination, syn.port) == address and target != address:
                peer = self.accepted(self.listener(address))
                self.assertEqual(peer.request(), request(target))
                return name
        self.assertEqual((syn.destination, syn.port), target)
        if target in (SERVER_A, SERVER_B):
            # It must not be taken for one of those that come later.
            self.accepted(self.listener(target))
        return "direct"

    def setUp(self) -> None:
        super().setUp()
        # Both listen before the first SYN.
        self.listener(SERVER_A)
        self.listener(SERVER_B)

    @each(family=FAMILIES)
    def test_first_match(self, family: int) -> None:
        """The first rule that matches decides, not the narrowest."""
        self.rules(
            "to 203.0.113.0/25 via a",
            "to 203.0.113.0/24 via b",
            "to 203.0.113.5 reject",
            "to 203.0.113.128/25 reject",
        )
        self.assertEqual(self.goes(TARGET, family), "a")
        self.assertEqual(self.goes(OTHER, family), "b")
        self.assertEqual(self.goes(DIRECT, family), "direct")
        self.rules("to 203.0.113.0/24 reject", "to 203.0.113.5 via a")
        self.assertEqual(self.goes(TARGET, family), "EACCES")

    @each(family=FAMILIES)
    def test_direct_exception(self, family: int) -> None:
        """A direct rule before a via rule, and one behind it."""
        self.rules(f"to {DIRECT[0]} direct", "to any via a")
        self.assertEqual(self.goes(DIRECT, family), "direct")
        self.assertEqual(self.goes(TARGET, family), "a")
        self.rules("to any via a", f"to {DIRECT[0]} direct")
        self.assertEqual(self.goes(DIRECT, family), "a")

    @each(family=FAMILIES)
    def test_port(self, family: int) -> None:
        """Port ranges hold their ends."""
        self.rules(
            "to 203.0.113.0/24 port 80-90 via a",
            "to 203.0.113.0/24 port 443 via b",
            "to 203.0.113.0/24 reject",
        )
        for port, where in (
            (79, "EACCES"),
            (80, "a"),
            (85, "a"),
            (90, "a"),
            (91, "EACCES"),
            (443, "b"),
            (65535, "EACCES"),
            (1, "EACCES"),
        ):
            with self.subTest(port=port):
                self.assertEqual(self.goes((TARGET[0], port), family), where)

    def test_prefix(self) -> None:
        """Prefixes hold their ends."""
        self.rules(
            "to 203.0.113.64/26 via a",
            "to 203.0.113.128/32 via b",
            "to 203.0.113.0/24 reject",
        )
        for host, where in (
            (63, "EACCES"),
            (64, "a"),
            (127, "a"),
            (128, "b"),
            (129, "EACCES"),
        ):
            with self.subTest(host=host):
                address = (f"203.0.113.{host}", 80)
                self.assertEqual(self.goes(address), where)

    def test_uid(self) -> None:
        """uid is the effective user id of the caller of connect()."""
        self.rules(
            "to 203.0.113.0/24 uid 1000-1999 via a",
            "to 203.0.113.0/24 uid 0 via b",
            "to 203.0.113.0/24 reject",
        )
        for uid, where in (
            (0, "b"),
            (999, "EACCES"),
            (1000, "a"),
            (1999, "a"),
            (2000, "EACCES"),
        ):
            with self.subTest(uid=uid):
                self.assertEqual(self.goes_as(TARGET, uid=uid), where)

    def test_gid(self) -> None:
        """gid is the effective group id."""
        self.rules(
            "to 203.0.113.0/24 gid 100 via a",
            "to 203.0.113.0/24 gid 0 uid 5-6 via b",
            "to 203.0.113.0/24 reject",
        )
        for gid, uid, where in (
            (100, 0, "a"),
            (100, 5, "a"),
            (0, 5, "b"),
            (0, 7, "EACCES"),
            (101, 5, "EACCES"),
        ):
            with self.subTest(gid=gid, uid=uid):
                self.assertEqual(
                    self.goes_as(TARGET, gid=gid, uid=uid), where
                )

    def test_setpriv(self) -> None:
        """uid and gid of an ordinary program, run with setpriv."""
        self.rules(
            "to 203.0.113.0/24 uid 1234 gid 4321 via a",
            "to 203.0.113.0/24 reject",
        )
        for uid, where in ((1234, "a"), (1235, "EACCES")):
            with self.subTest(uid=uid):
                program = subprocess.Popen(
                    [
                        *("ip", "netns", "exec", "client", "setpriv"),
                        *(f"--reuid={uid}", "--regid=4321", "--clear-groups"),
                        *("bash", "-c"),
                        f"exec 3<>/dev/tcp/{TARGET[0]}/{TARGET[1]}",
                    ],
                    stderr=subprocess.PIPE,
                    text=True,
                )
                self.addCleanup(program.kill)
                if where == "a":
                    peer = self.accepted(self.listener(SERVER_A))
                    self.assertEqual(peer.request(), request(TARGET))
                    peer.reply()
                _, complaint = program.communicate()
                self.assertEqual(
                    "Permission denied" in complaint, where == "EACCES"
                )

    def test_cgroup(self) -> None:
        """A cgroup, those below it, and none beside it."""
        folders = ("/socks-net", "/socks-net/below", "/socks-net2")
        for folder in folders:
            cgroup.make(folder)
            self.addCleanup(cgroup.remove, folder)
        self.rules(
            "to 203.0.113.0/24 cgroup /socks-net via a",
            "to 203.0.113.0/24 cgroup /socks-net2 via b",
            "to 203.0.113.0/24 reject",
        )
        for folder, where in zip(folders, "aab", strict=True):
            with self.subTest(cgroup=folder):
                self.assertEqual(self.goes_in(TARGET, folder), where)
        self.assertEqual(self.goes(TARGET), "EACCES")
        # It is the task's cgroup that counts, not the socket's.
        self.rules(
            "to 203.0.113.0/24 cgroup /socks-net/below via b",
            "to 203.0.113.0/24 cgroup / via a",
        )
        self.assertEqual(self.goes_in(TARGET, "/socks-net/below"), "b")
        self.assertEqual(self.goes_in(TARGET, "/socks-net"), "a")
        self.assertEqual(self.goes(TARGET), "a")

    def test_cgroup_removed(self) -> None:
        """A cgroup that is removed takes nobody with it."""
        os.mkdir("/sys/fs/cgroup/socks-net3")
        self.rules(
            "to 203.0.113.0/24 cgroup /socks-net3 via a",
            "to 203.0.113.0/24 via b",
        )
        os.rmdir("/sys/fs/cgroup/socks-net3")
        self.assertEqual(self.goes(TARGET), "b")

    @each(family=FAMILIES)
    def test_servers_direct(self, family: int) -> None:
        """The servers' own addresses and ports are direct."""
        self.rules("to any reject")
        self.assertEqual(self.goes(SERVER_A, family), "direct")
        self.assertEqual(self.goes(SERVER_B, family), "direct")
        self.assertEqual(self.goes((SERVER_A[0], 81), family), "EACCES")
        self.assertEqual(self.goes(DIRECT, family), "EACCES")
        self.rules("to any via a")
        self.assertEqual(self.goes(SERVER_A, family), "direct")
        self.assertEqual(self.goes(SERVER_B, family), "direct")
        self.assertEqual(self.goes((SERVER_A[0], 81), family), "a")

    @each(family=FAMILIES)
    def test_loopback(self, family: int) -> None:
        """127.0.0.0/8 is direct unless a rule names it."""
        listener = Listener(self.net.client, ("127.0.0.1", 5000))
        self.addCleanup(listener.close)
        self.rules("to any reject", "via a", "to 0.0.0.0/1 via a")
        for host in ("127.0.0.1", "0.0.0.0"):
            sock = self.sock(family)
            self.assertEqual(sock.connect((host, 5000)), "0")
            listener.accept().close()
        capture(self.net.client).syns()
        self.rules(
            "to 127.0.0.0/8 port 5001 via a",
            "to 127.0.0.2 via b",
            "to 127.0.0.0/8 port 5002 reject",
        )
        self.assertEqual(self.goes(("127.0.0.1", 5001), family), "a")
        self.assertEqual(self.goes(("127.255.255.254", 5001), family), "a")
        self.assertEqual(self.goes(("127.0.0.2", 5000), family), "b")
        self.assertEqual(self.goes(("127.0.0.1", 5002), family), "EACCES")
        sock = self.sock(family)
        self.assertEqual(sock.connect(("127.0.0.1", 5000)), "0")

    @each(family=FAMILIES)
    def test_any_address(self, family: int) -> None:
        """0.0.0.0 is 127.0.0.1: for rules, in the request, as a name."""
        self.rules(
            "to 127.0.0.0/8 port 5001 via a",
            "to 127.0.0.0/8 port 5002 reject",
        )
        sock = self.sock(family, nonblocking=True)
        self.assertEqual(sock.connect(("0.0.0.0", 5002)), "EACCES")
        self.assertEqual(sock.connect(("0.0.0.0", 5001)), "EINPROGRESS")
        peer = self.accepted(self.listener(SERVER_A))
        self.assertEqual(peer.request(), request(("127.0.0.1", 5001)))
        peer.reply()
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
        self.assertEqual(sock.peer_name(), ("127.0.0.1", 5001))

    @each(family=FAMILIES)
    def test_any_address_bound(self, family: int) -> None:
        """On a socket that is bound, 0.0.0.0 is the address bound to."""
        direct = Listener(self.net.client, (CLIENT_WAN, 5006))
        self.addCleanup(direct.close)
        self.rules(f"to {CLIENT_WAN} port 5007 via a", "to 127.0.0.0/8 via b")
        names = []
        for port in (5006, 5007):
            sock = self.sock(family, nonblocking=True)
            self.assertEqual(sock.bind((CLIENT_WAN, 0)), "0")
            self.assertEqual(sock.connect(("0.0.0.0", port)), "EINPROGRESS")
            if port == 5007:
                peer = self.accepted(self.listener(SERVER_A))
                self.assertEqual(peer.request(), request((CLIENT_WAN, port)))
                peer.reply()
            self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
            names.append(sock.peer_name())
        self.assertEqual(names, [(CLIENT_WAN, 5006), (CLIENT_WAN, 5007)])

    def test_no_rules(self) -> None:
        """Without rules all is direct."""
        self.configure("")
        self.assertEqual(self.goes(DIRECT), "direct")
        self.assertEqual(self.goes(SERVER_A), "direct")
        self.configure(SERVERS)
        self.assertEqual(self.goes(DIRECT), "direct")

    def test_own_address(self) -> None:
        """An address of the host itself, other than loopback."""
        self.rules("to any via a")
        self.assertEqual(self.goes((CLIENT_WAN, 5003)), "a")
        self.assertEqual(self.goes((CLIENT_WAN, 5003), MAPPED), "a")

    def test_udp(self) -> None:
        """UDP goes where it goes."""
        self.rules("to any via a", "to any reject")
        with self.net.firewall.entered():
            server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(server.close)
        server.bind(DIRECT)
        server.settimeout(DEADLINE)
        sock = self.sock(kind=socket.SOCK_DGRAM)
        self.assertEqual(sock.connect(DIRECT), "0")
        self.assertEqual(sock.send(b"x"), 1)
        data, address = server.recvfrom(10)
        self.assertEqual(data, b"x")
        server.sendto(b"y", address)
        self.assertEqual(sock.recv(10), b"y")
        self.assertEqual(sock.peer_name(), DIRECT)

    def test_accept(self) -> None:
        """Connections which are accepted have nothing to do with rules."""
        self.rules("to any via a")
        sock = self.sock()
        self.assertEqual(sock.bind((CLIENT_WAN, 5004)), "0")
        self.assertEqual(sock.listen(), "0")
        with self.net.firewall.entered():
            client = socket.create_connection((CLIENT_WAN, 5004), DEADLINE)
        self.addCleanup(client.close)
        accepted, _ = sock.socket.accept()
        self.addCleanup(accepted.close)
        self.assertEqual(accepted.getpeername(), client.getsockname())
        client.sendall(b"x")
        self.assertEqual(accepted.recv(1), b"x")

    def test_local_sockets(self) -> None:
        """Unix sockets, and IPv6 to IPv6 addresses."""
        self.rules("to any reject")
        one, other = socket.socketpair()
        one.close()
        other.close()
        with self.net.client.entered():
            listener = socket.socket(socket.AF_INET6)
        self.addCleanup(listener.close)
        listener.bind(("::1", 5005))
        listener.listen()
        sock = self.sock(MAPPED)
        loopback = socket.inet_pton(socket.AF_INET6, "::1")
        port = struct.pack("!H", 5005)
        raw = struct.pack("=H2sI16sI", 10, port, 0, loopback, 0)
        self.assertEqual(sock.connect(raw), "0")
        self.assertEqual(sock.peer_name(), ("::1", 5005))

    def test_kernel_sockets(self) -> None:
        """A socket of the kernel's own goes direct: 9P over TCP, a mount."""
        self.rules(f"to {DIRECT[0]} via a")
        listener = self.listener(DIRECT)
        subprocess.run(["modprobe", "-q", "9pnet_fd"], check=False)
        folder = tempfile.mkdtemp(prefix="socks-net.")
        self.addCleanup(os.rmdir, folder)
        call = Call(mount_9p, self.net.client, folder)
        try:
            peer = until(
                lambda: not listener.idle() or call.done, "connection"
            )
            self.assertTrue(peer)
            if capture(self.net.client).syns() == []:
                self.skipTest(f"no 9P over TCP here: {call.result()}")
            self.assertTrue(self.listener(SERVER_A).idle())
        finally:
            call.result()


def mount_9p(namespace: Namespace, folder: str) -> str:
    """Try to mount a 9P file system from DIRECT. The server will not do it."""
    namespace.enter()
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"trans=tcp,port={DIRECT[1]}".encode()
    if not libc.mount(DIRECT[0].encode(), folder.encode(), b"9p", 0, options):
        with contextlib.suppress(OSError):
            libc.umount(folder.encode())
        return "mounted"
    return os.strerror(ctypes.get_errno())
