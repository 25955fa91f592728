# SPDX-License-Identifier: GPL-2.0-only
"""What commands tell the kernel, abbreviations, options, exit statuses."""

import errno
import os
import re
import subprocess

from harness import Case, SOURCE
from model import BEGIN, COMMIT, DIRECT, FIXED, CONNECT, ESTABLISHED, LIMITS, NONE, REJECT, UID, VIA, N, Refused, address


class Server(Case):
    def added(self, words):
        self.kernel.config.servers.clear()
        self.ok(words)
        (name, values), = self.commands()
        self.assertEqual(name, "server_add")
        return values

    def test_address_and_port(self):
        values = self.added("server add corp 192.0.2.1:1081")
        self.assertEqual(values["name"], b"corp")
        self.assertEqual(values["address"], address("192.0.2.1"))
        self.assertEqual(values["port"], 1081)
        self.assertEqual(values.get("userid_mode", NONE), NONE)
        self.assertNotIn("userid", values)
        self.assertNotIn("timeout", values)
        self.assertNotIn("accept_timeout", values)

    def test_default_port(self):
        self.assertEqual(self.added("server add corp 192.0.2.1")["port"], 1080)

    def test_userid(self):
        self.assertEqual(self.added("server add a 192.0.2.1 userid none")["userid_mode"], NONE)
        self.assertEqual(self.added("server add a 192.0.2.1 userid uid")["userid_mode"], UID)
        for words, userid in (
                ("userid alice", b"alice"), ("userid string uid", b"uid"), ("userid string none", b"none"),
                ("userid string string", b"string"), ("userid string alice", b"alice"), ("userid ui", b"ui"),
                ("userid non", b"non"), ("userid UID", b"UID"), ("userid timeout", b"timeout")):
            values = self.added("server add a 192.0.2.1 " + words)
            self.assertEqual((values["userid_mode"], values["userid"]), (FIXED, userid), words)

    def test_userid_bytes(self):
        userid = bytes(range(1, 256))
        values = self.added([b"server", b"add", b"a", b"192.0.2.1", b"userid", userid])
        self.assertEqual(values["userid"], userid)
        self.assertEqual(len(userid), N["SOCKS_USERID_MAX"])

    def test_timeout(self):
        for seconds in 1, 30, 3600:
            self.assertEqual(self.added(f"server add a 192.0.2.1 timeout {seconds}")["timeout"], seconds)

    def test_accept_timeout(self):
        for seconds in 1, 180, 28800:
            values = self.added(f"server add a 192.0.2.1 accept-timeout {seconds}")
            self.assertEqual(values["accept_timeout"], seconds)
            self.assertNotIn("timeout", values)

    def test_any_order(self):
        values = self.added("server add a 192.0.2.1 accept-timeout 8 timeout 7 userid bob")
        self.assertEqual((values["timeout"], values["accept_timeout"], values["userid"]), (7, 8, b"bob"))

    def test_names(self):
        for name in "a", "0", ".", "_x", "A-b.c_9", "help", "n" * 63:
            self.assertEqual(self.added(["server", "add", name, "192.0.2.1"])["name"], name.encode())

    def test_del(self):
        self.ok("server add a 192.0.2.1")
        self.commands()
        self.ok("server del a")
        self.assertEqual(self.commands(), [("server_del", {"name": b"a"})])

    def test_a_server_called_help(self):
        self.ok("server add help 192.0.2.1")
        self.assertIn("help", self.ok("server show help").out)
        self.ok("server del help")
        self.assertEqual(self.kernel.config.servers, {})

    def test_refused(self):
        self.ok("server add a 192.0.2.1")
        self.refused("server add a 192.0.2.2", "socksctl: a server of this name exists already")
        self.refused("server del b", "socksctl: there is no server of this name")
        self.refused("server show b", "socksctl: there is no server of this name")
        self.ok("rule add via a")
        self.refused("server del a", "socksctl: a rule names this server")


