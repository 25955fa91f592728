# SPDX-License-Identifier: GPL-2.0-only
"""What is told of each connection: whose it is, how old, how many bytes."""

import ctypes
import json
import os
import socket
import struct
import subprocess
import threading
import time
from select import POLLIN, POLLOUT
from typing import Any

from lib.case import CONFIGURATION, FAMILIES, IPV4, TestCase, each
from lib.server import bind_reply, reply
from lib.sock import SIOCOUTQ, Sock
from lib.topology import TARGET
from lib.wait import DEADLINE, Call, until

SO_COOKIE = 57
PR_SET_NAME = 15
TCP_FIN_WAIT2 = 5
POLLRDHUP = 0x2000

# The age is counted in steps of that many seconds.
STEP = 2**24 / 1e9

_libc = ctypes.CDLL(None)


class Connections(TestCase):
    """One connection, as it goes on."""

    def setUp(self) -> None:
        super().setUp()
        self.alone()

    def row(self) -> dict[str, Any]:
        """The only connection there is."""
        rows = self.ctl.connections()
        self.assertEqual(len(rows), 1, rows)
        return rows[0]

    def expect_bytes(self, sent: int, received: int) -> None:
        """Wait until so many bytes are shown, and see that it is no more."""

        def counted() -> bool:
            row = self.row()
            return row["sent"] >= sent and row["received"] >= received

        until(counted, f"{sent} bytes sent, {received} received")
        row = self.row()
        self.assertEqual((row["sent"], row["received"]), (sent, received))

    @each(family=FAMILIES, userid=("", "userid " + "u" * 255, "userid uid"))
    def test_bytes(self, family: int, userid: str) -> None:
        """The program's bytes alone, not those of the handshake or the end."""
        server, rules = CONFIGURATION.strip().split("\n", 1)
        self.configure(f"{server} {userid}\n{rules}\n")
        sock, peer = self.begin(family)
        self.expect_bytes(0, 0)
        peer.send(reply() + b"hello")
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
        self.expect_bytes(0, 5)
        sock.set_blocking(True)
        self.assertEqual(sock.recv(5), b"hello")

        sock.send_all(bytes(100_000))
        self.assertEqual(len(peer.recv_all(100_000)), 100_000)
        self.expect_bytes(100_000, 5)
        peer.send(bytes(70_000))
        self.assertEqual(len(sock.recv_all(70_000)), 70_000)
        self.expect_bytes(100_000, 70_005)

        peer.finish()
        self.assertIn("RDHUP", sock.poll(DEADLINE, POLLRDHUP))
        sock.send_all(b"x")
        peer.recv_all(1)
        self.expect_bytes(100_001, 70_005)

    def test_bytes_at_the_end(self) -> None:
        """Nor does the program's own end count."""
        sock, peer = self.established()
        sock.send_all(b"123")
        peer.recv_all(3)
        self.assertEqual(sock.shutdown(socket.SHUT_WR), "0")
        until(lambda: sock.tcp_state() == TCP_FIN_WAIT2, "FIN_WAIT2")
        self.expect_bytes(3, 0)
        peer.send(b"45")
        self.expect_bytes(3, 2)

    def test_not_taken(self) -> None:
        """What the server has not taken is not sent yet."""
        self.listener().socket.setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVBUF, 4096
        )
        sock, peer = self.established()
        sock.set_blocking(False)
        total = 0
        while isinstance(taken := sock.send(bytes(1 << 16)), int):
            total += taken
        self.assertEqual(taken, "EAGAIN")

        def agreed() -> bool:
            before = sock.ioctl_int(SIOCOUTQ)
            sent = self.row()["sent"]
            after = sock.ioctl_int(SIOCOUTQ)
            return before == after == total - sent < total

        until(agreed, "what is not acknowledged")
        self.assertGreater(sock.ioctl_int(SIOCOUTQ), 0)
        peer.recv_all(total)
        self.expect_bytes(total, 0)

    def test_sent_again(self) -> None:
        """What has to be sent more than once counts once."""
        sock, peer = self.established()
        name = self.net.client.name
        netem = f"tc -n {name} qdisc {{}} dev wan root netem loss 20%"
        done = subprocess.run(netem.format("add").split(), check=False)
        if done.returncode:
            self.skipTest("not in this kernel: netem")
        remove = f"tc -n {name} qdisc del dev wan root".split()
        self.addCleanup(subprocess.run, remove, stderr=subprocess.DEVNULL)
        total = 0

        def sent_again() -> int:
            nonlocal total
            sock.send_all(bytes(10_000))
            total += len(peer.recv_all(10_000))
            info = sock.getsockopt(socket.SOL_TCP, socket.TCP_INFO, 104)
            assert isinstance(info, bytes)
            retransmissions: int = struct.unpack_from("=I", info, 100)[0]
            return retransmissions

        until(sent_again, "retransmissions")
        subprocess.run(remove, check=True)
        sock.shutdown(socket.SHUT_WR)
        until(lambda: sock.tcp_state() == TCP_FIN_WAIT2, "FIN_WAIT2")
        self.expect_bytes(total, 0)

    def test_age(self) -> None:
        """Since connect(), whatever the state."""
        before = time.clock_gettime(time.CLOCK_BOOTTIME)
        _, peer = self.begin()
        after = time.clock_gettime(time.CLOCK_BOOTTIME)

        def check() -> float:
            begin = time.clock_gettime(time.CLOCK_BOOTTIME)
            age = float(self.row()["age_ms"]) / 1000
            end = time.clock_gettime(time.CLOCK_BOOTTIME)
            self.assertGreater(age, begin - after - STEP - 0.001)
            self.assertLess(age, end - before + STEP)
            return age

        first = check()
        until(lambda: check() > first, "a growing age")
        peer.reply()
        until(lambda: self.row()["state"] == "established", "the grant")
        check()

    @each(family=FAMILIES)
    def test_cookie(self, family: int) -> None:
        """The same as the program's SO_COOKIE."""
        sock, _ = self.begin(family)
        raw = sock.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8)
        assert isinstance(raw, bytes)
        self.assertEqual(self.row()["cookie"], struct.unpack("Q", raw)[0])

    def test_thread(self) -> None:
        """The thread that called connect(), and its name while it lives."""
        sock = self.sock(IPV4)
        listener = self.listener()
        gone = threading.Event()
        self.addCleanup(gone.set)
        tids = []

        def program() -> str:
            tids.append(threading.get_native_id())
            _libc.prctl(PR_SET_NAME, b"one two", 0, 0, 0)
            result = sock.connect(TARGET)
            gone.wait(4 * DEADLINE)
            return result

        call = Call(program)
        peer = self.accepted(listener)
        peer.request()
        for _ in ("connecting", "established"):
            row = self.row()
            self.assertEqual((row["program"], row["pid"]), ("one two", tids[0]))
            peer.reply()
            until(lambda: self.row()["state"] == "established", "the grant")
        # Nobody sees it in a pid namespace in which it is not.
        shown = subprocess.run(
            (
                *("unshare", "--pid", "--fork", "socksctl", "-n"),
                *(self.net.client.name, "-j", "show", "connections"),
            ),
            check=True,
            capture_output=True,
        )
        for row in json.loads(shown.stdout):
            self.assertNotIn("pid", row)
            self.assertNotIn("program", row)
            self.assertEqual(row["uid"], os.getuid())
        gone.set()
        self.assertEqual(call.result(), "0")
        until(lambda: "program" not in self.row(), "the end of the thread")
        self.assertEqual(self.row()["pid"], tids[0])


