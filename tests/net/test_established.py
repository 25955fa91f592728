# SPDX-License-Identifier: GPL-2.0-only
"""Once it is granted, a connection is like any other."""

import hashlib
import os
import socket
import struct
from select import POLLIN, POLLOUT, POLLPRI

from lib import sock as socks
from lib.case import FAMILIES, SLOW, TestCase, each
from lib.path import Path
from lib.server import Listener, Peer, Relay, request
from lib.sock import Sock
from lib.topology import SERVER_A, TARGET
from lib.wait import DEADLINE, Call, until

MEGABYTES = 3 if SLOW else 10


class Established(TestCase):
    """A connection that was granted."""

    @each(family=FAMILIES)
    def test_names(self, family: int) -> None:
        """getpeername() and SO_PEERNAME are the destination asked for."""
        sock, peer = self.established(family)
        self.assertEqual(sock.peer_name(), TARGET)
        raw = socks.sockaddr(family, TARGET)
        found = sock.getsockopt(
            socket.SOL_SOCKET, socks.SO_PEERNAME, len(raw)
        )
        self.assertEqual(found, raw)
        self.assertEqual(sock.sock_name(), peer.socket.getpeername())

    @each(family=FAMILIES)
    def test_names_after_the_end(self, family: int) -> None:
        """They are as long as they are on a direct connection."""

        def program(path: Path) -> object:
            sock = self.sock(family, nonblocking=True)
            seen: list[object] = [sock.connect(path.target)]
            path.arrived()
            peer = path.grant()
            seen.append(sock.poll(DEADLINE, POLLOUT))

            def named() -> object:
                found = sock.peer_name()
                return "target" if found == path.target else found

            seen.append(named())
            peer.finish()
            sock.poll(DEADLINE, POLLIN)
            seen.append(named())
            # It may be closed before shutdown() returns, or a little later.
            seen.append(sock.shutdown(1))
            peer.end()
            until(lambda: sock.tcp_state() == socks.TCP_CLOSE, "TCP_CLOSE")
            seen.append(named())
            return [*seen, sock.disconnect(), named()]

        self.compare(program)

    @each(family=FAMILIES)
    def test_names_after_reset(self, family: int) -> None:
        """And no longer, after a RST."""

        def program(path: Path) -> object:
            sock = self.sock(family, nonblocking=True)
            seen: list[object] = [sock.connect(path.target)]
            path.arrived()
            peer = path.grant()
            seen.append(sock.poll(DEADLINE, POLLOUT))
            peer.reset()
            sock.ended()
            return [*seen, sock.peer_name(), sock.so_error()]

        self.compare(program)

    @each(family=FAMILIES)
    def test_states(self, family: int) -> None:
        """Operations that ask for a connected socket."""

        def program(path: Path) -> object:
            sock = self.sock(family, nonblocking=True)
            seen: list[object] = [sock.connect(path.target)]
            path.arrived()
            path.grant()
            seen.append(sock.poll(DEADLINE))
            seen += [sock.tcp_state(), sock.recv(1)]
            seen += [sock.connect(path.target), sock.connect(path.target)]
            seen += [sock.listen(), sock.accept(), sock.bind(("0.0.0.0", 0))]
            seen += [sock.ioctl_int(socks.SIOCINQ)]
            seen += [sock.ioctl_int(socks.SIOCOUTQ)]
            seen += [sock.setsockopt(socket.SOL_TCP, socks.TCP_ULP, b"none")]
            seen += [sock.setsockopt(socket.SOL_TCP, socket.TCP_NODELAY, 1)]
            seen += [sock.getsockopt_int(socket.SOL_TCP, socket.TCP_NODELAY)]
            seen += [sock.setsockopt(socket.SOL_TCP, socket.TCP_CORK, 1)]
            return seen

        self.compare(program)

    @each(family=FAMILIES)
    def test_half_close(self, family: int) -> None:
        """Each direction ends on its own."""
        sock, peer = self.established(family)
        self.assertEqual(sock.shutdown(1), "0")
        self.assertEqual(peer.end(), "end")
        self.assertEqual(sock.send(b"x"), "EPIPE")
        peer.send(b"still")
        self.assertEqual(sock.recv_all(5), b"still")
        peer.finish()
        self.assertEqual(sock.recv(10), b"")

        sock, peer = self.established(family)
        peer.finish()
        self.assertEqual(sock.recv(10), b"")
        self.assertEqual(sock.send(b"still"), 5)
        self.assertEqual(peer.recv_all(5), b"still")
        sock.close()
        self.assertEqual(peer.end(), "end")

    @each(family=FAMILIES)
    def test_out_of_band(self, family: int) -> None:
        """Urgent data, both ways."""
        sock, peer = self.established(family)
        self.assertEqual(sock.send(b"!", socket.MSG_OOB), 1)
        self.assertEqual(peer.recv_urgent(), b"!")
        peer.socket.send(b"?", socket.MSG_OOB)
        self.assertEqual(sock.poll(DEADLINE, POLLPRI), "PRI")
        self.assertEqual(sock.recv(1, socket.MSG_OOB), b"?")

    @each(family=FAMILIES)
    def test_kernel_tls(self, family: int) -> None:
        """TCP_ULP tls can be set on it, and the module forgets it then."""
        sock, peer = self.established(family)
        if sock.setsockopt(socket.SOL_TCP, socks.TCP_ULP, b"tls") == "ENOENT":
            self.skipTest("the kernel has no TLS")
        # TLS 1.2, AES-GCM-128: version, cipher, iv, key, salt, rec_seq.
        crypto = struct.pack("HH", 0x0303, 51) + bytes(8 + 16 + 4 + 8)
        self.assertEqual(sock.setsockopt(282, 1, crypto), "0")
        self.assertEqual(sock.setsockopt(282, 2, crypto), "0")
        self.assertEqual(sock.peer_name(), TARGET)
        self.assertEqual(sock.send(b"secret"), 6)
        record = peer.recv_all(5 + 8 + 6 + 16)
        self.assertEqual(record[:3], b"\x17\x03\x03")
        # Both directions have the same key: it can read its own record.
        peer.send(record)
        self.assertEqual(sock.recv(10), b"secret")
        sock.close()
        peer.end()

    @each(family=FAMILIES)
    def test_splice(self, family: int) -> None:
        """splice() and sendfile(), both ways."""
        sock, peer = self.established(family)
        reader, writer = os.pipe()
        try:
            os.write(writer, b"one")
            self.assertEqual(os.splice(reader, sock.fileno(), 3), 3)
            self.assertEqual(peer.recv_all(3), b"one")
            peer.send(b"two")
            self.assertEqual(os.splice(sock.fileno(), writer, 3), 3)
            self.assertEqual(os.read(reader, 3), b"two")
        finally:
            os.close(reader)
            os.close(writer)

    @each(family=FAMILIES)
    def test_disconnect(self, family: int) -> None:
        """connect() to AF_UNSPEC, and then to somewhere else."""
        sock, peer = self.established(family)
        self.assertEqual(sock.disconnect(), "0")
        self.assertEqual(peer.end(), "reset")
        self.assertEqual(sock.peer_name(), "ENOTCONN")
        stats = self.ctl.server("a")
        self.assertEqual(stats["established"], 0)
        sock.so_error()

        other = ("203.0.113.77", 7777)
        listener = self.listener()
        call = Call(sock.connect, other)
        peer = self.accepted(listener)
        self.assertEqual(peer.request(), request(other))
        peer.reply()
        self.assertEqual(call.result(), "0")
        self.assertEqual(sock.peer_name(), other)

    @each(family=FAMILIES)
    def test_disconnect_then_listen(self, family: int) -> None:
        """What it accepts as a listener has a name of its own."""
        sock, _ = self.established(family)
        self.assertEqual(sock.disconnect(), "0")
        self.assertEqual(sock.bind(("127.0.0.1", 0)), "0")
        self.assertEqual(sock.listen(), "0")
        _, port = sock.sock_name()
        client = self.sock()
        self.assertEqual(client.connect(("127.0.0.1", int(port))), "0")
        accepted, _ = sock.socket.accept()
        self.addCleanup(accepted.close)
        found = socks.ipv4(accepted.getpeername())
        self.assertEqual(found, client.sock_name())