class Rule(Case):
    def setUp(self):
        super().setUp()
        self.ok("server add corp 192.0.2.1")
        self.commands()

    def added(self, words):
        self.ok(words)
        (name, values), = self.commands()
        self.assertEqual(name, "rule_add")
        return values

    def test_actions(self):
        self.assertEqual(self.added("rule add direct"), {"action": DIRECT})
        self.assertEqual(self.added("rule add reject"), {"action": REJECT})
        self.assertEqual(self.added("rule add via corp"), {"action": VIA, "server": b"corp"})

    def test_rbind(self):
        for words in "via corp rbind auto", "rbind auto via corp", "via corp rb a":
            self.assertEqual(self.added("rule add " + words), {"action": VIA, "server": b"corp", "rbind_auto": True})

    def test_to(self):
        for text, number, length in (
                ("203.0.113.0/24", "203.0.113.0", 24), ("203.0.113.7", "203.0.113.7", 32),
                ("203.0.113.7/32", "203.0.113.7", 32), ("0.0.0.0/0", "0.0.0.0", 0), ("128.0.0.0/1", "128.0.0.0", 1),
                ("255.255.255.255", "255.255.255.255", 32)):
            self.assertEqual(self.added(f"rule add to {text} direct"),
                             {"action": DIRECT, "address": address(number), "prefix_len": length})
        self.assertEqual(self.added("rule add to any direct"), {"action": DIRECT})

    def test_ports(self):
        for text, low, high in ("80", 80, 80), ("80-90", 80, 90), ("1-65535", 1, 65535), ("7-7", 7, 7):
            self.assertEqual(self.added(f"rule add port {text} direct"),
                             {"action": DIRECT, "port_min": low, "port_max": high})

    def test_ids(self):
        for word in "uid", "gid":
            for text, low, high in ("0", 0, 0), ("1000-1999", 1000, 1999), ("0-4294967294", 0, 4294967294):
                self.assertEqual(self.added(f"rule add {word} {text} direct"),
                                 {"action": DIRECT, word + "_min": low, word + "_max": high})

    def test_names_of_users_and_groups(self):
        self.assertEqual(self.added("rule add uid root direct"), {"action": DIRECT, "uid_min": 0, "uid_max": 0})
        self.assertEqual(self.added("rule add gid root direct"), {"action": DIRECT, "gid_min": 0, "gid_max": 0})
        # A name with "-" is no range. (Debian's user and group 33.)
        self.assertEqual(self.added("rule add uid www-data gid www-data direct"),
                         {"action": DIRECT, "uid_min": 33, "uid_max": 33, "gid_min": 33, "gid_max": 33})

    def test_cgroup(self):
        path = "/" + "x" * 2046
        self.assertEqual(self.added(["rule", "add", "cgroup", path, "direct"]),
                         {"action": DIRECT, "cgroup": path.encode()})

    def test_any_order(self):
        expected = {"action": VIA, "server": b"corp", "index": 1, "address": address("10.0.0.0"), "prefix_len": 8,
                    "port_min": 1, "port_max": 2, "uid_min": 3, "uid_max": 3, "gid_min": 4, "gid_max": 5,
                    "cgroup": b"/a b"}
        parts = [["index", "1"], ["to", "10.0.0.0/8"], ["port", "1-2"], ["uid", "3"], ["gid", "4-5"],
                 ["cgroup", "/a b"], ["via", "corp"]]
        for turn in range(len(parts)):
            order = parts[turn:] + parts[:turn]
            self.assertEqual(self.added(["rule", "add", *sum(order, [])]), expected)
            self.assertEqual(self.added(["rule", "add", *sum(reversed(order), [])]), expected)

    def test_index_and_del(self):
        self.ok("rule add port 1 direct")
        self.ok("rule add port 2 direct")
        self.ok("rule add index 2 port 3 direct")
        self.assertEqual([rule["port_min"] for rule in self.kernel.config.rules], [1, 3, 2])
        self.ok("rule del 2")
        self.assertEqual([rule["port_min"] for rule in self.kernel.config.rules], [1, 2])
        self.refused("rule del 3", "socksctl: there is no rule of this index")
        self.refused("rule add index 9 direct", "socksctl: the index is beyond the end of the list")

    def test_unknown_server(self):
        self.refused("rule add via nobody", "socksctl: there is no server of this name")


