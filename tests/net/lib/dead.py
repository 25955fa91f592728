# SPDX-License-Identifier: GPL-2.0-only
"""Servers that fail, each in a way of its own."""

import contextlib
import socket
import threading
from collections.abc import Callable

from .server import Listener, Peer
from .sock import Address
from .topology import CLOSED_PORT, NO_ROUTE, SERVER_B, Topology, text


def _silent(_: Peer) -> None:
    """Says nothing, and stays."""


def _close(peer: Peer) -> None:
    peer.request()
    peer.close()


def _close_at_once(peer: Peer) -> None:
    peer.close()


def _half_reply(peer: Peer) -> None:
    peer.request()
    peer.send(b"\0\x5a\0\0")
    peer.finish()


def _reset(peer: Peer) -> None:
    peer.request()
    peer.send(b"\0\x5a\0\0")
    peer.wait_taken()
    peer.reset()


def _garbage(peer: Peer) -> None:
    peer.request()
    peer.send(b"HTTP/1.0 400 Bad Request\r\n\r\n")


def _early(peer: Peer) -> None:
    """A banner, as servers of other protocols have one."""
    peer.send(b"220 mail.example.org ESMTP\r\n")


# What a server that can be reached does with each connection.
DEEDS: dict[str, Callable[[Peer], None]] = {
    "mute": _silent,
    "closes": _close,
    "closes-at-once": _close_at_once,
    "half-reply": _half_reply,
    "resets": _reset,
    "garbage": _garbage,
    "banner": _early,
}

# With these, time has to pass.
SLOW_WAYS = ("black-hole", "mute")
WAYS = ("refuses", "no-route", "icmp", "black-hole", *DEEDS)

# What connect() gives where there is only such a server.
ERRNOS = {
    "refuses": "ECONNREFUSED",
    "no-route": "EHOSTUNREACH",
    "icmp": "EHOSTUNREACH",
    "black-hole": "ETIMEDOUT",
    "mute": "ETIMEDOUT",
    "closes": "ECONNRESET",
    "closes-at-once": "ECONNRESET",
    "half-reply": "ECONNRESET",
    "resets": "ECONNRESET",
    "garbage": "EPROTO",
    "banner": "EPROTO",
}


class Dead:
    """A server that fails in one of WAYS, and counts who has come."""

    def __init__(
        self, net: Topology, way: str, address: Address = SERVER_B
    ) -> None:
        self._net = net
        self.way = way
        self.timeout = 1 if way in SLOW_WAYS else 60
        self.address = address
        self.came = 0
        self._listener: Listener | None = None
        self._peers: list[Peer] = []
        if way == "refuses":
            self.address = CLOSED_PORT
        elif way == "no-route":
            self.address = NO_ROUTE
        elif way == "icmp":
            self.address = (net.unreachable_address(), 1080)
            net.answer(self.address[0])
        elif way == "black-hole":
            self.address = (net.held_address(), 1080)
        else:
            self._listener = Listener(net.firewall, self.address)
            self._listener.socket.settimeout(None)
            self._thread = threading.Thread(
                target=self._run, args=(DEEDS[way],), daemon=True
            )
            self._thread.start()

    def configuration(self, name: str, words: str = "") -> str:
        """The command which adds it."""
        return (
            f"server add {name} {text(self.address)} timeout {self.timeout}"
            f" {words}\n"
        )

    def _run(self, deed: Callable[[Peer], None]) -> None:
        assert self._listener
        while True:
            try:
                peer = self._listener.accept()
            except OSError:
                return
            self.came += 1
            self._peers.append(peer)
            # A program may give up at any time.
            with contextlib.suppress(OSError, AssertionError):
                deed(peer)

    def close(self) -> None:
        """Be gone."""
        if self.way == "black-hole":
            # A SYN that waits for its neighbour's address keeps the socket.
            self._net.answer(self.address[0])
        if self._listener:
            # accept() does not notice close(), but shutdown().
            self._listener.socket.shutdown(socket.SHUT_RDWR)
            self._thread.join()
            self._listener.close()
            self._listener = None
        for peer in self._peers:
            peer.close()
