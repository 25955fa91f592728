# SPDX-License-Identifier: GPL-2.0-only
"""
Memory is short: each allocation fails in its turn, or all from there on. What
was asked for then fails, or succeeds all the same; nothing goes direct that may
not, nothing is left behind, and a configuration is the old one or the new one.
"""

import ctypes
import os
import pathlib
import random
import re
import socket
import struct
from collections.abc import Iterator

from lib import failing, module
from lib.case import FAMILIES, LONG, TestCase, each, socksctl
from lib.failing import Failing, all_sites, sites
from lib.genetlink import DUMP, Genetlink, attribute
from lib.monitor import Monitor
from lib.server import REJECTED as REJECTS
from lib.server import BIND, Service, bind_reply, reply, request
from lib.sock import (
    IPPROTO_MPTCP,
    SO_RBIND,
    TCP_FASTOPEN_CONNECT,
    Sock,
    sockaddr,
)
from lib.topology import (
    DIRECT,
    REJECT_PREFIX,
    REJECTED,
    SERVER_A,
    TARGET,
    THROUGH_PREFIX,
    text,
)
from lib.wait import (
    DEADLINE,
    SYS_ACCEPT4,
    SYS_CONNECT,
    SYS_RECVFROM,
    SYS_SENDTO,
    SYS_SETSOCKOPT,
    until,
)

SYS_LISTEN = 50
SYS_GETSOCKNAME = 51
SYS_UNSHARE = 272
SYS_FINIT_MODULE = 313
CLONE_NEWNET = 0x40000000
MSG_FASTOPEN = 0x20000000

# More allocations than anything makes.
MANY = 1 << 30
# What there is no memory for.
SHORT = {"ENOMEM", "ENOBUFS", "ENFILE"}
# Calls at which no allocation can be made to fail on demand, and why.
SPARED = re.compile(
    # Only where very many sockets fall into one list of the hash table, or the
    # kernel could not make it larger when it was about to overflow.
    r"socks_(conn_attach|rbind_attach|pair_set)\S* "
    r"(rhashtable_insert_slow|rht_bucket_nested_insert)"
    # Only where a rule goes at the very moment at which it is to be followed:
    # TCP's own connect() then. A disconnect passes there, too, but what that
    # allocates is counted for the hook of tcp_disconnect().
    r"|socks_redirect_connect\S* __inet_stream_connect"
    # A fragment of a page which the processor has at hand; it is used again
    # and again, and hardly ever is there need of a new one.
    r"|socks_send_request\S* __netdev_alloc_frag"
    # The RST where an administrator aborts, in a work item; there would be no
    # memory for the message that asks for it, either.
    r"|socks_handshake_abort\S* tcp_abort"
)

# These run when the module is loaded, where but a sample is tried.
LOADING = re.compile(
    r"\w+_init\+|socks_hook_(add|install)\+|socks_sockops_make\+|init_module\+"
)


class MemoryCase(TestCase):
    """A case which needs the kernel's fault injection."""

    done: set[type] = set()

    def setUp(self) -> None:
        # It takes minutes, and the kernel's own warnings that memory is short
        # look like reports: run by hand.
        if not LONG:
            self.skipTest("with --long only")
        if not failing.available():
            self.skipTest("the kernel can't let allocations fail")
        super().setUp()
        seed = int(os.environ.get("SOCKS_SEED", random.getrandbits(32)))
        self.random = random.Random(seed)
        self.params = {"seed": seed}
        sites()
        self.failing = Failing()
        self.addCleanup(self.failing.close)
        self.done.add(type(self))

    def turns(
        self, count: int | None = None, sample: int | None = None
    ) -> Iterator[tuple[int, bool]]:
        """
        Which allocation is to fail, and whether all after it are to fail,
        too. With no count, that goes on for as long as the last call had so
        many; else it is each of the count, or a sample of so many.
        """
        for lasting in (False, True):
            if count is None:
                nth = 1
                while nth == 1 or self.reached:
                    yield nth, lasting
                    nth += 1
            else:
                turns = range(1, count + 1)
                if sample and sample < count:
                    # The module's own are among the last.
                    turns = {
                        *turns[-10:],
                        *self.random.sample(turns, sample),
                    }
                for nth in sorted(turns):
                    yield nth, lasting

    def call(self, nth: int, lasting: bool, number: int, *arguments: object) -> str:
        """A system call in which memory is short."""
        result, self.reached = self.failing.call(
            nth, lasting, number, *arguments
        )
        return result

    def settled(self) -> None:
        """Nothing is left of all that, and the sums are right."""
        until(lambda: module.references() == 0, "end of all connections")
        stats = self.ctl.server("a")
        self.assertEqual(stats["in_progress"], 0)
        self.assertEqual(stats["established"], 0)
        self.assertEqual(
            stats["tried"],
            stats["granted"] + stats["rejected"] + stats["failed"],
        )


