# SPDX-License-Identifier: GPL-2.0-only
"""
A client, a firewall and the outside, each a network namespace, with real
servers on them: what the demo and the tests with real programs stand on.

    client 192.0.2.2 ---- 192.0.2.1 firewall 203.0.113.1 ---- 203.0.113.7 outside

The firewall forwards no packet; only a SOCKS server on it leads outside. Made
for tests/vm/run: it wants root, and a machine that is thrown away.
"""
import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

CLIENT, FIREWALL_IN = "192.0.2.2", "192.0.2.1"
FIREWALL_OUT, OUTSIDE = "203.0.113.1", "203.0.113.7"
OUTSIDE_NET = "203.0.113.0/24"
DANTED_PORT, SSH_D_PORT, TOR_PORT = 1080, 1081, 9050
DIRECTORY_PORT, FINGERPRINT = 7001, "0123456789ABCDEF" * 2 + "01234567"

# How long anything may take before it counts as stuck, in seconds.
DEADLINE = 300

CLONE_NEWNET = 0x40000000
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

DANTED = """\
logoutput: stderr
internal: {internal} port = {DANTED_PORT}
external: {external}
clientmethod: none
socksmethod: none
user.privileged: root
user.unprivileged: nobody
client pass {{
	from: 192.0.2.0/24 to: 0.0.0.0/0
	log: error
}}
socks pass {{
	from: 192.0.2.0/24 to: {OUTSIDE_NET}
	command: bind connect
	log: error
}}
socks pass {{
	from: {OUTSIDE_NET} to: 0.0.0.0/0
	command: bindreply
	log: error
}}
"""

NGINX = """\
daemon off;
user root;
worker_processes 1;
pid nginx.pid;
error_log stderr;
events {{
	worker_connections 256;
}}
http {{
	log_format short '$remote_addr "$request" $status $http_user_agent';
	access_log access.log short;
	sendfile on;
	client_body_temp_path nginx.tmp;
	proxy_temp_path nginx.tmp;
	fastcgi_temp_path nginx.tmp;
	uwsgi_temp_path nginx.tmp;
	scgi_temp_path nginx.tmp;
	server {{
		listen {OUTSIDE}:80;
		root www;
	}}
}}
"""

# Active mode only: it connects to the client, from port 20.
VSFTPD = """\
listen=YES
listen_address={OUTSIDE}
background=NO
anonymous_enable=YES
no_anon_password=YES
anon_root={dir}/www
ftp_username=ftp-lab
secure_chroot_dir={dir}/empty
connect_from_port_20=YES
pasv_enable=NO
xferlog_enable=NO
"""

SSHD = """\
HostKey {dir}/key
AuthorizedKeysFile {dir}/key.pub
PermitRootLogin prohibit-password
PasswordAuthentication no
LoginGraceTime 0
StrictModes no
UsePAM no
UseDNS no
PidFile none
Subsystem sftp internal-sftp
"""

SSH = """\
Host outside
	HostName {OUTSIDE}
Host firewall
	HostName 127.0.0.1
Host *
	User lab
	KexAlgorithms curve25519-sha256
	IdentityFile {dir}/key
	IdentitiesOnly yes
	GlobalKnownHostsFile none
	UserKnownHostsFile {dir}/known_hosts
	HostKeyAlias lab
	BatchMode yes
	LogLevel ERROR
"""

# Or git looks for a name for this host, in the DNS too.
GIT = """\
[user]
	name = Lab
	email = lab@example.org
"""

TOR = """\
SocksPort {FIREWALL_IN}:{TOR_PORT}
SocksPolicy accept *
DataDirectory {dir}/tor
Log warn stderr
# Reject whoever names an address instead of a host: at once, and always.
SafeSocks 1
"""

# On the host whose connections it makes. It trusts one directory, outside.
TOR_LOCAL = """\
SocksPort 127.0.0.1:{TOR_PORT}
DataDirectory {dir}/tor-local
Log warn stderr
SafeSocks 1
UseDefaultFallbackDirs 0
DirAuthority lab orport={DIRECTORY_PORT} v3ident={FINGERPRINT} {OUTSIDE}:{DIRECTORY_PORT} {FINGERPRINT}
"""


class Error(Exception):
    """The lab could not be made, or something in it is stuck."""


@contextlib.contextmanager
def inside(namespace):
    """Sockets and processes made meanwhile are in this network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)

    def switch(file):
        if libc.setns(file.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")

    with (open("/proc/thread-self/ns/net", "rb") as home,
          open(f"/run/netns/{namespace}", "rb") as there):
        switch(there)
        try:
            yield
        finally:
            switch(home)


def wait(what, condition):
    """Wait until condition() is true, and return what it returned."""
    end = time.monotonic() + DEADLINE
    while not (result := condition()):
        if time.monotonic() > end:
            raise Error(f"{what}: not within {DEADLINE} seconds")
        time.sleep(0.02)
    return result


def listens(process, address, port):
    """Does anybody listen there, in the process's network namespace?"""
    number = int.from_bytes(socket.inet_aton(address), "little")
    with open(f"/proc/{process.pid}/net/tcp", encoding="ascii") as table:
        return any(line.split()[1:4:2] == [f"{number:08X}:{port:04X}", "0A"]
                   for line in table)


