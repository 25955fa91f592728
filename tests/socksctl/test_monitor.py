# SPDX-License-Identifier: GPL-2.0-only
"""socksctl monitor: what it makes of events, and how it ends."""

import errno
import json
import os
import signal
import subprocess

import model
from harness import ENVIRONMENT, Case, harmless
from model import BIND, CONNECT, CONNECTING, ESTABLISHED, LISTENING, address

EVENTS = {name: model.N["SOCKS_CONNECTION_EVENT_" + name.upper()]
          for name in ("started", "listening", "granted", "rejected", "failed", "closed")}
# 2026-11-24 12:34:56.789012 UTC
SECONDS = 1795523696
TIME = SECONDS * 10**9 + 789_012_345
WHEN = "2026-11-24 12:34:56.789012"
CONNECTION = {
    "state": CONNECTING, "command": CONNECT, "address": address("203.0.113.7"), "port": 443, "server": b"corp",
    "uid": 1000, "pid": 4711, "source_address": address("198.51.100.9"), "source_port": 40001, "cookie": 5, "age": 12,
    "sent": 0, "received": 0, "program": b"curl", "time": TIME}
TEXT = "203.0.113.7:443 via corp source 198.51.100.9:40001 uid 1000 pid 4711 program curl"
JSON = {"time_ns": TIME, "state": "connecting", "command": "connect", "address": "203.0.113.7", "port": 443,
        "server": "corp", "uid": 1000, "pid": 4711, "program": "curl", "age_ms": 12, "sent": 0, "received": 0,
        "cookie": 5, "source_address": "198.51.100.9", "source_port": 40001}
CHANGE = {"time": TIME, "servers": 2, "rules": 3, "uid": 0, "pid": 99, "program": b"socksctl"}


def event(name, **values):
    return ("connection", CONNECTION | {"event": EVENTS[name]} | values)