class Rbind(TestCase):
    """The connection of an Rbind()."""

    BOUND = ("192.0.2.1", 4321)

    def setUp(self) -> None:
        super().setUp()
        self.alone()

    def row(self) -> dict[str, Any]:
        """That connection."""
        rows = self.ctl.connections()
        found = [row for row in rows if row["command"] == "bind"]
        self.assertEqual(len(found), 1, rows)
        return found[0]

    def test(self) -> None:
        """Whose it is, and how many bytes went over it."""
        sock, call, inner = self.ask_rbind(lambda sock: "bound")
        row = self.row()
        self.assertEqual((row["state"], row["pid"]), ("connecting", call.tid))
        self.assertIn("program", row)
        inner.send(bind_reply(self.BOUND))
        self.assertEqual(call.result(), "bound")
        row = self.row()
        self.assertEqual((row["state"], row["pid"]), ("listening", call.tid))
        self.assertEqual((row["sent"], row["received"]), (0, 0))
        self.assertEqual(sock.listen(), "0")
        inner.send(bind_reply((TARGET[0], 20)) + b"hello")
        self.assertIn("IN", sock.poll(DEADLINE, POLLIN))
        accepted = sock.accepted()
        assert isinstance(accepted, Sock)
        self.addCleanup(accepted.close)
        self.assertEqual(accepted.recv(5), b"hello")
        accepted.send_all(b"good bye")
        inner.recv_all(8)
        until(lambda: self.row()["sent"] == 8, "8 bytes sent")
        row = self.row()
        self.assertEqual(
            (row["state"], row["received"]), ("established", 5), row
        )
        raw = accepted.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8)
        assert isinstance(raw, bytes)
        self.assertEqual(row["cookie"], struct.unpack("Q", raw)[0])