class Abbreviations(Case):
    def test_objects(self):
        """A prefix picks the first of: server, rule, show, lookup, limit, apply, save, flush, help, and behind them newer ones."""
        self.ok("s a corp 192.0.2.1")
        self.assertEqual([c[0] for c in self.commands()], ["server_add"])
        self.ok("s")
        self.assertEqual([c[0] for c in self.commands()], ["server_get"])
        self.ok("serv")
        self.assertEqual([c[0] for c in self.commands()], ["server_get"])
        self.ok("r l")
        self.assertEqual([c[0] for c in self.commands()], ["rule_get"])
        self.ok("sh")
        self.assertEqual({c[0] for c in self.commands()}, {"server_get", "rule_get", "limits"})
        self.assertEqual(self.ok("sa").out, self.ok("save").out)
        self.commands()
        self.ok("l 192.0.2.9:1")
        self.assertEqual({c[0] for c in self.commands()}, {"lookup", "rule_get"})
        self.ok("li")
        self.assertEqual([c[0] for c in self.commands()], ["limits"])
        self.ok("a /dev/null")
        self.ok("f")
        self.assertEqual([c[1] for c in self.commands()], 2 * [{"step": BEGIN, "flush": True}, {"step": COMMIT}])
        self.assertIn("server add", self.ok("h").out)
        self.assertIn("probe", self.ok("p -h").out)

    def test_words(self):
        self.ok("s a corp 192.0.2.1 u bob t 5")
        self.assertEqual(self.commands()[0][1] | {"name": 0, "address": 0, "port": 0},
                         {"name": 0, "address": 0, "port": 0, "userid_mode": FIXED, "userid": b"bob", "timeout": 5})
        self.ok("r a i 1 t any p 1 u 2 g 3 c /x v corp")
        self.assertEqual(self.commands(), [("rule_add", {
            "index": 1, "port_min": 1, "port_max": 1, "uid_min": 2, "uid_max": 2, "gid_min": 3, "gid_max": 3,
            "cgroup": b"/x", "action": VIA, "server": b"corp"})])
        self.ok("r a d")
        self.ok("r a r")
        self.assertEqual([c[1]["action"] for c in self.commands()], [DIRECT, REJECT])
        for word in "d", "de", "del", "dele", "delete":
            self.ok(f"r {word} 1")
            if not self.kernel.config.rules:
                self.ok("r a d")
        self.ok("s s corp")
        self.ok("s l corp")
        self.assertEqual([c[0] for c in self.commands("server_get")], ["server_get"] * 2)

    def test_new_words_do_not_take_the_letters_of_old_ones(self):
        self.ok("s a corp 192.0.2.1 a 7")
        self.assertEqual(self.commands()[0][1]["accept_timeout"], 7)
        self.ok("r a v corp rb a")
        self.assertIs(self.commands()[0][1]["rbind_auto"], True)

    def test_too_long(self):
        self.wrong("servers", "'servers'", "server")
        self.wrong("rule addx direct", "'addx'", "add")


class Limits(Case):
    def test_set(self):
        for words, values in (
                ("limit rbind 0", {"rbinds": 0}), ("limit rbind-per-user 4294967295", {"rbinds_per_user": 4294967295}),
                ("limit rbind 5 rbind-per-user 6", {"rbinds": 5, "rbinds_per_user": 6}),
                ("limit rbind-per-user 7 rbind 8", {"rbinds_per_user": 7, "rbinds": 8}),
                ("li r 1 rbind- 2", {"rbinds": 1, "rbinds_per_user": 2})):
            self.assertEqual(self.ok(words).out, "")
            self.assertEqual(self.commands(), [("limits", values)])
        self.assertEqual(self.kernel.config.limit, {"rbinds": 1, "rbinds_per_user": 2})

    def test_flush(self):
        self.ok("limit rbind 5 rbind-per-user 6")
        self.ok("flush")
        self.assertEqual(self.kernel.config.limit, LIMITS)

    def test_refused(self):
        self.kernel.refuse = {"limits": Refused(errno.EINVAL, "not with me")}
        for words in "limit rbind 1", "limit", "show", "save":
            self.refused(words, "socksctl: not with me")