class Connect(MemoryCase):
    """connect(), and what is like it."""

    def setUp(self) -> None:
        super().setUp()
        self.configure(self.configuration, fresh=True)

    @each(family=FAMILIES, watched=(False, True))
    def test_nonblocking(self, family: int, watched: bool) -> None:
        """
        Either it fails, or the connection comes about. Who watches is told
        where an event was lost.
        """
        if watched:
            monitor = Monitor(self.net.client)
            self.addCleanup(monitor.close)
        listener = self.listener()
        address = sockaddr(family, TARGET)
        failed = 0
        for nth, lasting in self.turns():
            sock = self.sock(family, nonblocking=True)
            result = self.call(
                nth, lasting, SYS_CONNECT, sock.fileno(), address, len(address)
            )
            if result != "EINPROGRESS":
                self.assertIn(result, SHORT)
                self.assertTrue(self.reached)
                failed += 1
                # Once there is memory again, so is the socket.
                self.assertEqual(sock.connect(TARGET), "EINPROGRESS")
            peer = self.accepted(listener)
            self.assertEqual(peer.request(), request(TARGET))
            peer.reply()
            self.assertEqual(sock.poll(DEADLINE, 0x4), "OUT")
            self.assertEqual(sock.so_error(), "0")
            sock.close()
            peer.close()
        self.assertGreater(failed, 0)
        self.settled()
        if watched:
            while monitor.next()["event"] != "lost":
                pass

    @each(family=FAMILIES)
    def test_disconnect(self, family: int) -> None:
        """The handshake is given up, without memory for a RST."""
        address = struct.pack("=H14x", socket.AF_UNSPEC)
        for nth, lasting in self.turns():
            sock, peer = self.begin(family)
            result = self.call(
                nth, lasting, SYS_CONNECT, sock.fileno(), address, len(address)
            )
            self.assertEqual(result, "0")
            # As of a socket in SYN_SENT.
            self.assertEqual(sock.so_error(), "ECONNRESET")
            self.assertEqual(sock.poll(0), "OUT|HUP|WRNORM")
            sock.close()
            peer.close()
        self.settled()

    @each(family=FAMILIES)
    def test_blocking(self, family: int) -> None:
        """The same for one which waits."""
        service = Service(self.net.firewall, SERVER_A)
        self.addCleanup(service.close)
        address = sockaddr(family, TARGET)
        for nth, lasting in self.turns():
            sock = self.sock(family)
            result = self.call(
                nth, lasting, SYS_CONNECT, sock.fileno(), address, len(address)
            )
            if result != "0":
                self.assertIn(result, SHORT)
                self.assertTrue(self.reached)
                result = sock.connect(TARGET)
            self.assertEqual(result, "0")
            self.assertEqual(sock.peer_name(), TARGET)
            sock.close()
        self.settled()

    @each(family=FAMILIES)
    def test_refused_kinds(self, family: int) -> None:
        """What may not go direct does not, by whichever call."""
        through, rejected = sockaddr(family, TARGET), sockaddr(family, REJECTED)
        kinds: tuple[tuple[str, int, bytes, int, set[str]], ...] = (
            ("reject", 0, rejected, SYS_CONNECT, {"EACCES"}),
            ("fast open", 0, through, SYS_SENDTO, {"EOPNOTSUPP"}),
            ("fast open, reject", 0, rejected, SYS_SENDTO, {"EACCES"}),
            ("mptcp", IPPROTO_MPTCP, through, SYS_CONNECT, {"EOPNOTSUPP"}),
            ("mptcp, reject", IPPROTO_MPTCP, rejected, SYS_CONNECT, {"EACCES"}),
        )
        self.net.client.sysctl("net/ipv4/tcp_fastopen", 5)
        self.addCleanup(self.net.client.sysctl, "net/ipv4/tcp_fastopen", 1)
        for kind, protocol, address, number, expected in kinds:
            for nth, lasting in self.turns():
                sock = self.sock(family, protocol=protocol, nonblocking=True)
                arguments: tuple[object, ...] = (address, len(address))
                if number == SYS_SENDTO:
                    arguments = (b"data", 4, MSG_FASTOPEN, *arguments)
                result = self.call(
                    nth, lasting, number, sock.fileno(), *arguments
                )
                with self.subTest(kind=kind, nth=nth, lasting=lasting):
                    allowed = expected | (SHORT if self.reached else set())
                    self.assertIn(result, allowed)
                sock.close()
        self.settled()

    @each(family=FAMILIES)
    def test_put_off(self, family: int) -> None:
        """TCP_FASTOPEN_CONNECT; and a direct one, for which nothing is new."""
        self.listener(DIRECT)
        service = Service(self.net.firewall, SERVER_A)
        self.addCleanup(service.close)
        for target in (TARGET, DIRECT):
            address = sockaddr(family, target)
            for nth, lasting in self.turns():
                sock = self.sock(family)
                sock.setsockopt(socket.SOL_TCP, TCP_FASTOPEN_CONNECT, 1)
                result = self.call(
                    nth,
                    lasting,
                    *(SYS_CONNECT, sock.fileno(), address, len(address)),
                )
                with self.subTest(nth=nth, lasting=lasting, target=target):
                    allowed = {"0"} | (SHORT if self.reached else set())
                    self.assertIn(result, allowed)
                sock.close()
        self.settled()


