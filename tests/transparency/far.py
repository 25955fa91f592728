# SPDX-License-Identifier: GPL-2.0-only
"""
The far end of a program's connections: the target itself, or a SOCKS server.

A program tells it what to do, a line each over a socket, and so leads both
paths through the same states. Each command ends when its effect is there: in
the kernel of the program.
"""

import abc
import contextlib
import ctypes
import signal
import socket
import struct
import threading

from lib.server import REJECTED, Listener, Peer, reply, request
from lib.sock import Address
from lib.topology import Topology
from lib.wait import DEADLINE, Timeout, until

_SO_ATTACH_FILTER = 26
_SYS_TKILL = 200
_TCP_ULP = 31
_SOL_TLS = 282

# "ret #0": nothing passes.
_NOTHING = ctypes.create_string_buffer(struct.pack("=HBBI", 0x06, 0, 0, 0))

# struct tls12_crypto_info_aes_gcm_128, the same for both directions: version,
# cipher, then initialisation vector, key, salt and record number.
KTLS = struct.pack("=HH", 0x0303, 51) + bytes(range(8 + 16 + 4)) + bytes(8)


_libc = ctypes.CDLL(None, use_errno=True)


class Target(abc.ABC):
    """One target: the connection to it which the program makes next."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._peer: Peer | None = None

    @abc.abstractmethod
    def arrived(self) -> None:
        """Wait until only the far end's answer is missing."""

    @abc.abstractmethod
    def grant(self, banner: bytes) -> None:
        """Let the connection succeed; send some bytes at once."""

    @abc.abstractmethod
    def refuse(self) -> None:
        """Let the connection fail."""

    @abc.abstractmethod
    def unreachable(self) -> None:
        """Let the connection find no way to the target."""

    def again(self) -> None:
        """Forget the connection; the next one is held again."""
        if self._peer:
            self._peer.close()
        self._peer = None

    @property
    def peer(self) -> Peer:
        """The far end's socket."""
        assert self._peer, f"{self.address} has no connection yet"
        return self._peer

    def close(self) -> None:
        """Clean up."""
        if self._peer:
            self._peer.close()


class Direct(Target):
    """
    The target itself. The program's kernel does not know where in the network
    it is, and holds the SYN back, until it is told.
    """

    def __init__(self, address: Address, net: Topology) -> None:
        super().__init__(address)
        self._net = net
        self._listener: Listener | None = None

    def arrived(self) -> None:
        pass

    def grant(self, banner: bytes) -> None:
        if not self._listener:
            self._listener = Listener(self._net.firewall, self.address)
        self._net.answer(self.address[0])
        self._peer = self._listener.accept()
        if banner:
            self._peer.send(banner)
            self._peer.wait_taken()

    def _unlisten(self) -> None:
        if self._listener:
            self._listener.close()
        self._listener = None

    def refuse(self) -> None:
        self._unlisten()
        self._net.answer(self.address[0])

    def unreachable(self) -> None:
        self._net.answer(self.address[0])

    def again(self) -> None:
        super().again()
        self._unlisten()
        self._net.forget(self.address[0])

    def close(self) -> None:
        super().close()
        self._unlisten()
        # Else the kernel would go on asking for it.
        self._net.answer(self.address[0])
        self._net.forget(self.address[0])


class Server:
    """The SOCKS server, which sorts connections by what they ask for."""

    def __init__(self, net: Topology, address: Address) -> None:
        self._listener = Listener(net.firewall, address)
        self._asked: list[tuple[bytes, Peer]] = []

    def accept(self, target: Address) -> Peer:
        """The next connection to this target, its request taken."""
        wanted = request(target)
        while True:
            for i, (asked, peer) in enumerate(self._asked):
                if asked == wanted:
                    del self._asked[i]
                    return peer
            peer = self._listener.accept()
            self._asked.append((peer.request(), peer))

    def forget(self) -> None:
        """Forget what nobody wanted. The program has ended."""
        for _, peer in self._asked:
            peer.close()
        self._asked.clear()
        while not self._listener.idle():
            pass


class Redirected(Target):
    """A SOCKS server: it holds its reply back."""

    def __init__(self, address: Address, server: Server) -> None:
        super().__init__(address)
        self._server = server

    def arrived(self) -> None:
        if not self._peer:
            self._peer = self._server.accept(self.address)

    def grant(self, banner: bytes) -> None:
        self.arrived()
        self.peer.send(reply() + banner)
        self.peer.wait_taken()

    def refuse(self) -> None:
        # As most servers do: the reply and the FIN, here in one segment.
        self.arrived()
        self.peer.cork()
        self.peer.reply(REJECTED)
        self.peer.finish()
        self._peer = None

    def unreachable(self) -> None:
        self.refuse()


def quoted(data: bytes) -> str:
    """Bytes, as the programs show them."""
    return '"%s"' % "".join(
        chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}" for byte in data
    )