class Transactions(Case):
    def test_flush(self):
        self.ok("server add a 192.0.2.1")
        self.ok("rule add via a")
        self.commands()
        self.ok("flush")
        self.assertEqual(self.commands(), [("transaction", {"step": BEGIN, "flush": True}),
                                           ("transaction", {"step": COMMIT})])
        self.assertEqual((self.kernel.config.servers, self.kernel.config.rules), ({}, []))

    def test_single_commands_are_single_messages(self):
        self.ok("server add a 192.0.2.1")
        self.ok("rule add via a")
        self.ok("rule del 1")
        self.ok("server del a")
        self.assertEqual([c[0] for c in self.commands()], ["server_add", "rule_add", "rule_del", "server_del"])


class Failures(Case):
    commands_that_ask = ("server add a 192.0.2.1", "server del a", "server", "server show a", "rule add direct",
                         "rule del 1", "rule", "show", "show connections", "lookup 192.0.2.1:80", "limit", "limit rbind 1",
                         "apply /dev/null", "save", "flush")

    def test_module_not_loaded(self):
        self.kernel.loaded = False
        for words in self.commands_that_ask:
            self.refused(words, "socksctl: the socks module is not loaded: try 'modprobe socks'")

    def test_not_permitted(self):
        self.kernel.permitted = False
        for words in ("server add a 192.0.2.1", "server del a", "rule add direct", "rule del 1", "flush",
                      "apply /dev/null", "limit rbind 1"):
            result = self.run_socksctl(words)
            self.assertEqual(result.status, 2)
            self.assert_line(result.error, "permi", "CAP_NET_ADMIN", "root")
        for words in "server", "rule", "show", "show connections", "lookup 192.0.2.1:80", "limit", "save":
            self.ok(words)

    def test_no_message(self):
        for number in errno.ENOMEM, errno.EOPNOTSUPP, errno.EBUSY:
            for words, name, doing in (
                    ("server add a 192.0.2.1", "server_add", "server"), ("server del abc", "server_del", "abc"),
                    ("rule add direct", "rule_add", "rule"), ("rule del 77", "rule_del", "77"),
                    ("flush", "transaction", "configuration"), ("lookup 192.0.2.1:80", "lookup", "look"),
                    ("server show abc", "server_get", "abc"), ("limit rbind 1", "limits", "limits"),
                    ("limit", "limits", "configuration")):
                self.kernel.refuse = {name: Refused(number)}
                result = self.run_socksctl(words)
                self.assertEqual(result.status, 2)
                self.assert_line(result.error, os.strerror(number), doing)

    def test_message_is_printed_as_it_is(self):
        for text in "x", "Ünïcode: what's 100% wrong?", "w" * 400:
            self.kernel.refuse = {"server_add": Refused(errno.EINVAL, text)}
            self.refused("server add a 192.0.2.1", "socksctl: " + text)

    def test_acknowledgment_with_the_whole_message(self):
        """Where the kernel sends the request back, its message stands behind that."""
        self.kernel.cap_ack = False
        self.kernel.refuse = {"server_add": Refused(errno.EINVAL, "no such luck")}
        self.refused("server add a 192.0.2.1 userid abc", "socksctl: no such luck")

    def test_warning(self):
        self.kernel.warning = "mind the gap"
        result = self.run_socksctl("server add a 192.0.2.1")
        self.assertEqual((result.status, result.error), (0, "socksctl: warning: mind the gap\n"))

    def test_error_at_the_end_of_a_dump(self):
        self.kernel.dump_error = Refused(errno.ENOMEM, "no room to dump")
        for words in "show", "rule", "server", "save", "show connections":
            self.refused(words, "socksctl: no room to dump")
        self.kernel.dump_error = Refused(errno.ENOMEM)
        result = self.run_socksctl("show")
        self.assertEqual(result.status, 2)
        self.assert_line(result.error, os.strerror(errno.ENOMEM))

    def test_lost_answers(self):
        for words, command in ("server add a 192.0.2.1", "server_add"), ("show", "rule_get"), ("flush", "transaction"):
            self.kernel.overrun = command
            result = self.run_socksctl(words)
            self.assertEqual(result.status, 2)
            self.assert_line(result.error, os.strerror(errno.ENOBUFS))

    def test_no_memory(self):
        """Whichever allocation fails: one line, nothing leaks, nothing is done by half."""
        first = "limit rbind 9\nserver add a 192.0.2.1 userid it\\'s\nrule add cgroup '/a b' via a\nrule add direct\n"
        self.file("conf", first.replace("direct", "reject"))
        for words in ("server add b 192.0.2.1", "server del b", "server show a", "rule add cgroup /x via a",
                      "rule del 2", "lookup 192.0.2.200:1", "-j lookup 192.0.2.200:1", "-n ./conf show", "-j show",
                      "-j -p server", "save", "flush", "apply conf", "-b conf", "limit rbind 5", "-j limit", "limit",
                      "show connections", "-j show connections", "abort all", "-j abort via a"):
            self.ok("apply -", stdin=first)
            if words == "server del b":
                self.ok("server add b 192.0.2.1")
            self.kernel.config.connections = [
                {"state": ESTABLISHED, "command": CONNECT, "address": 1, "port": 2, "server": b"a", "uid": 3,
                 "cookie": 4}] * 3
            before = (dict(self.kernel.config.servers), list(self.kernel.config.rules),
                      dict(self.kernel.config.limit))
            number = 0
            while True:
                number += 1
                if words == "-b conf":
                    self.ok("flush")
                result = self.run_socksctl(words, environment={"TEST_FAIL": str(number)})
                if not result.status:
                    break
                self.assertEqual(result.status, 2)
                self.assert_line(result.error, "memory", begins="")
                if words != "-b conf":
                    after = (self.kernel.config.servers, self.kernel.config.rules, self.kernel.config.limit)
                    self.assertEqual(after, before, words)
                self.assertLess(number, 200)
            self.assertEqual(result.error, "")
            self.assertGreater(number, 2, words)

    def test_standard_output_that_fails(self):
        self.ok("server add a 192.0.2.1")
        for words in "show", "save", "-j show", "-V", "help", "lookup 192.0.2.9:1", "limit", "show connections":
            with open("/dev/full", "wb") as full:
                done = subprocess.run(
                    [os.path.join(self.folder, "fast"), *words.split()], stdout=full, stderr=subprocess.PIPE,
                    env={"TEST_KERNEL": self.kernel.path}, check=False)
            self.assertEqual(done.returncode, 2, words)
            self.assert_line(done.stderr.decode(), os.strerror(errno.ENOSPC))