class Rbind(MemoryCase):
    """A server listens for a socket, and a peer connects there."""

    configuration = f"""
server add a {text(SERVER_A)}
rule add to {THROUGH_PREFIX} port {TARGET[1]} via a
rule add to {THROUGH_PREFIX} via a rbind auto
"""
    # Where the server says that it listens, and who it says has connected.
    BOUND = ("192.0.2.1", 4321)
    PEER = (TARGET[0], 20)
    BY_RULE = (TARGET[0], TARGET[1] + 1)

    def setUp(self) -> None:
        super().setUp()
        self.configure(self.configuration, fresh=True)
        self.replies = bind_reply(self.BOUND) + bind_reply(self.PEER)
        service = Service(self.net.firewall, SERVER_A, self.answer)
        self.addCleanup(service.close)

    def answer(self, asked: bytes) -> bytes:
        """To BIND: both replies at once."""
        return self.replies if asked[1] == BIND else reply()

    def pair(self, target: tuple[str, int]) -> Sock:
        """Have this thread paired."""
        sock = self.sock()
        self.assertEqual(sock.connect(target), "0")
        return sock

    def accept(self, sock: Sock) -> None:
        """Accept the peer."""
        new = sock.accepted()
        self.assertIsInstance(new, Sock, new)
        self.assertEqual(new.peer_name(), self.PEER)
        new.close()

    def failed_or(self, result: str, nth: int, lasting: bool) -> bool:
        """It may have failed, for want of memory only."""
        # bind() says that an address is in use where it can't note that it is.
        short = SHORT | {"EADDRINUSE"}
        with self.subTest(nth=nth, lasting=lasting):
            self.assertIn(result, {"0"} | (short if self.reached else set()))
        return result != "0"

    def only_the_pair(self) -> None:
        """No other connection is left."""

        def none_left() -> bool:
            stats = self.ctl.server("a")
            return (stats["in_progress"], stats["established"]) == (0, 1)

        until(none_left, "end of the inbound connection")

    def once_more(self, sock: Sock, lasting: bool) -> bool:
        """
        By a rule, where it failed. False where there was no memory even to
        bind the socket again to what it was bound to.
        """
        name = sock.sock_name()
        if lasting and name == ("0.0.0.0", 0):
            return False
        self.assertEqual(name, self.BOUND)
        self.assertEqual(sock.listen(), "0")
        return True

    def test_option(self) -> None:
        """By the option: there is an Rbind(), or the socket is as it was."""
        pair = self.pair(TARGET)
        address = sockaddr(socket.AF_INET, ("0.0.0.0", 0))
        failed = 0
        for nth, lasting in self.turns():
            sock = self.sock()
            result = self.call(
                *(nth, lasting, SYS_SETSOCKOPT, sock.fileno(), socket.SOL_IP),
                *(SO_RBIND, address, len(address)),
            )
            if self.failed_or(result, nth, lasting):
                failed += 1
                self.assertEqual(sock.sock_name(), ("0.0.0.0", 0))
                self.only_the_pair()
                self.assertEqual(sock.rbind(), "0")
            self.assertEqual(sock.sock_name(), self.BOUND)
            self.assertEqual(sock.listen(), "0")
            self.accept(sock)
            sock.close()
            self.only_the_pair()
        self.assertGreater(failed, 0)
        pair.close()
        self.settled()

    def test_listen(self) -> None:
        """By a rule: the same."""
        pair = self.pair(self.BY_RULE)
        failed = 0
        for nth, lasting in self.turns():
            sock = self.sock()
            self.assertEqual(sock.bind(("0.0.0.0", 0)), "0")
            result = self.call(nth, lasting, SYS_LISTEN, sock.fileno(), 5)
            if self.failed_or(result, nth, lasting):
                failed += 1
                if not self.once_more(sock, lasting):
                    sock.close()
                    continue
            self.assertEqual(sock.sock_name(), self.BOUND)
            self.accept(sock)
            sock.close()
        self.assertGreater(failed, 0)
        pair.close()
        self.settled()

    def test_name(self) -> None:
        """By a rule, in getsockname(), which does not fail."""
        pair = self.pair(self.BY_RULE)
        name = ctypes.create_string_buffer(16)
        size = ctypes.c_uint()
        for nth, lasting in self.turns():
            sock = self.sock()
            self.assertEqual(sock.bind(("0.0.0.0", 0)), "0")
            size.value = len(name)
            result = self.call(
                *(nth, lasting, SYS_GETSOCKNAME, sock.fileno()),
                *(ctypes.addressof(name), ctypes.addressof(size)),
            )
            self.assertEqual(result, "0")
            address = (
                socket.inet_ntoa(name.raw[4:8]),
                int.from_bytes(name.raw[2:4], "big"),
            )
            if address != self.BOUND:
                self.assertTrue(self.reached)
                self.assertEqual(address[0], "0.0.0.0")
            if self.once_more(sock, lasting):
                self.accept(sock)
            sock.close()
        pair.close()
        self.settled()

    def test_accept(self) -> None:
        """accept(): who failed for want of memory can have the peer later."""
        pair = self.pair(TARGET)
        failed = 0
        for nth, lasting in self.turns():
            sock = self.sock()
            self.assertEqual(sock.rbind(), "0")
            self.assertEqual(sock.listen(), "0")
            self.assertEqual(sock.poll(DEADLINE), "IN|RDNORM")
            result = self.call(
                *(nth, lasting, SYS_ACCEPT4, sock.fileno(), 0, 0, 0)
            )
            if self.failed_or(result, nth, lasting):
                failed += 1
                self.accept(sock)
            else:
                os.close(self.failing.result)
            sock.close()
        self.assertGreater(failed, 0)
        pair.close()
        self.settled()

    def test_give_up(self) -> None:
        """connect() to AF_UNSPEC gives it up, without memory for a RST."""
        pair = self.pair(TARGET)
        self.replies = bind_reply(self.BOUND)
        address = struct.pack("=H14x", socket.AF_UNSPEC)
        for nth, lasting in self.turns():
            sock = self.sock()
            self.assertEqual(sock.rbind(), "0")
            self.assertEqual(sock.listen(), "0")
            result = self.call(
                nth, lasting, SYS_CONNECT, sock.fileno(), address, len(address)
            )
            self.assertEqual(result, "0")
            self.assertEqual(sock.sock_name(), ("0.0.0.0", 0))
            sock.close()
        pair.close()
        self.settled()