class Monitor(Case):
    def lines(self, words, *events):
        """What it prints for these events."""
        self.kernel.events = list(events)
        return self.ok(words, environment={"TZ": "UTC"}).out.splitlines()

    def test_text(self):
        bound = {"command": BIND, "bound_address": address("192.0.2.1"), "bound_port": 5}
        for happens, text in (
                (event("started"), f"started {TEXT}"),
                (event("granted", state=ESTABLISHED, age=1250), f"granted {TEXT} age 1.2s"),
                (event("rejected", code=91), f"rejected {TEXT} code 91 age 0.0s"),
                (event("failed", error=errno.ETIMEDOUT, age=120_000), f"failed {TEXT} error ETIMEDOUT age 2m00s"),
                (event("failed", error=4000), f"failed {TEXT} error 4000 age 0.0s"),
                (event("failed"), f"failed {TEXT} given up age 0.0s"),
                (event("closed", state=ESTABLISHED, sent=2**40, received=7, age=3_600_000),
                 f"closed {TEXT} sent 1099511627776 received 7 age 1h00m"),
                (event("listening", state=LISTENING, **bound | {"port": 0}),
                 "listening bind " + TEXT.replace(":443", ":*").replace(" source", " bound 192.0.2.1:5 source")
                 + " age 0.0s"),
                (event("started", program=b"a b\n"), f"started {TEXT}".replace("curl", r"$'a b\x0a'")),
                (event("started", event=77), f"unknown {TEXT} age 0.0s"),
                (("configuration", CHANGE), "configuration servers 2 rules 3 uid 0 pid 99 program socksctl")):
            self.assertEqual(self.lines("monitor", happens), [f"{WHEN} {text}"])

    def test_json(self):
        """An object on each line."""
        for happens, values in (
                (event("started"), {"event": "started"}),
                (event("rejected", code=93), {"event": "rejected", "code": 93}),
                (event("failed", error=errno.EHOSTUNREACH), {"event": "failed", "error": "EHOSTUNREACH"}),
                (event("failed"), {"event": "failed"}),
                (event("closed", sent=9, state=ESTABLISHED),
                 {"event": "closed", "sent": 9, "state": "established"})):
            lines = self.lines("-j mon", happens, happens)
            self.assertEqual([json.loads(line) for line in lines], [JSON | values] * 2)
        line, = self.lines("-j monitor", ("configuration", CHANGE))
        self.assertEqual(json.loads(line), {"event": "configuration", "time_ns": TIME, "servers": 2, "rules": 3,
                                            "uid": 0, "pid": 99, "program": "socksctl"})

    def test_lost(self):
        """Some were lost: that is said, and it goes on."""
        lines = self.lines("-j monitor", event("started"), errno.ENOBUFS, event("granted"))
        self.assertEqual([json.loads(line)["event"] for line in lines], ["started", "lost", "granted"])
        lines = self.lines("monitor port 1", event("started"), errno.ENOBUFS)
        self.assertRegex(lines[0], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} lost$")

    def test_filters(self):
        events = [event("started"), event("granted", state=ESTABLISHED), event("started", port=80),
                  ("configuration", CHANGE)]
        for words, count in (("", 4), ("via corp", 3), ("port 80", 1), ("state established", 1), ("uid 1000 port 443", 2),
                             ("program wget", 0), ("to any", 3)):
            self.assertEqual(len(self.lines("monitor " + words, *events)), count, words)

    def test_signals(self):
        for self.kernel.interrupt in signal.SIGINT, signal.SIGTERM:
            self.assertEqual(len(self.lines("monitor", event("started"))), 1)

    def test_module_goes(self):
        self.kernel.events = [event("started")]
        self.kernel.interrupt = None
        result = self.run_socksctl("monitor")
        self.assertEqual((result.status, result.out.count("\n")), (2, 1))
        self.assert_line(result.error, "module was unloaded")

    def test_may_not_listen(self):
        result = self.run_socksctl("monitor", environment={"TEST_NO_JOIN": "1"})
        self.assertEqual((result.status, result.out), (2, ""))
        self.assert_line(result.error, "monitoring", "CAP_NET_ADMIN")

    def test_module_without_events(self):
        for self.kernel.groups in {}, {"other": 7}:
            result = self.run_socksctl("monitor")
            self.assertEqual((result.status, result.out), (2, ""))
            self.assert_line(result.error, "monitoring", os.strerror(errno.EOPNOTSUPP))

    def test_not_understood(self):
        self.kernel.interrupt = None
        for broken in (("connection", {name: value for name, value in event("started")[1].items() if name != missing})
                       for missing in ("event", "time", "server", "state")):
            self.kernel.events = [broken]
            result = self.run_socksctl("monitor")
            self.assertEqual(result.status, 2)
            self.assert_line(result.error, "not understood")
        for missing in CHANGE:
            self.kernel.events = [("configuration", {n: v for n, v in CHANGE.items() if n != missing})]
            result = self.run_socksctl("monitor")
            self.assertEqual(result.status, 2)
            self.assert_line(result.error, "not understood")

    def test_damaged(self):
        """Whatever comes, it prints lines or an error, and ends."""
        generator = model.seeded("test_damaged")
        for _ in range(150):
            happens = generator.choice((event("rejected", code=91), event("closed"), ("configuration", CHANGE)))
            self.kernel.events = [happens]
            self.kernel.interrupt = None
            words = generator.choice(("monitor", "-j monitor"))
            self.kernel.damage_events = generator
            result = self.run_socksctl(words)
            self.assertEqual(result.status, 2)
            self.assert_line(result.error)
            self.assertTrue(harmless(result.out.replace("\n", "")), ascii(result.out))

    def test_no_memory(self):
        """Whichever allocation fails, it ends with one line."""
        self.kernel.interrupt = None
        for words in "monitor", "-j monitor":
            number = 0
            while True:
                number += 1
                self.kernel.events = [event("started", program=b"a b")]
                result = self.run_socksctl(words, environment={"TEST_FAIL": str(number)})
                self.assertEqual(result.status, 2)
                if "unloaded" in result.error:
                    break
                self.assert_line(result.error, "memory")
                self.assertLess(number, 200)
            self.assertGreater(number, 2)

    def test_standard_output_that_fails(self):
        self.kernel.events = [event("started")] * 3
        self.kernel.interrupt = None
        with open("/dev/full", "wb") as full:
            done = subprocess.run([os.path.join(self.folder, "fast"), "monitor"], stdout=full, stderr=subprocess.PIPE,
                                  env=ENVIRONMENT | {"TEST_KERNEL": self.kernel.path}, check=False, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assert_line(done.stderr.decode(), os.strerror(errno.ENOSPC))
