# SPDX-License-Identifier: GPL-2.0-only
"""socksctl monitor: what is told of connections and of the configuration."""

import os
import signal
import socket
import struct
import subprocess
import threading
import time
from select import POLLIN, POLLOUT
from typing import Any

from lib import module
from lib.case import FAMILIES, IPV4, SLOW, TestCase, each, socksctl
from lib.genetlink import Genetlink
from lib.monitor import Monitor
from lib.server import (
    BIND,
    NO_IDENTD,
    OTHER_USER,
    REJECTED,
    Peer,
    bind_reply,
    request,
)
from lib.sock import Sock
from lib.topology import (
    CLOSED_PORT,
    DIRECT,
    NO_ROUTE,
    SERVER_A,
    SERVER_SECOND,
    TARGET,
    THROUGH_PREFIX,
    text,
)
from lib.wait import DEADLINE, Call, until

SO_COOKIE = 57
BOUND = ("192.0.2.1", 4321)


def cookie(sock: Sock) -> int:
    """A socket's cookie."""
    raw = sock.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8)
    assert isinstance(raw, bytes)
    return int(struct.unpack("Q", raw)[0])


class Events(TestCase):
    """Events of one connection, and no others."""

    def setUp(self) -> None:
        super().setUp()
        self.alone()
        self.monitor = self.listen()

    def listen(self, words: str = "") -> Monitor:
        """Let a monitor listen."""
        monitor = Monitor(self.net.client, words)
        self.addCleanup(monitor.close)
        return monitor

    def expect(self, event: str, **values: Any) -> dict[str, Any]:
        """The next event, which has to be this one."""
        got: dict[str, Any] = self.monitor.next()
        self.assertEqual(got["event"], event, got)
        for key, value in values.items():
            self.assertEqual(got.get(key), value, (key, got))
        return got

    def nothing_else(self) -> None:
        """No other event has come."""
        self.assertEqual(self.monitor.stop(), (0, ""))
        self.assertEqual(list(self.monitor.rest()), [])

    @each(family=FAMILIES)
    def test_granted(self, family: int) -> None:
        """Started, granted, closed, with all that is known of it."""
        before = time.time_ns()
        sock, peer = self.begin(family)
        source = sock.sock_name()
        known = {
            "address": TARGET[0],
            "port": TARGET[1],
            "command": "connect",
            "server": "a",
            "source_address": source[0],
            "source_port": source[1],
            "cookie": cookie(sock),
            "pid": threading.get_native_id(),
            "uid": os.getuid(),
            "program": self.program(),
        }
        started = self.expect("started", state="connecting", **known)
        self.assertGreaterEqual(started["time_ns"], before)
        peer.reply()
        granted = self.expect("granted", state="established", **known)
        self.assertGreaterEqual(granted["time_ns"], started["time_ns"])
        self.assertGreaterEqual(granted["age_ms"], started["age_ms"])
        self.assertEqual((granted["sent"], granted["received"]), (0, 0))
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
        sock.set_blocking(True)
        sock.send_all(b"12345")
        peer.recv_all(5)
        peer.send(b"123")
        sock.recv_all(3)
        peer.finish()
        self.assertEqual(sock.recv(1), b"")
        sock.close()
        closed = self.expect("closed", **known)
        self.assertEqual((closed["sent"], closed["received"]), (5, 3))
        self.assertLessEqual(closed["time_ns"], time.time_ns())
        self.nothing_else()

    @staticmethod
    def program() -> str:
        """The name of this thread."""
        with open("/proc/thread-self/comm", encoding="utf-8") as file:
            return file.read().rstrip("\n")

    @each(code=(REJECTED, NO_IDENTD, OTHER_USER))
    def test_rejected(self, code: int) -> None:
        """The code of the server's reply is told."""
        sock, peer = self.begin()
        number = cookie(sock)
        peer.reply(code)
        self.expect("started", cookie=number)
        self.expect("rejected", cookie=number, code=code, error=None)
        sock.ended()
        sock.close()
        self.nothing_else()

    @each(family=FAMILIES)
    def test_failed(self, family: int) -> None:
        """The errno that the program sees is told."""
        for how, error in (
            (lambda peer: peer.reply(99), "EPROTO"),
            (Peer.reset, "ECONNRESET"),
            (Peer.close, "ECONNRESET"),
            (lambda peer: self.ctl.abort(), "ECONNABORTED"),
        ):
            sock, peer = self.begin(family)
            self.expect("started")
            how(peer)
            self.expect("failed", error=error, code=None, port=TARGET[1])
            sock.ended()
            self.assertEqual(sock.so_error(), error)
        self.nothing_else()

    def test_timeout(self) -> None:
        """No reply in time."""
        self.configure(
            f"server add a {text(SERVER_A)} timeout 1\n"
            f"rule add to {THROUGH_PREFIX} via a\n"
        )
        self.expect("configuration")
        self.begin()
        self.expect("started")
        failed = self.expect("failed", error="ETIMEDOUT")
        self.assertGreater(failed["age_ms"], 980)

    @each(server=(CLOSED_PORT, NO_ROUTE))
    def test_no_server(self, server: tuple[str, int]) -> None:
        """The server can't be reached, perhaps not even tried."""
        self.configure(
            f"server add a {text(server)}\nrule add to {THROUGH_PREFIX} via a\n"
        )
        self.expect("configuration")
        result = self.sock().connect(TARGET)
        self.expect("started")
        self.expect("failed", error=result)
        self.nothing_else()

    @each(how=("close", "disconnect", "shutdown"))
    def test_given_up(self, how: str) -> None:
        """The program itself gives it up."""
        sock, _ = self.begin()
        number = cookie(sock)
        if how == "shutdown":
            sock.shutdown(socket.SHUT_RDWR)
        else:
            getattr(sock, how)()
        self.expect("started", cookie=number)
        self.expect("failed", cookie=number, error=None)
        self.nothing_else()

    @each(how=("close", "disconnect", "reset", "abort"))
    def test_closed(self, how: str) -> None:
        """However it ends, its end is told once, with its bytes."""
        sock, peer = self.established()
        number = cookie(sock)
        self.expect("started")
        self.expect("granted")
        sock.send_all(b"abc")
        until(lambda: self.ctl.connections()[0]["sent"] == 3, "3 bytes sent")
        if how == "abort":
            self.ctl.abort()
        elif how == "reset":
            peer.reset()
            self.assertEqual(sock.recv(1), "ECONNRESET")
        if how == "disconnect":
            self.assertEqual(sock.disconnect(), "0")
        else:
            sock.close()
        self.expect("closed", cookie=number, sent=3, received=0)
        self.nothing_else()

    def test_rbind(self) -> None:
        """Started, listening, granted when the peer has come, closed."""
        listener = self.listener()
        first, sock = self.sock(IPV4), self.sock(IPV4)
        call = Call(lambda: (first.connect(TARGET), sock.rbind()))
        peer = self.accepted(listener)
        peer.request()
        peer.reply()
        inner = self.accepted(listener)
        self.assertEqual(inner.request(), request(TARGET, command=BIND))
        inner.send(bind_reply(BOUND))
        self.assertEqual(call.result(), ("0", "0"))
        self.expect("started", command="connect")
        self.expect("granted", command="connect")
        known = {"command": "bind", "address": TARGET[0]}
        self.expect("started", port=TARGET[1], **known)
        known |= {"bound_address": BOUND[0], "bound_port": BOUND[1]}
        self.expect("listening", port=None, state="listening", **known)
        sock.listen()
        inner.send(bind_reply((TARGET[0], 20)) + b"hello")
        self.expect("granted", port=20, state="established", **known)
        sock.poll(DEADLINE, POLLIN)
        accepted = sock.accepted()
        assert isinstance(accepted, Sock)
        self.assertEqual(accepted.recv(5), b"hello")
        accepted.close()
        inner.close()
        self.expect("closed", received=5, sent=0, **known)
        self.nothing_else()

    def test_direct(self) -> None:
        """Connections which go direct are not told."""
        self.listener(DIRECT)
        sock = self.sock()
        self.assertEqual(sock.connect(DIRECT), "0")
        sock.close()
        self.nothing_else()

    def test_configuration(self) -> None:
        """Each change which takes effect, and who makes it."""
        self.ctl.apply("server add b 192.0.2.7\nrule add via b\n")
        self.forget_configuration()
        by = self.expect("configuration", servers=1, rules=1, uid=os.getuid())
        self.assertEqual(by["program"], "socksctl")
        self.assertNotEqual(by["pid"], self.monitor.pid)
        for rules in (2, 3):
            subprocess.run(
                *("socksctl -n client rule add direct".split(),), check=True
            )
            self.expect("configuration", servers=1, rules=rules)
        self.ctl.flush()
        self.expect("configuration", servers=0, rules=0)
        self.nothing_else()

    def test_filters(self) -> None:
        """Only what is meant; and the configuration only where all is."""
        monitors = {
            words: self.listen(words)
            for words in ("port 81", "state established", "program nobody")
        }
        self.configure(self.configuration + "rule add port 1 direct\n")
        numbers = []
        for port in (80, 81):
            sock, peer = self.established(target=(TARGET[0], port))
            numbers.append(cookie(sock))
            sock.close()
            self.assertEqual(peer.end(), "end")
            peer.close()
        expected = {
            "port 81": [
                (numbers[1], "started"),
                (numbers[1], "granted"),
                (numbers[1], "closed"),
            ],
            "state established": [
                (number, event)
                for number in numbers
                for event in ("granted", "closed")
            ],
            "program nobody": [],
        }
        for words, monitor in monitors.items():
            got = [monitor.next() for _ in expected[words]]
            self.assertEqual(
                [(event["cookie"], event["event"]) for event in got],
                expected[words],
            )
            self.assertEqual(monitor.stop(signal.SIGTERM), (0, ""))
            self.assertEqual(list(monitor.rest()), [])

    def test_namespaces(self) -> None:
        """Each namespace has its own events."""
        theirs = Monitor(self.net.second)
        self.addCleanup(theirs.close)
        self.configure_second()
        server = self.listener(SERVER_SECOND)
        sock = self.sock(nonblocking=True, namespace=self.net.second)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        self.accepted(server)
        self.assertEqual(theirs.next()["event"], "configuration")
        self.assertEqual(theirs.next()["server"], "s")
        self.nothing_else()

    def test_lost(self) -> None:
        """
        A monitor which does not keep up is told that it has missed something,
        and goes on.
        """
        if SLOW:
            self.skipTest("it takes long to fill a receive buffer")
        self.configure(
            f"server add a {text(NO_ROUTE)}\nrule add to {THROUGH_PREFIX} via a\n"
        )
        self.expect("configuration")
        os.kill(self.monitor.pid, signal.SIGSTOP)
        sock = self.sock()

        def lose() -> bool:
            for _ in range(100):
                sock.connect(TARGET)
            return self.monitor.dropped() > 0

        until(lose, "a full receive buffer")
        os.kill(self.monitor.pid, signal.SIGCONT)
        # That comes first, before what the buffer holds.
        self.expect("lost")
        last = self.sock()
        number = cookie(last)

        def heard() -> bool:
            last.connect(TARGET)
            return number in {
                event.get("cookie") for event in self.monitor.rest()
            }

        until(heard, "an event after those that are lost")
        self.assertEqual(self.monitor.stop(), (0, ""))

    def test_unprivileged(self) -> None:
        """Who may not change the configuration may not listen, either."""
        done = subprocess.run(
            (
                *("setpriv", "--reuid=65534", "--regid=65534"),
                *("--clear-groups", "--no-new-privs"),
                *("socksctl", "monitor"),
            ),
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE,
        )
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("CAP_NET_ADMIN", done.stderr)

    def test_text(self) -> None:
        """Lines for people."""
        monitor = Monitor(self.net.client, as_json=False)
        self.addCleanup(monitor.close)
        sock, peer = self.begin()
        host, port = sock.sock_name()
        peer.reply(REJECTED)
        sock.ended()
        for rest in ("started .*", r"rejected .* code 91 age \d+\.\ds"):
            word, rest = rest.split(" ", 1)
            self.assertRegex(
                monitor.next(),
                r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} "
                rf"{word} {TARGET[0]}:{TARGET[1]} via a source {host}:{port} "
                rf"uid {os.getuid()} pid {threading.get_native_id()} {rest}\n$",
            )
        self.assertEqual(monitor.stop(), (0, ""))


