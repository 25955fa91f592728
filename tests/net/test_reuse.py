# SPDX-License-Identifier: GPL-2.0-only
"""A socket that connects again right after it has failed."""

import os
import socket

from lib.case import IPV4, MAPPED, SLOW, TestCase
from lib.module import references
from lib.server import REJECTED, Listener, reply
from lib.sock import Sock
from lib.topology import SERVER_A, TARGET, THROUGH_PREFIX
from lib.userfault import Userfault
from lib.wait import DEADLINE, Call, until
from lib.ways import IPV6_ADDRFORM

PROGRAMS = 8
TIMES = 100 if SLOW else 300

# Where servers listen, and what programs ask for, from these ports on.
SERVER_PORT = 2000
PORT = 3000

# What a server sends before it resets the connection, and what that means.
ANSWERS = ((b"\5", "EPROTO"), (reply(REJECTED), "ECONNREFUSED"))


class Reuse(TestCase):
    """A failure is told to the connection that has failed, and to no other."""

    def program(self, index: int) -> None:
        """Connect with one socket again and again; be the server, too."""
        # From another processor, a RST could overtake the bytes before it.
        cpus = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cpus[index % len(cpus)]})
        listener = Listener(
            self.net.firewall, (SERVER_A[0], SERVER_PORT + index)
        )
        with self.net.client.entered():
            sock = Sock((IPV4, MAPPED)[index % 2], nonblocking=True)
        try:
            for turn in range(TIMES):
                answer, error = ANSWERS[turn % 2]
                address = TARGET[0], PORT + index
                self.assertEqual(sock.connect(address), "EINPROGRESS", turn)
                peer = listener.accept()
                peer.request()
                peer.send(answer)
                peer.reset()
                sock.ended()
                self.assertEqual(sock.connect(address), error, turn)
        finally:
            sock.close()
            listener.close()

    def test_at_once(self) -> None:
        """The server refuses, and resets the connection at the same time."""
        self.configure(
            "".join(
                f"server add s{index} {SERVER_A[0]}:{SERVER_PORT + index}\n"
                f"rule add to {THROUGH_PREFIX} port {PORT + index} "
                f"via s{index}\n"
                for index in range(PROGRAMS)
            )
        )
        calls = [Call(self.program, index) for index in range(PROGRAMS)]
        for call in calls:
            call.result(20 * DEADLINE)

    def test_listen(self) -> None:
        """
        One that IPV6_ADDRFORM has made another socket behind our back, begun
        before connect() and ended behind it, does not listen once it is
        disconnected: what it accepts would be ours in part, and hold nothing.
        """
        self.alone()
        listener = self.listener()
        fault = Userfault()
        self.addCleanup(fault.close)
        sock = self.sock(MAPPED, nonblocking=True)

        call = Call(
            *(fault.setsockopt, sock.fileno()),
            *(socket.IPPROTO_IPV6, IPV6_ADDRFORM),
        )
        fault.wait()
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        self.accepted(listener).request()
        fault.fill(bytes((socket.AF_INET,)))
        self.assertEqual(call.result(), 0)
        self.assertEqual(sock.disconnect(), "0")
        self.assertEqual(sock.listen(), "EINVAL")
        sock.close()
        until(lambda: references() == 0, "no reference to the module")
