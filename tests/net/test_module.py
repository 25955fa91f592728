# SPDX-License-Identifier: GPL-2.0-only
"""Loading and unloading the module."""

import collections
import os
import subprocess
import threading
import time
from select import POLLOUT

from lib import module
from lib.case import (
    FAMILIES,
    IPV4,
    LONG,
    MAPPED,
    SLOW,
    TestCase,
    each,
    socksctl,
)
from lib.server import REJECTED, Service, request
from lib.sock import Sock
from lib.topology import DIRECT, SERVER_A, TARGET, text
from lib.wait import DEADLINE, SYS_CONNECT, SYS_RECVFROM, Call, until

ROUNDS = 1000 if LONG else 3 if SLOW else 10
FTRACE_ENABLED = "/proc/sys/kernel/ftrace_enabled"
# What delete_module() answers where a module is in use; rmmod says the same
# in words, modprobe -r, too.
IN_USE = "EAGAIN"


class Module(TestCase):
    """The module goes when no connection holds it, and not before."""

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(self.reload)

    def reload(self) -> None:
        """Have the module loaded for the next test case."""
        if not module.loaded():
            self.load()

    def load(self) -> None:
        """Load it. It has no configuration then."""
        for namespace in (self.net.client, self.net.second):
            socksctl(namespace).close()
        self.forget_configuration()
        self.assertEqual(module.load(), "0")

    @staticmethod
    def free() -> None:
        """
        See that nothing holds it any more. The last reference is dropped where
        a socket is freed, which may be a little after close().
        """
        until(module.idle, "end of all connections")

    def unload(self) -> None:
        """Unload it, which has to work at once, though it takes a second."""
        self.free()
        self.assertEqual(module.unload(), "0")

    @each(family=FAMILIES)
    def test_in_handshake(self, family: int) -> None:
        """Not while a connection is in the handshake, but right after."""
        sock, peer = self.begin(family)
        self.assertEqual(module.unload(), IN_USE)
        sock.close()
        self.assertEqual(peer.end(), "reset")
        if family == IPV4:
            self.unload()
        self.free()

    @each(family=FAMILIES)
    def test_established(self, family: int) -> None:
        """Not while a connection is open; the server need not close."""
        sock, peer = self.established(family)
        self.assertEqual(module.unload(), IN_USE)
        self.assertEqual(sock.send(b"x"), 1)
        self.assertEqual(peer.recv_all(1), b"x")
        sock.close()
        if family == IPV4:
            self.unload()
        self.free()
        self.assertEqual(peer.end(), "end")

    def test_rmmod(self) -> None:
        """rmmod and modprobe -r say that it is in use."""
        sock, _ = self.established()
        for command in (("rmmod", "socks"), ("modprobe", "-r", "socks")):
            done = subprocess.run(
                command, capture_output=True, text=True, check=False
            )
            self.assertNotEqual(done.returncode, 0)
            if command[0] == "rmmod":
                self.assertIn("in use", done.stderr)
        sock.close()
        self.free()
        subprocess.run(("rmmod", "socks"), check=True)

    @each(family=FAMILIES)
    def test_failed(self, family: int) -> None:
        """A connection that failed does not hold it, socket or no socket."""
        sock, peer = self.begin(family)
        peer.reply(REJECTED)
        sock.ended()
        self.unload()
        # The socket is a plain one.
        self.assertEqual(sock.so_error(), "ECONNREFUSED")
        self.assertEqual(sock.so_error(), "0")
        sock.connect(DIRECT)
        self.listener(DIRECT)
        sock.set_blocking(True)
        self.assertEqual(sock.connect(DIRECT), "0")

    def test_given_up(self) -> None:
        """Nor does one that the program has given up."""
        socks = [self.begin()[0] for _ in range(3)]
        socks[0].disconnect()
        socks[1].shutdown(2)
        socks[2].close()
        self.free()
        self.assertEqual(socks[0].so_error(), "ECONNRESET")

    def test_disconnected(self) -> None:
        """Nor a connection that was granted, and then given up."""
        sock, _ = self.established()
        self.assertEqual(sock.disconnect(), "0")
        self.free()
        self.listener(DIRECT)
        self.assertEqual(sock.connect(DIRECT), "0")

    @each(call=("connect", "recv"))
    def test_waiting(self, call: str) -> None:
        """A call that waits, in the handshake."""
        listener = self.listener()
        sock = self.sock(nonblocking=True)
        if call == "recv":
            self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        sock.set_blocking(True)
        if call == "recv":
            waits = Call(sock.recv, 1)
            waits.wait_blocked(SYS_RECVFROM)
        else:
            waits = Call(sock.connect, TARGET)
            waits.wait_blocked(SYS_CONNECT)
        peer = self.accepted(listener)
        peer.request()
        self.assertEqual(module.unload(), IN_USE)
        peer.reply(REJECTED)
        self.assertEqual(waits.result(), "ECONNREFUSED")
        self.free()

    def test_older_sockets(self) -> None:
        """Sockets made before the module was loaded are redirected after."""
        self.unload()
        socks = [self.sock(family, nonblocking=True) for family in FAMILIES]
        self.load()
        self.configure(self.configuration)
        listener = self.listener()
        for sock in socks:
            self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
            peer = self.accepted(listener)
            self.assertEqual(peer.request(), request(TARGET))
            peer.reply()
            self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
            self.assertEqual(sock.peer_name(), TARGET)

    def test_older_connections(self) -> None:
        """Connections made before stay what they are."""
        self.unload()
        listener = self.listener(DIRECT)
        sock = self.sock()
        self.assertEqual(sock.connect(DIRECT), "0")
        peer = self.accepted(listener)
        pending = self.direct()
        other = self.sock(nonblocking=True)
        self.assertEqual(other.connect(pending.target), "EINPROGRESS")
        self.load()
        self.configure("server add a 10.1.0.1:1080\nrule add to any via a\n")
        self.assertEqual(sock.send(b"x"), 1)
        self.assertEqual(peer.recv_all(1), b"x")
        self.assertEqual(sock.peer_name(), DIRECT)
        self.assertEqual(other.connect(pending.target), "EALREADY")
        pending.grant()
        self.assertEqual(other.poll(DEADLINE, POLLOUT), "OUT")
        self.assertEqual(other.connect(pending.target), "0")
        self.assertEqual(other.peer_name(), pending.target)

    def test_ftrace_disabled(self) -> None:
        """sysctl kernel.ftrace_enabled=0 does not switch it off."""

        def enable(value: str) -> None:
            with open(FTRACE_ENABLED, "w", encoding="ascii") as file:
                file.write(value)

        self.addCleanup(enable, "1")
        try:
            enable("0")
        except OSError:
            # The kernel refuses as long as somebody insists.
            pass
        sock, peer = self.established()
        self.assertEqual(sock.peer_name(), TARGET)
        self.assertEqual(sock.sock_name(), peer.socket.getpeername())

    def test_ftrace_disabled_before(self) -> None:
        """Where it is 0 already, the module does not load at all."""
        self.unload()
        with open(FTRACE_ENABLED, "w", encoding="ascii") as file:
            file.write("0")
        try:
            self.assertEqual(module.load(), "EBUSY")
        finally:
            with open(FTRACE_ENABLED, "w", encoding="ascii") as file:
                file.write("1")
        self.assertFalse(module.loaded())
        self.load()

    def test_again_and_again(self) -> None:
        """
        It comes and goes while a program connects to what is reached both
        ways. Each connection arrives, but for those which are made while the
        module goes and there still is a rule for them: they fail.

        All happens on one processor. QEMU 7.2 does not always notice that code
        is changed on another one while it translates it, and then runs into a
        breakpoint of the kernel's that is gone; it panics so, too, where
        nothing but ftrace itself is switched on and off.
        """
        processors = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(processors)})
        self.addCleanup(os.sched_setaffinity, 0, processors)
        # A new process, which inherits that.
        self.ctl.close()
        self.addCleanup(self.ctl.close)
        service = Service(self.net.firewall, SERVER_A)
        self.addCleanup(service.close)
        target = Service(self.net.firewall, DIRECT)
        self.addCleanup(target.close)
        seen: collections.Counter[object] = collections.Counter()
        stop = threading.Event()

        def program() -> None:
            with self.net.client.entered():
                while not stop.is_set():
                    for family in (IPV4, MAPPED):
                        sock = Sock(family)
                        seen[sock.connect(DIRECT)] += 1
                        sock.close()
                    # The last packet of a connection may come after the next
                    # one has begun; then there would be no time at which the
                    # module can go.
                    until(module.idle, "end of its connections")
                    # The others, on the same processor, have work to do.
                    time.sleep(0.005)

        call = Call(program)
        # Whatever comes: it would disturb all the others.
        self.addCleanup(stop.set)
        configuration = (
            f"server add a {text(SERVER_A)}\nrule add to {DIRECT[0]} via a\n"
        )
        module.wait_unload()
        for turn in range(ROUNDS):
            self.load()
            self.configure(configuration)
            before = len(service.requests)
            until(
                lambda before=before: len(service.requests) > before,
                "connection through the server",
            )
            with self.net.client.entered():
                sock = Sock(FAMILIES[turn % 2])
            self.assertEqual(sock.connect(DIRECT), "0")
            self.assertEqual(module.unload(), IN_USE)
            sock.close()
            if turn % 2:
                self.ctl.flush()
            module.wait_unload()
            before = seen.total()
            until(
                lambda before=before: seen.total() > before + 4,
                "direct connections",
            )
            self.assertLessEqual(set(seen), {"0", "EOPNOTSUPP"}, seen)
            if turn % 2:
                # One may have begun right before the rule came.
                self.assertLessEqual(seen["EOPNOTSUPP"], 1, seen)
            seen.clear()
            # A capture that nobody reads loses packets.
            self._no_leaks()
            if turn % 50 == 49:
                print(f"    {turn + 1} of {ROUNDS} rounds", flush=True)
        stop.set()
        call.result()
        self.assertLessEqual(set(seen), {"0", "EOPNOTSUPP"}, seen)
