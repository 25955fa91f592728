# SPDX-License-Identifier: GPL-2.0-only
"""import: configurations of other programs."""

import os
import re

import model
from harness import Case, harmless

UDP = "UDP is not redirected"
NO_SERVER = "what was to go through it is rejected, so that it does not go directly"
SOCKS5 = "the server must speak SOCKS4, too"

# What Debian's packages install, and what becomes of it.
PACKAGED = [
    ("tsocks", "/etc/tsocks.conf", {"server_type": SOCKS5, "default_": "SOCKS4 has no passwords"}, 4, [
        "server add server1 10.1.7.25:1080 userid none",
        "server add server2 192.168.0.1:1080 userid none",
        "rule add to 192.168.0.0/24 direct",
        "rule add to 10.0.0.0/8 direct",
        "rule add to 150.0.0.0/16 via server1",
        "rule add to 150.1.0.0/16 port 80 via server1",
        "rule add via server2"]),
    ("proxychains", "/etc/proxychains4.conf", {"proxy_dns": "name look-ups", "remote_dns_subnet": "name look-ups"}, 2, [
        "server add server1 127.0.0.1:9050 userid none timeout 23",
        "rule add via server1"]),
    ("redsocks", "/etc/redsocks.conf", {"type = socks5": SOCKS5, "user = ": "no daemon", "udp_timeout": UDP}, 22, [
        "server add server1 127.0.0.1:1080 userid none",
        "rule add via server1"]),
    ("dante", "/etc/dante.conf", {}, 0, []),
    ("dante", "/usr/share/doc/dante-client/examples/dante-simple.conf", {}, 0, []),
]