class Handshake(MemoryCase):
    """Memory is short when the request is to be sent, in softirq."""

    def begun(self, timeout: int, userid: str = "") -> tuple[str, list[Sock]]:
        """
        Connections which hang before the SYN; with configure() for a server
        whose place in the network is told later.
        """
        held = self.net.held_address()
        self.configure(
            f"server add a {held}:1080 timeout {timeout} {userid}\n"
            f"rule add to {THROUGH_PREFIX} via a\n"
        )
        socks = []
        for family in FAMILIES:
            socks.append(self.sock(family, nonblocking=True))
            self.assertEqual(socks[-1].connect(TARGET), "EINPROGRESS")
        return held, socks

    @staticmethod
    def failures(function: str) -> int:
        """How many allocations have failed in a function the module calls."""
        return sum(
            count
            for site, count in sites().seen().items()
            if all_sites().get(site, "").startswith(function)
        )

    def test_sent_later(self) -> None:
        """The request is sent when there is memory again."""
        held, socks = self.begun(60)
        listener = self.listener((held, 1080))
        before = self.failures("tcp_sendmsg_locked")
        with failing.cache_empty("skbuff_fclone_cache"):
            self.net.answer(held)
            peers = [self.accepted(listener) for _ in socks]
            # By softirq, and then by the work item, more than once.
            until(
                lambda: self.failures("tcp_sendmsg_locked") >= before + 8,
                "failures",
            )
            self.assertEqual([sock.poll(0) for sock in socks], ["", ""])
        for peer in peers:
            self.assertEqual(peer.request(), request(TARGET))
            peer.reply()
        for sock in socks:
            self.assertEqual(sock.poll(DEADLINE, 0x4), "OUT")
            self.assertEqual(sock.so_error(), "0")

    def test_never_sent(self) -> None:
        """Where there is none for too long, time is up."""
        held, socks = self.begun(1)
        listener = self.listener((held, 1080))
        with failing.cache_empty("skbuff_fclone_cache"):
            self.net.answer(held)
            peers = [self.accepted(listener) for _ in socks]
            for sock in socks:
                sock.ended()
                self.assertEqual(sock.so_error(), "ETIMEDOUT")
        for peer in peers:
            self.assertIn(peer.end(), ("end", "reset"))

    @each(family=FAMILIES)
    def test_no_reset(self, family: int) -> None:
        """A connection is aborted without memory for the RST."""
        sock, peer = self.begin(family)
        peer.send(reply(REJECTS)[:-1])
        peer.wait_taken()
        before = self.failures("tcp_abort")
        with failing.cache_empty("skbuff_head_cache"):
            peer.send(reply(REJECTS)[-1:])
            sock.ended()
            self.assertEqual(sock.so_error(), "ECONNREFUSED")
        self.assertGreater(self.failures("tcp_abort"), before)