class Data(TestCase):
    """Through a server that really connects to the destination."""

    @each(family=FAMILIES)
    def test_both_ways(self, family: int) -> None:
        """Megabytes in both directions at once arrive as they were."""
        relay = Relay(self.net.firewall, SERVER_A)
        self.addCleanup(relay.close)
        target = Listener(self.net.outside, TARGET)
        self.addCleanup(target.close)
        sock = self.sock(family)
        self.assertEqual(sock.connect(TARGET), "0")
        peer = target.accept()
        self.addCleanup(peer.close)
        # For all that is sent, not only for the next piece of it.
        peer.socket.settimeout(4 * DEADLINE)
        self.assertEqual(relay.requests, [request(TARGET)])

        size = MEGABYTES << 20
        there = hashlib.shake_128(b"there").digest(1 << 16) * (size >> 16)
        back = hashlib.shake_128(b"back").digest(1 << 16) * (size >> 16)

        def sends(end: Sock | Peer, data: bytes) -> None:
            if isinstance(end, Peer):
                end.send(data)
                end.finish()
            else:
                end.socket.sendall(data)
                end.shutdown(1)

        calls = [Call(sends, sock, there), Call(sends, peer, back)]
        receives = Call(receive_all, peer.socket)
        self.assertEqual(receive_all(sock.socket), digest(back))
        self.assertEqual(receives.result(4 * DEADLINE), digest(there))
        for call in calls:
            call.result()


def digest(data: bytes) -> str:
    """A checksum."""
    return hashlib.blake2b(data).hexdigest()


def receive_all(sock: socket.socket) -> str:
    """Receive to the end, and return the checksum."""
    state = hashlib.blake2b()
    while piece := sock.recv(1 << 18):
        state.update(piece)
    return state.hexdigest()