class Import(Case):
    def imported(self, kind, text, *notes):
        """The commands; each (line, part of the text, part of the reason) has its comment."""
        path = self.file("theirs.conf", text)
        out = self.ok(["import", kind, path], environment={"TEST_KERNEL": "/nonexistent"}).out
        self.ok("check -", stdin=out)
        lines = out.splitlines()
        found = [re.fullmatch(r"# line (\d+): (.*) -- (.*)", line) for line in lines if line.startswith("# line ")]
        self.assertEqual([int(match[1]) for match in found], [note[0] for note in notes], out)
        for match, (_, part, why) in zip(found, notes, strict=True):
            self.assertIn(part, match[2])
            self.assertIn(why, match[3])
        return [line for line in lines if not line.startswith("#")]

    def test_packaged(self):
        for kind, path, notes, count, expected in PACKAGED:
            if not os.path.exists(path):
                self.skipTest(f"{path} is missing: make deps")
            out = self.ok(["import", kind, path]).out
            self.ok("check -", stdin=out)
            lines = out.splitlines()
            comments = [line for line in lines if line.startswith("#")]
            self.assertEqual([line for line in lines if not line.startswith("#")], expected)
            self.assertEqual(len(comments), count, out)
            with open(path) as file:
                theirs = file.read().splitlines()
            for comment in comments:
                number, text = re.match(r"# line (\d+): (.*) -- ", comment).groups()
                self.assertEqual(theirs[int(number) - 1].strip().rpartition("#")[0].strip() or
                                 theirs[int(number) - 1].strip(), text)
            for text, why in notes.items():
                self.assertTrue(any(text in comment and why in comment for comment in comments), out)

    def test_packaged_routes(self):
        """The routes which dante's package has as comments."""
        path = "/etc/dante.conf"
        if not os.path.exists(path):
            self.skipTest(f"{path} is missing: make deps")
        with open(path) as file:
            text = re.sub(r"(?m)^#(route \{|\}|        (?:from|command|protocol|proxyprotocol|method):)", r"\1", file.read())
        numbers = {number: line for number, line in enumerate(text.splitlines(), 1)}
        notes = []
        for number, line in numbers.items():
            if "command: bind" in line:
                notes.append((number, "bind", "not for outbound"))
            if re.match(" .*to: \\. ", line):
                notes.append((number, "to: .", "no IPv4 network"))
            if re.match(" .*protocol: tcp udp", line):
                notes.append((number, "udp", UDP))
            if "proxyprotocol: http" in line:
                notes.append((number, "http", NO_SERVER))
        self.assertEqual(len(notes), 8)
        self.assertEqual(self.imported("dante", text, *notes), [
            "server add server1 10.1.1.1:1080 userid none",
            "rule add to 10.1.1.1/32 port 53 direct",
            "rule add via server1",
            "rule add reject"])

    def test_tsocks(self):
        self.assertEqual(self.imported(
            "tsocks",
            "local = 10.0.0.0/255.0.0.0   # ours\n"                  # 1
            "path {\n"
            "  reaches = 150.0.0.0:80-1024/255.255.0.0\n"
            "  reaches = bad\n"                                     # 4
            "  server = 192.0.2.1\n"
            "  server_port = 1081\n"
            "}\n"
            "PATH {\n"
            "  server = socks.example.com\n"                        # 9
            "  reaches = 151.0.0.0/255.255.0.255\n"                 # 10
            "  reaches = 152.0.0.0/255.255.0.0\n"
            "}\n"
            "server = 192.0.2.1\nserver_port = 1081\nserver_type = 4\nfrob = 1\nfrob\nlocal = 127.0.0.0/255.0.0.0\n",
            (4, "bad", "no IPv4 network"), (10, "255.255.0.255", "no IPv4 network"),
            (9, "socks.example.com", "names are not looked up"), (16, "frob = 1", "no such setting"),
            (17, "frob", "no setting")), [
                "server add server1 192.0.2.1:1081 userid none",
                "rule add to 10.0.0.0/8 direct",
                "rule add to 127.0.0.0/8 direct",
                "rule add to 150.0.0.0/16 port 80-1024 via server1",
                "rule add to 152.0.0.0/16 reject",
                "rule add via server1"])

    def test_tsocks_without_default_server(self):
        self.assertEqual(self.imported("tsocks", "local = 10.0.0.0/255.0.0.0\n"),
                         ["rule add to 10.0.0.0/8 direct", "rule add reject"])
        self.assertEqual(self.imported("tsocks", "fallback = yes\n"), ["rule add direct"])
        self.assertEqual(self.imported("tsocks", "fallback = no\n"), ["rule add reject"])
        for server, why in (("0.0.0.0", "no server can have this address"), ("::1", "names are not looked up"),
                            ("192.0.2.1\nserver_port = 0", "no server can have this port")):
            self.assertEqual(self.imported("tsocks", f"server = {server}\n", (1, server.split("\n")[0], why)),
                             ["rule add reject"])

    def test_proxychains(self):
        self.assertEqual(self.imported(
            "proxychains",
            "dynamic_chain\nchain_len = 2\nquiet_mode\n"
            "localnet 127.0.0.0/255.0.0.0\nlocalnet 10.0.0.0:443/8\nlocalnet ::1/128\nlocalnet 0.0.0.0:80/0.0.0.0\n"
            "dnat 1.1.1.1 1.1.1.2\ntcp_connect_time_out x\n"
            "[ProxyList]\n# nothing\nsocks4\t192.0.2.1 \t 1080 alice\n",
            (2, "chain_len = 2", "no chains"), (3, "quiet_mode", "messages"), (6, "::1/128", "no IPv4 network"),
            (8, "dnat", "another destination"), (9, "tcp_connect_time_out x", "milliseconds")), [
                "server add server1 192.0.2.1:1080 userid alice",
                "rule add to 127.0.0.0/8 direct",
                "rule add to 10.0.0.0/8 port 443 direct",
                "rule add port 80 direct",
                "rule add via server1"])

    def test_proxychains_servers(self):
        for line, expected, *notes in (
                ("socks5 192.0.2.1 1081", "via server1", (2, "socks5", SOCKS5)),
                ("socks5 192.0.2.1 1081 alice secret", "via server1", (2, "secret", "no passwords")),
                ("http 192.0.2.1 3128", "reject", (2, "http", NO_SERVER)),
                ("raw 192.0.2.1 3128", "reject", (2, "raw", NO_SERVER)),
                ("socks4 proxy.example 1080", "reject", (2, "proxy.example", NO_SERVER)),
                ("socks4 192.0.2.1", "reject", (2, "socks4", "a port")),
                ("", "reject")):
            commands = self.imported("proxychains", f"[ProxyList]\n{line}\n", *notes)
            self.assertEqual(commands[-1], f"rule add {expected}", line)
            self.assertEqual(len(commands), 1 + expected.startswith("via"))

    def test_chains(self):
        """A chain is never made shorter, nor left out."""
        for mode in "strict_chain", "dynamic_chain", "random_chain", "round_robin_chain":
            path = self.file("chain", f"{mode}\n[ProxyList]\nsocks4 192.0.2.1 1080\nsocks4 192.0.2.2 1080\n")
            out = self.ok(["import", "proxychains", path]).out
            self.assertIn("# There are 2 servers: a chain of more than one server can't be made", out)
            self.assertEqual(out.splitlines()[-1], "rule add reject")
            self.assertEqual("# line 1: " in out, mode in ("random_chain", "round_robin_chain"))
            self.assertNotIn("via", [word for line in out.splitlines() if line[0] != "#" for word in line.split()])

    def test_redsocks(self):
        self.assertEqual(self.imported(
            "redsocks",
            "base { daemon = on; } // no\n"                                                   # 1
            "redsocks { ip = 192.0.2.1; port = 1081; type = socks4; /* one\n"
            " two ip = 1.2.3.4; */ login = \"alice b\"; }\n"
            "redsocks {\n ip = \"192.0.2.2\"; port = 1080; type = http-connect;\n login = x;\n password = \"y\";\n}\n"
            "redudp { ip = 192.0.2.9; }\n",
            (1, "daemon", "no daemon"), (5, "http-connect", NO_SERVER), (7, "password", "no passwords"),
            (6, "login", "userid"), (4, "redsocks", "firewall"), (9, "redudp", UDP)), [
                "server add server1 192.0.2.1:1081 userid 'alice b'",
                "rule add via server1"])

    def test_dante(self):
        self.assertEqual(self.imported(
            "dante",
            "debug: 1\n"                                                                      # 1
            "route {\n  from: 0.0.0.0/0 to: 203.0.113.0/24 port >= 80 via: 192.0.2.1 port=1081\n"
            "  proxyprotocol: socks_v5\n  method: none username\n}\n"                         # 4, 5
            "route { from: 0/0 to: 10.0.0.0/8 port 80 - 90 via: direct }\n"
            "route { from: 10.0.0.1 to: 10.9.0.0/16 via: direct }\n"                          # 8
            "route { from: 10.0.0.1/32 to: 10.9.0.0/16 port < 1024 via: 192.0.2.1 port = 1081 }\n"  # 9
            "route { from: 0.0.0.0/0 to: eth0 via: direct }\n"                                # 10
            "route { to: 0.0.0.0/0 port ne 25 via: 192.0.2.1 port = 1080 }\n"                 # 11
            "route { to: 0.0.0.0/0 via: proxy.example port = 1080 protocol: tcp command: connect bind }\n"  # 12
            "client { x: y }\n",                                                              # 13
            (1, "debug: 1", "no such setting"), (4, "socks_v5", SOCKS5), (5, "username", "SOCKS4"),
            (8, "from: 10.0.0.1", "source"), (9, "from: 10.0.0.1/32", "source"), (10, "to: eth0", "left out"),
            (11, "to: 0.0.0.0 port ne 25", "left out"), (12, "proxy.example", NO_SERVER), (13, "client", "no such block"),
            (13, "x: y", "no such setting")), [
                "server add server1 192.0.2.1:1081 userid none",
                "rule add to 10.0.0.0/8 port 80-90 direct",
                "rule add to 203.0.113.0/24 port 80-65535 via server1",
                "rule add to 10.9.0.0/16 port 1-1023 via server1",
                "rule add reject"])

    def test_dante_quoted(self):
        """A sign within quotes is no sign, however long it is."""
        words = ('"<"', '"<' + 50 * "A" + '"', '"<=="', '">=" 80 "<"')
        self.assertEqual(self.imported(
            "dante",
            "".join(f"route {{ to: 203.0.113.0/24 port {word} 80 via: 192.0.2.1 port = 1081 }}\n" for word in words),
            *((number, "to: 203.0.113.0", "left out") for number in range(2, len(words) + 1))), [
                "server add server1 192.0.2.1:1081 userid none",
                "rule add to 203.0.113.0/24 port 1-79 via server1"])

    def test_client(self):
        self.assertEqual(self.imported(
            "socks.conf",
            "# comment\n"
            "direct 10.0.0.0 255.0.0.0\n"
            "sockd @=192.0.2.1,192.0.2.2 *=root,nobody-of-this-name,/etc/users 0.0.0.0 0.0.0.0 neq 25\n"  # 3
            "deny 198.51.100.9 255.255.255.0 le 1023 : mail root\n"                                     # 4
            "sockd 203.0.113.0 255.255.255.0\n"                                                         # 5
            "sockd @=proxy.example 203.0.114.0 255.255.255.0 eq http\n"                                 # 6
            "sockd @=192.0.2.1 203.0.115.0 255.255.255.0 gt 1023\n"
            "direct example.com 0.0.0.0\n"                                                              # 8
            "direct 10.0.0.0\n"                                                                         # 9
            "permit 10.0.0.0 255.0.0.0\n",                                                              # 10
            (3, "nobody", "no such user"), (3, "/etc/users", "another file"),
            (4, "mail root", "commands"), (5, "sockd 203", "default server"), (6, "proxy.example", NO_SERVER),
            (8, "example.com", "no IPv4 network"), (9, "10.0.0.0", "mask"), (10, "permit", "none of")), [
                "server add server1 192.0.2.1:1080 userid none",
                "server add server2 192.0.2.2:1080 userid none",
                "rule add to 10.0.0.0/8 direct",
                "rule add port 1-24 uid 0 via server1,server2",
                "rule add port 26-65535 uid 0 via server1,server2",
                "rule add to 198.51.100.0/24 port 1-1023 reject",
                "rule add to 203.0.113.0/24 reject",
                "rule add to 203.0.114.0/24 port 80 reject",
                "rule add to 203.0.115.0/24 port 1024-65535 via server1",
                "rule add reject"])

    def test_client_servers(self):
        """Servers are tried in the order of the list, as that client did."""
        many = ",".join(f"192.0.2.{number}" for number in range(1, 11))
        self.assertEqual(self.imported(
            "socks.conf",
            f"sockd @={many} 10.1.0.0 255.255.0.0\n"                                           # 1
            "sockd @=proxy.example,192.0.2.2,192.0.2.2,0.0.0.0 10.2.0.0 255.255.0.0\n"         # 2
            "sockd @=a.example,,b.example 10.3.0.0 255.255.0.0\n",                             # 3
            (1, "192.0.2.9", "so many servers"), (1, "192.0.2.10", "so many servers"),
            (2, "proxy.example", "without it"), (2, "0.0.0.0", "without it"),
            (3, "a.example", "without it"), (3, "b.example", "without it"), (3, "10.3.0.0", NO_SERVER)), [
                *(f"server add server{number} 192.0.2.{number}:1080 userid none" for number in range(1, 9)),
                "rule add to 10.1.0.0/16 via " + ",".join(f"server{number}" for number in range(1, 9)),
                "rule add to 10.2.0.0/16 via server2",
                "rule add to 10.3.0.0/16 reject",
                "rule add reject"])

    def test_command_line(self):
        self.wrong("import", "tsocks, proxychains, redsocks, dante, socks.conf")
        self.wrong("import frob", "'frob'", "tsocks, proxychains, redsocks, dante, socks.conf")
        self.wrong("import tsocks", "file name")
        self.wrong("import tsocks a b", "'b'")
        self.wrong("import tsocks /nonexistent", "'/nonexistent'")
        self.assertEqual(self.run_socksctl("import tsocks /").status, 2)
        self.assertEqual(self.ok("i t -", stdin="server = 192.0.2.1\n").out.splitlines()[-1], "rule add via server1")
        self.assertIn("import tsocks|", self.ok("import -h").out)

    def test_no_memory(self):
        samples = {
            "tsocks": "local = 10.0.0.0/255.0.0.0\nserver = 192.0.2.1\n",
            "socks.conf": "sockd @=192.0.2.1,192.0.2.2,192.0.2.3 10.0.0.0 255.0.0.0 neq 9\n",
        }
        for kind, text in samples.items():
            path = self.file("t.conf", text)
            for number in range(1, 1000):
                result = self.run_socksctl(["import", kind, path], environment={"TEST_FAIL": str(number)})
                if not result.status:
                    break
                self.assertEqual(result.status, 2)
                self.assertEqual(result.error.count("\n"), 1)
            self.assertGreater(number, 4)
            self.assertEqual(result.status, 0)

    def test_damaged(self):
        """Whatever the file: nothing breaks, and what is printed is harmless, and passes check."""
        samples = {
            "tsocks": "path {\nreaches = 150.0.0.0:80-90/255.0.0.0\nserver = 10.1.7.25\nserver_port = 1\n}\nlocal = 10.0.0.0/8\n",
            "proxychains": "strict_chain\ntcp_read_time_out 15000\nlocalnet 10.0.0.0:1/8\n[ProxyList]\nsocks4 10.0.0.1 99 a b\n",
            "redsocks": "base { log = \"x\"; }\n/* c */ redsocks { ip = 10.0.0.1; port = 99; // x\n type = socks4; login = a; }\n",
            "dante": "route {\n from: 0/0 to: 10.0.0.0/8 port >= 80 via: 10.0.0.1 port = 99\n protocol: tcp udp }\n",
            "socks.conf": "sockd @=10.0.0.1,10.0.0.2,x *=root 10.0.0.0 255.0.0.0 neq 99 : x\ndeny 10.0.0.0 255.0.0.0\n",
        }
        generator = model.seeded("test_damaged")
        tokens = " \t\n{}=:;,/*#\"-.@<>!0129ax\\\0\x7f\xe9\r"
        for _ in range(60 * int(os.environ.get("FUZZ", "1"))):
            kind = generator.choice(list(samples))
            text = list(samples[generator.choice((kind, kind, generator.choice(list(samples))))])
            for _ in range(generator.choice((1, 2, 4, 30))):
                at = generator.randrange(len(text) + 1)
                text[at:at + generator.randrange(3)] = generator.choice(
                    (generator.choice(tokens), generator.choice(tokens) * 700, "65536", "4294967296", "port"))
            raw = "".join(text).encode("latin-1")
            result = self.run_socksctl(["import", kind, "-"], stdin=raw)
            self.assertEqual((result.status, result.error), (0, ""))
            self.assertTrue(harmless(result.out.replace("\n", "")), ascii(result.out))
            self.ok("check -", stdin=result.raw)
