# SPDX-License-Identifier: GPL-2.0-only
"""
The two ways a program's connection can go: through a SOCKS server, or direct.

What a program does is written once, for a Path, and run over both. What it
sees over the direct one is the truth, with which the other has to agree.
"""

import abc

from .server import REJECTED, Listener, Peer, reply
from .sock import Address
from .topology import CLIENT_LAN, CLIENT_WAN, TARGET, Topology


class Path(abc.ABC):
    """A destination; one connection to it, which the test lets succeed."""

    # Where the program connects to.
    target: Address
    # The local address which its socket then gets.
    local: str

    @abc.abstractmethod
    def arrived(self) -> None:
        """Wait until only the far end's answer is missing."""

    @abc.abstractmethod
    def grant(self, banner: bytes = b"") -> Peer:
        """Let the connection succeed; the far end sends a banner at once."""

    @abc.abstractmethod
    def refuse(self) -> None:
        """Let the connection fail, with ECONNREFUSED."""

    @abc.abstractmethod
    def again(self) -> "Path":
        """Another path of this kind, for the program's next connection."""

    @abc.abstractmethod
    def close(self) -> None:
        """Clean up."""


class Through(Path):
    """Through a SOCKS server. What it answers is up to the test."""

    def __init__(
        self, listener: Listener, target: Address = TARGET
    ) -> None:
        self.target = target
        self.local = CLIENT_WAN
        self._listener = listener
        self._peer: Peer | None = None

    @property
    def peer(self) -> Peer:
        """The server's end, once the request is there."""
        if not self._peer:
            self._peer = self._listener.accept()
            self._peer.request()
        return self._peer

    def arrived(self) -> None:
        self.peer.wait_taken()

    def grant(self, banner: bytes = b"") -> Peer:
        self.peer.send(reply() + banner)
        return self.peer

    def refuse(self) -> None:
        # As most servers do: the reply and the FIN, here in one segment.
        self.peer.cork()
        self.peer.reply(REJECTED)
        self.peer.finish()

    def again(self) -> "Through":
        return Through(self._listener, self.target)

    def close(self) -> None:
        if self._peer:
            self._peer.close()


class Direct(Path):
    """
    Direct, to an address whose place in the network the client's kernel gets
    to know only when the test wants it. Till then it holds the SYN back.
    """

    PORT = 80

    def __init__(self, topology: Topology) -> None:
        self.target = (topology.held_address(), self.PORT)
        self.local = CLIENT_LAN
        self._topology = topology
        self._listener = Listener(topology.firewall, self.target)
        self._peer: Peer | None = None

    def arrived(self) -> None:
        pass

    def grant(self, banner: bytes = b"") -> Peer:
        self._topology.answer(self.target[0])
        self._peer = self._listener.accept()
        if banner:
            self._peer.send(banner)
        return self._peer

    def refuse(self) -> None:
        self._listener.close()
        self._topology.answer(self.target[0])

    def again(self) -> "Direct":
        return Direct(self._topology)

    def close(self) -> None:
        self._listener.close()
        if self._peer:
            self._peer.close()
