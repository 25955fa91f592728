# SPDX-License-Identifier: GPL-2.0-only
"""Completion in bash and zsh, with socksctl asking the model."""

import os
import pty
import re
import select
import shutil
import subprocess
import threading
import time

import model
from harness import Case, ENVIRONMENT

COMPLETION = os.path.join(model.TOP, "system", "completion")
COMMANDS = {"server", "rule", "show", "lookup", "limit", "apply", "save", "flush", "check", "import", "probe", "doctor", "top"}
FORMATS = {"tsocks", "proxychains", "redsocks", "dante", "socks.conf"}
FILTER = {"via", "to", "port", "uid", "pid", "program", "state"}
RULE_WORDS = {"index", "to", "port", "uid", "gid", "cgroup", "via", "rbind", "direct", "reject"}

# The words are in $@; the last one is being typed.
BASH = """
source "$FILE"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
[[ $(complete -p socksctl) == "complete -F _socksctl socksctl" ]] || exit 3
_socksctl
printf '%s\\n' "${COMPREPLY[@]}"
"""

# What is offered goes to the pipe, and a mark behind it.
ZSH = """
PROMPT=
fpath=("$FOLDER" $fpath)
autoload -U compinit
compinit -u -D
bindkey '^I' complete-word
compadd()
{
	typeset -a hits
	if [[ " ${@[1,(i)(-|--)]}" != *" -"(O|A|D)* ]]; then
		builtin compadd -O hits "$@"
		print -rl -- $hits >>$PIPE
	fi
	builtin compadd "$@"
}
finish()
{
	print END >>$PIPE
	comppostfuncs=(finish)
}
comppostfuncs=(finish)
print READY >>$PIPE
"""


class Shell(Case):
    """What both shells are asked; here, bash."""

    def setUp(self):
        super().setUp()
        folder = os.path.join(self.scratch, "bin")
        os.mkdir(folder)
        os.symlink(os.path.join(self.folder, "fast"), os.path.join(folder, "socksctl"))
        self.environment = ENVIRONMENT | {
            "TEST_KERNEL": self.kernel.path, "PATH": f"{folder}:{ENVIRONMENT['PATH']}", "HOME": self.scratch,
            "TERM": "vt100"}

    def complete(self, line):
        """What is offered where line ends, as a list."""
        words = line.split(" ")
        done = subprocess.run(["bash", "--norc", "-c", BASH, "bash", *words], capture_output=True, text=True,
                              check=False, cwd=self.scratch, timeout=60,
                              env=self.environment | {"FILE": os.path.join(COMPLETION, "socksctl.bash")})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(self.kernel.errors, [])
        return done.stdout.splitlines()

    def offers(self, line, expected):
        self.assertEqual(set(filter(None, self.complete(line))), set(expected), line)

    def test_commands(self):
        offered = [word for word in self.complete("socksctl ") if word]
        self.assertLessEqual(COMMANDS, set(offered))
        self.assertEqual(len(offered), len(set(offered)))
        self.offers("socksctl s", {"server", "show", "save"})
        self.offers("socksctl -j -p fl", {"flush"})
        self.offers("socksctl server ", {"add", "del", "show", "help"})
        self.offers("socksctl rule d", {"del"})
        self.offers("socksctl show ", {"connections"})
        for line in "save ", "flush ", "nosuch ", "abort all ", "rule show ", "doctor connect ":
            self.offers(f"socksctl {line}", ())
        self.assertEqual(self.kernel.commands, [])

    def test_options(self):
        options = {"-batch", "-force", "-help", "-json", "-netns", "-pretty", "-Version"}
        self.offers("socksctl -", options)
        self.offers("socksctl -j -b", {"-batch"})
        self.offers("socksctl -json -pretty -", options)

    def test_keywords(self):
        """Those of the tool's help, but those which were given."""
        for line, count in (("server add a 192.0.2.1", 5), ("rule add", 10), ("lookup 192.0.2.1:80", 3), ("limit", 2)):
            first = " ".join(line.split()[:2 if line.split()[0] in ("server", "rule") else 1])
            text = self.ok(f"{first} help").out
            usage = re.search(rf"^socksctl {first}(( .*\n)+)", text, re.M).group(1)
            # Behind a bracket or a bar, or alone; what follows another word is its value.
            words = set(re.findall(r"(?:[\[{]|[|\]] |\[\[)([a-z][a-z-]+)(?= [A-Z0-9\[na]| \||\])", usage)) - {"string", "any"}
            words |= {word for word in ("reject", "direct", "via", "rbind") if f"{word} " in usage or f"| {word}" in usage}
            if first != "rule add" and first != "limit":
                words -= {"rbind"}
            self.assertEqual(len(words), count, words)
            self.offers(f"socksctl {line} ", words)
        self.offers("socksctl rule add port 80 to any ", RULE_WORDS - {"port", "to"})
        self.offers("socksctl rule add port 80 d", {"direct"})
        self.offers("socksctl server add a 192.0.2.1 timeout 5 ", {"userid", "accept-timeout", "local", "retry"})
        self.offers("socksctl limit rbind 5 ", {"rbind-per-user"})
        self.offers("socksctl lookup 192.0.2.1:80 uid 5 ", {"gid", "cgroup"})

    def test_filter(self):
        """Which connections are meant."""
        for line in "show connections ", "monitor ":
            self.offers(f"socksctl {line}", FILTER)
        self.offers("socksctl abort ", FILTER | {"all"})
        for line in "show connections to any port 5 ", "abort to any port 5 ", "monitor to any port 5 ":
            self.offers(f"socksctl {line}", FILTER - {"to", "port"})
            self.offers(f"socksctl {line}state ", {"connecting", "listening", "established"})
        for word in "port", "pid", "program":
            self.offers(f"socksctl monitor {word} ", ())

    def test_values(self):
        self.offers("socksctl server add a 192.0.2.1 userid ", {"none", "uid", "string"})
        self.offers("socksctl server add a 192.0.2.1 local ", {"auto"})
        self.offers("socksctl doctor ", {"connect"})
        self.offers("socksctl top ", {"interval"})
        for line in "rule add to ", "abort to ":
            self.offers(f"socksctl {line}", {"any"})
        self.offers("socksctl rule add via a rbind ", {"auto"})
        for line in ("rule add port ", "limit rbind ", "server add ", "server add a ", "server add a 192.0.2.1 timeout "):
            self.offers(f"socksctl {line}", ())
        self.offers("socksctl rule add uid roo", {"root"})
        self.offers("socksctl rule add gid roo", {"root"})

    def test_in_force(self):
        """Servers' names and rules' numbers are those of the kernel."""
        self.ok("apply -", stdin="server add corp 192.0.2.1\nserver add core 192.0.2.2 userid 'a b'\n"
                "server add x.y-z_1 192.0.2.3\nlimit rbind 5\n" + "rule add port 80 via corp\n" * 11)
        names = {"corp", "core", "x.y-z_1"}
        for line in "server del ", "server show ", "rule add via ", "rule add port 80 via ", "r a via ", "probe ", "abort via ":
            self.offers(f"socksctl {line}", names)
        self.offers("socksctl rule add via co", {"corp", "core"})
        self.offers("socksctl rule del ", map(str, range(1, 12)))
        self.offers("socksctl rule add index 1", {"1", "10", "11"})
        for line in "server del corp ", "rule del 1 ":
            self.offers(f"socksctl {line}", ())

    def test_namespace(self):
        """The names are those of the namespace which is spoken of."""
        path = self.file("ns", "")
        self.ok("server add here 192.0.2.1")
        self.ok(["-n", path, "server", "add", "there", "192.0.2.1"])
        self.offers("socksctl server del ", {"here"})
        self.offers(f"socksctl -j -netns {path} server del ", {"there"})
        self.offers(f"socksctl -n {path} -j server del ", {"there"})

    def test_without_a_module(self):
        self.kernel.loaded = False
        self.offers("socksctl server del ", ())
        self.offers("socksctl rule del ", ())
        self.offers("socksctl server d", {"del"})

    def test_files(self):
        self.file("one.conf", "")
        os.mkdir(os.path.join(self.scratch, "conf.d"))
        for line in ("apply ", "apply x ", "apply --confirm 5 ", "apply --confirm 5 x ", "check ", "check x ",
                     "import tsocks ", "-batch ", "-n "):
            offered = {word.rstrip("/") for word in self.complete(f"socksctl {line}")}
            self.assertLessEqual({"one.conf", "conf.d"}, offered, line)
            self.assertNotIn("--confirm", offered, line)
        self.offers("socksctl apply --c", {"--confirm"})
        self.offers("socksctl apply one", {"one.conf"})
        self.offers("socksctl import ", FORMATS)
        for line in "apply --confirm ", "import tsocks one.conf ":
            self.offers(f"socksctl {line}", ())

    def test_odd_words(self):
        """What is typed is not carried out."""
        for word in "$(touch-me)", "`touch-me`", "';touch-me;'", "*", "\\", "${x[$(touch-me)]}":
            mark = os.path.join(self.scratch, "mark")
            word = word.replace("touch-me", f"touch${{IFS}}{mark}")
            for line in f"socksctl {word} ", f"socksctl {word}", f"socksctl rule add {word} ", f"socksctl rule add cgroup {word}":
                self.complete(line)
            self.assertFalse(os.path.exists(mark), word)


