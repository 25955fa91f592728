# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's side of the netlink contract, small and in memory, for tests.

It is written from Documentation/netlink/specs/socks.yaml; the numbers come from
uapi/linux/socks.h. fake.c brings the datagrams here and back.
"""

import copy
import errno
import ipaddress
import os
import random
import re
import socket
import struct
import tempfile
import threading
import traceback

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_MULTI, NLM_F_ACK, NLM_F_DUMP_INTR = 1, 2, 4, 0x10
NLM_F_DUMP = 0x300
NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x100, 0x200
NLMSGERR_ATTR_MSG = 1
NETLINK_CAP_ACK, NETLINK_EXT_ACK = 10, 11
GENL_ID_CTRL, CTRL_CMD_NEWFAMILY, CTRL_CMD_GETFAMILY = 0x10, 1, 3
CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 1, 2
FAMILY_ID = 0x2a
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
    "server": "name:str address:be32 port:be16 userid_mode:u32 userid:str timeout:u32 stats:stats rules:u32",
    "rule": "index:u32 address:be32 prefix_len:u8 port_min:u16 port_max:u16 uid_min:u32 uid_max:u32"
            " gid_min:u32 gid_max:u32 cgroup:str action:u32 server:str stats:stats",
    "lookup": "address:be32 port:be16 uid:u32 gid:u32 cgroup:str action:u32 reason:u32 index:u32 server:str",
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
}
FORMATS = {"u8": "=B", "u16": "=H", "u32": "=I", "u64": "=Q", "be16": ">H", "be32": ">I"}
NONE, FIXED, UID = (N["SOCKS_USERID_MODE_" + m] for m in ("NONE", "FIXED", "UID"))
DIRECT, VIA, REJECT = (N["SOCKS_ACTION_" + a] for a in ("DIRECT", "VIA", "REJECT"))
BEGIN, COMMIT, ABORT = (N["SOCKS_STEP_" + s] for s in ("BEGIN", "COMMIT", "ABORT"))


def address(text):
    """An IPv4 address as a number."""
    return int(ipaddress.IPv4Address(text))


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
        if kind == "str":
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
        assert attribute not in values, f"{attribute} twice"
        if kind == "str":
            assert payload.endswith(b"\0") and payload.count(b"\0") == 1, f"{attribute}: no string"
            values[attribute] = payload[:-1]
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
    """Servers by name, and rules."""

    def __init__(self):
        self.servers = {}
        self.rules = []

    def server_add(self, values):
        name = values["name"]
        assert re.fullmatch(rb"[A-Za-z0-9._][A-Za-z0-9._-]{0,62}", name)
        assert values["port"]
        assert ("userid" in values) == (values.get("userid_mode", NONE) == FIXED)
        assert len(values.get("userid", b"")) <= N["SOCKS_USERID_MAX"]
        assert 1 <= values.get("timeout", 1) <= N["SOCKS_TIMEOUT_MAX"]
        if name in self.servers:
            raise Refused(errno.EEXIST, "a server of this name exists already")
        server = {"userid_mode": NONE, "timeout": N["SOCKS_TIMEOUT_DEFAULT"]}
        self.servers[name] = server | values

    def server_del(self, values):
        assert values.keys() == {"name"}
        if values["name"] not in self.servers:
            raise Refused(errno.ENOENT, "there is no server of this name")
        if any(rule.get("server") == values["name"] for rule in self.rules):
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
        if "server" in values and values["server"] not in self.servers:
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
        rules = sum(rule.get("server") == name for rule in self.rules)
        return {"stats": STATS} | self.servers[name] | {"name": name, "rules": rules}

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
        return [self.rule_answer(index + 1) for index in range(len(self.rules))]

    def lookup(self, values):
        assert values["port"]
        if values["address"] >> 24 >= 224:
            return {"action": DIRECT, "reason": N["SOCKS_REASON_NOT_CONNECTABLE"]}
        for name, server in self.servers.items():
            if (server["address"], server["port"]) == (values["address"], values["port"]):
                return {"action": DIRECT, "reason": N["SOCKS_REASON_SERVER"], "server": name}
        uid, gid = values.get("uid", 0), values.get("gid", 0)
        for index, rule in enumerate(self.rules, 1):
            length = rule.get("prefix_len", 0)
            if (values["address"] ^ rule.get("address", 0)) >> (32 - length) and length:
                continue
            if not rule.get("port_min", 0) <= values["port"] <= rule.get("port_max", 65535):
                continue
            if not rule.get("uid_min", 0) <= uid <= rule.get("uid_max", uid):
                continue
            if not rule.get("gid_min", 0) <= gid <= rule.get("gid_max", gid):
                continue
            if "cgroup" in rule and not (values.get("cgroup", b"") + b"/").startswith(rule["cgroup"] + b"/"):
                continue
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

        self.namespaces = {}            # by path; "" is the caller's
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
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
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
        self.transaction = None

    def run(self):
        while packet := self.connection.recv(1 << 20):
            if packet[:1] == b"N":
                self.netns = packet[1:].decode()
                self.kernel.namespaces.setdefault(self.netns, Config())
            elif packet[:1] == b"O":
                self.options.add(struct.unpack("=i", packet[1:])[0])
            else:
                self.receive(struct.unpack_from("=I", packet, 1)[0], packet[5:])

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

    def send(self, answer):
        damage = self.kernel.damage
        if damage:
            answer = bytearray(answer)
            for _ in range(damage.randrange(1, 4)):
                answer[damage.randrange(len(answer))] = damage.choice((0, 1, 4, 255, damage.randrange(256)))
        self.connection.send(b"D" + bytes(answer))
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
        if name.endswith(("_add", "_del", "transaction")) and not self.kernel.permitted:
            raise Refused(errno.EPERM)
        if name in self.kernel.refuse:
            raise self.kernel.refuse[name]
        if name == "transaction":
            return self.step(values)
        if self.transaction is not None and not name.endswith(("_get", "lookup")):
            return getattr(self.transaction, name)(values)
        return getattr(namespaces[self.netns], name)(values)

    def step(self, values):
        if values["step"] == BEGIN:
            if self.transaction is not None:
                raise Refused(errno.EBUSY)
            flush = values.get("flush")
            self.transaction = Config() if flush else copy.deepcopy(self.kernel.namespaces[self.netns])
            return
        assert "flush" not in values
        if self.transaction is None:
            raise Refused(errno.ENOENT)
        transaction, self.transaction = self.transaction, None
        if values["step"] == COMMIT:
            if "commit" in self.kernel.refuse:
                raise self.kernel.refuse["commit"]
            self.kernel.namespaces[self.netns] = transaction


def random_config(generator, servers=5, rules=30):
    """A configuration as any client of the kernel might have made it."""
    config = Config()
    alphabet = [bytes((b,)) for b in range(1, 256)] + ["ä".encode(), "→".encode(), b"\xc2\x9b", b"\xed\xa0\x80"]
    plain = b"abcXYZ019._-/:@ #'\"\\$"
    def text(longest, letters=alphabet):
        length = generator.choice((1, 2, 3, 8, longest))
        return b"".join(generator.choice(letters) for _ in range(length))[:longest]
    for _ in range(servers):
        name = b"%c%s" % (generator.choice(b"aZ0._"), text(62, [b"a", b"Q", b"7", b".", b"_", b"-"]))
        mode = generator.choice((NONE, FIXED, UID))
        server = {"name": name, "address": generator.randrange(2**32), "port": generator.randrange(1, 65536),
                  "userid_mode": mode, "timeout": generator.randrange(1, 3601)}
        if mode == FIXED:
            server["userid"] = generator.choice((
                b"none", b"uid", b"string", b"", b"timeout", text(255), text(255),
                bytes(generator.choices(plain, k=9))))
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
        config.rules.append(rule)
    return config


def seeded(name):
    """A random generator whose seed is printed, and can be given again."""
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(2**32))
    print(f"{name}: SEED={seed}", flush=True)
    return random.Random(seed)