class Configuration(MemoryCase):
    """Changing and reading the configuration."""

    # All that a rule can have allocated.
    BASE = f"""
server add a {text(SERVER_A)} userid alice
server add b {text(SERVER_A)}
rule add to {THROUGH_PREFIX} via a
rule add to {REJECT_PREFIX} reject
rule add to 10.9.0.0/16 cgroup / direct
"""

    def setUp(self) -> None:
        super().setUp()
        with self.net.client.entered():
            self.netlink = Genetlink()
        self.addCleanup(self.netlink.close)
        self.addCleanup(self.forget_configuration)
        # Somebody is told of the changes.
        self.addCleanup(Monitor(self.net.client).close)

    def shown(self) -> str:
        """The configuration, without its counters."""
        shown = self.ctl.show()
        for what in shown["servers"] + shown["rules"]:
            del what["stats"]
        return repr(shown)

    def send(self, nth: int, lasting: bool, messages: bytes) -> tuple[set[int], bool]:
        """Send messages, and return errnos, and whether answers were lost."""
        result = self.call(
            *(nth, lasting, SYS_SENDTO, self.netlink.socket.fileno()),
            *(messages, len(messages), 0, b"\x10" + bytes(11), 12),
        )
        answers, lost = self.netlink.answers()
        if result != "0":
            self.assertIn(result, SHORT)
            self.assertTrue(self.reached)
            self.assertEqual(answers, [])
            return {1}, False
        return {code for _, code in answers}, lost

    def commands(self) -> dict[str, bytes]:
        """Each command which changes something."""
        loopback = socket.inet_aton("127.0.0.9")
        message = self.netlink.message
        return {
            "server add": message(
                "SERVER_ADD",
                attribute("SERVER_NAME", "new"),
                attribute("SERVER_ADDRESS", loopback),
                attribute("SERVER_PORT", b"\x04\x38"),
                attribute("SERVER_USERID", "bob"),
            ),
            "server del": message("SERVER_DEL", attribute("SERVER_NAME", "b")),
            "rule add": message(
                "RULE_ADD",
                attribute("RULE_ADDRESS", loopback),
                attribute("RULE_PREFIX_LEN", 32, 1),
                attribute("RULE_CGROUP", "/"),
                attribute("RULE_ACTION", 1),
                attribute("RULE_SERVER", "b"),
            ),
            "rule del": message("RULE_DEL", attribute("RULE_INDEX", 3)),
            "limit": message(
                "LIMITS",
                attribute("LIMITS_RBINDS", 7),
                attribute("LIMITS_RBINDS_PER_USER", 6),
            ),
        }

    def check(self, before: str, messages: bytes, nth: int, lasting: bool) -> bool:
        """Make a change in which memory is short; was it made?"""
        codes, lost = self.send(nth, lasting, messages)
        after = self.shown()
        with self.subTest(nth=nth, lasting=lasting):
            self.assertTrue(self.reached or codes == {0}, codes)
            if not lost:
                # With an error nothing changes, without one it does.
                self.assertEqual(after != before, codes == {0}, codes)
        return after != before

    @each(
        command=("server add", "server del", "rule add", "rule del", "limit")
    )
    def test_change(self, command: str) -> None:
        """A change on its own."""
        self.configure(self.BASE)
        messages = self.commands()[command]
        before = self.shown()
        made = []
        for nth, lasting in self.turns():
            made.append(self.check(before, messages, nth, lasting))
            if made[-1]:
                self.configure(self.BASE, fresh=True)
                self.assertEqual(self.shown(), before)
        self.assertLess(sum(made), len(made))

    def test_first(self) -> None:
        """The first change of all, with nothing to begin from."""
        messages = self.commands()["server add"]
        made = []
        self.ctl.flush()
        before = self.shown()
        for nth, lasting in self.turns():
            made.append(self.check(before, messages, nth, lasting))
            if made[-1]:
                self.ctl.flush()
        self.assertLess(sum(made), len(made))

    def many(self, rules: int) -> bytes:
        """Many changes, to be sent at once."""
        return b"".join(
            self.netlink.message(
                "RULE_ADD",
                attribute(
                    "RULE_ADDRESS", socket.inet_aton(f"11.{i >> 8}.{i & 255}.0")
                ),
                attribute("RULE_PREFIX_LEN", 24, 1),
                attribute("RULE_ACTION", 2),
                flags=0,
            )
            for i in range(rules)
        )

    def step(self, step: int) -> None:
        """A step of a transaction, with memory enough."""
        self.netlink.socket.sendto(
            self.netlink.message(
                "TRANSACTION", attribute("TRANSACTION_STEP", step)
            ),
            (0, 0),
        )
        self.netlink.answers()

    @each(rules=(1, 40, 400), committing=(False, True))
    def test_transaction(self, rules: int, committing: bool) -> None:
        """
        Many changes which take effect together, and memory is short for them,
        or for commit. So many that large tables are built for them; and on
        top of one with as many. Of the most, whose changes allocate all the
        same, over and over, a sample.
        """
        base = self.BASE + "".join(
            f"rule add to 12.{i >> 8}.{i & 255}.0/24 reject\n"
            for i in range(rules)
        )
        self.configure(base)
        before = self.shown()
        commit = self.netlink.message(
            "TRANSACTION", attribute("TRANSACTION_STEP", 1)
        )

        def attempt(nth: int, lasting: bool) -> tuple[set[int], bool]:
            # Who does not look at each answer must not commit: messages which
            # netlink itself refuses for want of memory never reach the module.
            self.step(0)
            short, enough = (nth, lasting), (MANY, False)
            codes, lost = self.send(
                *(enough if committing else short), self.many(rules)
            )
            if not lost and not codes - {0}:
                made = self.failing.made
                codes, lost = self.send(
                    *(short if committing else enough), commit
                )
                if not committing:
                    self.failing.made = made
            else:
                codes, lost = {1}, False
            self.step(2)
            return codes, lost

        # How many allocations there are when all goes well.
        self.assertEqual(attempt(MANY, False), ({0}, False))
        count = self.failing.made
        changed = self.shown()
        self.assertNotEqual(changed, before)
        self.configure(base, fresh=True)
        sample = 60 if rules == 400 and not committing else None
        for nth, lasting in self.turns(count, sample):
            codes, lost = attempt(nth, lasting)
            after = self.shown()
            with self.subTest(nth=nth, lasting=lasting, count=count):
                if lost:
                    self.assertIn(after, (before, changed))
                else:
                    self.assertEqual(after, before if codes - {0} else changed)
            if after != before:
                self.configure(base, fresh=True)
                self.assertEqual(self.shown(), before)

    @each(
        command=(
            *("server", "rule", "lookup", "lookup cgroup", "dump", "step"),
            *("limits", "connection", "connections", "abort"),
        )
    )
    def test_reading(self, command: str) -> None:
        """Reading, and the steps of a transaction that changes nothing."""
        self.configure(self.BASE)
        sock, _ = self.established()
        here = sock.sock_name()
        before = self.shown()
        message = self.netlink.message
        where = (
            attribute("LOOKUP_ADDRESS", socket.inet_aton(TARGET[0])),
            attribute("LOOKUP_PORT", b"\0\x50"),
        )
        messages = {
            "server": message("SERVER_GET", attribute("SERVER_NAME", "a")),
            "rule": message("RULE_GET", attribute("RULE_INDEX", 3)),
            "lookup": message("LOOKUP", *where),
            "lookup cgroup": message(
                "LOOKUP", *where, attribute("LOOKUP_CGROUP", "/")
            ),
            "dump": message("RULE_GET", flags=DUMP),
            "limits": message("LIMITS"),
            "connection": message(
                "CONNECTION_GET",
                attribute(
                    "CONNECTION_SOURCE_ADDRESS", socket.inet_aton(here[0])
                ),
                attribute(
                    "CONNECTION_SOURCE_PORT", int(here[1]).to_bytes(2, "big")
                ),
            ),
            "connections": message("CONNECTION_GET", flags=DUMP),
            "abort": message(
                "CONNECTION_ABORT",
                attribute("CONNECTION_COOKIES", b"nobody's"),
            ),
            "step": message("TRANSACTION", attribute("TRANSACTION_STEP", 0))
            + message("TRANSACTION", attribute("TRANSACTION_STEP", 2)),
        }[command]
        for nth, lasting in self.turns():
            codes, lost = self.send(nth, lasting, messages)
            with self.subTest(nth=nth, lasting=lasting):
                self.assertTrue(lost or self.reached or codes <= {0}, codes)
            self.step(2)
            self.assertEqual(self.shown(), before)

    def test_long_dump(self) -> None:
        """A dump of which recv() fetches one piece after another."""
        self.configure(
            self.BASE
            + "".join(f"rule add to 12.0.{i}.0/24 reject\n" for i in range(250))
        )
        before = self.shown()
        buffer = ctypes.create_string_buffer(1 << 16)
        for nth, lasting in self.turns():
            self.netlink.socket.sendto(
                self.netlink.message("RULE_GET", flags=DUMP), (0, 0)
            )
            self.call(
                *(nth, lasting, SYS_RECVFROM, self.netlink.socket.fileno()),
                *(ctypes.addressof(buffer), len(buffer), 0, 0, 0),
            )
            self.netlink.answers()
            self.assertEqual(self.shown(), before)


