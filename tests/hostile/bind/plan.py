# SPDX-License-Identifier: GPL-2.0-only
"""What a hostile server and a program do in one Rbind(), and what must follow."""

import dataclasses
import random
import struct

from lib.server import bind_reply

REPLY = 8
PORT = 80

HOLD, FINISH, RESET = "hold", "finish", "reset"
# How a program gets its peer, or that it gives up.
ACCEPTS = ("block", "poll", "spin", "epoll")
GIVE_UPS = ("close", "listen, close", "disconnect", "listen, shutdown")
# What a server waits for before it sends a byte.
STAGES = ("bound", "listens", "accepts")


def verdict(reply: bytes) -> str:
    """The protocol's table. Until enough has come: EINPROGRESS."""
    if reply and reply[0] not in (0, 4):
        return "EPROTO"
    if len(reply) > 1 and not 90 <= reply[1] <= 93:
        return "EPROTO"
    if len(reply) < REPLY:
        return "EINPROGRESS"
    return ("0", "ECONNREFUSED", "EACCES", "EACCES")[reply[1] - 90]


def address(reply: bytes) -> tuple[str, int]:
    """The address in a reply."""
    return ".".join(map(str, reply[4:8])), struct.unpack("!H", reply[2:4])[0]


def _reply(rng: random.Random, host: str) -> bytes:
    """Most are right."""
    right = bytearray(bind_reply((host, rng.randint(1, 65535))))
    kind = rng.randrange(24)
    if kind == 0:
        right[2:4] = bytes(2)
    elif kind < 4:
        right[4:8] = bytes(4)
    elif kind == 4:
        right[4:8] = rng.randbytes(4)
    elif kind == 5:
        right[1] = rng.choice((91, 92, 93))
    elif kind == 6:
        right[rng.randrange(REPLY)] ^= 1 << rng.randrange(8)
    elif kind == 7:
        right[0] = 4
    elif kind == 8:
        return rng.choice((b"HTTP/1.1", b"SSH-2.0-", rng.randbytes(REPLY)))
    return bytes(right)


@dataclasses.dataclass
class Plan:
    """One Rbind(), as the seed and its number determine it."""

    number: int
    server: str
    target: str
    stream: bytes
    tail: str
    # Before which byte the server waits for which stage of the program.
    gates: dict[int, str]
    # The server does not await the request.
    early: bool
    # Where its segments end.
    cuts: list[int]
    program: str

    @classmethod
    def make(cls, seed: int, number: int, server: str, target: str) -> "Plan":
        """Draw one."""
        rng = random.Random(f"{seed} {number}")
        first = _reply(rng, "192.0.2.77")
        stream = first + _reply(rng, target)
        if rng.random() < 0.4:
            stream += rng.randbytes(rng.choice((1, 8, 30, 1400, 4000)))
        tail = rng.choice((HOLD, HOLD, FINISH, RESET))
        if rng.random() < 0.3:
            stream = stream[: rng.randrange(len(stream[:17]) + 1)]
        if tail == HOLD and verdict(stream[:REPLY]) == "EINPROGRESS":
            tail = rng.choice((FINISH, RESET))
        gates = {}
        # Rbind() must not have to wait for what comes behind it.
        if verdict(stream[:REPLY]) != "EINPROGRESS" and rng.random() < 0.6:
            gates[rng.randint(REPLY, 2 * REPLY)] = rng.choice(STAGES)
        if gates and rng.random() < 0.5:
            # At the end: before the FIN or RST.
            gates[max(len(stream), REPLY)] = rng.choice(STAGES)
        size = rng.choice((1, 2, 3, 7, 9, 40, 5000))
        cuts = sorted(
            {rng.randrange(len(stream) + 1) for _ in range(3)}
            | set(range(size, min(len(stream), 40), size))
        )
        if rng.random() < 0.3:
            cuts = []
        plan = cls(
            *(number, server, target, stream, tail, gates),
            *(rng.random() < 0.2, cuts, rng.choice(ACCEPTS * 2 + GIVE_UPS)),
        )
        if plan.waits and plan.program == "block":
            plan.program = "spin"
        return plan

    @property
    def rbind(self) -> str:
        """What Rbind() gives."""
        first = self.stream[:REPLY]
        result = verdict(first)
        if result == "EINPROGRESS":
            return "ECONNRESET"
        if result == "0" and not address(first)[1]:
            return "EPROTO"
        return result

    @property
    def second(self) -> str:
        """The verdict of the second reply."""
        return verdict(self.stream[REPLY : 2 * REPLY])

    @property
    def granted(self) -> bool:
        """Does accept() give a connection?"""
        second = self.stream[REPLY : 2 * REPLY]
        return self.second == "0" and address(second)[0] in (
            "0.0.0.0",
            self.target,
        )

    @property
    def waits(self) -> bool:
        """Does accept() wait for ever?"""
        return self.tail == HOLD and self.second == "EINPROGRESS"

    @property
    def result(self) -> str:
        """What comes of it, for the figures."""
        if self.rbind != "0":
            return self.rbind
        if self.program in GIVE_UPS:
            return self.program
        if self.granted:
            return "granted"
        return "waits" if self.waits else "aborted"

    @property
    def bound(self) -> tuple[str, int]:
        """Where the server says that it listens."""
        host, port = address(self.stream)
        return (self.server if host == "0.0.0.0" else host), port

    @property
    def peer(self) -> tuple[str, int]:
        """Who has connected."""
        return self.target, address(self.stream[REPLY:])[1]

    @property
    def payload(self) -> bytes:
        """What the program has to read then."""
        return self.stream[2 * REPLY :]

    @property
    def outcome(self) -> str:
        """What the module has to count."""
        reply = self.rbind
        if reply == "0":
            if self.program in GIVE_UPS:
                return "unsure"
            if self.granted:
                return "granted"
            reply = self.second
        rejected = reply in ("ECONNREFUSED", "EACCES")
        return "rejected" if rejected else "failed"
