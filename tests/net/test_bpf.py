# SPDX-License-Identifier: GPL-2.0-only
"""BPF programs that forbid connections, or change where they go."""

import os

from lib import bpf
from lib.case import TestCase, capture
from lib.server import request
from lib.sock import Sock
from lib.topology import DIRECT, TARGET
from lib.wait import DEADLINE

OTHER = ("203.0.113.99", TARGET[1])
CGROUP = "/socks-net-bpf"


def enter_cgroup(cgroup: str) -> None:
    """Move this process."""
    with open(
        f"/sys/fs/cgroup{cgroup}/cgroup.procs", "w", encoding="ascii"
    ) as file:
        file.write("0")


class Connect4(TestCase):
    """Programs attached to a cgroup's connect4 hook."""

    def setUp(self) -> None:
        super().setUp()
        os.mkdir(f"/sys/fs/cgroup{CGROUP}")
        self.addCleanup(os.rmdir, f"/sys/fs/cgroup{CGROUP}")

    def sock_in_cgroup(self) -> Sock:
        """A socket made by a process in the cgroup, whose hooks it has."""
        enter_cgroup(CGROUP)
        try:
            return self.sock(nonblocking=True)
        finally:
            enter_cgroup("")

    def test_deny(self) -> None:
        """They are asked about the destination."""
        bpf.attach(bpf.deny(TARGET[0]), CGROUP)
        listener = self.listener()
        sock = self.sock_in_cgroup()
        self.assertEqual(sock.connect(TARGET), "EPERM")
        self.assertEqual(capture(self.net.client).syns(), [])
        self.assertEqual(sock.connect(OTHER), "EINPROGRESS")
        peer = self.accepted(listener)
        self.assertEqual(peer.request(), request(OTHER))

    def test_rewrite(self) -> None:
        """The server is asked for what they make of it."""
        bpf.attach(bpf.rewrite(TARGET[0], OTHER[0]), CGROUP)
        listener = self.listener()
        sock = self.sock_in_cgroup()
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(listener)
        self.assertEqual(peer.request(), request(OTHER))
        peer.reply()
        self.assertEqual(sock.poll(DEADLINE, 0x4), "OUT")
        self.assertEqual(sock.peer_name(), OTHER)

    def test_rewrite_to_direct(self) -> None:
        """Where they make something direct of it, it goes direct."""
        bpf.attach(bpf.rewrite(TARGET[0], DIRECT[0]), CGROUP)
        listener = self.listener((DIRECT[0], TARGET[1]))
        sock = self.sock_in_cgroup()
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        self.accepted(listener)
        self.assertEqual(sock.peer_name(), (DIRECT[0], TARGET[1]))

    def test_rewrite_from_direct(self) -> None:
        """Nothing direct leads to where a rule speaks of a server."""
        bpf.attach(bpf.rewrite(DIRECT[0], TARGET[0]), CGROUP)
        sock = self.sock_in_cgroup()
        self.assertNotEqual(sock.connect(DIRECT), "0")
        leaks = capture(self.net.client).leaks()
        self.assertEqual(leaks, [])
