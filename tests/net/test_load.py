# SPDX-License-Identifier: GPL-2.0-only
"""Many connections at once, and rules that change under them."""

import collections
import os
import select
import tempfile
import threading

from lib.case import IPV4, MAPPED, SLOW, TestCase
from lib.server import REJECTED, Service, reply, request
from lib.sock import Sock
from lib.topology import (
    SERVER_A,
    SERVER_B,
    TARGET,
    THROUGH_PREFIX,
    text,
)
from lib.wait import DEADLINE, Call, until

CONNECTIONS = 300 if SLOW else 2000
CHANGES = 100 if SLOW else 300


class Load(TestCase):
    """Many connections."""

    # The first must not be late when the last has begun.
    configuration = f"""
server add a {text(SERVER_A)} timeout 600
rule add to {THROUGH_PREFIX} via a
"""

    def service(self, **arguments: object) -> Service:
        """A server that serves on its own."""
        service = Service(
            self.net.firewall, SERVER_A, **arguments  # type: ignore[arg-type]
        )
        self.addCleanup(service.close)
        return service

    def start(self, number: int) -> tuple[list[Sock], select.epoll]:
        """Begin many connections, to ports from 1 on."""
        epoll = select.epoll()
        self.addCleanup(epoll.close)
        socks = []
        with self.net.client.entered():
            for port in range(1, number + 1):
                sock = Sock((IPV4, MAPPED)[port % 2], nonblocking=True)
                self.addCleanup(sock.close)
                self.assertEqual(
                    sock.connect((TARGET[0], port)), "EINPROGRESS"
                )
                epoll.register(sock, select.EPOLLOUT | select.EPOLLET)
                socks.append(sock)
        return socks, epoll

    def ready(self, epoll: select.epoll, number: int) -> None:
        """Wait until that many connections have come to an end."""
        seen = set()

        def all_seen() -> bool:
            seen.update(fd for fd, _ in epoll.poll(1))
            return len(seen) == number

        until(all_seen, f"{number} connections", 8 * DEADLINE)

    def test_many(self) -> None:
        """All wait at the same time, then all are granted."""
        self.configure(self.configuration, fresh=True)
        service = self.service(hold=True)
        socks, epoll = self.start(CONNECTIONS)
        until(
            lambda: len(service.requests) == CONNECTIONS,
            "requests",
            8 * DEADLINE,
        )
        self.assertEqual(
            set(service.requests),
            {
                request((TARGET[0], port))
                for port in range(1, CONNECTIONS + 1)
            },
        )
        # No socket has a word of it yet.
        self.assertEqual(epoll.poll(0), [])
        stats = self.ctl.server("a")
        self.assertEqual(stats["tried"], CONNECTIONS)
        self.assertEqual(stats["in_progress"], CONNECTIONS)
        self.assertEqual(stats["established"], 0)

        service.release()
        self.ready(epoll, CONNECTIONS)
        self.assertEqual({sock.so_error() for sock in socks}, {"0"})
        self.assertEqual(
            [sock.peer_name() for sock in socks],
            [(TARGET[0], port) for port in range(1, CONNECTIONS + 1)],
        )
        stats = self.ctl.server("a")
        self.assertEqual(stats["granted"], CONNECTIONS)
        self.assertEqual(stats["established"], CONNECTIONS)
        self.assertEqual(stats["in_progress"], 0)

        for sock in socks:
            sock.close()
        until(
            lambda: self.ctl.server("a")["established"] == 0,
            "end of all connections",
        )
        for counters in (self.ctl.server("a"), self.ctl.rules()[0]):
            self.assertEqual(
                counters,
                {
                    "tried": CONNECTIONS,
                    "granted": CONNECTIONS,
                    "rejected": 0,
                    "failed": 0,
                    "in_progress": 0,
                    "established": 0,
                },
            )

    def test_mixed(self) -> None:
        """Some are granted, some refused, some given up."""
        number = CONNECTIONS // 2
        self.configure(self.configuration, fresh=True)

        def answer(asked: bytes) -> bytes:
            port = int.from_bytes(asked[2:4], "big")
            return (reply(), reply(REJECTED), reply(7), b"\0")[port % 4]

        service = self.service(answer=answer, hold=True)
        socks, epoll = self.start(number)
        until(
            lambda: len(service.requests) == number, "requests", 8 * DEADLINE
        )
        service.release()
        # Those with one byte of a reply are given up.
        for sock in socks[2::4]:
            sock.close()
        self.ready(epoll, number - len(socks[2::4]))
        self.assertEqual({sock.so_error() for sock in socks[3::4]}, {"0"})
        self.assertEqual(
            {sock.so_error() for sock in socks[0::4]}, {"ECONNREFUSED"}
        )
        self.assertEqual({sock.so_error() for sock in socks[1::4]}, {"EPROTO"})
        self.assertEqual(
            self.ctl.server("a"),
            {
                "tried": number,
                "granted": len(socks[3::4]),
                "rejected": len(socks[0::4]),
                "failed": len(socks[1::4]) + len(socks[2::4]),
                "in_progress": 0,
                "established": len(socks[3::4]),
            },
        )

    def test_server_gone(self) -> None:
        """The server goes away under all of them."""
        number = CONNECTIONS // 4
        service = Service(self.net.firewall, SERVER_A, hold=True)
        socks, epoll = self.start(number)
        until(
            lambda: len(service.requests) == number, "requests", 8 * DEADLINE
        )
        service.close()
        self.ready(epoll, number)
        self.assertEqual({sock.so_error() for sock in socks}, {"ECONNRESET"})


