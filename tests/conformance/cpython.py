# SPDX-License-Identifier: GPL-2.0-only
"""
CPython's own tests, which Debian has as they are. Each module runs twice:
directly, and with a rule that sends what it connects to, on 127.0.0.1, to a
SOCKS server, which is on 127.0.0.1, too. Each test has to end in the same way.

A test which does not is run again, both ways, and once more: some depend on how
fast the machine is. One which differs each time fails, unless file "excused" has
it, with a reason that Documentation/noticeable.rst knows.
"""
import functools
import json
import pathlib
import pwd
import shutil

from lab import DANTED_PORT, Error

HERE = pathlib.Path(__file__).resolve().parent
# A run of a module may take this long, in seconds.
LIMIT = 3600
# How often what differs is run again.
AGAIN = 2

# The user of the tests, as some do nothing for root; and that of the server,
# for whom there is no rule: what it connects to is what the tests listen on.
TESTER, SERVER = "nobody", "proxy"

DANTED = f"""\
logoutput: stderr
internal: 127.0.0.1 port = {DANTED_PORT}
external: 127.0.0.1
clientmethod: none
socksmethod: none
user.privileged: {SERVER}
user.unprivileged: {SERVER}
client pass {{
	from: 127.0.0.0/8 to: 0.0.0.0/0
	log: error
}}
socks pass {{
	from: 127.0.0.0/8 to: 127.0.0.0/8
	command: connect
	log: error
}}
"""


def as_user(user, *command):
    """A command, to be run as that user."""
    return ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}",
            "--clear-groups", *command]


def excused():
    """Tests which may differ, and why."""
    lines = (HERE / "excused").read_text("utf-8").splitlines()
    return dict(line.split(": ", 1) for line in lines
                if line and not line.startswith("#"))


class Loopback:
    """Runs tests on the client's loopback device."""

    def __init__(self, lab):
        self.lab = lab
        self.runs = 0
        self.folder = lab.dir / "cpython"
        self.folder.mkdir()
        shutil.chown(self.folder, TESTER)
        lab.dir.chmod(0o755)
        configuration = lab.dir / "loopback.conf"
        configuration.write_text(DANTED, "ascii")
        lab.serve("client", "loopback", as_user(
            SERVER, "danted", "-f", str(configuration), "-p", f"{self.folder}/pid"),
            "127.0.0.1", DANTED_PORT)
        lab.socksctl("server", "add", "loopback", f"127.0.0.1:{DANTED_PORT}")

    def granted(self):
        """How many connections have gone through the server."""
        shown = json.loads(self.lab.socksctl("-json", "server", "show", "loopback"))
        return shown[0]["stats"]["granted"]

    def run(self, redirected, names):
        """Run tests: {name: (outcome, note)}."""
        loopback_net = ["to", "127.0.0.0/8"]
        rules = ([*loopback_net, "uid", str(pwd.getpwnam(SERVER).pw_uid), "direct"],
                 [*loopback_net, "via", "loopback"])
        self.runs += 1
        path = self.folder / f"outcomes{self.runs}"
        for rule in rules if redirected else ():
            self.lab.socksctl("rule", "add", *rule)
        try:
            result = self.lab.run("client", as_user(
                TESTER, "/usr/bin/python3", f"{HERE}/outcomes.py", str(path), *names),
                cwd=self.folder, limit=LIMIT,
                env=self.lab.env | {"HOME": str(self.folder)})
        finally:
            for _ in rules if redirected else ():
                self.lab.socksctl("rule", "del", "1")
        if not path.exists():
            raise Error(f"no test was run: {result.stderr}")
        records = map(json.loads, path.read_text("utf-8").splitlines())
        return {record["test"]: (record["outcome"], record["note"])
                for record in records}

    def both(self, names):
        """Run tests both ways, and pair the outcomes."""
        missing = "not run", ""
        direct, through = self.run(False, names), self.run(True, names)
        return {name: (direct.get(name, missing), through.get(name, missing))
                for name in direct | through}


@functools.cache
def loopback(lab):
    """What all modules run on."""
    return Loopback(lab)


def differs(pair):
    """Does a test not end in the same way?"""
    (direct, _), (through, _) = pair
    return direct != through


def check(module, lab, tally):
    """Run a module's tests both ways."""
    bench = loopback(lab)
    before = bench.granted()
    pairs = bench.both([module])
    connections = bench.granted() - before
    if not connections:
        raise Error(f"{module}: nothing went through the server")

    excuses = excused()
    again = {}
    for _ in range(AGAIN):
        unequal = [name for name, pair in pairs.items()
                   if differs(again.get(name, pair)) and name not in excuses]
        if not unequal:
            break
        again |= bench.both(unequal)
    ended = {"ok": 0, "excused": 0}
    for name, pair in pairs.items():
        (direct, _), (through, note) = again.get(name, pair)
        if name in excuses and differs(pair):
            ended["excused"] += 1
            tally.skipped += 1
        elif differs(again.get(name, pair)):
            tally.failure(f"{name}: directly {direct}, through the server {through}\n"
                          f"{note}")
        elif direct in ("ok", "expected failure"):
            ended["ok"] += 1
            tally.passed += 1
            if name in again:
                tally.say(f"{name}: differed, but not again: {pair}")
        else:
            ended[direct] = ended.get(direct, 0) + 1
            tally.skipped += 1
            if direct != "skipped":
                tally.say(f"{name}: {direct} both ways: {again.get(name, pair)[0][1]}")
    numbers = ", ".join(f"{number} {what}" for what, number in ended.items() if number)
    tally.say(f"{module}: {connections} connections through the server; tests: {numbers}")


def checker(module):
    """The check of a module."""
    return functools.partial(check, module)