class Zsh(Shell):
    """The same of zsh, which completes only where there is a terminal."""

    def setUp(self):
        super().setUp()
        self.pipe = os.path.join(self.scratch, "pipe")
        os.mkfifo(self.pipe)
        self.reader = os.open(self.pipe, os.O_RDWR)
        self.addCleanup(os.close, self.reader)
        setup = self.file("setup.zsh", ZSH)
        environment = self.environment | {"PIPE": self.pipe, "FOLDER": COMPLETION}
        pid, self.terminal = pty.fork()
        if not pid:
            os.chdir(self.scratch)
            os.execve(shutil.which("zsh"), ["zsh", "-f", "-i"], environment)
        self.addCleanup(os.waitpid, pid, 0)
        self.addCleanup(os.close, self.terminal)
        self.addCleanup(os.kill, pid, 9)
        self.screen = b""
        threading.Thread(target=self.watch, args=(os.dup(self.terminal),), daemon=True).start()
        os.write(self.terminal, f"source {setup}\n".encode())
        self.until("READY")

    def watch(self, terminal):
        """What it prints is read, or it would wait."""
        try:
            while data := os.read(terminal, 4096):
                self.screen += data
        except OSError:
            pass
        os.close(terminal)

    def until(self, mark):
        """The lines in the pipe up to the mark."""
        deadline = time.monotonic() + 120
        data = b""
        while not data.endswith(f"{mark}\n".encode()):
            left = deadline - time.monotonic()
            self.assertTrue(left > 0 and select.select([self.reader], [], [], left)[0], self.screen.decode(errors="replace"))
            data += os.read(self.reader, 65536)
        return data.decode().splitlines()[:-1]

    def complete(self, line):
        # ^U empties the line.
        os.write(self.terminal, b"\x15" + line.encode() + b"\t")
        offered = self.until("END")
        self.assertEqual(self.kernel.errors, [])
        return offered

    # zsh itself may expand what is typed, before it completes.
    test_odd_words = None