class Dumps(Case):
    def test_interrupted(self):
        """A dump whose data changed meanwhile is repeated, and printed once."""
        self.ok("server add a 192.0.2.1")
        self.ok("rule add via a")
        expected = self.ok("show").out
        for times in 1, 2, 3, 7:
            self.kernel.interrupt_dumps = times
            self.assertEqual(self.ok("show").out, expected)
            self.assertEqual(self.kernel.interrupt_dumps, 0)

    def test_interrupted_connections(self):
        """The table of connections was resized meanwhile: nothing is printed twice."""
        self.kernel.config.connections = [
            {"state": ESTABLISHED, "command": CONNECT, "address": number, "port": 80, "server": b"a", "uid": 3}
            for number in range(2000)]
        for times in 0, 1, 5:
            self.kernel.interrupt_dumps = times
            rows = self.ok("-j show connections").json()
            self.assertEqual([address(row["address"]) for row in rows], list(range(2000)))
            self.assertEqual(self.kernel.interrupt_dumps, 0)

    def test_interrupted_for_ever(self):
        self.kernel.interrupt_dumps = 10**9
        for words, what in ("rule", "configuration"), ("show connections", "connections"):
            result = self.run_socksctl(words)
            self.assertEqual(result.status, 2)
            self.assert_line(result.error, "chang", what)

    def change_behind_the_rules(self, change):
        """Call it, once, when the rules have been read and not yet what is read after them."""
        seen = []

        def before(name):
            seen.append(name)
            if "rule_get" in seen[:-1] and name != "rule_get":
                self.kernel.before = None
                change()
        self.kernel.before = before

    def test_accept_timeout_belongs_to_the_rules(self):
        self.ok("server add a 192.0.2.1")

        def change():
            self.kernel.config.rules.append({"action": DIRECT})
            self.kernel.config.servers[b"a"]["accept_timeout"] = 5
        self.change_behind_the_rules(change)
        self.assertEqual(self.ok("save").out,
                         "server add a 192.0.2.1:1080 userid none timeout 120 accept-timeout 5\nrule add direct\n")

    def test_limits_belong_to_the_rules(self):
        def change():
            self.kernel.config.rules.append({"action": DIRECT})
            self.kernel.config.limit["rbinds"] = 5
        self.change_behind_the_rules(change)
        self.assertEqual(self.ok("save").out, "limit rbind 5 rbind-per-user 64\nrule add direct\n")

    def test_servers_and_rules_belong_together(self):
        """A server and a rule that names it, added between the two dumps."""
        def before(name):
            if name == "rule_get" and not self.kernel.config.servers:
                self.kernel.config.servers[b"late"] = {
                    "name": b"late", "address": 1, "port": 2, "userid_mode": NONE, "timeout": 3}
                self.kernel.config.rules.append({"action": VIA, "server": b"late"})
        self.kernel.before = before
        saved = self.ok("save").out
        self.assertIn("server add late", saved)
        self.assertIn("via late", saved)

    def test_count_of_rules_belongs_to_the_rules(self):
        self.ok("server add a 192.0.2.1")

        def before(name):
            if name == "rule_get" and not self.kernel.config.rules:
                self.kernel.config.rules.append({"action": VIA, "server": b"a"})
        self.kernel.before = before
        shown = self.ok("-j show").json()
        self.assertEqual((shown["servers"][0]["rules"], len(shown["rules"])), (1, 1))

    def test_many(self):
        """Dumps of many datagrams, in their order."""
        for number in range(3000):
            self.kernel.config.rules.append({"action": DIRECT, "uid_min": number, "uid_max": number})
        rules = self.ok("-j rule").json()
        self.assertEqual([rule["uid_min"] for rule in rules], list(range(3000)))
        self.assertEqual([rule["index"] for rule in rules], list(range(1, 3001)))


