# SPDX-License-Identifier: GPL-2.0-only
"""BPF programs that forbid connections, or change where they go."""

from select import POLLOUT

from lib import bpf, cgroup
from lib.case import TestCase, capture
from lib.server import request
from lib.sock import Sock
from lib.topology import DIRECT, TARGET
from lib.wait import DEADLINE

OTHER = ("203.0.113.99", TARGET[1])
CGROUP = "/socks-net-bpf"


class Connect4(TestCase):
    """Programs attached to a cgroup's connect4 hook."""

    def setUp(self) -> None:
        super().setUp()
        cgroup.make(CGROUP)
        self.addCleanup(cgroup.remove, CGROUP)

    def sock_in_cgroup(self) -> Sock:
        """A socket made by a process in the cgroup, whose hooks it has."""
        cgroup.enter(CGROUP)
        try:
            return self.sock(nonblocking=True)
        finally:
            cgroup.enter("")

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
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
        self.assertEqual(sock.peer_name(), OTHER)

    def test_rewrite_to_direct(self) -> None:
        """Where they make something direct of it, it goes direct."""
        bpf.attach(bpf.rewrite(TARGET[0], DIRECT[0]), CGROUP)
        listener = self.listener((DIRECT[0], TARGET[1]))
        sock = self.sock_in_cgroup()
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        self.accepted(listener)
        self.assertEqual(sock.peer_name(), (DIRECT[0], TARGET[1]))
