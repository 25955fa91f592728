# SPDX-License-Identifier: GPL-2.0-only
"""Probing servers, which here are real ones on the loopback device."""

import errno
import os
import socket
import struct
import subprocess
import threading
import time

from harness import Case

GRANTED = bytes((0, 90)) + bytes(6)


class Server:
    """Takes one connection, reads a request, and sends pieces of a reply."""

    def __init__(self, case, *pieces, close=True):
        self.pieces, self.close = pieces, close
        self.request = b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        case.addCleanup(self.end)

    def serve(self):
        try:
            connection, _ = self.listener.accept()
        except OSError:
            return
        with connection:
            while len(self.request) < 9 or self.request[-1]:
                got = connection.recv(1024)
                if not got:
                    return
                self.request += got
            for piece in self.pieces:
                connection.sendall(piece)
                time.sleep(0.01)    # in segments of their own; either way is right
            if not self.close:
                connection.recv(1)

    def end(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


def request(address, port, userid=b""):
    return struct.pack("!BBH", 4, 1, port) + socket.inet_aton(address) + userid + b"\0"


class Probe(Case):
    def failed(self, words, *parts):
        """It fails; its JSON."""
        result = self.run_socksctl("-j " + words)
        self.assertEqual(result.status, 2)
        self.assert_line(result.error, *parts, begins="socksctl: probe: ")
        answer = result.json()
        self.assertEqual(result.error, f"socksctl: probe: {answer['error']}\n")
        return answer

    def test_granted(self):
        server = Server(self, GRANTED)
        self.ok(f"server add corp {server.address} userid alice")
        out = self.ok("probe corp 203.0.113.9:80").out
        self.assertRegex(out, rf"\Aserver: corp {server.address}\ndestination: 203\.0\.113\.9:80\n"
                         r"connect: \d+\.\d{3} ms\nrequest: \d+\.\d{3} ms\nreply: \d+\.\d{3} ms\n"
                         r"result: granted \(90\)\n\Z")
        self.assertEqual(server.request, request("203.0.113.9", 80, b"alice"))

    def test_json(self):
        server = Server(self, GRANTED)
        self.ok(f"server add corp {server.address}")
        answer = self.ok("-j probe corp 203.0.113.9:80").json()
        for step in "connect", "request", "reply":
            self.assertGreater(answer.pop(step), 0)
        self.assertEqual(answer, {"server": "corp", "address": "127.0.0.1", "port": int(server.address.split(":")[1]),
                                  "destination_address": "203.0.113.9", "destination_port": 80, "result": "granted",
                                  "code": 90})

    def test_times(self):
        """The time of a step holds what the server waited in it."""
        class Slow(Server):
            def serve(self):
                self.began = time.monotonic()
                super().serve()
        # It waits a second. On a busy machine the step before may seem to last for some of that: its end is noted when
        # the server is at work already.
        server = Slow(self, *[b""] * 100, GRANTED)
        answer = self.ok(f"-j probe {server.address} 203.0.113.9:80").json()
        self.assertGreater(answer["reply"], 500)
        self.assertLess(answer["reply"], (time.monotonic() - server.began) * 1000)

    def test_userids(self):
        for words, userid in (("userid none", b""), ("userid uid", b"%d" % os.geteuid()), ("userid string uid", b"uid"),
                              ("userid " + "u" * 255, b"u" * 255)):
            server = Server(self, GRANTED)
            self.ok(f"server add corp {server.address} {words}")
            self.ok("probe corp 203.0.113.9:80")
            self.assertEqual(server.request, request("203.0.113.9", 80, userid))
            self.ok("server del corp")

    def test_own_address(self):
        """Without a destination it is the server itself."""
        server = Server(self, GRANTED)
        self.ok(f"server add corp {server.address}")
        self.ok("probe corp")
        address, port = server.address.split(":")
        self.assertEqual(server.request, request(address, int(port)))

    def test_literal(self):
        """A server which is not configured; the module is not needed."""
        self.kernel.loaded = False
        server = Server(self, GRANTED)
        out = self.ok(f"probe {server.address} 203.0.113.9:80").out
        self.assertTrue(out.startswith(f"server: {server.address}\n"), out)
        self.assertEqual(server.request, request("203.0.113.9", 80))
        self.assertNotIn("server", self.ok(f"-j probe {Server(self, GRANTED).address}").json())
        self.assertEqual(self.kernel.commands, [])

    def test_replies(self):
        for code, word, text in ((91, "rejected", "could not reach the destination (91)"),
                                 (92, "no-identd", "identd on this host (92)"),
                                 (93, "other-user", "another user (93)")):
            server = Server(self, bytes((0, code)) + bytes(6))
            answer = self.failed(f"probe {server.address} 203.0.113.9:80", text)
            self.assertEqual((answer["result"], answer["code"]), (word, code))
            self.assertIn("reply", answer)

    def test_pieces(self):
        server = Server(self, *(bytes((byte,)) for byte in GRANTED))
        self.ok(f"probe {server.address}")
        # Some servers send VN 4.
        self.ok(f"probe {Server(self, bytes((4, 90)) + bytes(6)).address}")

    def test_other_protocols(self):
        """Known by the first wrong byte, though the server says no more and stays."""
        for reply, code in ((b"\x05\xff", 255), (b"H", 0), (b"\0\x5e", 0x5e), (b"\0\x59", 0x59)):
            server = Server(self, reply, close=False)
            answer = self.failed(f"probe {server.address}", "not one of SOCKS4", f"version {reply[0]}, code {code}")
            self.assertEqual(answer["result"], "not-socks4")

    def test_closed_too_early(self):
        for pieces in (), (GRANTED[:7],):
            answer = self.failed(f"probe {Server(self, *pieces).address}", "reply:", "closed")
            self.assertEqual((answer["result"], "reply" in answer, "code" in answer), ("failed", False, False))

    def test_not_reached(self):
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            address = "127.0.0.1:%d" % bound.getsockname()[1]
            answer = self.failed(f"probe {address}", "connect:", os.strerror(errno.ECONNREFUSED))
        self.assertNotIn("connect", answer)
        result = self.run_socksctl(f"probe {address}")
        self.assertEqual(result.out, f"server: {address}\ndestination: {address}\n")

    def test_time_is_up(self):
        server = Server(self, GRANTED[:3], close=False)
        # Long enough for the steps before.
        self.ok(f"server add corp {server.address} timeout 3")
        answer = self.failed("probe corp", "reply:", os.strerror(errno.ETIMEDOUT))
        self.assertIn("request", answer)

    def test_no_server(self):
        self.refused("probe nobody 203.0.113.9:80", "socksctl: there is no server of this name")

    def test_words(self):
        self.wrong("probe", "probe", "missing", "name")
        self.wrong("probe -x", "'-x'", "name")
        self.wrong("probe 127.0.0.1:0", "'127.0.0.1:0'", "1 to 65535")
        self.wrong("probe host.example:80", "'host.example:80'", "IPv4")
        self.wrong("probe corp 203.0.113.9", "'203.0.113.9'", "port")
        self.wrong("probe corp 203.0.113.9:80 x", "'x'", "trailing", "nothing")
        self.wrong("probe 127.0.0.1:1 203.0.113.9:80 x", "'x'", "trailing", "nothing")
        self.assertIn("ADDRESS:PORT", self.ok("probe -h").out)
        self.assertEqual(self.kernel.commands, [])

    def test_memory(self):
        """Whichever allocation fails, it says so."""
        number = 0
        self.ok("server add corp 127.0.0.1:1")
        while True:
            number += 1
            server = Server(self, GRANTED)
            self.kernel.config.servers[b"corp"]["port"] = server.listener.getsockname()[1]
            result = self.run_socksctl("-j probe corp", environment={"TEST_FAIL": str(number)})
            if not result.status:
                break
            self.assertEqual(result.status, 2)
            self.assert_line(result.error, "memory")
        self.assertGreater(number, 5)

    def test_closed_standard_output(self):
        server = Server(self, GRANTED)
        with open("/dev/full", "wb") as full:
            done = subprocess.run([os.path.join(self.folder, "fast"), "probe", server.address], stdout=full,
                                  stderr=subprocess.PIPE, env={"TEST_KERNEL": self.kernel.path}, check=False)
        self.assertEqual(done.returncode, 2)
        self.assert_line(done.stderr.decode(), os.strerror(errno.ENOSPC))