class Replacement(TestCase):
    """The configuration is replaced while programs connect."""

    def test_replacement(self) -> None:
        """Each connection ends at one of two servers; none is lost."""
        files = []
        for name, address in (("a", SERVER_A), ("b", SERVER_B)):
            with tempfile.NamedTemporaryFile(
                "w", prefix="socks-net.", delete=False
            ) as file:
                self.addCleanup(os.unlink, file.name)
                file.write(
                    f"server add {name} {text(address)}\n"
                    f"rule add to {THROUGH_PREFIX} via {name}\n"
                    "rule add to 198.51.100.0/24 reject\n"
                )
                files.append(file.name)
        services = []
        for address, banner in ((SERVER_A, b"A"), (SERVER_B, b"B")):
            service = Service(
                self.net.firewall,
                address,
                answer=lambda asked, banner=banner: reply() + banner,
            )
            self.addCleanup(service.close)
            services.append(service)
        self.forget_configuration()
        self.ctl.apply_files(files[0])

        # What came of each connection, and its own address. append() is atomic
        # among threads, a counter's += is not.
        results: list[tuple[object, object]] = []
        stop = threading.Event()
        self.addCleanup(stop.set)

        def program() -> None:
            with self.net.client.entered():
                while not stop.is_set():
                    for family in (IPV4, MAPPED):
                        sock = Sock(family)
                        result: object = sock.connect(TARGET)
                        if result == "0":
                            result = sock.recv(1)
                        results.append((result, sock.sock_name()))
                        sock.close()

        programs = [Call(program) for _ in range(2)]
        for change in range(CHANGES // 10):
            # A new connection for each few changes, or there are none.
            before = len(results)
            self.ctl.apply_files(
                *(files[turn % 2] for turn in range(change, change + 10))
            )
            until(lambda before=before: len(results) > before, "connections")
        stop.set()
        for call in programs:
            call.result()
        seen = {result for result, _ in results}
        self.assertEqual(seen, {b"A", b"B"})
        for service, banner in zip(services, (b"A", b"B"), strict=True):
            self.assertEqual(set(service.requests), {request(TARGET)})
            self.assertEqual(
                collections.Counter(service.clients),
                collections.Counter(
                    name for result, name in results if result == banner
                ),
            )
