# SPDX-License-Identifier: GPL-2.0-only
"""What doctor says of a host, whose files here are made for it."""

import gzip
import os
import platform

from harness import Case
from model import DIRECT, REJECT

RELEASE = platform.release()
CONFIG = ("CONFIG_MODULES=y\nCONFIG_INET=y\nCONFIG_DYNAMIC_FTRACE=y\nCONFIG_DYNAMIC_FTRACE_WITH_REGS=y\n"
          "CONFIG_DYNAMIC_FTRACE_WITH_ARGS=y\n")
HOOKS = ("tcp_disconnect", "tcp_set_ulp", "inet_listen", "inet_getname", "inet6_getname", "tcp_v4_connect",
         "inet_stream_connect")
# As kernel 6.12 and 6.1 print them.
HOOK = "{} (1)   I     \ttramp: 0xffffffffc0d0c000 (socks_hook+0x0/0x90 [socks]) ->ftrace_regs_caller+0x0/0x6e\n"
OLD_HOOK = "{} (1) R I     \ttramp: 0xffffffffc0d0c000 (socks_hook+0x0/0x90 [socks]) ->ftrace_ops_assist_func+0x0/0xf0\n"
TWO_USERS = "{} (2)   I  M  \ttramp: 0xffffffffc0d0c000 (socks_hook+0x0/0x90 [socks]) ->arch_ftrace_ops_list_func+0x0/0x1a0\n"
BPF = ("{} (2)   I D   \ttramp: 0xffffffffc0d0c000 (socks_hook+0x0/0x90 [socks]) ->call_direct_funcs+0x0/0x10\n"
       "\tdirect-->bpf_trampoline_6442+0x0/0x10\n")
STRANGER = "{} (1) R I     \ttramp: 0xffffffffc0d0c000 (klp_ftrace_handler+0x0/0x1f0) ->klp_ftrace_handler+0x0/0x1f0\n"
TRACED = "{} (1)         \ttramp: 0xffffffffc0d0c000 (function_trace_call+0x0/0x180) ->function_trace_call+0x0/0x180\n"
CHATTER = "schedule (1)         \ttramp: 0x0 (x+0x0/0x1) ->x\ninet_listener (1)   I   \ttramp: 0x0 (x [socks]) ->x\n"


