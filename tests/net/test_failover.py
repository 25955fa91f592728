# SPDX-License-Identifier: GPL-2.0-only
"""Rules with several servers, some of which fail."""

import os
import select
import socket
import struct
from select import POLLOUT

import test_programs
import test_waiting
from lib import dead
from lib.case import FAMILIES, MAPPED, Signals, TestCase, capture, each
from lib.dead import Dead
from lib.module import unload
from lib.server import (
    BIND,
    NO_IDENTD,
    OTHER_USER,
    REJECTED,
    Peer,
    Service,
    bind_reply,
    request,
)
from lib.sock import TCP_SYN_SENT, Epoll, Sock
from lib.socksctl import Socksctl
from lib.temporary import SERVER, Temporary
from lib.topology import (
    CLIENT_LAN,
    CLIENT_WAN,
    SERVER_A,
    SERVER_B,
    TARGET,
    THROUGH_PREFIX,
    text,
)
from lib.wait import DEADLINE, SYS_CONNECT, Call, Worker, until
from lib.ways import (
    IP_BIND_ADDRESS_NO_PORT,
    IP_OPTIONS,
    LSRR,
    source_route,
)

IP_RECVERR = 11
IP_MINTTL = 21
TCP_REPAIR = 19
TCP_REPAIR_QUEUE = 20
TCP_QUEUE_SEQ = 21
TCP_RECV_QUEUE = 1
TCP_REPAIR_OFF_NO_WP = -1
SO_PEEK_OFF = 42
CONNECTIONS = 200


class FailoverCase(TestCase):
    """A test case whose rule names a server that fails, and then "a"."""

    def dead(self, way: str) -> Dead:
        """A server that fails so."""
        server = Dead(self.net, way)
        self.addCleanup(server.close)
        return server

    def via(self, servers: str, *commands: str) -> None:
        """Have "a", other servers, and one rule. All counters are 0."""
        self.listener()
        self.configure(
            "".join(commands)
            + f"server add a {text(SERVER_A)} timeout 60\n"
            + f"rule add to {THROUGH_PREFIX} via {servers}\n",
            fresh=True,
        )

    def fails(self, way: str, words: str = "", timeout: int = 0) -> Dead:
        """Have a rule with a server that fails so, and then "a"."""
        server = self.dead(way)
        if timeout:
            server.timeout = timeout
        self.via("dead,a", server.configuration("dead", words))
        return server

    def once(self, family: int, way: str) -> None:
        """Ways of failing that take time are for one family only."""
        if family == MAPPED and way in (*dead.SLOW_WAYS, "icmp"):
            self.skipTest("takes long")

    def unreachable(self, peer: Peer) -> None:
        """Say by ICMP that a server can't be reached any more."""
        tcp = socket.SOL_TCP
        # The next byte which the server awaits is the next one to be sent.
        peer.socket.setsockopt(tcp, TCP_REPAIR, 1)
        peer.socket.setsockopt(tcp, TCP_REPAIR_QUEUE, TCP_RECV_QUEUE)
        seq = peer.socket.getsockopt(tcp, TCP_QUEUE_SEQ) & 0xFFFFFFFF
        peer.socket.setsockopt(tcp, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP)
        # Repair resets it, and the next test case listens there, too.
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        (client, sport), (server, dport) = (
            peer.socket.getpeername(),
            peer.socket.getsockname(),
        )
        sent = struct.pack(
            "!BBHHHBBH4s4sHHI",
            *(0x45, 0, 40, 0, 0, 64, socket.IPPROTO_TCP, 0),
            *(socket.inet_aton(client), socket.inet_aton(server)),
            *(sport, dport, seq),
        )
        message = b"\3\1\0\0" + bytes(4) + sent
        words = struct.unpack(f"!{len(message) // 2}H", message)
        total = sum(words)
        total = (total & 0xFFFF) + (total >> 16)
        check = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
        with self.net.firewall.entered():
            raw = socket.socket(
                socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP
            )
        with raw:
            raw.sendto(
                message[:2] + struct.pack("!H", check) + message[4:],
                (client, 0),
            )

    def state(self, name: str) -> dict[str, object]:
        """What is shown of a server."""
        for server in self.ctl.show()["servers"]:
            if server["name"] == name:
                shown: dict[str, object] = server
                return shown
        raise AssertionError(f"there is no server {name}")

    def granted(self, sock: Sock, target: tuple[str, int] = TARGET) -> None:
        """See that "a" gets a socket's request, and grant it."""
        peer = self.accepted(self.listener())
        self.assertEqual(peer.request(), request(target))
        peer.reply()
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
        self.assertEqual(sock.so_error(), "0")

    def counted(self, **expected: int) -> None:
        """See that the rule has counted this, and nothing else."""

        def counters() -> dict[str, int]:
            return {k: v for k, v in self.ctl.rules()[0].items() if v}

        try:
            until(lambda: counters() == expected, "counters")
        except AssertionError:
            self.assertEqual(counters(), expected)


