# SPDX-License-Identifier: GPL-2.0-only
"""
SOCKS4 servers.

Listener and Peer: the test itself is the server, step by step. Service: a
thread serves on its own, where the test has to wait in a system call, or where
there are many connections.
"""

import array
import contextlib
import dataclasses
import errno
import fcntl
import select
import selectors
import socket
import struct
import threading
from collections.abc import Callable

from .sock import SIOCOUTQ, TCP_CLOSE, Address
from .topology import Namespace
from .wait import DEADLINE, until

GRANTED = 90
REJECTED = 91
NO_IDENTD = 92
OTHER_USER = 93

REPLY_LENGTH = 8


CONNECT = 1
BIND = 2


def request(
    address: Address, userid: bytes = b"", command: int = CONNECT
) -> bytes:
    """The request that a CONNECT to this address has to be."""
    return (
        struct.pack("!BBH", 4, command, address[1])
        + socket.inet_aton(address[0])
        + userid
        + b"\0"
    )


def reply(
    code: int = GRANTED, version: int = 0, rest: bytes = bytes(6)
) -> bytes:
    """A reply. DSTPORT and DSTIP mean nothing in one to CONNECT."""
    return bytes((version, code)) + rest


def bind_reply(address: Address, code: int = GRANTED) -> bytes:
    """A reply to BIND: where the server listens, or who has connected."""
    port = struct.pack("!H", address[1])
    return reply(code, rest=port + socket.inet_aton(address[0]))


class Peer:
    """The server's end of a connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.socket.settimeout(DEADLINE)

    def request(self) -> bytes:
        """Read a request, up to its NUL."""
        data = b""
        while len(data) < 9 or data[-1]:
            byte = self.socket.recv(1)
            assert byte, f"the connection ended in the midst of {data!r}"
            data += byte
        return data

    def pending(self) -> bytes:
        """What has come and was not read, without waiting."""
        self.socket.settimeout(0)
        try:
            return self.socket.recv(1 << 16)
        except BlockingIOError:
            return b""
        finally:
            self.socket.settimeout(DEADLINE)

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.socket.sendall(data)

    def reply(self, code: int = GRANTED, version: int = 0) -> None:
        """Send a reply."""
        self.send(reply(code, version))

    def cork(self) -> None:
        """Hold back what is sent until there is a whole segment, or a FIN."""
        self.socket.setsockopt(socket.SOL_TCP, socket.TCP_CORK, 1)

    def recv_urgent(self) -> bytes:
        """Wait for a byte of urgent data."""
        poll = select.poll()
        poll.register(self.socket, select.POLLPRI)
        assert poll.poll(DEADLINE * 1000), "no urgent data"
        self.socket.settimeout(0)
        try:
            return self.socket.recv(1, socket.MSG_OOB)
        finally:
            self.socket.settimeout(DEADLINE)

    def wait_taken(self) -> None:
        """
        Wait until the other end's TCP has taken all that was sent, or has reset
        the connection, to which that number means nothing any more.
        """

        def sent_and_not_taken() -> int:
            info = self.socket.getsockopt(socket.SOL_TCP, socket.TCP_INFO, 1)
            if info[0] == TCP_CLOSE:
                return 0
            left = array.array("i", [0])
            fcntl.ioctl(self.socket, SIOCOUTQ, left, True)
            return left[0]

        until(lambda: not sent_and_not_taken(), "acknowledgement")

    def recv_all(self, size: int) -> bytes:
        """Read that much, or less where the end comes first."""
        data = b""
        while len(data) < size:
            piece = self.socket.recv(min(size - len(data), 1 << 20))
            if not piece:
                break
            data += piece
        return data

    def end(self) -> str:
        """Wait for the end: what came before it, or "reset"."""
        data = b""
        while True:
            try:
                piece = self.socket.recv(1 << 16)
            except ConnectionResetError:
                return "reset"
            if not piece:
                return f"end after {data!r}" if data else "end"
            data += piece

    def finish(self) -> None:
        """Send a FIN, unless the other end has reset the connection."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Send a RST, and forget the connection."""
        self.socket.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self.close()

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


class Listener:
    """Where a server listens. The test accepts and answers."""

    def __init__(
        self, namespace: Namespace, address: Address, backlog: int = 4096
    ) -> None:
        self.address = address
        with namespace.entered():
            self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(address)
        self.socket.listen(backlog)
        self.socket.settimeout(DEADLINE)

    def accept(self) -> Peer:
        """The next connection."""
        return Peer(self.socket.accept()[0])

    def idle(self) -> bool:
        """Has nobody connected who was not accepted?"""
        self.socket.settimeout(0)
        try:
            sock, _ = self.socket.accept()
        except BlockingIOError:
            return True
        else:
            sock.close()
            return False
        finally:
            self.socket.settimeout(DEADLINE)

    def close(self) -> None:
        """Listen no more."""
        self.socket.close()


@dataclasses.dataclass
class Session:
    """A connection of a Service."""

    client: Address
    request: bytes = b""
    answered: bool = False