class Doctor(Case):
    def setUp(self):
        super().setUp()
        self.root = os.path.join(self.scratch, "root")
        version = self.run_binary("checked", "-V").out.split()[1]
        self.write(f"boot/config-{RELEASE}", CONFIG)
        self.write("proc/sys/kernel/ftrace_enabled", "1\n")
        self.write("sys/module/socks/refcnt", "1\n")
        self.write("sys/module/socks/version", f"{version}\n")
        self.write("sys/module/socks/srcversion", "0123456789ABCDEF\n")
        self.hooks()

    def write(self, path, data):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data if isinstance(data, bytes) else data.encode())

    def remove(self, path):
        os.remove(os.path.join(self.root, path))

    def hooks(self, **lines):
        self.write("sys/kernel/tracing/enabled_functions",
                   CHATTER + "".join(lines.get(name, HOOK).format(name) for name in HOOKS))

    def examine(self, status=0):
        """What is found, by check: (result, text) of each."""
        environment = {"TEST_ROOT": self.root}
        result = self.run_socksctl("-j doctor", environment=environment)
        self.assertEqual((result.status, result.error), (status, ""))
        found = {}
        for finding in result.json():
            self.assertEqual(finding.keys(), {"check", "result", "text"})
            found.setdefault(finding["check"], []).append((finding["result"], finding["text"]))
        lines = [f"{result:8} {check}: {text}" for check, list_ in found.items() for result, text in list_]
        shown = self.run_socksctl("doctor", environment=environment)
        self.assertEqual((shown.status, sorted(shown.out.splitlines())), (status, sorted(lines)))
        return found

    def one(self, check, result, *parts, status=None):
        """It finds just this about something."""
        findings = self.examine(2 if result == "problem" else 0 if status is None else status)[check]
        self.assertEqual([finding[0] for finding in findings], [result], findings)
        for part in parts:
            self.assertIn(part, findings[0][1])

    def test_well(self):
        found = self.examine()
        self.assertEqual({check: [result for result, _ in list_] for check, list_ in found.items()},
                         {"kernel": ["ok"], "ftrace": ["ok"], "module": ["ok"], "configuration": ["ok"],
                          "hooks": ["ok"], "servers": ["warning"], "rules": ["ok"]})
        self.assertIn("0123456789ABCDEF", found["module"][0][1])
        self.assertIn("all 7 functions", found["hooks"][0][1])

    def test_options(self):
        for option, text in (("MODULES", "CONFIG_MODULES=y"), ("INET", "CONFIG_INET=y"),
                             ("DYNAMIC_FTRACE", "CONFIG_DYNAMIC_FTRACE=y")):
            self.write(f"boot/config-{RELEASE}", CONFIG.replace(f"CONFIG_{option}=y", f"# CONFIG_{option} is not set"))
            self.one("kernel", "problem", text, RELEASE)
        for option in "REGS", "ARGS":
            line = f"CONFIG_DYNAMIC_FTRACE_WITH_{option}=y\n"
            self.write(f"boot/config-{RELEASE}", CONFIG.replace(line, ""))
            self.one("kernel", "ok")
        self.write(f"boot/config-{RELEASE}", "".join(line for line in CONFIG.splitlines(True) if "WITH" not in line))
        self.one("kernel", "problem", "WITH_REGS", "_WITH_ARGS")
        self.remove(f"boot/config-{RELEASE}")
        self.one("kernel", "warning", RELEASE, "can't be told")
        self.write(f"lib/modules/{RELEASE}/config", CONFIG)
        self.one("kernel", "ok")

    def test_compressed_options(self):
        compressed = gzip.compress(CONFIG.encode())
        self.write("proc/config.gz", gzip.compress(b""))
        self.one("kernel", "ok")    # what is in /boot goes before it
        self.remove(f"boot/config-{RELEASE}")
        self.assertEqual([finding[0] for finding in self.examine(2)["kernel"]], ["problem"] * 4)
        self.write("proc/config.gz", compressed)
        self.one("kernel", "ok")
        self.write("proc/config.gz", gzip.compress(CONFIG.replace("CONFIG_INET=y\n", "").encode()))
        self.one("kernel", "problem", "CONFIG_INET=y", "(/proc/config.gz)")
        for broken in compressed[:-1], compressed[:-8] + bytes(8), compressed[:len(compressed) // 2]:
            self.write("proc/config.gz", broken)
            self.one("kernel", "warning", RELEASE, "/proc/config.gz can't be read")

    def test_ftrace(self):
        self.write("proc/sys/kernel/ftrace_enabled", "0\n")
        self.one("ftrace", "warning", "set it to 1")
        self.remove("proc/sys/kernel/ftrace_enabled")
        self.one("ftrace", "problem", "no ftrace")

    def test_module(self):
        self.write("sys/module/socks/version", "0.9\n")
        self.one("module", "warning", "version 0.9", "same source")
        self.remove("sys/module/socks/version")
        self.one("module", "warning", "no version")
        self.remove("sys/module/socks/refcnt")
        found = self.examine(2)
        self.assertEqual(found["module"][0][0], "problem")
        self.assertIn("modprobe socks", found["module"][0][1])
        self.assertEqual(found.keys(), {"kernel", "ftrace", "module"})

    def test_hooks(self):
        self.hooks(**dict.fromkeys(HOOKS, OLD_HOOK))
        self.one("hooks", "ok", "all 7 functions")
        self.hooks(inet6_getname="")
        self.one("hooks", "ok", "all 6 functions")
        for name in set(HOOKS) - {"inet6_getname"}:
            self.hooks(**{name: ""})
            self.one("hooks", "problem", f"{name}() is not hooked by this module:")
        for line in STRANGER, TRACED:
            self.hooks(tcp_v4_connect=line)
            self.one("hooks", "problem", "tcp_v4_connect() is not hooked by this module, but by something else")
        for line, text in (TWO_USERS, "2 of ftrace in all"), (BPF, "BPF"):
            self.hooks(tcp_v4_connect=line)
            self.one("hooks", "ok", "tcp_v4_connect() has other users", text)

    def test_hooks_not_seen(self):
        self.remove("sys/kernel/tracing/enabled_functions")
        self.one("hooks", "warning", "tracefs")
        self.write("sys/kernel/debug/tracing/enabled_functions", "".join(HOOK.format(name) for name in HOOKS))
        self.one("hooks", "ok")

    def test_shadowed_rules(self):
        self.ok("server add a 192.0.2.1")
        wide, narrow = "to 10.0.0.0/8 port 80-90 uid 5-6 cgroup /a", "to 10.1.0.0/16 port 80 uid 5 gid 7 cgroup /a/b"
        for first, second, hidden in (
                (wide, narrow, True), (wide, wide, True), (narrow, wide, False), ("", narrow, True), (narrow, "", False),
                ("port 1-65534", "", False), ("", "to 127.0.0.1", False), ("to 126.0.0.0/7", "to 127.0.0.0/8", False),
                ("to 127.0.0.0/8", "to 127.0.0.1", True), ("to 10.0.0.0/8", "to 11.0.0.0/8", False),
                ("to 10.0.0.0/8", "", False), ("uid 5", "uid 5-6", False), ("gid 5-6", "gid 6", True),
                ("cgroup /a", "cgroup /ab", False), ("cgroup /a", "cgroup //a//b", True), ("cgroup /a", "", False),
                ("to 0.0.0.0/0", "", True), ("", "to 0.0.0.0/0", True)):
            self.kernel.config.rules.clear()
            self.ok(f"rule add {first} direct")
            self.ok(f"rule add {second} reject")
            if hidden:
                self.one("rules", "warning", "rule 2 never matches, as rule 1")
            else:
                self.one("rules", "ok")

    def test_many_rules(self):
        self.kernel.config.rules[:] = [{"action": DIRECT}] + [{"action": REJECT}] * 30
        found = self.examine()["rules"]
        self.assertEqual(len(found), 11)
        self.assertIn("20 more", found[-1][1])
        self.kernel.config.rules[:] = [{"action": REJECT}] * 5001
        self.one("rules", "warning", "5000")

    def test_counters(self):
        self.ok("server add a 192.0.2.1")
        server = self.kernel.config.servers[b"a"]
        zero = {"tried": 9, "granted": 9, "rejected": 0, "failed": 0, "in_progress": 0, "established": 0}
        server["stats"] = zero
        self.one("counters", "ok")
        server["stats"] = zero | {"failed": 2}
        self.one("counters", "warning", "of 9 connections by server a 2 failed", "socksctl probe a")
        server["stats"] = zero | {"granted": 8, "rejected": 1}
        self.one("counters", "ok")
        server["stats"] = zero | {"granted": 0, "rejected": 9}
        self.one("counters", "warning", "rejected all of 9")

    def test_parts_of_the_kernel_which_do_not_answer(self):
        self.ok("server add a 192.0.2.1")
        self.one("route", "warning", "server a", os.strerror(93))

    def test_words(self):
        self.wrong("doctor frob", "'frob'", "allowed here: connect\n")
        self.wrong("doctor connect x", "'x'", "nothing")
        self.assertIn("doctor", self.ok("doctor -h").out)

    def test_memory(self):
        for words in "doctor", "-j doctor":
            number = 0
            while True:
                number += 1
                result = self.run_socksctl(words, environment={"TEST_ROOT": self.root, "TEST_FAIL": str(number)})
                if result.status != 2:
                    break
                self.assertIn("memory", result.error)
                self.assertLess(number, 200)
            self.assertEqual((result.status, result.error), (0, ""))
            self.assertGreater(number, 2)