class Failover(FailoverCase):
    """The next server is used, within one connect()."""

    @each(family=FAMILIES, way=dead.WAYS)
    def test_blocking(self, family: int, way: str) -> None:
        """A connect() that waits"""
        self.once(family, way)
        listener = self.listener()
        self.fails(way)
        sock = self.sock(family)
        call = Call(sock.connect, TARGET)
        peer = self.accepted(listener)
        self.assertEqual(peer.request(), request(TARGET))
        self.assertFalse(call.done)
        peer.reply()
        self.assertEqual(call.result(), "0")
        self.assertEqual(sock.so_error(), "0")
        self.assertEqual(sock.peer_name(), TARGET)
        sock.send_all(b"ping")
        self.assertEqual(peer.recv_all(4), b"ping")
        peer.send(b"pong")
        self.assertEqual(sock.recv_all(4), b"pong")
        sock.close()
        self.assertEqual(peer.end(), "end")

    @each(family=FAMILIES, way=dead.WAYS)
    def test_nonblocking(self, family: int, way: str) -> None:
        """One that does not: all the time it is as in SYN_SENT."""
        self.once(family, way)
        listener = self.listener()
        self.fails(way)
        sock = self.sock(family, nonblocking=True)
        # Errors that ICMP tells of are not for the program, either.
        sock.setsockopt(socket.SOL_IP, IP_RECVERR, 1)
        epoll = Epoll(edge=True)
        self.addCleanup(epoll.close)
        epoll.add(sock)
        epoll.wait()
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        wait = select.poll()
        wait.register(listener.socket, select.POLLIN)
        while not wait.poll(1):
            self.assertEqual(epoll.wait(), "")
            self.assertEqual(sock.poll(0), "")
        peer = self.accepted(listener)
        peer.request()
        self.assertEqual(epoll.wait(), "")
        self.assertEqual(sock.so_error(), "0")
        self.assertEqual(sock.tcp_state(), TCP_SYN_SENT)
        self.assertEqual(sock.peer_name(), "ENOTCONN")
        self.assertEqual(sock.connect(TARGET), "EALREADY")
        self.assertEqual(sock.recv(1, socket.MSG_ERRQUEUE), "EAGAIN")
        peer.reply()
        self.assertEqual(epoll.wait(DEADLINE), "OUT")
        self.assertEqual(epoll.wait(), "")
        self.assertEqual(sock.so_error(), "0")
        self.assertEqual(sock.poll(0), "OUT|WRNORM")

    @each(first=("closes", "no-route"), last=dead.WAYS)
    def test_all_fail(self, first: str, last: str) -> None:
        """Where all fail, the last one says why."""
        one = Dead(self.net, first)
        two = Dead(self.net, last, SERVER_A)
        if one.address == two.address:
            one.address = (one.address[0], one.address[1] + 1)
        self.addCleanup(one.close)
        self.addCleanup(two.close)
        self.configure(
            one.configuration("one")
            + two.configuration("two")
            + f"rule add to {THROUGH_PREFIX} via one,two\n",
            fresh=True,
        )
        sock = self.sock()
        self.assertEqual(sock.connect(TARGET), dead.ERRNOS[last])
        self.counted(tried=1, failed=1)
        for name in "one", "two":
            shown = self.state(name)
            self.assertEqual(shown["stats"]["failed"], 1)  # type: ignore
            self.assertEqual(shown["state"], "down")
        if last == "icmp":
            # Such an error comes twice, also directly.
            return
        # And the socket may connect again.
        self.configure(
            f"server add b 10.1.0.4:1081\nrule add to {THROUGH_PREFIX} via b\n"
        )
        listener = self.listener(("10.1.0.4", 1081))
        sock.set_blocking(False)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(listener)
        peer.request()
        peer.reply()
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")

    @each(family=FAMILIES)
    def test_all_fail_nonblocking(self, family: int) -> None:
        """So do poll() and SO_ERROR, as with a direct connect()."""
        self.configure(
            self.dead("garbage").configuration("one")
            + self.dead("no-route").configuration("two")
            + f"rule add to {THROUGH_PREFIX} via one,two\n",
            fresh=True,
        )
        sock = self.sock(family, nonblocking=True)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        self.assertEqual(
            sock.ended(), "IN|OUT|ERR|HUP|RDNORM|WRNORM|RDHUP"
        )
        self.assertEqual(sock.so_error(), "EHOSTUNREACH")
        self.assertEqual(sock.so_error(), "0")
        self.assertEqual(sock.recv(100), b"")

    def test_none_can_be_tried(self) -> None:
        """Where none can even be tried, connect() says so at once."""
        self.configure(
            self.dead("no-route").configuration("one")
            + "server add two 10.5.0.1:1081\n"
            + f"rule add to {THROUGH_PREFIX} via one,two\n",
            fresh=True,
        )
        sock = self.sock(nonblocking=True)
        self.assertEqual(sock.bind((CLIENT_WAN, 0)), "0")
        name = sock.sock_name()
        self.assertEqual(sock.connect(TARGET), "EHOSTUNREACH")
        self.assertEqual(sock.so_error(), "0")
        self.assertEqual(sock.sock_name(), name)

    @each(
        code=(REJECTED, NO_IDENTD, OTHER_USER), way=(None, "closes", "no-route")
    )
    def test_refused(self, code: int, way: str | None) -> None:
        """What a server has refused no other one is asked for."""
        last = self.listener(SERVER_B)
        commands = [f"server add b {text(SERVER_B)}\n"]
        if way:
            # Not at the address of b.
            first = Dead(self.net, way, ("10.1.0.4", 1082))
            self.addCleanup(first.close)
            commands.append(first.configuration("dead"))
        self.via("dead,a,b" if way else "a,b", *commands)
        sock = self.sock()
        call = Call(sock.connect, TARGET)
        peer = self.accepted(self.listener())
        peer.request()
        peer.reply(code)
        self.assertEqual(
            call.result(), "ECONNREFUSED" if code == REJECTED else "EACCES"
        )
        self.assertTrue(last.idle())
        self.assertEqual(self.state("a")["state"], "up")
        self.counted(tried=1, rejected=1)

    def test_eight(self) -> None:
        """Each of eight has its turn, in their order."""
        ways = [way for way in dead.WAYS if way not in dead.SLOW_WAYS][:7]
        servers = [
            Dead(self.net, way, ("10.1.0.4", 2000 + i))
            for i, way in enumerate(ways)
        ]
        for server in servers:
            self.addCleanup(server.close)
        capture(self.net.client).syns()
        self.via(
            ",".join(f"d{i}" for i in range(7)) + ",a",
            *(one.configuration(f"d{i}") for i, one in enumerate(servers)),
        )
        sock = self.sock(nonblocking=True)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        self.granted(sock)
        went = []
        for syn in capture(self.net.client).syns():
            place = (syn.destination, syn.port)
            if place not in went:
                went.append(place)
        # A SYN for which there is no route is not sent.
        expected = [one.address for one in servers if one.way != "no-route"]
        self.assertEqual(went, [*expected, SERVER_A])
        self.counted(tried=1, granted=1, established=1)
        for i in range(7):
            stats = self.ctl.server(f"d{i}")
            self.assertEqual(
                {k: v for k, v in stats.items() if v},
                {"tried": 1, "failed": 1},
            )
        sock.close()
        self.counted(tried=1, granted=1)

    @each(way=("closes", "black-hole"))
    def test_time_limits(self, way: str) -> None:
        """Each server has its own time."""
        first = self.dead(way)
        second = Dead(self.net, "mute", SERVER_A)
        self.addCleanup(second.close)
        self.configure(
            first.configuration("one")
            + second.configuration("two")
            + f"rule add to {THROUGH_PREFIX} via one,two\n",
            fresh=True,
        )
        self.assertEqual(self.sock().connect(TARGET), "ETIMEDOUT")
        self.assertEqual(second.came, 1)