class Service:
    """
    A server that grants each request, in a thread, and echoes then. It can
    hold its answers back, or give others; None closes the connection.
    """

    def __init__(
        self,
        namespace: Namespace,
        address: Address,
        answer: Callable[[bytes], bytes | None] = lambda asked: reply(),
        backlog: int = 4096,
        hold: bool = False,
    ) -> None:
        self._listener = Listener(namespace, address, backlog)
        self._listener.socket.setblocking(False)
        self._answer = answer
        self._selector = selectors.DefaultSelector()
        self._selector.register(
            self._listener.socket, selectors.EVENT_READ, None
        )
        self._waker, wakee = socket.socketpair()
        self._selector.register(wakee, selectors.EVENT_READ, None)
        self._wakee = wakee
        self._open = threading.Event()
        if not hold:
            self._open.set()
        self._held: list[socket.socket] = []
        self._stop = False
        self.requests: list[bytes] = []
        # From where each of them came.
        self.clients: list[Address] = []
        self.errors: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def release(self) -> None:
        """Answer all who were held, and from now on each at once."""
        self._open.set()
        self._waker.send(b"\0")

    def close(self) -> None:
        """Stop, and close all connections."""
        self._stop = True
        # It has ended by itself where there was an error.
        with contextlib.suppress(OSError):
            self._waker.send(b"\0")
        self._thread.join(DEADLINE)
        assert not self._thread.is_alive(), "service: does not stop"
        assert not self.errors, self.errors

    def _run(self) -> None:
        try:
            while not self._stop:
                for key, _ in self._selector.select():
                    self._ready(key)
        except BaseException as error:  # pylint: disable=broad-except
            self.errors.append(error)
        finally:
            for key in list(self._selector.get_map().values()):
                assert isinstance(key.fileobj, socket.socket)
                key.fileobj.close()
            self._selector.close()
            self._waker.close()

    def _ready(self, key: selectors.SelectorKey) -> None:
        sock = key.fileobj
        assert isinstance(sock, socket.socket)
        if sock is self._listener.socket:
            self._accept()
        elif sock.fileno() < 0:
            # Dropped since select().
            pass
        elif sock is self._wakee:
            sock.recv(1 << 10)
            if self._open.is_set():
                held, self._held = self._held, []
                for one in held:
                    self._try(one, lambda one=one: self._grant(one))
        else:
            self._try(sock, lambda: self._read(sock, key.data))

    def _accept(self) -> None:
        while True:
            try:
                sock, client = self._listener.socket.accept()
            except BlockingIOError:
                return
            self._selector.register(
                sock, selectors.EVENT_READ, Session(client)
            )

    def _try(self, sock: socket.socket, step: Callable[[], None]) -> None:
        # A program may give up its connection at any time.
        try:
            step()
        except OSError as error:
            if error.errno not in (errno.ECONNRESET, errno.EPIPE):
                raise
            self._drop(sock)

    def _drop(self, sock: socket.socket) -> None:
        if sock in self._held:
            self._held.remove(sock)
        if sock.fileno() >= 0:
            self._selector.unregister(sock)
            sock.close()

    def _read(self, sock: socket.socket, session: Session) -> None:
        data = sock.recv(1 << 16)
        if not data:
            self._drop(sock)
            return
        if session.answered:
            sock.sendall(data)
            return
        session.request += data
        if len(session.request) < 9 or session.request[-1]:
            return
        session.answered = True
        self.clients.append(session.client)
        self.requests.append(session.request)
        if self._open.is_set():
            self._grant(sock)
        else:
            self._held.append(sock)

    def _grant(self, sock: socket.socket) -> None:
        session = self._selector.get_key(sock).data
        answer = self._answer(session.request)
        if answer is None:
            self._drop(sock)
        else:
            sock.sendall(answer)


class Relay:
    """
    A server that does what SOCKS servers do: connects to the destination, in
    its own namespace, and passes bytes on, in both directions.
    """

    def __init__(self, namespace: Namespace, address: Address) -> None:
        self._namespace = namespace
        self._listener = Listener(namespace, address)
        self.requests: list[bytes] = []
        self.errors: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no more connections."""
        # accept() does not notice close(), but shutdown().
        self._listener.socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(DEADLINE)
        self._listener.close()
        assert not self.errors, self.errors

    def _run(self) -> None:
        self._namespace.enter()
        self._listener.socket.settimeout(None)
        while True:
            try:
                sock, _ = self._listener.socket.accept()
            except OSError:
                return
            threading.Thread(
                target=self._serve, args=(Peer(sock),), daemon=True
            ).start()

    def _serve(self, peer: Peer) -> None:
        try:
            asked = peer.request()
            self.requests.append(asked)
            port, host = struct.unpack("!H4s", asked[2:8])
            target = socket.create_connection(
                (socket.inet_ntoa(host), port), DEADLINE
            )
        except OSError:
            peer.reply(REJECTED)
            peer.close()
            return
        except BaseException as error:  # pylint: disable=broad-except
            self.errors.append(error)
            return
        peer.reply()
        back = threading.Thread(
            target=_pump, args=(target, peer.socket), daemon=True
        )
        back.start()
        _pump(peer.socket, target)
        back.join()
        target.close()
        peer.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(1 << 18):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass
