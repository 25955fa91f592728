# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's side of the netlink contract, small and in memory, for tests.

It is written from Documentation/netlink/specs/socks.yaml; the numbers come from
uapi/linux/socks.h. fake.c brings the datagrams here and back.
"""

import copy
import errno
import fcntl
import ipaddress
import os
import random
import re
import signal
import socket
import struct
import tempfile
import termios
import threading
import time
import traceback

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_MULTI, NLM_F_ACK, NLM_F_DUMP_INTR = 1, 2, 4, 0x10
NLM_F_DUMP = 0x300
NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x100, 0x200
NLMSGERR_ATTR_MSG = 1
NLA_F_NESTED = 0x8000
NETLINK_CAP_ACK, NETLINK_EXT_ACK = 10, 11
GENL_ID_CTRL, CTRL_CMD_NEWFAMILY, CTRL_CMD_GETFAMILY = 0x10, 1, 3
CTRL_CMD_DELFAMILY = 2
CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME, CTRL_ATTR_MCAST_GROUPS = 1, 2, 7
CTRL_ATTR_MCAST_GRP_NAME, CTRL_ATTR_MCAST_GRP_ID = 1, 2
FAMILY_ID, GROUP_ID = 0x2a, 0x55
# What one acknowledgment takes of the receive buffer (struct sk_buff, a small
# head and struct skb_shared_info), and what one datagram of a dump holds.
ACK_TRUESIZE = 960
DUMP_DATAGRAM = 16384


def header_numbers():
    """The numbers in uapi/linux/socks.h, by name."""
    with open(os.path.join(TOP, "uapi/linux/socks.h")) as header:
        text = header.read()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    numbers = {}
    for name, value in re.findall(r"^#define (SOCKS_\w+)\s+(\S+)$", text, re.M):
        numbers[name] = value.strip('"') if '"' in value else int(value)
    for body in re.findall(r"enum \w*\s*\{(.*?)\}", text, re.S):
        following = 0
        for entry in filter(None, (e.strip() for e in body.split(","))):
            name, _, value = (part.strip() for part in entry.partition("="))
            if value.isdigit():
                following = int(value)
            elif value:
                continue
            numbers[name] = following
            following += 1
    return numbers


N = header_numbers()

# The attributes of each set in their order, with their types.
SETS = {
    "stats": "pad:pad tried:u64 granted:u64 rejected:u64 failed:u64 in_progress:u32 established:u32",
    "server": "name:str address:be32 port:be16 userid_mode:u32 userid:str timeout:u32 accept_timeout:u32 stats:stats rules:u32"
              " local_auto:flag retry:u32 failures:u32 error:u32 failing_for:u32 retry_in:u32",
    "rule": "index:u32 address:be32 prefix_len:u8 port_min:u16 port_max:u16 uid_min:u32 uid_max:u32"
            " gid_min:u32 gid_max:u32 cgroup:str action:u32 server:strs rbind_auto:flag stats:stats balance:flag",
    "lookup": "address:be32 port:be16 uid:u32 gid:u32 cgroup:str action:u32 reason:u32 index:u32 server:strs",
    "limits": "rbinds:u32 rbinds_per_user:u32",
    "connection": "state:u32 command:u32 address:be32 port:be16 server:str bound_address:be32 bound_port:be16 uid:u32"
                  " pid:u32 source_address:be32 source_port:be16 pad:pad cookie:u64 age:u64 sent:u64 received:u64 program:str cookies:bin"
                  " event:u32 time:u64 code:u8 error:u32",
    "configuration": "pad:pad time:u64 servers:u32 rules:u32 uid:u32 pid:u32 program:str",
    "transaction": "step:u32 flush:flag",
}
SETS = {
    name: [tuple(word.split(":")) for word in words.split()]
    for name, words in SETS.items()
}
NUMBER = {
    (name, attribute): N[f"SOCKS_A_{name}_{attribute}".upper()]
    for name, attributes in SETS.items()
    for attribute, _ in attributes
}
COMMANDS = {
    N["SOCKS_CMD_SERVER_ADD"]: ("server_add", "server"),
    N["SOCKS_CMD_SERVER_DEL"]: ("server_del", "server"),
    N["SOCKS_CMD_SERVER_GET"]: ("server_get", "server"),
    N["SOCKS_CMD_RULE_ADD"]: ("rule_add", "rule"),
    N["SOCKS_CMD_RULE_DEL"]: ("rule_del", "rule"),
    N["SOCKS_CMD_RULE_GET"]: ("rule_get", "rule"),
    N["SOCKS_CMD_LOOKUP"]: ("lookup", "lookup"),
    N["SOCKS_CMD_TRANSACTION"]: ("transaction", "transaction"),
    N["SOCKS_CMD_LIMITS"]: ("limits", "limits"),
    N["SOCKS_CMD_CONNECTION_GET"]: ("connection_get", "connection"),
    N["SOCKS_CMD_CONNECTION_ABORT"]: ("connection_abort", "connection"),
}
FORMATS = {"u8": "=B", "u16": "=H", "u32": "=I", "u64": "=Q", "be16": ">H", "be32": ">I"}
NONE, FIXED, UID = (N["SOCKS_USERID_MODE_" + m] for m in ("NONE", "FIXED", "UID"))
DIRECT, VIA, REJECT = (N["SOCKS_ACTION_" + a] for a in ("DIRECT", "VIA", "REJECT"))
CONNECTING, LISTENING, ESTABLISHED = (
    N["SOCKS_CONNECTION_STATE_" + s] for s in ("CONNECTING", "LISTENING", "ESTABLISHED"))
CONNECT, BIND = (N["SOCKS_CONNECTION_COMMAND_" + c] for c in ("CONNECT", "BIND"))
LIMITS = {"rbinds": N["SOCKS_RBINDS_DEFAULT"], "rbinds_per_user": N["SOCKS_RBINDS_PER_USER_DEFAULT"]}
BEGIN, COMMIT, ABORT = (N["SOCKS_STEP_" + s] for s in ("BEGIN", "COMMIT", "ABORT"))


def address(text):
    """An IPv4 address as a number."""
    return int(ipaddress.IPv4Address(text))


def names(value):
    """The servers of a rule: one stands for itself, several are a list."""
    return value if isinstance(value, list) else [value] if value is not None else []


def encode_attribute(number, payload):
    """One attribute."""
    data = struct.pack("=HH", 4 + len(payload), number) + payload
    return data + bytes(-len(data) % 4)


def encode(name, values):
    """The attributes of a set."""
    data = b""
    for attribute, kind in SETS[name]:
        if attribute not in values:
            continue
        value = values[attribute]
        if kind == "strs":
            for one in names(value)[:-1]:
                data += encode_attribute(NUMBER[name, attribute], one + b"\0")
            payload = names(value)[-1] + b"\0"
        elif kind == "str":
            payload = value + b"\0"
        elif kind == "flag":
            payload = b""
        elif kind in SETS:
            payload = encode(kind, value)
        else:
            payload = struct.pack(FORMATS[kind], value)
        data += encode_attribute(NUMBER[name, attribute], payload)
    return data


def decode_attributes(data):
    """(number, payload) of each attribute."""
    while data:
        length, number = struct.unpack_from("=HH", data)
        assert 4 <= length <= len(data), "attribute length"
        yield number & 0x3fff, data[4:length]
        data = data[length + -length % 4:]


def decode(name, data):
    """The attributes of a set, checked as the spec says."""
    kinds = {NUMBER[name, attribute]: (attribute, kind) for attribute, kind in SETS[name]}
    values = {}
    for number, payload in decode_attributes(data):
        attribute, kind = kinds[number]
        assert attribute not in values or kind == "strs", f"{attribute} twice"
        if kind in ("str", "strs"):
            assert payload.endswith(b"\0") and payload.count(b"\0") == 1, f"{attribute}: no string"
            if attribute in values:
                values[attribute] = names(values[attribute]) + [payload[:-1]]
            else:
                values[attribute] = payload[:-1]
        elif kind == "bin":
            values[attribute] = payload
        elif kind == "flag":
            assert not payload, f"{attribute}: a flag with a value"
            values[attribute] = True
        else:
            assert len(payload) == struct.calcsize(FORMATS[kind]), f"{attribute}: size"
            values[attribute] = struct.unpack(FORMATS[kind], payload)[0]
    return values


class Refused(Exception):
    """A command that is refused: errno and message (None: no message)."""

    def __init__(self, number, text=None):
        super().__init__(number, text)
        self.number, self.text = number, text


class Config:
    """Servers by name, rules, limits; and connections."""

    def __init__(self):
        self.servers = {}
        self.health = {}                # of servers that have failed
        self.rules = []
        self.limit = dict(LIMITS)
        self.connections = []

    def server_add(self, values):
        name = values["name"]
        assert re.fullmatch(rb"[A-Za-z0-9._][A-Za-z0-9._-]{0,62}", name)
        assert values["port"]
        assert ("userid" in values) == (values.get("userid_mode", NONE) == FIXED)
        assert len(values.get("userid", b"")) <= N["SOCKS_USERID_MAX"]
        assert 1 <= values.get("timeout", 1) <= N["SOCKS_TIMEOUT_MAX"]
        assert 1 <= values.get("accept_timeout", 1) <= N["SOCKS_ACCEPT_TIMEOUT_MAX"]
        assert 1 <= values.get("retry", 1) <= N["SOCKS_RETRY_MAX"]
        if name in self.servers:
            raise Refused(errno.EEXIST, "a server of this name exists already")
        server = {"userid_mode": NONE, "timeout": N["SOCKS_TIMEOUT_DEFAULT"],
                  "accept_timeout": N["SOCKS_ACCEPT_TIMEOUT_DEFAULT"],
                  "retry": N["SOCKS_RETRY_DEFAULT"]}
        self.servers[name] = server | values

    def server_del(self, values):
        assert values.keys() == {"name"}
        if values["name"] not in self.servers:
            raise Refused(errno.ENOENT, "there is no server of this name")
        if any(values["name"] in names(rule.get("server")) for rule in self.rules):
            raise Refused(errno.EBUSY, "a rule names this server")
        del self.servers[values["name"]]

    def rule_add(self, values):
        values = dict(values)
        for pair in (("address", "prefix_len"), ("port_min", "port_max"), ("uid_min", "uid_max"),
                     ("gid_min", "gid_max")):
            assert (pair[0] in values) == (pair[1] in values), pair
            if pair[0] in values and pair[0] != "address":
                assert values[pair[0]] <= values[pair[1]], pair
        if "address" in values:
            ipaddress.IPv4Network((values["address"], values["prefix_len"]))
        assert values.get("port_min", 1)
        assert values.get("uid_max", 0) < 2**32 - 1 > values.get("gid_max", 0)
        assert ("server" in values) == (values["action"] == VIA)
        assert values["action"] == VIA or "rbind_auto" not in values
        servers = names(values.get("server"))
        assert len(servers) == len(set(servers)) <= N["SOCKS_RULE_SERVERS_MAX"]
        assert len(servers) > 1 or "balance" not in values
        if not set(servers) <= self.servers.keys():
            raise Refused(errno.ENOENT, "there is no server of this name")
        if values.get("cgroup") == b"/missing":
            raise Refused(errno.ENOENT)
        index = values.pop("index", len(self.rules) + 1)
        assert index
        if index > len(self.rules) + 1:
            raise Refused(errno.ERANGE, "the index is beyond the end of the list")
        self.rules.insert(index - 1, values)

    def rule_del(self, values):
        assert values.keys() == {"index"}
        if not 1 <= values["index"] <= len(self.rules):
            raise Refused(errno.ENOENT, "there is no rule of this index")
        del self.rules[values["index"] - 1]

    def server_answer(self, name):
        rules = sum(name in names(rule.get("server")) for rule in self.rules)
        return {"stats": STATS} | self.servers[name] | self.health.get(name, {}) | {"name": name, "rules": rules}

    def rule_answer(self, index):
        return {"stats": STATS} | self.rules[index - 1] | {"index": index}

    def server_get(self, values):
        assert values.keys() == {"name"}
        if values["name"] not in self.servers:
            raise Refused(errno.ENOENT, "there is no server of this name")
        return self.server_answer(values["name"])

    def rule_get(self, values):
        assert values.keys() == {"index"}
        if not 1 <= values["index"] <= len(self.rules):
            raise Refused(errno.ENOENT, "there is no rule of this index")
        return self.rule_answer(values["index"])

    def dump(self, what):
        if what == "server_get":
            return [self.server_answer(name) for name in self.servers]
        if what == "connection_get":
            return self.connections
        return [self.rule_answer(index + 1) for index in range(len(self.rules))]

    def connection_abort(self, values):
        assert values.keys() == {"cookies"}
        assert 0 < len(values["cookies"]) <= N["SOCKS_COOKIES_MAX"]
        cookies = {cookie for cookie, in struct.iter_unpack("=Q", values["cookies"])}
        assert 0 not in cookies
        self.connections = [c for c in self.connections if c["cookie"] not in cookies]

    def limits(self, values):
        self.limit |= values
        return self.limit

    def server_at(self, values):
        """The name of the server which has this address and port."""
        for name, server in self.servers.items():
            if (server["address"], server["port"]) == (values["address"], values["port"]):
                return name
        return None

    @staticmethod
    def speaks_of(rule, values):
        """The rule matches the connection."""
        length = rule.get("prefix_len", 0)
        if (values["address"] ^ rule.get("address", 0)) >> (32 - length) and length:
            return False
        if values["address"] >> 24 == 127 and length < 8:
            return False
        uid, gid = values.get("uid", os.geteuid()), values.get("gid", os.getegid())
        return (rule.get("port_min", 0) <= values["port"] <= rule.get("port_max", 65535) and
                rule.get("uid_min", 0) <= uid <= rule.get("uid_max", uid) and
                rule.get("gid_min", 0) <= gid <= rule.get("gid_max", gid) and
                ("cgroup" not in rule or
                 (values.get("cgroup", b"") + b"/").startswith(rule["cgroup"].rstrip(b"/") + b"/")))

    def lookup(self, values):
        assert values["port"]
        values = dict(values)
        if not values["address"]:
            values["address"] = address("127.0.0.1")
        if values["address"] >> 28 == 14 or values["address"] == 2**32 - 1:
            return {"action": DIRECT, "reason": N["SOCKS_REASON_NOT_CONNECTABLE"]}
        for index, rule in enumerate(self.rules, 1):
            if not self.speaks_of(rule, values):
                continue
            server = self.server_at(values)
            if server is not None and rule["action"] != DIRECT:
                return {"action": DIRECT, "reason": N["SOCKS_REASON_SERVER"], "server": server}
            if not values["address"] >> 8 and rule["action"] == VIA:
                return {"action": REJECT, "reason": N["SOCKS_REASON_NOT_CONNECTABLE"]}
            answer = {"action": rule["action"], "reason": N["SOCKS_REASON_RULE"], "index": index}
            if "server" in rule:
                answer["server"] = rule["server"]
            return answer
        return {"action": DIRECT, "reason": N["SOCKS_REASON_NO_RULE"]}


STATS = {"tried": 2**40 + 5, "granted": 4, "rejected": 3, "failed": 2, "in_progress": 1, "established": 7}


class Kernel:
    """The kernel. What tests may set stands at the top of __init__()."""

    def __init__(self):
        self.loaded = True              # the module is there
        self.permitted = True           # the caller has CAP_NET_ADMIN
        self.interrupt_dumps = 0        # so many dumps are interrupted
        self.before = None              # called with each command's name
        self.refuse = {}                # command's name: Refused
        self.dump_error = None          # Refused at the end of a dump
        self.warning = None             # message with each success
        self.damage = None              # random.Random: damage answers
        self.cap_ack = True             # acknowledgments as asked for
        self.overrun = None             # lose the answers to this command
        self.groups = {"events": GROUP_ID, "other": 7}
        # What happens once somebody listens: (set, attributes), or a number: an
        # errno. Then the listener is interrupted, by this signal; or, with
        # None, the module is unloaded.
        self.events = []
        self.interrupt = signal.SIGINT
        self.damage_events = None       # random.Random: damage events

        self.namespaces = {}            # by path; "" is the caller's
        self.generations = {}           # how often each was changed
        self.commands = []              # (name, values) of all commands
        self.datagrams = []             # how many messages each one held
        self.errors = []                # what broke the contract

        self.folder = tempfile.TemporaryDirectory(prefix="socksctl-test.")
        self.path = os.path.join(self.folder.name, "kernel")
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(self.path)
        self.listener.listen()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()
        self.folder.cleanup()

    @property
    def config(self):
        """The configuration of the caller's own network namespace."""
        return self.namespaces.setdefault("", Config())

    def serve(self):
        conversations = []
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                break
            conversations.append(threading.Thread(target=self.converse, args=(connection,), daemon=True))
            conversations[-1].start()
        for conversation in conversations:
            conversation.join()

    def converse(self, connection):
        with connection:
            try:
                Conversation(self, connection).run()
            except (BrokenPipeError, ConnectionResetError):
                pass
            except Exception:
                self.errors.append(traceback.format_exc())


class Conversation:
    """One netlink socket."""

    def __init__(self, kernel, connection):
        self.kernel, self.connection = kernel, connection
        self.netns = ""
        self.options = set()
        self.joined = set()
        self.transaction = None
        self.began_at = None            # the generation; None with flush

    def run(self):
        while packet := self.connection.recv(1 << 20):
            if packet[:1] == b"N":
                self.netns = packet[1:].decode()
                self.kernel.namespaces.setdefault(self.netns, Config())
            elif packet[:1] == b"G":
                self.join(struct.unpack("=i", packet[1:])[0])
            elif packet[:1] == b"O":
                self.options.add(struct.unpack("=i", packet[1:])[0])
            else:
                self.receive(struct.unpack_from("=I", packet, 1)[0], packet[5:])

    def join(self, group):
        self.joined.add(group)
        if self.joined != {self.kernel.groups["events"], GENL_ID_CTRL}:
            return
        for event in self.kernel.events:
            if isinstance(event, int):
                self.connection.send(b"E" + struct.pack("=i", event))
                continue
            name, values = event
            command = N[f"SOCKS_CMD_{name.upper()}_EVENT"]
            message = self.build(FAMILY_ID, 0, 0, struct.pack("=BBxx", command, 1) + encode(name, values))
            self.connection.send(b"D" + self.damaged(message, self.kernel.damage_events))
        if self.kernel.interrupt is None:
            for family in 0x77, FAMILY_ID:
                attributes = encode_attribute(CTRL_ATTR_FAMILY_ID, struct.pack("=H", family))
                self.send(self.build(GENL_ID_CTRL, 0, 0, struct.pack("=BBxx", CTRL_CMD_DELFAMILY, 2) + attributes))
            return
        # A signal comes before what was not read yet.
        deadline = time.monotonic() + 60
        left = bytearray(4)
        while fcntl.ioctl(self.connection, termios.TIOCOUTQ, left) or any(left):
            assert time.monotonic() < deadline
            time.sleep(0.001)
        pid = struct.unpack("=iii", self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
        os.kill(pid, self.kernel.interrupt)

    def receive(self, buffer, datagram):
        """Handle the messages of a datagram; only then are answers read."""
        answers = []
        count = 0
        before = len(self.kernel.commands)
        while datagram:
            length = struct.unpack_from("=I", datagram)[0]
            assert 16 <= length <= len(datagram), "message length"
            answers += self.message(datagram[:length])
            datagram = datagram[length + -length % 4:]
            count += 1
        self.kernel.datagrams.append(count)
        if any(name == self.kernel.overrun for name, _ in self.kernel.commands[before:]):
            self.connection.send(b"E" + struct.pack("=i", errno.ENOBUFS))
            return
        # Acknowledgments of one datagram pile up; a dump goes as it is read.
        room = buffer
        for answer in answers:
            room -= ACK_TRUESIZE if len(answer) < 384 else len(answer)
            if room < 0 and count > 1:
                self.connection.send(b"E" + struct.pack("=i", errno.ENOBUFS))
                return
            self.send(answer)

    @staticmethod
    def damaged(answer, damage):
        if not damage:
            return answer
        answer = bytearray(answer)
        for _ in range(damage.randrange(1, 4)):
            answer[damage.randrange(len(answer))] = damage.choice((0, 1, 4, 255, damage.randrange(256)))
        return bytes(answer)

    def send(self, answer):
        damage = self.kernel.damage
        self.connection.send(b"D" + self.damaged(answer, damage))
        if damage:
            # No more will come; socksctl must not wait for it.
            self.connection.shutdown(socket.SHUT_WR)

    def message(self, message):
        """Handle one message; return the datagrams of the answer."""
        length, kind, flags, sequence, port = struct.unpack_from("=IHHII", message)
        assert port == 0 and flags & NLM_F_REQUEST
        command, version = struct.unpack_from("=BBxx", message, 16)
        if kind == GENL_ID_CTRL:
            return self.find_family(message, command, sequence)
        if kind != FAMILY_ID or not self.kernel.loaded:
            return [self.acknowledge(message, Refused(errno.ENOENT))]
        assert version == N["SOCKS_FAMILY_VERSION"]
        assert {NETLINK_CAP_ACK, NETLINK_EXT_ACK} <= self.options
        name, attribute_set = COMMANDS[command]
        values = decode(attribute_set, message[20:])
        self.kernel.commands.append((name, values))
        if self.kernel.before:
            self.kernel.before(name)
        if flags & NLM_F_DUMP == NLM_F_DUMP:
            assert not values
            return self.dump(command, name, attribute_set, sequence)
        assert flags & NLM_F_ACK, "every message asks for an acknowledgment"
        return self.do(message, command, name, attribute_set, values, sequence)

    def find_family(self, message, command, sequence):
        assert command == CTRL_CMD_GETFAMILY
        assert dict(decode_attributes(message[20:])) == {CTRL_ATTR_FAMILY_NAME: b"socks\0"}
        if not self.kernel.loaded:
            return [self.acknowledge(message, Refused(errno.ENOENT))]
        attributes = encode_attribute(CTRL_ATTR_FAMILY_NAME, b"socks\0")
        attributes += encode_attribute(CTRL_ATTR_FAMILY_ID, struct.pack("=H", FAMILY_ID))
        groups = b"".join(
            encode_attribute(number, encode_attribute(CTRL_ATTR_MCAST_GRP_NAME, name.encode() + b"\0") +
                             encode_attribute(CTRL_ATTR_MCAST_GRP_ID, struct.pack("=I", group)))
            for number, (name, group) in enumerate(self.kernel.groups.items(), 1))
        if groups:
            attributes += encode_attribute(CTRL_ATTR_MCAST_GROUPS | NLA_F_NESTED, groups)
        return [
            self.build(GENL_ID_CTRL, 0, sequence, struct.pack("=BBxx", CTRL_CMD_NEWFAMILY, 2) + attributes),
            self.acknowledge(message, None),
        ]

    @staticmethod
    def build(kind, flags, sequence, payload):
        data = struct.pack("=IHHII", 16 + len(payload), kind, flags, sequence, 4711) + payload
        return data + bytes(-len(data) % 4)

    def acknowledge(self, message, refused):
        flags, rest, tlvs = 0, message[16:], b""
        if refused is None or (self.kernel.cap_ack and NETLINK_CAP_ACK in self.options):
            flags, rest = NLM_F_CAPPED, b""
        socks = struct.unpack_from("=H", message, 4)[0] == FAMILY_ID
        text = refused.text if refused else self.kernel.warning if socks else None
        if text and NETLINK_EXT_ACK in self.options:
            flags |= NLM_F_ACK_TLVS
            tlvs = encode_attribute(NLMSGERR_ATTR_MSG, text.encode() + b"\0")
        sequence = struct.unpack_from("=I", message, 8)[0]
        payload = struct.pack("=i", -refused.number if refused else 0) + message[:16] + rest
        payload += bytes(-len(payload) % 4) + tlvs
        return self.build(NLMSG_ERROR, flags, sequence, payload)

    def dump(self, command, name, attribute_set, sequence):
        answers, datagram = [], b""
        flags = NLM_F_MULTI
        if self.kernel.interrupt_dumps:
            self.kernel.interrupt_dumps -= 1
            flags |= NLM_F_DUMP_INTR
        header = struct.pack("=BBxx", command, 1)
        for values in self.kernel.namespaces[self.netns].dump(name):
            part = self.build(FAMILY_ID, flags, sequence, header + encode(attribute_set, values))
            if len(datagram) + len(part) > DUMP_DATAGRAM:
                answers.append(datagram)
                datagram = b""
            datagram += part
        error, tlvs = 0, b""
        if self.kernel.dump_error:
            error = -self.kernel.dump_error.number
            if self.kernel.dump_error.text:
                flags |= NLM_F_ACK_TLVS
                tlvs = encode_attribute(NLMSGERR_ATTR_MSG, self.kernel.dump_error.text.encode() + b"\0")
        datagram += self.build(NLMSG_DONE, flags, sequence, struct.pack("=i", error) + tlvs)
        return answers + [datagram]

    def do(self, message, command, name, attribute_set, values, sequence):
        answers = []
        try:
            answer = self.carry_out(name, values)
            if answer is not None:
                payload = struct.pack("=BBxx", command, 1) + encode(attribute_set, answer)
                answers.append(self.build(FAMILY_ID, 0, sequence, payload))
            answers.append(self.acknowledge(message, None))
        except Refused as refused:
            answers.append(self.acknowledge(message, refused))
        return answers

    def carry_out(self, name, values):
        namespaces = self.kernel.namespaces
        if (name.endswith(("_add", "_del", "_abort", "transaction")) or name == "limits" and values) \
                and not self.kernel.permitted:
            raise Refused(errno.EPERM)
        if name in self.kernel.refuse:
            raise self.kernel.refuse[name]
        if name == "transaction":
            return self.step(values)
        if self.transaction is not None and not name.endswith(("_get", "_abort", "lookup")) and values:
            return getattr(self.transaction, name)(values)
        answer = getattr(namespaces[self.netns], name)(values)
        if values and not name.endswith(("_get", "lookup")):
            self.changed()
        return answer

    def generation(self):
        return self.kernel.generations.get(self.netns, 0)

    def changed(self):
        self.kernel.generations[self.netns] = self.generation() + 1

    def step(self, values):
        if values["step"] == BEGIN:
            if self.transaction is not None:
                raise Refused(errno.EBUSY)
            flush = values.get("flush")
            self.transaction = Config() if flush else copy.deepcopy(self.kernel.namespaces[self.netns])
            self.began_at = None if flush else self.generation()
            return
        assert "flush" not in values
        if self.transaction is None:
            raise Refused(errno.ENOENT)
        transaction, self.transaction = self.transaction, None
        if values["step"] == COMMIT:
            if "commit" in self.kernel.refuse:
                raise self.kernel.refuse["commit"]
            if self.began_at not in (None, self.generation()):
                raise Refused(errno.ESTALE, "the configuration was changed since this transaction began")
            self.changed()
            self.kernel.namespaces[self.netns] = transaction


def random_config(generator, servers=5, rules=30):
    """A configuration as any client of the kernel might have made it."""
    config = Config()
    if generator.random() < 0.5:
        config.limit = {name: generator.choice((0, value, generator.randrange(2**32), 2**32 - 1))
                        for name, value in LIMITS.items()}
    alphabet = [bytes((b,)) for b in range(1, 256)] + ["ä".encode(), "→".encode(), b"\xc2\x9b", b"\xed\xa0\x80"]
    plain = b"abcXYZ019._-/:@ #'\"\\$"
    def text(longest, letters=alphabet):
        length = generator.choice((1, 2, 3, 8, longest))
        return b"".join(generator.choice(letters) for _ in range(length))[:longest]
    for _ in range(servers):
        name = b"%c%s" % (generator.choice(b"aZ0._"), text(62, [b"a", b"Q", b"7", b".", b"_", b"-"]))
        mode = generator.choice((NONE, FIXED, UID))
        server = {"name": name, "address": generator.randrange(2**32), "port": generator.randrange(1, 65536),
                  "userid_mode": mode, "timeout": generator.randrange(1, 3601),
                  "accept_timeout": generator.choice((generator.randrange(1, 28801), 180)),
                  "retry": generator.choice((generator.randrange(1, 28801), 30))}
        if generator.random() < 0.3:
            config.health[name] = {"failures": generator.randrange(1, 2**32), "error": generator.choice((111, 110, 9999)),
                                   "failing_for": generator.randrange(2**32),
                                   "retry_in": generator.randrange(2**32)}
        if mode == FIXED:
            server["userid"] = generator.choice((
                b"none", b"uid", b"string", b"", b"timeout", text(255), text(255),
                bytes(generator.choices(plain, k=9))))
        if generator.random() < 0.3:
            server["local_auto"] = True
        config.servers[name] = server
    for _ in range(rules):
        rule = {}
        if generator.random() < 0.7:
            length = generator.randrange(33)
            rule["prefix_len"] = length
            rule["address"] = generator.randrange(2**32) >> (32 - length) << (32 - length)
        if generator.random() < 0.5:
            ports = sorted(generator.choices(range(1, 65536), k=2))
            rule["port_min"], rule["port_max"] = generator.choice((ports, (80, 80), (1, 65535)))
        for who in "uid", "gid":
            if generator.random() < 0.3:
                ids = sorted(generator.choices(range(2**32 - 1), k=2))
                rule[who + "_min"], rule[who + "_max"] = generator.choice((ids, (0, 0), (0, 2**32 - 2)))
        if generator.random() < 0.3:
            rule["cgroup"] = b"/" + text(200)
        rule["action"] = generator.choice((DIRECT, VIA, REJECT)) if config.servers else DIRECT
        if rule["action"] == VIA:
            rule["server"] = generator.choice(list(config.servers))
            if generator.random() < 0.4 and len(config.servers) > 1:
                rule["server"] = generator.sample(list(config.servers), generator.randrange(2, len(config.servers) + 1))
                if generator.random() < 0.5:
                    rule["balance"] = True
            if generator.random() < 0.3:
                rule["rbind_auto"] = True
        config.rules.append(rule)
    config.connections = [random_connection(generator, config) for _ in range(rules)]
    return config


def random_connection(generator, config):
    """A connection as the kernel may show it."""
    def endpoint(name):
        return {f"{name}address": generator.randrange(2**32), f"{name}port": generator.randrange(1, 65536)}
    connection = {"state": generator.choice((CONNECTING, LISTENING, ESTABLISHED)), "command": BIND,
                  "uid": generator.randrange(2**32), "server": generator.choice(list(config.servers))}
    connection |= endpoint("") | endpoint("source_")
    connection |= {name: generator.choice((0, 1, generator.randrange(2**63))) for name in ("age", "sent", "received")}
    connection["cookie"] = generator.randrange(1, 2**63)
    if connection["state"] != LISTENING and generator.random() < 0.5:
        connection["command"] = CONNECT
        if generator.random() < 0.8:
            connection["pid"] = generator.randrange(1, 2**22)
            connection["program"] = bytes(generator.choices(range(1, 256), k=generator.randrange(1, 16)))
    elif connection["state"] != CONNECTING:
        connection |= endpoint("bound_")
        if connection["state"] == LISTENING:
            connection["port"] = 0
    return connection


def seeded(name):
    """A random generator whose seed is printed, and can be given again."""
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(2**32))
    print(f"{name}: SEED={seed}", flush=True)
    return random.Random(seed)