def asleep(tid: int) -> bool:
    """Does a thread sleep in a system call?"""
    try:
        with open(f"/proc/{tid}/syscall", encoding="ascii") as file:
            call = file.read().split()[0]
        with open(f"/proc/{tid}/stat", encoding="ascii") as file:
            state = file.read().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state == "S" and call not in ("running", "-1")


def _signal_pending(tid: int, number: int) -> bool:
    with open(f"/proc/{tid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(("SigPnd:", "ShdPnd:")):
                if int(line.split()[1], 16) & 1 << number - 1:
                    return True
    return False


class Far:
    """All targets of one program's run, and its commands."""

    def __init__(self, targets: list[Target], control: socket.socket) -> None:
        self._targets = targets
        self._control = control
        self._control.settimeout(2 * DEADLINE)

    def serve(self) -> None:
        """Do what the program wants, until it ends."""
        with self._control.makefile("r", encoding="ascii") as lines:
            for line in lines:
                line = line.removesuffix("\n")
                if line.startswith("when "):
                    _, tid, command = line.split(" ", 2)
                    until(
                        lambda tid=int(tid): asleep(tid),
                        f"{command}: the program does not block",
                    )
                    self._do(command)
                else:
                    answer = self._do(line)
                    with contextlib.suppress(BrokenPipeError):
                        self._control.sendall(f"{answer}\n".encode())

    def _do(self, line: str) -> str:
        number, colon, rest = line.partition(":")
        target = self._targets[0]
        if colon and number.isdigit():
            target = self._targets[int(number)]
            line = rest
        command, _, argument = line.partition(" ")
        function = getattr(self, "_on_" + command.replace("-", "_"))
        try:
            return str(function(target, argument) or "ok")
        except ConnectionResetError:
            return "reset"
        except (Timeout, TimeoutError) as error:
            raise Timeout(f"far end: {line}: {error}") from error

    # A far end's commands: see observe.h.

    def _on_arrived(self, target: Target, _: str) -> None:
        target.arrived()

    def _on_grant(self, target: Target, banner: str) -> None:
        target.grant(banner.encode())

    def _on_refuse(self, target: Target, _: str) -> None:
        target.refuse()

    def _on_unreachable(self, target: Target, _: str) -> None:
        target.unreachable()

    def _on_again(self, target: Target, _: str) -> None:
        target.again()

    def _on_send(self, target: Target, data: str) -> None:
        target.peer.send(data.encode())
        target.peer.wait_taken()

    def _on_urgent(self, target: Target, data: str) -> None:
        target.peer.socket.send(data.encode(), socket.MSG_OOB)
        target.peer.wait_taken()

    def _on_fill(self, target: Target, count: str) -> None:
        # The program may not read it all; so this must not wait for it.
        threading.Thread(
            target=_fill, args=(target.peer, int(count)), daemon=True
        ).start()

    def _on_read(self, target: Target, count: str) -> str:
        return quoted(target.peer.recv_all(int(count)))

    def _on_drain(self, target: Target, count: str) -> str:
        return f"{len(target.peer.recv_all(int(count)))} bytes"

    def _on_read_urgent(self, target: Target, _: str) -> str:
        return quoted(target.peer.recv_urgent())

    def _on_pending(self, target: Target, _: str) -> str:
        return quoted(target.peer.pending())

    def _on_finish(self, target: Target, _: str) -> None:
        target.peer.finish()
        target.peer.wait_taken()

    def _on_end(self, target: Target, _: str) -> str:
        return target.peer.end()

    def _on_reset(self, target: Target, _: str) -> None:
        target.peer.reset()

    def _on_vanish(self, target: Target, _: str) -> None:
        target.peer.socket.setsockopt(
            socket.SOL_SOCKET,
            _SO_ATTACH_FILTER,
            struct.pack("HP", 1, ctypes.addressof(_NOTHING)),
        )

    def _on_ktls(self, target: Target, _: str) -> None:
        sock = target.peer.socket
        sock.setsockopt(socket.SOL_TCP, _TCP_ULP, b"tls")
        for direction in (1, 2):
            sock.setsockopt(_SOL_TLS, direction, KTLS)

    def _on_blocked(self, _: Target, tid: str) -> None:
        until(lambda: asleep(int(tid)), "sleep in a system call")

    def _on_signal(self, _: Target, argument: str) -> None:
        tid, name = argument.split()
        number = getattr(signal, f"SIG{name}")
        if _libc.syscall(_SYS_TKILL, int(tid), number):
            raise OSError(ctypes.get_errno(), "tkill")
        until(
            lambda: not _signal_pending(int(tid), number), "signal's delivery"
        )


def _fill(peer: Peer, count: int) -> None:
    with contextlib.suppress(OSError):
        peer.send(b"x" * count)