def end_group(process):
    """End a process which leads its own group, and that group."""
    if process.returncode is not None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
    # A server's other processes may have its port, and are not waited for.
    end = time.monotonic() + 10
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < end:
            os.killpg(process.pid, 0)
            time.sleep(0.02)


def alive(pid):
    """May a process still have files? A zombie has none."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(b")")[2].split()[0] not in (b"Z", b"X")


def kill(pids):
    """Kill processes, and wait until they have closed their sockets."""
    for pid in pids:
        # Some end by themselves when others of them do.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait("the end of what was killed", lambda: not any(map(alive, pids)))


class Lab:
    """The three namespaces, until the end of the with statement."""

    def __init__(self):
        if not os.environ.get("SOCKS_KO"):
            raise Error("no SOCKS_KO: this runs in the virtual machine, "
                        "see tests/vm/run")
        self.stack = contextlib.ExitStack()
        self.module = pathlib.Path(os.environ["SOCKS_KO"])
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="socks-lab."))
        self.stack.callback(shutil.rmtree, self.dir, ignore_errors=True)
        (self.dir / "www").mkdir()
        (self.dir / ".gitconfig").write_text(GIT, "ascii")
        tool = shutil.which("socksctl")
        self.env = {
            "PATH": f"{os.path.dirname(tool)}:{PATH}" if tool else PATH,
            "HOME": str(self.dir), "LAB": str(self.dir),
            "LC_ALL": "C.UTF-8", "TERM": "dumb",
            # OpenSSL without vector instructions: emulated, they are slow.
            "OPENSSL_ia32cap": "0",
        }

    def __enter__(self):
        try:
            self.namespaces("client", "firewall", "outside")
            self.cable(("client", f"{CLIENT}/24"), ("firewall", f"{FIREWALL_IN}/24"))
            self.cable(("firewall", f"{FIREWALL_OUT}/24"), ("outside", f"{OUTSIDE}/24"))
            self.sysctl("firewall", "net/ipv4/ip_forward", 0)
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *_):
        self.stack.close()

    def need(self, programs):
        """Programs must be there; {program: Debian package}."""
        missing = [f"{program} (package {package})"
                   for program, package in programs.items()
                   if not shutil.which(program, path=self.env["PATH"])]
        if missing:
            raise Error(f"missing: {', '.join(missing)}; 'make deps' installs them")

    def popen(self, namespace, argv, **options):
        """Start a process in a namespace."""
        options = {"env": self.env, "cwd": self.dir, "stdin": subprocess.DEVNULL,
                   "start_new_session": True, **options}
        with inside(namespace) if namespace else contextlib.nullcontext():
            return subprocess.Popen(argv, **options)

    def run(self, namespace, argv, given=None, limit=DEADLINE, **options):
        """Run a process to its end; its stdout and stderr are kept as text."""
        if given is not None:
            options["stdin"] = subprocess.PIPE
        with self.popen(namespace, argv, text=True, stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE, **options) as process:
            try:
                out, err = process.communicate(given, timeout=limit)
            except subprocess.TimeoutExpired:
                raise Error(f"stuck: {argv}") from None
            finally:
                if process.poll() is None:
                    end_group(process)
        return subprocess.CompletedProcess(argv, process.returncode, out, err)

    def check(self, namespace, argv, **options):
        """Run a process that has to succeed; return its stdout."""
        result = self.run(namespace, argv, **options)
        if result.returncode:
            raise Error(f"{' '.join(argv)}: status {result.returncode}: "
                        f"{result.stderr or result.stdout}")
        return result.stdout

    def ip(self, *lines, namespace=None):
        """Let ip carry out these lines."""
        where = ["-n", namespace] if namespace else []
        self.check(None, ["ip", *where, "-batch", "-"], given="\n".join(lines))

    def namespaces(self, *names):
        """Make network namespaces."""
        for name in names:
            self.stack.callback(self.run, None, ["ip", "netns", "del", name])
        self.ip(*(f"netns add {name}" for name in names))
        for name in names:
            self.ip("link set lo up", namespace=name)

    def cable(self, *ends):
        """Lay a cable between two (namespace, address)."""
        (one, _), (other, _) = ends
        self.ip(f"link add to-{other} netns {one} type veth "
                f"peer name to-{one} netns {other}")
        for (name, address), (peer, _) in (ends, ends[::-1]):
            self.ip(f"address add {address} dev to-{peer}",
                    f"link set to-{peer} up", namespace=name)

    @staticmethod
    def sysctl(namespace, name, value):
        """Set a sysctl of a namespace."""
        with inside(namespace):
            pathlib.Path("/proc/sys", name).write_text(str(value), "ascii")

    def file(self, name, template, **more):
        """Write a configuration file, and return its path."""
        path = self.dir / name
        path.write_text(template.format(**globals(), dir=self.dir, **more), "utf-8")
        return str(path)

    def serve(self, namespace, name, argv, address, port):
        """Start a server, and return once it listens there."""
        log = self.dir / f"{name}.log"
        with log.open("wb") as output:
            process = self.popen(namespace, argv, stdout=output, stderr=output)
        self.stack.callback(end_group, process)

        def ready():
            if process.poll() is not None:
                raise Error(f"{name} ended with status {process.returncode}:\n"
                            + log.read_text("utf-8", "replace"))
            return listens(process, address, port)

        wait(f"{name} to listen on {address}:{port}", ready)
        return process

    def danted(self, internal=FIREWALL_IN, external=FIREWALL_OUT):
        """A SOCKS server on the firewall, with these of its addresses."""
        configuration = self.file(f"danted-{internal}.conf", DANTED, internal=internal,
                                  external=external)
        return self.serve("firewall", f"danted-{internal}",
                          ["danted", "-f", configuration, "-p", f"{self.dir}/{internal}.pid"],
                          internal, DANTED_PORT)

    def nginx(self):
        """A web server outside; it serves the folder www."""
        self.serve("outside", "nginx",
                   ["nginx", "-e", "stderr", "-p", str(self.dir),
                    "-c", self.file("nginx.conf", NGINX)], OUTSIDE, 80)

    def vsftpd(self):
        """An FTP server outside; it serves the folder www to everybody."""
        (self.dir / "empty").mkdir()
        self.dir.chmod(0o755)
        with open("/etc/passwd", "a", encoding="ascii") as users:
            users.write(f"ftp-lab:*:64000:64000:lab:{self.dir}/www:/bin/false\n")
        self.serve("outside", "vsftpd",
                   ["vsftpd", self.file("vsftpd.conf", VSFTPD)], OUTSIDE, 21)

    def ssh_keys(self):
        """What sshd() and ssh_dynamic() need: one key for all."""
        self.check(None, ["ssh-keygen", "-q", "-t", "ed25519", "-N", "",
                          "-f", f"{self.dir}/key"])
        public = (self.dir / "key.pub").read_text("ascii")
        (self.dir / "known_hosts").write_text(f"lab {public}", "ascii")
        self.file("ssh_config", SSH)
        self.file("sshd_config", SSHD)
        os.makedirs("/run/sshd", exist_ok=True)
        # A user whose shell reads no start-up files.
        with open("/etc/passwd", "a", encoding="ascii") as users:
            users.write(f"lab:*:0:0:lab:{self.dir}:/bin/sh\n")

    def sshd(self, namespace, address):
        """An SSH server."""
        program = shutil.which("sshd", path=self.env["PATH"])
        self.serve(namespace, f"sshd-{namespace}",
                   [program, "-D", "-e", "-f", f"{self.dir}/sshd_config",
                    "-o", f"ListenAddress={address}"], address, 22)

    def ssh_dynamic(self):
        """OpenSSH's own SOCKS server, on the firewall."""
        self.sshd("firewall", "127.0.0.1")
        self.serve("firewall", "ssh-D",
                   ["ssh", "-F", f"{self.dir}/ssh_config", "-N",
                    "-o", "ExitOnForwardFailure=yes",
                    "-D", f"{FIREWALL_IN}:{SSH_D_PORT}", "firewall"],
                   FIREWALL_IN, SSH_D_PORT)

    def tor(self):
        """A SOCKS server on the firewall which rejects every request."""
        self.serve("firewall", "tor",
                   ["tor", "-f", self.file("torrc", TOR),
                    "--defaults-torrc", os.devnull], FIREWALL_IN, TOR_PORT)

    def tor_local(self, namespace):
        """tor as a user of the host runs it: it looks for a directory outside."""
        return self.serve(namespace, "tor-local",
                          ["tor", "-f", self.file("torrc-local", TOR_LOCAL),
                           "--defaults-torrc", os.devnull], "127.0.0.1", TOR_PORT)

    def ssh_local(self, namespace, remote):
        """
        ssh -D as a user of the host runs it, to the SSH server outside. It also
        connects to the web server there, for who comes to that port outside.
        """
        return self.serve(namespace, "ssh-local",
                          ["ssh", "-F", f"{self.dir}/ssh_config", "-N",
                           "-o", "ExitOnForwardFailure=yes",
                           "-D", f"127.0.0.1:{SSH_D_PORT}",
                           "-R", f"127.0.0.1:{remote}:{OUTSIDE}:80", "outside"],
                          "127.0.0.1", SSH_D_PORT)

    @staticmethod
    def wait_unused():
        """Wait until no connection has the module: a closed one may for a while."""
        number = pathlib.Path("/sys/module/socks/refcnt")
        wait("the last reference to the module to go",
             lambda: not int(number.read_text("ascii")))

    def socksctl(self, *words, **options):
        """Configure the client."""
        return self.check("client", ["socksctl", *words], **options)
