# SPDX-License-Identifier: GPL-2.0-only
"""
What each recipe of the guide takes for granted, and what it promises.

A world is the hosts of the guide, each a network namespace, with a web server at
203.0.113.7 which answers with the address from which it is asked, and the way
there open: so it is the recipe alone that decides how a program gets there. The
hosts share one file system.
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess

import guide
import lab as laboratory
from lab import CLIENT, FIREWALL_IN, FIREWALL_OUT, OUTSIDE, Error, Lab

PORT = 5353                     # where UDP is listened for
TOP = pathlib.Path(__file__).resolve().parents[2]
CONTROL_PORT = 9051
WEB = f"http://{OUTSIDE}/"
SECOND_IN, SECOND_OUT = "192.0.2.3", "203.0.113.3"
TUNNEL, ALICE, BOB = 5000, 5001, 5002
V6 = "2001:db8::"
V6_FIREWALL, V6_CLIENT = f"{V6}1", f"{V6}2"

# Programs, and the Debian packages they are in.
NEEDED = {
    "busybox": "busybox-static", "curl": "curl", "danted": "dante-server",
    "ip": "iproute2", "jq": "jq", "nft": "nftables", "nginx": "nginx-light",
    "pkill": "procps", "podman": "podman",
    "socksctl": "this checkout", "ssh": "openssh-client", "sshd": "openssh-server",
    "tnftp": "tnftp", "tor": "tor", "vsftpd": "vsftpd",
}

NGINX = """\
daemon off;
user root;
worker_processes 1;
pid nginx.pid;
error_log stderr;
events {{
	worker_connections 64;
}}
http {{
	access_log off;
	default_type text/plain;
	server {{
		listen {OUTSIDE}:80;
		location / {{
			return 200 "$remote_addr\\n";
		}}
	}}
}}
"""

# This machine is thrown away: its keys and users are.
SSHD = """\
Include /etc/ssh/sshd_config.d/*.conf
HostKey {dir}/key
LoginGraceTime 0
UsePAM no
UseDNS no
PidFile none
"""


# Besides what the guide prints: a port at which it tells what it is asked.
TOR = """\
User debian-tor
DataDirectory {dir}/tor
ControlPort 127.0.0.1:9051
Log warn stderr
"""


class Broken(Exception):
    """Something that a recipe promises is not so."""


def broken(why):
    """Say that it is so."""
    raise Broken(why)


def expect(what, got, wanted):
    """It must be so."""
    if got != wanted:
        raise Broken(f"{what}: {got!r}, not {wanted!r}")


def add_user(name, number):
    """Add a user who can't log in with a password, unless there is one."""
    users = pathlib.Path("/etc/passwd")
    text = users.read_text("utf-8")
    if f"\n{name}:" not in text:
        users.write_text(f"{text}{name}:*:{number}:{number}::/home/{name}:/bin/sh\n", "utf-8")


class World:
    """The hosts and the web server. Recipes have more."""

    hosts = {"host": "client", "neighbour": "firewall"}

    def __init__(self):
        self.lab = Lab()
        self.log = self.lab.dir / "printed"

    def __enter__(self):
        lab = self.lab.__enter__()
        try:
            lab.need(NEEDED)
            lab.stack.callback(self.end_processes)
            lab.ip(f"route add default via {FIREWALL_IN}", namespace="client")
            lab.ip(f"route add {CLIENT} via {FIREWALL_OUT}", namespace="outside")
            lab.sysctl("firewall", "net/ipv4/ip_forward", 1)
            lab.serve("outside", "nginx",
                      ["nginx", "-e", "stderr", "-p", str(lab.dir),
                       "-c", self.nginx()], OUTSIDE, 80)
            self.prepare()
        except BaseException:
            lab.stack.close()
            raise
        return self

    def __exit__(self, *_):
        self.lab.stack.close()

    def nginx(self):
        """The web server's configuration."""
        path = self.lab.dir / "nginx.conf"
        path.write_text(NGINX.format(OUTSIDE=OUTSIDE), "ascii")
        return str(path)

    def end_processes(self):
        """End what the recipe has left running."""
        for name in ("client", "firewall"):
            for pid in self.pids(name):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, 9)

    def pids(self, namespace):
        """The processes in a namespace."""
        return [int(pid) for pid in self.lab.check(
            None, ["ip", "netns", "pids", namespace]).split()]

    def prepare(self):
        """What the recipe takes for granted."""

    def promises(self):
        """What its text promises: functions that are described."""
        raise NotImplementedError

    def shell(self, host, text):
        """Let root's shell on that host carry out a text."""
        env = {"PATH": self.lab.env["PATH"], "HOME": "/root", "LC_ALL": "C.UTF-8",
               "TERM": "dumb"}
        # A file, since what the text starts may stay and keep it open; a new one
        # each time, since that may write to it later.
        self.log.unlink(missing_ok=True)
        with open(self.log, "wb") as output:
            process = self.lab.popen(self.hosts[host], ["sh", "-euc", text], env=env,
                                     cwd="/root", stdout=output, stderr=output)
        try:
            status = process.wait(laboratory.DEADLINE)
        except subprocess.TimeoutExpired:
            laboratory.end_group(process)
            raise Error(f"stuck: {text}") from None
        return subprocess.CompletedProcess(text, status, self.log.read_text("utf-8"))

    def ask(self, *argv, namespace="client", **options):
        """Run a program which asks the web server. Return what it printed."""
        result = self.lab.run(namespace, argv, **options)
        return (result.stdout or f"status {result.returncode}: {result.stderr}").strip()

    def curl(self, **options):
        """What curl is answered there."""
        return self.ask("curl", "-sS", "--max-time", "60", WEB, **options)

    def before(self):
        """Without the recipe, connections are direct."""
        expect("curl", self.curl(), CLIENT)


class Tunnel(World):
    """An ssh server on the neighbour, and a key for its user tunnel."""

    def prepare(self):
        lab, home = self.lab, pathlib.Path("/root/.ssh")
        lab.check(None, ["ssh-keygen", "-q", "-t", "ed25519", "-N", "",
                         "-f", f"{lab.dir}/key"])
        public = (lab.dir / "key.pub").read_text("ascii")
        home.mkdir(mode=0o700, exist_ok=True)
        (home / "id_ed25519").write_bytes((lab.dir / "key").read_bytes())
        (home / "id_ed25519").chmod(0o600)
        (home / "known_hosts").write_text(f"{FIREWALL_IN} {public}", "ascii")
        add_user("tunnel", TUNNEL)
        keys = pathlib.Path("/home/tunnel/.ssh/authorized_keys")
        keys.parent.mkdir(parents=True, exist_ok=True)
        keys.write_text(public, "ascii")
        lab.check(None, ["chown", "-R", f"{TUNNEL}:{TUNNEL}", "/home/tunnel"])
        os.makedirs("/run/sshd", exist_ok=True)
        lab.file("sshd_config", SSHD)

    def sshd(self):
        """The server starts when its configuration is there."""
        program = self.lab.check(None, ["sh", "-c", "command -v sshd"]).strip()
        self.lab.serve("firewall", "sshd",
                       [program, "-D", "-e", "-f", f"{self.lab.dir}/sshd_config",
                        "-o", f"ListenAddress={FIREWALL_IN}"], FIREWALL_IN, 22)

    def tunnel(self):
        """The number of the process which is the tunnel."""
        for pid in self.pids("client"):
            # It may end just now.
            with (contextlib.suppress(FileNotFoundError, ProcessLookupError),
                  open(f"/proc/{pid}/cmdline", "rb") as line):
                if line.read().startswith(b"ssh\0"):
                    return pid
        raise Broken("there is no tunnel")


class Bastion(Tunnel):
    """A build host behind a bastion."""

    def shell(self, host, text):
        if not self.pids("firewall"):
            self.sshd()
        return super().shell(host, text)

    def promises(self):
        def static():
            """a static program goes through the tunnel"""
            expect("busybox", self.ask("busybox", "wget", "-q", "-O", "-", WEB), FIREWALL_OUT)

        def only():
            """the bastion makes no other connections for it"""
            result = self.lab.run("client", ["curl", "-sS", f"http://{OUTSIDE}:81/"])
            if not result.returncode:
                raise Broken(f"curl: {result.stdout}")
            log = self.lab.dir / "sshd.log"
            laboratory.wait("sshd to refuse it", lambda: (
                f"{OUTSIDE} port 81, but the request was denied" in log.read_text("utf-8")))

        def no_shell():
            """and does nothing else for it"""
            result = self.lab.run("client", ["ssh", f"tunnel@{FIREWALL_IN}", "id"],
                                  env=self.lab.env | {"HOME": "/root"})
            expect("ssh", (result.returncode, result.stdout), (1, ""))

        def down():
            """when the tunnel is down, connections fail"""
            laboratory.kill([self.tunnel()])
            result = self.lab.run("client", ["curl", "-sS", WEB])
            expect("curl", (result.returncode, result.stdout), (7, ""))
            expect("connect()", self.ask(
                "python3", "-c", "import errno, socket\n"
                f"e = socket.socket().connect_ex(('{OUTSIDE}', 80))\n"
                "print(errno.errorcode[e])"), "ECONNREFUSED")

        def again():
            """and the tunnel can be started anew"""
            self.shell("host", "ssh -f -N -D 127.0.0.1:1080 tunnel@192.0.2.1")
            expect("curl", self.curl(), FIREWALL_OUT)

        return static, only, no_shell, down, again


class Danted(World):
    """dante's server on the neighbour."""

    def prepare(self):
        self.lab.danted()

    def promises(self):
        raise NotImplementedError


def rootfs():
    """A container's file system: a static program, and nothing else."""
    root = pathlib.Path("/srv/build")
    if root.exists():
        return
    for name in ("bin", "dev", "etc", "lib", "lib64", "proc", "sys", "tmp"):
        (root / name).mkdir(parents=True)
    (root / "bin" / "busybox").write_bytes(pathlib.Path("/bin/busybox").read_bytes())
    (root / "bin" / "busybox").chmod(0o755)
    (root / "bin" / "wget").symlink_to("busybox")
    (root / "bin" / "nc").symlink_to("busybox")
    (root / "etc" / "passwd").write_text("root:x:0:0::/:/bin/sh\n", "ascii")
    os.makedirs("/etc/containers", exist_ok=True)
    # The machine's root is an overlay itself.
    pathlib.Path("/etc/containers/storage.conf").write_text(
        '[storage]\ndriver = "vfs"\nrunroot = "/run/containers"\n'
        'graphroot = "/run/containers/storage"\n', "ascii")


class Cgroup(Danted):
    """One container, by its cgroup."""

    def prepare(self):
        super().prepare()
        rootfs()

    def promises(self):
        def host():
            """the host's own programs connect directly"""
            expect("curl", self.curl(), CLIENT)

        def other():
            """so does another container"""
            expect("wget", self.ask(
                "podman", "--cgroup-manager", "cgroupfs", "run", "--rm",
                "--network", "host", "--rootfs", "/srv/build",
                "wget", "-q", "-O", "-", WEB), CLIENT)

        def move():
            """its root can't leave the cgroup"""
            result = self.lab.run("client", [
                "podman", "--cgroup-manager", "cgroupfs", "run", "--rm",
                "--cgroup-parent", "/corp", "--network", "host",
                "--rootfs", "/srv/build", "/bin/busybox", "sh", "-c",
                "echo 0 >/sys/fs/cgroup/cgroup.procs"])
            if not result.returncode or "ead-only file system" not in result.stderr:
                raise Broken(f"status {result.returncode}: {result.stderr}")

        return host, other, move


class Fleet(Danted):
    """Files, by many hands."""

    def prepare(self):
        super().prepare()
        # As it is installed: without a command.
        folder = pathlib.Path("/etc/socks/conf.d")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(TOP / "system" / "socks.conf", "/etc/socks/socks.conf")

    def promises(self):
        files = ["/etc/socks/socks.conf", "/etc/socks/conf.d"]

        def other():
            """what the build does not fetch is rejected"""
            result = self.lab.run("client", ["curl", "-sS", f"http://{OUTSIDE}:8080/"])
            expect("curl's status", result.returncode, 7)
            expect("rejected", self.rule(1)["rejected"], 1)

        def again():
            """to apply it again changes nothing"""
            before = self.lab.socksctl("save")
            code = ("import socket, sys\n"
                    f"sock = socket.create_connection(('{OUTSIDE}', 80))\n"
                    "print('open', flush=True)\n"
                    "sys.stdin.readline()\n"
                    "sock.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')\n"
                    "while (data := sock.recv(1000)):\n"
                    "    print(data.decode())\n")
            with self.lab.popen("client", ["python3", "-c", code], text=True,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
                program.stdout.readline()
                self.lab.socksctl("apply", *files)
                expect("save", self.lab.socksctl("save"), before)
                expect("granted", self.rule(0)["granted"], 0)
                out, _ = program.communicate("go on\n", timeout=laboratory.DEADLINE)
            if FIREWALL_OUT not in out:
                raise Broken(out)

        def wrong():
            """files that are wrong change nothing"""
            before = self.lab.socksctl("save")
            wrong = pathlib.Path("/etc/socks/conf.d/60-wrong.conf")
            wrong.write_text("rule add to 203.0.113.0/24 vai corp\n", "ascii")
            results = [self.lab.run("client", ["socksctl", word, *files])
                       for word in ("check", "apply")]
            wrong.unlink()
            for result in results:
                expect("the status", result.returncode, 1)
                if f"{wrong}:1: " not in result.stderr:
                    raise Broken(result.stderr)
            expect("save", self.lab.socksctl("save"), before)

        def refused():
            """what the kernel refuses changes nothing"""
            before = self.lab.socksctl("save")
            wrong = pathlib.Path("/etc/socks/conf.d/60-refused.conf")
            wrong.write_text("rule add cgroup /nobody reject\n", "ascii")
            result = self.lab.run("client", ["socksctl", "apply", *files])
            wrong.unlink()
            expect("the status", result.returncode, 2)
            expect("save", self.lab.socksctl("save"), before)

        def alarm():
            """a server that is out of reach raises the alarm"""
            laboratory.kill(self.pids("firewall"))
            self.lab.run("client", ["curl", "-sS", WEB])
            commands = [block.text for block in guide.recipes()["fleet"] if "jq -e" in block.text]
            expect("alarms", len(commands), 1)
            expect("the status", self.shell("host", commands[0]).returncode, 1)

        return other, again, wrong, refused, alarm

    def rule(self, number):
        """The counters of a rule."""
        return json.loads(self.lab.socksctl("-j", "rule"))[number]["stats"]


class Servers(World):
    """Two servers."""

    def prepare(self):
        for link, address in (("to-client", SECOND_IN), ("to-outside", SECOND_OUT)):
            self.lab.ip(f"address add {address}/24 dev {link}", namespace="firewall")
        self.first = self.lab.danted()
        self.lab.danted(SECOND_IN, SECOND_OUT)

    def server(self, name):
        """What is shown of a server."""
        return json.loads(self.lab.socksctl("-j", "server", "show", name))[0]

    def order(self):
        """In which order servers would be asked."""
        return json.loads(self.lab.socksctl("-j", "lookup", f"{OUTSIDE}:80"))["server"]

    def promises(self):
        def fails():
            """a program notices nothing of a server that fails"""
            laboratory.end_group(self.first)
            expect("order", self.order(), ["first", "second"])
            expect("curl", self.curl(), SECOND_OUT)
            expect("error", self.server("first")["error"], "ECONNREFUSED")

        def passed_over():
            """it is left out then"""
            expect("order", self.order(), ["second", "first"])
            expect("curl", self.curl(), SECOND_OUT)
            expect("tried", self.server("first")["stats"]["tried"], 2)

        def refuses():
            """a server which refuses has answered"""
            address = "198.51.100.9"
            self.lab.socksctl("rule", "add", "to", address, "via", "second,first")
            result = self.lab.run("client", ["curl", "-sS", f"http://{address}/"])
            expect("curl's status", result.returncode, 7)
            expect("tried", self.server("first")["stats"]["tried"], 2)
            expect("rejected", self.server("second")["stats"]["rejected"], 1)

        return fails, passed_over, refuses


class Remote(Danted):
    """A change from far away."""

    def shell(self, host, text):
        """The administrator does nothing more before the change is in effect."""
        result = super().shell(host, text)
        if "--confirm" in text:
            laboratory.wait("the change", lambda: "corp" in self.lab.socksctl("save"))
        return result

    def promises(self):
        def confirmed():
            """it stays when it is confirmed"""
            self.ended()
            expect("curl", self.curl(), FIREWALL_OUT)

        def hang_up():
            """the old one comes back when the terminal is gone"""
            new = self.lab.dir / "away.conf"
            new.write_text("rule add reject\n", "ascii")
            with self.lab.popen("client", ["socksctl", "apply", "--confirm", "3600", str(new)],
                                stdin=subprocess.DEVNULL) as trial:
                laboratory.wait("the change", lambda: "reject" in self.lab.socksctl("save"))
                expect("curl", self.curl()[:8], "status 7")
                trial.send_signal(signal.SIGHUP)
                expect("its status", trial.wait(laboratory.DEADLINE), 2)
            expect("curl", self.curl(), FIREWALL_OUT)

        return confirmed, hang_up

    def ended(self):
        """The one which was confirmed ends."""
        laboratory.wait("the end of socksctl", lambda: not self.lab.run(
            None, ["pgrep", "-x", "socksctl"]).stdout)


class Datagrams:
    """Who sends UDP to an address, by what he sends."""

    def __init__(self, namespace, family, address):
        self.target = address
        with laboratory.inside(namespace):
            self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind((address, PORT))

    def until(self, last):
        """All that came up to this one."""
        came = []
        self.socket.settimeout(laboratory.DEADLINE)
        while not came or came[-1] != last:
            came.append(self.socket.recv(100).decode())
        return came


def sends(target, text):
    """A program which sends this by UDP, whether it may or not."""
    return ["python3", "-c", "import contextlib, socket\n"
            f"family = socket.AF_INET6 if ':' in '{target}' else socket.AF_INET\n"
            "with contextlib.suppress(OSError):\n"
            "    socket.socket(family, socket.SOCK_DGRAM).sendto("
            f"b'{text}', ('{target}', {PORT}))"]


class Netns(Bastion):
    """One container, by a network namespace of its own."""

    def prepare(self):
        super().prepare()
        self.lab.stack.callback(self.lab.run, None, ["ip", "netns", "del", "build"])
        rootfs()
        for block in guide.recipes()["bastion"]:
            if block.host == "neighbour":
                guide.write(block)

    def promises(self):
        def host():
            """the host's own programs connect directly"""
            expect("curl", self.curl(), CLIENT)

        def kept_in():
            """nothing else gets out of the namespace"""
            datagrams = Datagrams("outside", socket.AF_INET, OUTSIDE)
            self.lab.check("build", sends(OUTSIDE, "kept in"))
            self.lab.check("client", sends(OUTSIDE, "the last one"))
            expect("UDP", datagrams.until("the last one"), ["the last one"])

        def no_rules():
            """the container can't change its rules"""
            result = self.lab.run("client", [
                "podman", "--cgroup-manager", "cgroupfs", "run", "--rm",
                "--network", "ns:/run/netns/build",
                "--volume", f"{self.socksctl()}:/bin/socksctl:ro",
                "--volume", "/usr/lib:/lib:ro", "--volume", "/usr/lib64:/lib64:ro",
                "--rootfs", "/srv/build", "/bin/socksctl", "flush"])
            if result.returncode != 2 or "CAP_NET_ADMIN" not in result.stderr:
                raise Broken(f"status {result.returncode}: {result.stderr}")

        return host, kept_in, no_rules

    def socksctl(self):
        """Where it is."""
        return self.lab.check(None, ["sh", "-c", "command -v socksctl"]).strip()


class User(Danted):
    """One user."""

    def prepare(self):
        super().prepare()
        add_user("alice", ALICE)
        add_user("bob", BOB)
        for namespace, link, address in (("client", "to-firewall", V6_CLIENT),
                                         ("firewall", "to-client", V6_FIREWALL)):
            self.lab.ip(f"address add {address}/64 dev {link} nodad", namespace=namespace)

    def promises(self):
        def alice():
            """her programs go through the server"""
            expect("curl", self.curl(user=ALICE, group=ALICE, extra_groups=[]), FIREWALL_OUT)

        def others():
            """those of others don't"""
            expect("curl", self.curl(user=BOB, group=BOB, extra_groups=[]), CLIENT)

        def firewall():
            """nothing else of hers leaves the host"""
            for family, namespace, target in (
                    (socket.AF_INET, "outside", OUTSIDE),
                    (socket.AF_INET6, "firewall", V6_FIREWALL)):
                datagrams = Datagrams(namespace, family, target)
                for uid, text in ((ALICE, "of alice"), (BOB, "of bob")):
                    self.lab.check("client", sends(target, text), user=uid, group=uid,
                                   extra_groups=[])
                expect("UDP", datagrams.until("of bob"), ["of bob"])

        return alice, others, firewall


class Ftp(Danted):
    """FTP in active mode."""

    def prepare(self):
        super().prepare()
        (self.lab.dir / "www" / "greeting").write_text("Hello from the outside.\n", "ascii")
        self.lab.vsftpd()
        # Nothing comes in but what answers.
        self.lab.check("client", ["nft", "-f", "-"], given=(
            "table ip guard { chain input { type filter hook input priority 0;"
            " ct state new iif != lo drop; }; }"))

    def promises(self):
        def without():
            """without the words it does not work"""
            self.lab.socksctl("rule", "del", "1")
            result = self.lab.run("client", ["tnftp", "-A", "-V", "-o", "-",
                                             f"ftp://{OUTSIDE}/greeting"])
            if not result.returncode or "Hello" in result.stdout:
                raise Broken(f"status {result.returncode}: {result.stdout}")

        return without,


class Tor(World):
    """All through tor; which has no network here, so that a request is all it gets."""

    def prepare(self):
        self.started = False

    def shell(self, host, text):
        if not self.started:
            self.start()
        return super().shell(host, text)

    def start(self):
        """Start tor with the configuration that is there then."""
        lab = self.lab
        data = lab.dir / "tor"
        data.mkdir()
        lab.dir.chmod(0o755)
        lab.check(None, ["chown", "debian-tor:", str(data)])
        lab.serve("client", "tor", ["tor", "--defaults-torrc", lab.file("defaults", TOR),
                                    "-f", "/etc/tor/torrc"], "127.0.0.1", 9050)
        self.started = True

    def promises(self):
        def by_name():
            """tor is asked for the name"""
            printed = self.lab.check("client", ["getent", "ahostsv4", "www.example"])
            if not re.match(r"10\.(19[2-9]|2\d\d)\.", printed):
                raise Broken(printed)
            with laboratory.inside("client"):
                control = socket.create_connection(("127.0.0.1", CONTROL_PORT))
            control.settimeout(laboratory.DEADLINE)
            control.sendall(b"AUTHENTICATE\r\nSETEVENTS STREAM\r\n")
            with control, control.makefile() as lines:
                expect("tor", [next(lines, ""), next(lines, "")], ["250 OK\n"] * 2)
                curl = self.lab.popen("client", ["curl", "-s", "http://www.example/"])
                self.lab.stack.callback(laboratory.end_group, curl)
                if not any(" www.example:80 " in line for line in lines):
                    raise Broken("tor has ended")

        def by_address():
            """what has an address is asked of it, too"""
            before = self.tried()
            curl = self.lab.popen("client", ["curl", "-s", WEB])
            self.lab.stack.callback(laboratory.end_group, curl)
            laboratory.wait("a request by the rule", lambda: self.tried() > before)

        def itself():
            """tor's own connections don't come back to it"""
            result = self.lab.check(None, ["id", "-u", "debian-tor"])
            expect("curl", self.curl(user=int(result)), CLIENT)

        def near():
            """the host's own network is reached directly"""
            with laboratory.inside("firewall"):
                server = socket.create_server((FIREWALL_IN, PORT))
            with server:
                self.lab.check("client", ["python3", "-c", "import socket\n"
                               f"socket.create_connection(('{FIREWALL_IN}', {PORT}))"])
                server.settimeout(laboratory.DEADLINE)
                expect("the peer", server.accept()[1][0], CLIENT)

        return by_name, by_address, itself, near

    def tried(self):
        """How many requests the last rule has sent to tor."""
        return json.loads(self.lab.socksctl("-j", "rule"))[-1]["stats"]["tried"]


WORLDS = {"bastion": Bastion, "cgroup": Cgroup, "netns": Netns, "user": User,
          "tor": Tor, "ftp": Ftp, "servers": Servers, "remote": Remote,
          "fleet": Fleet}