class NamespaceCase(MemoryCase):
    """A namespace is made."""

    def test_unshare(self) -> None:
        """It is made whole, and can be used; or it is not made."""
        with self.net.client.entered():
            self.call(MANY, False, SYS_UNSHARE, CLONE_NEWNET)
        count = self.failing.made
        made = 0
        for nth, lasting in self.turns(count):
            with self.net.client.entered():
                result = self.call(nth, lasting, SYS_UNSHARE, CLONE_NEWNET)
                if result == "0":
                    made += 1
                    sock = Sock()
                    self.assertEqual(sock.connect(TARGET), "ENETUNREACH")
                    sock.close()
                else:
                    # The kernel's other parts have errnos of their own.
                    self.assertTrue(self.reached, result)
        # The old one is as it was.
        self.begin()[0].close()


class Load(MemoryCase):
    """The module is loaded."""

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(self.reload)
        for namespace in (self.net.client, self.net.second):
            socksctl(namespace).close()
        self.forget_configuration()
        module.wait_unload()

    def reload(self) -> None:
        """Have it loaded for the next test case."""
        if not module.loaded():
            self.assertEqual(module.load(), "0")

    @staticmethod
    def left() -> list[str]:
        """What a module which is not there has left behind."""
        hooks = pathlib.Path("/sys/kernel/tracing/enabled_functions").read_text()
        found = [
            hook
            for hook in ("tcp_v4_connect", "inet_stream_connect", "tcp_set_ulp",
                         "tcp_disconnect", "inet_getname", "inet6_getname")
            if f"\n{hook} " in f"\n{hooks}"
        ]
        for path in ("/sys/module/socks", "/sys/kernel/slab/socks_conn"):
            if os.path.exists(path):
                found.append(path)
        netlink = Genetlink()
        netlink.close()
        if netlink.family:
            found.append("netlink family")
        return found

    def test_load(self) -> None:
        """
        It is loaded whole, or there is nothing of it. A sample: by far most
        allocations are those of the kernel which loads it.
        """
        fd = os.open(os.environ["SOCKS_KO"], os.O_RDONLY)
        self.addCleanup(os.close, fd)

        def load(nth: int, lasting: bool) -> str:
            return self.call(nth, lasting, SYS_FINIT_MODULE, fd, b"\0", 0)

        self.assertEqual(load(MANY, False), "0")
        count = self.failing.made
        module.wait_unload()
        with sites().dumping():
            for nth, lasting in self.turns(count, 40):
                result = load(nth, lasting)
                sites().read_log()
                with self.subTest(nth=nth, lasting=lasting, count=count):
                    if result == "0":
                        self.assertTrue(module.loaded())
                        module.wait_unload()
                    else:
                        self.assertTrue(self.reached)
                        self.assertIn(result, SHORT)
                    self.assertEqual(self.left(), [])
        self.assertEqual(failing.kernel_leaks(), [])


class Sites(MemoryCase):
    """Runs last: the places at which an allocation has failed."""

    def test_all(self) -> None:
        """Each place of the module which allocates was among them."""
        needed = {Configuration, Connect, Handshake, Load, Rbind}
        if missing := needed - self.done:
            self.skipTest(f"{len(missing)} classes of cases were not run")
        seen = sites().seen()
        places = all_sites()
        print("    failures by call site in the module:")
        for site, count in sorted(seen.items()):
            print(f"    {count:6} {site} {places.get(site, '')}")
        missed = {
            site: function
            for site, function in places.items()
            if site not in seen
            and not SPARED.match(f"{site} {function}")
            and not LOADING.match(site)
        }
        self.assertEqual(missed, {}, "places at which none has failed")