class Health(FailoverCase):
    """A server that has failed is passed over, and tried again."""

    @each(way=("refuses", "closes", "garbage"))
    def test_passed_over(self, way: str) -> None:
        """The next connection goes to the next server at once."""
        server = self.fails(way)
        for _ in range(3):
            sock = self.sock(nonblocking=True)
            self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
            self.granted(sock)
        stats = self.ctl.server("dead")
        self.assertEqual((stats["tried"], stats["failed"]), (1, 1))
        syns = capture(self.net.client).syns()
        seen = [syn for syn in syns if syn.destination == server.address[0]]
        self.assertEqual(len(seen), 1)
        shown = self.state("dead")
        self.assertEqual(shown["state"], "down")
        self.assertEqual(shown["error"], dead.ERRNOS[way])
        self.assertEqual(shown["failures"], 1)
        self.assertTrue(0 < int(str(shown["retry_in"])) <= 30, shown)
        self.assertEqual(self.state("a")["state"], "up")

    def test_tried_again(self) -> None:
        """When its time is over it is tried, and up where it answers."""
        # As long as the test takes from the trial to the other connection.
        self.fails("closes-at-once", "retry 3").close()
        sock = self.sock(nonblocking=True)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        self.granted(sock)
        self.assertEqual(self.state("dead")["state"], "down")

        def over() -> bool:
            return not self.state("dead")["retry_in"]

        until(over, "end of the time for which it is passed over")
        back = self.listener(SERVER_B)
        sock = self.sock(nonblocking=True)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(back)
        # Others don't wait for what becomes of it.
        other = self.sock(nonblocking=True)
        self.assertEqual(other.connect(TARGET), "EINPROGRESS")
        self.granted(other)
        self.assertTrue(back.idle())
        peer.request()
        peer.reply()
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
        shown = self.state("dead")
        self.assertEqual(shown["state"], "up")
        self.assertNotIn("failures", shown)
        sock = self.sock(nonblocking=True)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        self.accepted(back)

    def test_all_down(self) -> None:
        """Where all are passed over they are tried all the same."""
        first, second = self.dead("refuses"), Dead(
            self.net, "closes", SERVER_A
        )
        self.configure(
            first.configuration("dead")
            + second.configuration("a")
            + f"rule add to {THROUGH_PREFIX} via dead,a\n",
            fresh=True,
        )
        self.assertEqual(self.sock().connect(TARGET), "ECONNRESET")
        second.close()
        sock = self.sock(nonblocking=True)
        listener = self.listener()
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        self.granted(sock)
        self.assertTrue(listener.idle())
        self.assertEqual(self.state("a")["state"], "up")
        self.assertEqual(self.state("dead")["failures"], 2)

    @each(
        option=(
            (socket.SOL_IP, IP_MINTTL, 255),
            (socket.SOL_TCP, socket.TCP_SYNCNT, 1),
            (socket.SOL_TCP, socket.TCP_USER_TIMEOUT, 100),
            (socket.SOL_IP, socket.IP_TTL, 64),
            (socket.SOL_IP, socket.IP_TOS, 16),
        )
    )
    def test_own_fault(self, option: tuple[int, int, int | bytes]) -> None:
        """
        Nobody has a server passed over by what he has set on his socket. His
        own connection goes on to the next.
        """
        self.fails("closes", timeout=1)
        sock = self.sock(nonblocking=True)
        self.assertEqual(sock.setsockopt(*option), "0")
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        until(
            lambda: self.ctl.server("a")["tried"], "attempt at the next server"
        )
        self.assertEqual(self.ctl.server("dead")["failed"], 1)
        self.assertEqual(self.state("dead")["state"], "up")

    @each(
        option=(
            (socket.SOL_IP, IP_MINTTL, 255, 0),
            (socket.SOL_IP, socket.IP_TTL, 1, -1),
            (socket.SOL_IP, socket.IP_TOS, 16, 0),
        ),
        late=(False, True),
    )
    def test_own_fault_hidden(
        self, option: tuple[int, int, int, int], late: bool
    ) -> None:
        """Nor by what he has taken back before the failure shows."""
        server = self.fails("mute" if late else "icmp", timeout=2)
        level, number, value, harmless = option
        sock = self.sock(nonblocking=True)
        if not late:
            self.assertEqual(sock.setsockopt(level, number, value), "0")
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        if late:
            until(lambda: server.came, "connection")
            self.assertEqual(sock.setsockopt(level, number, value), "0")
        self.assertEqual(sock.setsockopt(level, number, harmless), "0")
        until(
            lambda: self.ctl.server("a")["tried"], "attempt at the next server"
        )
        self.assertEqual(self.ctl.server("dead")["failed"], 1)
        self.assertEqual(self.state("dead")["state"], "up")

    def test_ipv6_only(self) -> None:
        """A socket that can't connect to any server says nothing of them."""
        self.fails("closes")
        sock = self.sock(MAPPED)
        self.assertEqual(
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1), "0"
        )
        self.assertEqual(sock.connect(TARGET), "ENETUNREACH")
        for name in "dead", "a":
            self.assertEqual(self.state(name)["state"], "up")

    def test_answers_others(self) -> None:
        """
        Whose destination the server can't reach, and so is not answered in
        time, does not have it passed over by those whom it answers.
        """
        self.listener(SERVER_B)
        # Longer than it takes till others are answered.
        self.via("b,a", f"server add b {text(SERVER_B)} timeout 8\n")
        sock = self.sock(nonblocking=True)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        self.accepted(self.listener(SERVER_B)).request()
        # In another jiffy, which is at most 10 ms.
        until(lambda: self.ctl.connections()[0]["age_ms"] >= 100, "age")
        other = self.sock(nonblocking=True)
        self.assertEqual(other.connect((TARGET[0], 81)), "EINPROGRESS")
        peer = self.accepted(self.listener(SERVER_B))
        peer.request()
        peer.reply()
        self.assertEqual(other.poll(DEADLINE, POLLOUT), "OUT")
        self.granted(sock)
        self.assertEqual(self.ctl.server("b")["failed"], 1)
        self.assertEqual(self.state("b")["state"], "up")

    @each(how=("close", "odd"))
    def test_trial_given_up(self, how: str) -> None:
        """
        Who tries a server that had failed and gives up, or is himself to blame,
        does not keep others from trying it.
        """
        self.fails("closes-at-once", "retry 2").close()
        sock = self.sock(nonblocking=True)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        self.granted(sock)
        until(
            lambda: not self.state("dead")["retry_in"],
            "end of the time for which it is passed over",
        )
        back = self.listener(SERVER_B)
        first = self.sock(nonblocking=True)
        if how == "odd":
            first.setsockopt(socket.SOL_IP, socket.IP_TTL, 64)
        self.assertEqual(first.connect(TARGET), "EINPROGRESS")
        if how == "close":
            self.accepted(back)
            first.close()
        else:
            # It goes to the next server at once.
            self.granted(first)
        second = self.sock(nonblocking=True)
        self.assertEqual(second.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(back)
        peer.request()
        peer.reply()
        self.assertEqual(second.poll(DEADLINE, POLLOUT), "OUT")
        self.assertEqual(self.state("dead")["state"], "up")

    def test_one_server(self) -> None:
        """The only server is never passed over, but its state is shown."""
        server = self.dead("closes")
        self.configure(
            server.configuration("dead")
            + f"rule add to {THROUGH_PREFIX} via dead\n",
            fresh=True,
        )
        for number in range(1, 4):
            self.assertEqual(self.sock().connect(TARGET), "ECONNRESET")
            self.assertEqual(self.state("dead")["failures"], number)
        self.assertEqual(server.came, 3)

    @each(how=("close", "disconnect", "shutdown"))
    def test_given_up(self, how: str) -> None:
        """What the program gives up is no failure of the server's."""
        self.fails("mute", timeout=60)
        sock = self.sock(nonblocking=True)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        if how == "close":
            sock.close()
        elif how == "disconnect":
            sock.disconnect()
        else:
            sock.shutdown(socket.SHUT_RDWR)
        self.counted(tried=1, failed=1)
        self.assertEqual(self.state("dead")["state"], "up")
        self.assertEqual(self.ctl.server("a")["tried"], 0)


class Balance(FailoverCase):
    """Destinations are shared out among the servers."""

    PORTS = (1080, 1090, 1091)

    def setUp(self) -> None:
        super().setUp()
        self.services: dict[str, Service] = {}
        names = "abc"
        for name, port in zip(names, self.PORTS, strict=True):
            service = Service(self.net.firewall, (SERVER_A[0], port))
            self.addCleanup(service.close)
            self.services[name] = service
        self.configure(
            "".join(
                f"server add {name} {SERVER_A[0]}:{port} retry 3600\n"
                for name, port in zip(names, self.PORTS, strict=True)
            )
            + f"rule add to {THROUGH_PREFIX} via balance a,b,c\n",
            fresh=True,
        )

    def connect_all(self) -> dict[bytes, str]:
        """
        Connect to every address of a network: which server was asked for which
        destination.
        """
        for service in self.services.values():
            service.requests.clear()
        for host in range(1, 255):
            sock = self.sock()
            self.assertEqual(sock.connect((f"203.0.113.{host}", host)), "0")
            sock.close()
        return {
            asked[4:8]: name
            for name, service in self.services.items()
            for asked in service.requests
        }

    def test_spread(self) -> None:
        """Each has a share, a destination keeps its server."""
        first = self.connect_all()
        self.assertEqual(len(first), 254)
        for name in "abc":
            # 85 are expected; 40 are six standard deviations less.
            share = sum(server == name for server in first.values())
            self.assertGreater(share, 40, name)
        self.assertEqual(self.connect_all(), first)
        # The port does not matter.
        sock = self.sock()
        self.assertEqual(sock.connect(("203.0.113.7", 9999)), "0")
        asked = request(("203.0.113.7", 9999))
        key = socket.inet_aton("203.0.113.7")
        self.assertIn(asked, self.services[first[key]].requests)

        # Those of one that is gone go to both others; all else stays.
        self.services["b"].close()
        later = self.connect_all()
        self.assertEqual(len(later), 254)
        moved = {key for key in first if later[key] != first[key]}
        self.assertEqual(
            moved, {key for key in first if first[key] == "b"}
        )
        self.assertEqual({later[key] for key in moved}, {"a", "c"})
        stats = self.ctl.server("b")
        self.assertEqual(stats["failed"], 1, "it was passed over")


class Program(FailoverCase):
    """What a program does while its connection goes on to the next server."""

    @each(
        family=FAMILIES,
        way=("refuses", "closes"),
        port=(0, 4567, None),
    )
    def test_bound(self, family: int, way: str, port: int | None) -> None:
        """The port is the same with each server; None: not bound."""
        self.fails(way)
        sock = self.sock(family, nonblocking=True)
        if port:
            # Another test case may have just closed its connection.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if port is not None:
            self.assertEqual(sock.bind((CLIENT_WAN, port)), "0")
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        name = sock.sock_name()
        self.assertEqual(name[0], CLIENT_WAN)
        if port:
            self.assertEqual(name[1], port)
        peer = self.accepted(self.listener())
        peer.request()
        self.assertEqual(peer.socket.getpeername(), name)
        self.assertEqual(sock.bind((CLIENT_WAN, 0)), "EINVAL")
        peer.reply()
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
        self.assertEqual(sock.sock_name(), name)
        sock.close()

    @each(family=FAMILIES)
    def test_bound_address_only(self, family: int) -> None:
        """An address without a port"""
        self.fails("closes")
        sock = self.sock(family, nonblocking=True)
        self.assertEqual(
            sock.setsockopt(socket.SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1), "0"
        )
        self.assertEqual(sock.bind((CLIENT_WAN, 0)), "0")
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        self.granted(sock)
        self.assertEqual(sock.sock_name()[0], CLIENT_WAN)

    @each(family=FAMILIES, granted=(True, False))
    def test_port_given_back(self, family: int, granted: bool) -> None:
        """Afterwards the port is as free as after a direct connection."""
        self.fails("closes")
        sock = self.sock(family, nonblocking=True)
        self.assertEqual(sock.bind((CLIENT_WAN, 0)), "0")
        port = sock.sock_name()[1]
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(self.listener())
        peer.request()
        if granted:
            peer.reply()
            sock.poll(DEADLINE, POLLOUT)
            self.assertEqual(sock.disconnect(), "0")
        else:
            peer.reply(REJECTED)
            sock.ended()
        other = self.sock(family)
        self.assertEqual(other.bind((CLIENT_WAN, int(port))), "0")

    @each(family=FAMILIES, way=("icmp", "black-hole"))
    def test_other_route(self, family: int, way: str) -> None:
        """The next server is reached from another address of the host."""
        self.fails(way)
        sock = self.sock(family, nonblocking=True)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        self.assertEqual(sock.sock_name()[0], CLIENT_LAN)
        peer = self.accepted(self.listener())
        self.assertEqual(peer.socket.getpeername()[0], CLIENT_WAN)
        peer.request()
        peer.reply()
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
        self.assertEqual(sock.sock_name(), peer.socket.getpeername())

    @each(
        way=("closes",),
        option=(
            (socket.SOL_TCP, socket.TCP_WINDOW_CLAMP, 5000),
            (socket.SOL_SOCKET, SO_PEEK_OFF, 3),
            (socket.SOL_TCP, socket.TCP_QUICKACK, 0),
            (socket.SOL_TCP, socket.TCP_SYNCNT, 3),
            (socket.SOL_TCP, socket.TCP_USER_TIMEOUT, 5000),
            (socket.SOL_TCP, socket.TCP_NODELAY, 1),
            (socket.SOL_TCP, socket.TCP_LINGER2, 7),
            (socket.SOL_TCP, socket.TCP_KEEPIDLE, 77),
            (socket.SOL_IP, socket.IP_TOS, 16),
        ),
    )
    def test_options(self, way: str, option: tuple[int, int, int]) -> None:
        """Options that were set are as after a connection to one server."""
        level, number, value = option

        def connected() -> object:
            sock = self.sock(nonblocking=True)
            if sock.setsockopt(level, number, value) != "0":
                self.skipTest("this kernel does not have the option for TCP")
            self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
            self.granted(sock)
            return sock.getsockopt(level, number)

        self.via("a")
        truth = connected()
        self.fails(way)
        self.assertEqual(connected(), truth)
        self.assertEqual(self.ctl.server("dead")["failed"], 1)

    @each(way=("refuses", "closes"))
    def test_maxseg(self, way: str) -> None:
        """TCP_MAXSEG, of which the next server is told, too."""
        self.fails(way)
        sock = self.sock(nonblocking=True)
        sock.setsockopt(socket.SOL_TCP, socket.TCP_MAXSEG, 500)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(self.listener())
        size = peer.socket.getsockopt(socket.SOL_TCP, socket.TCP_MAXSEG)
        self.assertLessEqual(size, 500)

    @each(family=FAMILIES)
    def test_disturbed(self, family: int) -> None:
        """
        ICMP says that a server is out of reach, which has the request and grants
        it all the same.
        """
        listener = self.listener(SERVER_B)
        self.via("b,a", f"server add b {text(SERVER_B)} timeout 60\n")
        sock = self.sock(family, nonblocking=True)
        sock.setsockopt(socket.SOL_IP, IP_RECVERR, 1)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        peer = self.accepted(listener)
        peer.request()
        # From another processor, the reply could overtake the message.
        cpus = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(cpus)})
        self.addCleanup(os.sched_setaffinity, 0, cpus)
        self.unreachable(peer)
        # What comes behind it on the same way.
        peer.reply()
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
        self.assertEqual(sock.so_error(), "0")
        self.assertEqual(sock.recv(1, socket.MSG_ERRQUEUE), "EAGAIN")

    @each(family=FAMILIES, how=("close", "disconnect", "shutdown", "signal"))
    def test_given_up(self, family: int, how: str) -> None:
        """A program that gives up does not get to the next server."""
        server = self.fails("mute", timeout=1 if how == "signal" else 60)
        if how == "signal":
            signals = Signals(restart=False)
            self.addCleanup(signals.close)
            sock = self.sock(family)
            call = Call(sock.connect, TARGET)
            call.wait_blocked(SYS_CONNECT)
            signals.send(call.ident)
            # As always, the connection goes on.
            self.assertEqual(call.result(), "EINTR")
            sock.set_blocking(False)
            self.granted(sock)
            return
        sock = self.sock(family, nonblocking=True)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        until(lambda: server.came, "connection")
        if how == "close":
            sock.close()
        elif how == "disconnect":
            self.assertEqual(sock.disconnect(), "0")
        else:
            self.assertEqual(sock.shutdown(socket.SHUT_WR), "0")
        self.counted(tried=1, failed=1)
        self.assertEqual(self.ctl.server("a")["tried"], 0)
        self.assertTrue(self.listener().idle())
        if how != "close":
            self.via("a")
            self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
            self.granted(sock)

    def test_configuration_replaced(self) -> None:
        """Neither rule nor server is in the configuration any more."""
        server = self.fails("mute")
        sock = self.sock(nonblocking=True)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        until(lambda: server.came, "connection")
        # Now the next server's own address would be rejected.
        self.configure("rule add to 10.1.0.0/24 reject\n")
        self.granted(sock)

    @each(way=("mute", "black-hole"))
    def test_source_route(self, way: str) -> None:
        """Set meanwhile, it leads nowhere: the guard can't ask for whom."""
        self.fails(way, timeout=3)
        sock = self.sock(nonblocking=True)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        route = source_route(LSRR, "198.51.100.7")
        self.assertEqual(
            sock.setsockopt(socket.SOL_IP, IP_OPTIONS, route), "0"
        )
        sock.ended()
        self.assertEqual(sock.so_error(), "ETIMEDOUT")
        self.assertTrue(self.listener().idle())

    def test_unload(self) -> None:
        """The module stays as long as a connection may go on."""
        self.fails("mute")
        sock = self.sock(nonblocking=True)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        self.assertIn(unload(), ("EBUSY", "EAGAIN"))
        self.granted(sock)
        self.assertIn(unload(), ("EBUSY", "EAGAIN"))

    def test_namespace_deleted(self) -> None:
        """The socket keeps the namespace, in which the next server is."""
        temporary = Temporary(self.net)
        listener = self.listener(SERVER)
        ctl = Socksctl(temporary.namespace)
        ctl.apply(
            "server add dead 10.7.0.1:9 timeout 60\n"
            f"server add t {text(SERVER)} timeout 60\n"
            f"rule add to {THROUGH_PREFIX} via dead,t\n"
        )
        ctl.close()
        sock = self.sock(nonblocking=True, namespace=temporary.namespace)
        self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
        temporary.delete()
        peer = self.accepted(listener)
        peer.request()
        peer.reply()
        self.assertEqual(sock.poll(DEADLINE, POLLOUT), "OUT")
        sock.close()
        peer.close()
        temporary.gone()

    def test_rbind(self) -> None:
        """Rbind() asks the server to which the connection has gone on."""
        self.fails("closes")
        thread = Worker()
        self.addCleanup(thread.close)
        sock, inbound = self.sock(), self.sock()
        call = thread.begin(sock.connect, TARGET)
        peer = self.accepted(self.listener())
        peer.request()
        peer.reply()
        self.assertEqual(call.result(DEADLINE), "0")
        call = thread.begin(inbound.rbind)
        peer = self.accepted(self.listener())
        self.assertEqual(peer.request(), request(TARGET, command=BIND))
        peer.send(bind_reply(("192.0.2.1", 4321)))
        self.assertEqual(call.result(DEADLINE), "0")
        self.assertEqual(inbound.sock_name(), ("192.0.2.1", 4321))

    def test_dying(self) -> None:
        """Many connections, half of which have gone to a server that dies."""
        dying = Service(self.net.firewall, SERVER_B, hold=True)
        self.listener().close()
        del self._listeners[SERVER_A]
        heir = Service(self.net.firewall, SERVER_A)
        self.addCleanup(heir.close)
        self.configure(
            f"server add dead {text(SERVER_B)}\n"
            f"server add a {text(SERVER_A)}\n"
            f"rule add to {THROUGH_PREFIX} via dead,a\n",
            fresh=True,
        )
        socks, epoll = [], select.epoll()
        self.addCleanup(epoll.close)
        for number in range(CONNECTIONS):
            if number == CONNECTIONS // 2:
                until(
                    lambda: len(dying.requests) == CONNECTIONS // 2, "requests"
                )
                dying.close()
            sock = self.sock(nonblocking=True)
            socks.append(sock)
            target = (TARGET[0], 1 + number)
            self.assertEqual(sock.connect(target), "EINPROGRESS")
            epoll.register(sock, select.EPOLLET | select.EPOLLOUT)
        seen: list[tuple[int, int]] = []

        def all_seen() -> bool:
            seen.extend(epoll.poll(1))
            return len(seen) >= CONNECTIONS

        until(all_seen, f"{CONNECTIONS} connections")
        # Each socket has told of itself once, and of nothing but success.
        self.assertEqual({event for _, event in seen}, {select.EPOLLOUT})
        self.assertEqual(len({fd for fd, _ in seen}), CONNECTIONS)
        for sock in socks:
            self.assertEqual(sock.so_error(), "0")
            sock.set_blocking(True)
            self.assertEqual(sock.send(b"x"), 1)
            self.assertEqual(sock.recv(1), b"x")
        self.assertEqual(
            set(heir.requests),
            {request((TARGET[0], 1 + n)) for n in range(CONNECTIONS)},
        )
        self.counted(
            tried=CONNECTIONS, granted=CONNECTIONS, established=CONNECTIONS
        )
        for sock in socks:
            sock.close()
        self.counted(tried=CONNECTIONS, granted=CONNECTIONS)


class Behind(FailoverCase):
    """
    Test cases of other files, on the way to the second server. On one kernel:
    that takes a while.
    """

    way = ""

    def setUp(self) -> None:
        if os.environ.get("SOCKS_KERNEL") != "6.12":
            self.skipTest("on 6.12 only")
        super().setUp()
        self.fails(self.way)


class WaitingBehindRefuses(Behind, test_waiting.Waiting):
    """Programs that wait for events, where the first server refuses."""

    way = "refuses"


class BlockingBehindRefuses(Behind, test_waiting.Blocking):
    """Calls that block, where the first server refuses."""

    way = "refuses"


class SigioBehindRefuses(Behind, test_waiting.Sigio):
    """Signals, where the first server refuses."""

    way = "refuses"


class WaitingBehindCloses(Behind, test_waiting.Waiting):
    """Programs that wait for events, where the first server closes."""

    way = "closes"


class BlockingBehindCloses(Behind, test_waiting.Blocking):
    """Calls that block, where the first server closes."""

    way = "closes"


class SigioBehindCloses(Behind, test_waiting.Sigio):
    """Signals, where the first server closes."""

    way = "closes"


class UringBehindCloses(Behind, test_programs.Uring):
    """io_uring, where the first server closes."""

    way = "closes"