class Options(Case):
    def test_version(self):
        for option in "-V", "-Version", "--Version", "--version":
            self.assertRegex(self.ok(option).out, r"\Asocksctl \S+\n\Z")

    def test_help(self):
        for words in "help", "-h", "-help", "--help", "-h server", "-j -h":
            text = self.ok(words).out
            for part in ("server add", "server del", "rule add", "rule del", "show", "show connections [FILTER]", "program", "lookup", "limit [rbind", "apply", "abort all|FILTER", "monitor [FILTER]",
                         "save", "flush", "-batch", "-netns", "-json"):
                self.assertIn(part, text)
        for words in ("server help", "server -h", "server --help", "server add help", "server add -h", "server del -h",
                      "s h"):
            text = self.ok(words).out
            self.assertIn("userid", text)
            self.assertNotIn("rule add", text)
        for words in "rule help", "rule -h", "rule add help", "rule add -h", "rule del help", "r h":
            text = self.ok(words).out
            self.assertIn("cgroup", text)
            self.assertNotIn("server add", text)
        for word in "show", "lookup", "limit", "save", "flush":
            self.assertIn(word, self.ok(word + " help").out)
            self.assertIn(word, self.ok(word + " -h").out)
        self.assertIn("FILE", self.ok("apply -h").out)
        self.assertEqual(self.commands(), [])

    def test_unknown(self):
        self.wrong("-x show", "'-x'", "-json", "-batch", "-netns", "-force", "-pretty")
        self.wrong("---json show", "'---json'")
        self.wrong("- show", "'-'")
        self.wrong("-jsonx show", "'-jsonx'")

    def test_end_of_options(self):
        self.ok("-- server")
        self.wrong("-- -j server", "'-j'")

    def test_long_forms(self):
        for option in "-j", "-js", "-json", "--json", "--j":
            self.assertEqual(self.ok(option + " rule").json(), [])

    def test_missing_value(self):
        self.wrong("-n", "-netns", "name")
        self.wrong("-b", "-batch", "file")

    def test_nothing(self):
        self.wrong("", "server", "rule", "show", "lookup", "limit", "apply", "save", "flush")
        self.wrong("-j", "server")

    def test_netns_is_entered_before_the_socket_is_opened(self):
        path = self.file("ns", "")
        self.ok(["-n", path, "server", "add", "a", "192.0.2.1"])
        self.assertEqual(list(self.kernel.namespaces[os.path.realpath(path)].servers), [b"a"])
        self.assertEqual(self.kernel.config.servers, {})
        self.ok(["-netns", path, "server", "show", "a"])
        self.ok(["--netns", path, "-b", "-"], stdin="server add b 192.0.2.1\nserver add c 192.0.2.1\n")
        self.assertEqual(list(self.kernel.namespaces[os.path.realpath(path)].servers), [b"a", b"b", b"c"])

    def test_netns_which_is_not_there(self):
        self.wrong("-n nosuchnamespace show", "'nosuchnamespace'", "/run/netns/nosuchnamespace",
                   os.strerror(errno.ENOENT))
        self.wrong("-n ./nosuch show", "'./nosuch'", os.strerror(errno.ENOENT))
        self.wrong(["-n", "", "show"], "''", "-netns")

    def test_netns_which_can_not_be_entered(self):
        path = self.file("ns", "")
        self.wrong(["-n", path, "show"], path[:50], os.strerror(errno.EINVAL),
                   environment={"TEST_SETNS": str(errno.EINVAL)})
        result = self.run_socksctl(["-n", path, "show"], environment={"TEST_SETNS": str(errno.EPERM)})
        self.assertEqual(result.status, 2)
        self.assert_line(result.error, os.strerror(errno.EPERM))

    def test_the_shipped_binary(self):
        """It talks to the real kernel, whatever the environment says."""
        binary = os.path.join(self.folder, "userspace-cfg", "socksctl")
        done = subprocess.run([binary, "show"], capture_output=True, text=True, check=False,
                              env={"TEST_KERNEL": self.kernel.path})
        if not os.path.isdir("/sys/module/socks"):
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assert_line(done.stderr)
        self.assertEqual(self.kernel.commands, [])
        with open(binary, "rb") as text:
            self.assertNotIn(b"TEST_", text.read())