# Joins all groups there may be, and then says how many messages of a family came.
EARLY = """
import socket, struct, sys
netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
netlink.bind((0, 0))
joined = 0
for group in range(1, 65):
    try:
        netlink.setsockopt(270, 1, group)
        joined += 1
    except OSError:
        pass
print(joined, flush=True)
family = int(sys.stdin.readline())
netlink.setblocking(False)
seen = 0
while True:
    try:
        data = netlink.recv(1 << 16)
    except BlockingIOError:
        break
    except OSError:
        continue
    seen += struct.unpack_from("=H", data, 4)[0] == family
print(seen)
"""


class Unload(TestCase):
    """The module goes while somebody listens."""

    def tearDown(self) -> None:
        if not module.loaded():
            self.assertEqual(module.load(), "0")
            self.forget_configuration()

    def test(self) -> None:
        """A monitor does not hold it, and ends with it."""
        self.forget_configuration()
        monitor = Monitor(self.net.client)
        self.addCleanup(monitor.close)
        for namespace in (self.net.client, self.net.second):
            socksctl(namespace).close()
        until(lambda: module.references() == 0, "end of all connections")
        self.assertEqual(module.unload(), "0")
        status = monitor.wait()
        self.assertEqual(status[0], 2)
        self.assertIn("unloaded", status[1])

    def test_too_early(self) -> None:
        """
        Who has joined the group before there was one, when anybody may, hears
        nothing.
        """
        self.forget_configuration()
        for namespace in (self.net.client, self.net.second):
            socksctl(namespace).close()
        module.wait_unload()
        with self.net.client.entered():
            early = subprocess.Popen(
                (
                    *("setpriv", "--reuid=65534", "--regid=65534"),
                    *("--clear-groups", "--no-new-privs"),
                    *("python3", "-c", EARLY),
                ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        self.addCleanup(early.wait)
        self.addCleanup(early.kill)
        assert early.stdout
        self.assertGreater(int(early.stdout.readline()), 32)
        self.assertEqual(module.load(), "0")
        monitor = Monitor(self.net.client)
        self.addCleanup(monitor.close)
        self.configure("rule add reject\n")
        self.assertEqual(monitor.next()["event"], "configuration")
        netlink = Genetlink()
        netlink.close()
        seen, _ = early.communicate(f"{netlink.family}\n", timeout=DEADLINE)
        self.assertEqual(seen, "0\n")