class Man(Case):
    def test_lint(self):
        for page in "socksctl.8", "socks.7", "socks.conf.5", "Rbind.3":
            # On standard error it may say that there is no data base of manuals.
            done = subprocess.run(["mandoc", "-Tlint", os.path.join(SOURCE, page)], capture_output=True, text=True,
                                  check=False)
            # Each refers to the other, which need not be installed.
            ours = re.compile(r": STYLE: referenced manual not found: Xr (Rbind 3|socks.conf 5|socks 7|socksctl 8)( |$)")
            self.assertEqual([line for line in done.stdout.splitlines() if not ours.search(line)], [])

    def test_says_everything(self):
        text = subprocess.run(["mandoc", "-Tascii", os.path.join(SOURCE, "socksctl.8")], capture_output=True, text=True,
                              check=True).stdout
        while "\b" in text:
            at = text.index("\b")
            text = text[:at - 1] + text[at + 1:]
        for part in ("server add", "server del", "rule add", "rule del", "show", "show connections", "abort", "monitor", "time_ns", "lookup", "limit [rbind n]",
                     "rbind auto", "rbind-per-user", "accept-timeout", "local auto", "probe", "not-socks4", "doctor", "top [interval seconds]", "apply", "save", "flush", "-batch", "-force", "-json", "-pretty", "-netns", "-Version", "-help", "userid", "timeout",
                     "index", "cgroup", "via", "direct", "reject", "userid_mode", "port_min", "port_max", "uid_min",
                     "uid_max", "gid_min", "gid_max", "in_progress", "established", "tried", "granted", "rejected",
                     "failed", "no-rule", "not-connectable", "EXIT STATUS", "EXAMPLES"):
            self.assertIn(part, text)
