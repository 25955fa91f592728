# SPDX-License-Identifier: GPL-2.0-only
"""apply --confirm: the old configuration comes back unless the new one is confirmed."""

import errno
import fcntl
import os
import pty
import select
import signal
import subprocess
import termios
import time

import model
from harness import ENVIRONMENT, Case
from model import ABORT, BEGIN, COMMIT, Refused
from test_apply import GOOD

OLD = "limit rbind 7 rbind-per-user 64\nserver add old 192.0.2.9:1080 userid none timeout 120\n" \
      "rule add to 10.0.0.0/8 via old\nrule add reject\n"
PATIENCE = 60
# A time limit that is to pass: long enough for a look at what is in effect until then.
LIMIT = 3


class Trial:
    """A run of apply --confirm, once it waits."""

    def __init__(self, case, words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, **arguments):
        self.case = case
        self.process = subprocess.Popen(words, stdin=stdin, stderr=stderr, cwd=case.scratch,
                                        env=ENVIRONMENT | {"TEST_KERNEL": case.kernel.path}, **arguments)
        case.addCleanup(self.clean)
        self.text = ""

    def clean(self):
        self.process.kill()
        self.process.wait()
        if self.process.stderr:
            self.process.stderr.close()

    def wait_for(self, part, descriptor=None):
        """Read until it has said so."""
        descriptor = self.process.stderr.fileno() if descriptor is None else descriptor
        deadline = time.monotonic() + PATIENCE
        while part not in self.text:
            ready, _, _ = select.select([descriptor], [], [], max(0, deadline - time.monotonic()))
            self.case.assertTrue(ready, f"no {part!r} in {self.text!r}")
            got = os.read(descriptor, 4096).decode()
            self.case.assertTrue(got, f"no {part!r} in {self.text!r}")
            self.text += got
        return self

    def send(self, number):
        self.process.send_signal(number)
        return self

    def end(self, status, *parts):
        """It ends so, and says so."""
        rest = self.process.communicate(timeout=PATIENCE)[1]
        self.text += rest.decode() if rest else ""
        self.case.assertEqual(self.process.returncode, status, self.text)
        for part in parts:
            self.case.assertIn(part, self.text)
        self.case.assertNotIn("Sanitizer", self.text)
        self.case.assertEqual(self.case.kernel.errors, [])


class Confirm(Case):
    def setUp(self):
        super().setUp()
        self.ok("apply -", stdin=OLD)
        self.path = self.file("new.conf", GOOD)
        self.kernel.commands.clear()
        self.program = os.path.join(self.folder, "checked")
        self.terminals = set()

    def start(self, seconds=3600, words=None, **arguments):
        return Trial(self, [self.program, *(words or ["apply", "--confirm", str(seconds), self.path])], **arguments)

    def saved(self):
        return self.ok("save").out

    def in_effect(self, trial, descriptor=None):
        trial.wait_for("\n", descriptor)
        self.assertIn(f"kill -USR1 {trial.process.pid}", trial.text)
        self.assertEqual(list(self.kernel.config.servers), [b"corp", b"other"])
        self.assertEqual(self.kernel.config.limit, model.LIMITS)
        return trial

    def new_stays(self):
        self.assertEqual(list(self.kernel.config.servers), [b"corp", b"other"])
        self.assertEqual(len(self.kernel.config.rules), 3)

    def old_is_back(self):
        self.assertEqual(self.saved(), OLD)

    # What decides

    def test_confirmed_by_signal(self):
        trial = self.in_effect(self.start())
        trial.send(signal.SIGUSR1).end(0)
        self.assertEqual(trial.text.count("\n"), 1)
        self.new_stays()

    def test_not_in_time(self):
        self.in_effect(self.start(LIMIT)).end(2, "not confirmed in time: the old configuration is back\n")
        self.old_is_back()

    def test_signals(self):
        for number, text in ((signal.SIGHUP, "the terminal is gone"), (signal.SIGTERM, "terminated"),
                             (signal.SIGINT, "interrupted"), (signal.SIGQUIT, "interrupted")):
            self.in_effect(self.start()).send(number).end(2, f"{text}: the old configuration is back\n")
            self.old_is_back()

    def test_what_does_not_stop_it(self):
        """It goes back in time also after a key or the terminal would have stopped it."""
        trial = self.in_effect(self.start(LIMIT))
        for number in signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGPIPE:
            trial.send(number)
        trial.end(2, "not confirmed in time")
        self.old_is_back()

    def test_ignored_signals(self):
        """nohup keeps SIGHUP away; SIGUSR1 and SIGTERM work whatever was inherited."""
        def ignore():
            for number in signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM:
                signal.signal(number, signal.SIG_IGN)
        self.in_effect(self.start(preexec_fn=ignore)).send(signal.SIGHUP).send(signal.SIGUSR1).end(0)
        self.new_stays()
        self.ok("apply -", stdin=OLD)
        self.in_effect(self.start(preexec_fn=ignore)).send(signal.SIGTERM).end(2)
        self.old_is_back()

    # Standard input

    def test_typed(self):
        for text, status in ((b"yes\n", 0), (b"Y\n", 0), (b"YES\r\n", 0), (b"no\n", 2), (b"N\n", 2),
                             (b"\nyesyesyes\nye\ny e s\n\0\nyes\n", 0), (b"x" * 1000 + b"yes\nn\n", 2)):
            self.ok("apply -", stdin=OLD)
            trial = self.in_effect(self.start(stdin=subprocess.PIPE))
            self.assertIn("type yes", trial.text)
            os.write(trial.process.stdin.fileno(), text)
            trial.end(status)
            if status:
                self.assertIn("not confirmed: the old configuration is back\n", trial.text)
                self.old_is_back()
            else:
                self.new_stays()

    def test_hint(self):
        trial = self.in_effect(self.start(stdin=subprocess.PIPE))
        os.write(trial.process.stdin.fileno(), b"what?\n")
        trial.wait_for("type yes to keep").send(signal.SIGUSR1).end(0)

    def test_end_of_input_is_no_answer(self):
        """As in a script: a signal or the time decides."""
        trial = self.in_effect(self.start(stdin=subprocess.PIPE))
        os.write(trial.process.stdin.fileno(), b"ye")
        trial.process.stdin.close()
        trial.process.stdin = None
        trial.send(signal.SIGUSR1).end(0)
        self.new_stays()
        self.in_effect(self.start(LIMIT)).end(2)

    def test_input_which_is_the_file(self):
        trial = self.start(words=["apply", "-confirm", "3600", "-"], stdin=subprocess.PIPE)
        trial.process.stdin.write(GOOD.encode() + b"# yes\n")
        trial.process.stdin.close()
        trial.process.stdin = None
        self.in_effect(trial)
        self.assertNotIn("type", trial.text)
        trial.send(signal.SIGUSR1).end(0)
        self.new_stays()

    def test_batch(self):
        """Further commands follow on the same socket, and are no answer."""
        trial = self.start(words=["-force", "-batch", "-"], stdin=subprocess.PIPE)
        trial.process.stdin.write(f"apply --confirm 3600 {self.path}\nyes\nrule add index 1 port 1 direct\n"
                                  f"apply --confirm 1 {self.path}\n".encode())
        trial.process.stdin.close()
        trial.process.stdin = None
        self.in_effect(trial).send(signal.SIGUSR1)
        trial.end(1, "-:2: unknown word 'yes'", "-:4: not confirmed in time: the old configuration is back")
        self.assertEqual(len(self.kernel.config.rules), 4)
        self.assertEqual(self.kernel.config.rules[0]["port_min"], 1)

    # Terminals

    def on_terminal(self, words):
        """A program whose terminal is ours: (trial, our end)."""
        ours, its = pty.openpty()
        self.addCleanup(self.close_terminal, ours)
        self.terminals.add(ours)
        settings = termios.tcgetattr(its)
        settings[3] &= ~termios.ECHO
        termios.tcsetattr(its, termios.TCSANOW, settings)
        trial = Trial(self, words, stdin=its, stdout=its, stderr=its, start_new_session=True,
                      preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0) and None)
        os.close(its)
        return trial, ours

    def close_terminal(self, ours):
        if ours in self.terminals:
            self.terminals.remove(ours)
            os.close(ours)

    def terminal(self, seconds=3600):
        return self.on_terminal([self.program, "apply", "--confirm", str(seconds), self.path])

    def test_terminal(self):
        trial, ours = self.terminal()
        self.in_effect(trial, ours)
        os.write(ours, b"yes\n")
        trial.end(0)
        self.new_stays()

    def test_keys(self):
        """Ctrl-Z and Ctrl-S do not keep it from going back; Ctrl-C and Ctrl-D go back."""
        for key in b"\x03", b"\x04", b"\x1c":
            trial, ours = self.terminal()
            self.in_effect(trial, ours)
            os.write(ours, b"\x1a" + key)
            trial.end(2)
            self.old_is_back()
        trial, ours = self.terminal(LIMIT)
        self.in_effect(trial, ours)
        os.write(ours, b"\x1a\x13what\nhow\n")
        self.wait_until_old()
        os.write(ours, b"\x11")
        trial.end(2)

    def wait_until_old(self):
        deadline = time.monotonic() + PATIENCE
        while list(self.kernel.config.servers) != [b"old"] and time.monotonic() < deadline:
            time.sleep(0.02)
        self.old_is_back()

    def test_terminal_goes_away(self):
        trial, ours = self.terminal()
        self.in_effect(trial, ours)
        self.close_terminal(ours)
        trial.end(2)
        self.old_is_back()

    def test_typed_ahead(self):
        """What was typed before the change is no answer."""
        def type_ahead(name):
            if name == "rule_add" and not typed:
                typed.append(os.write(ours, b"yes\n"))
        typed = []
        trial, ours = self.terminal(LIMIT)
        self.kernel.before = type_ahead
        self.in_effect(trial, ours)
        self.assertTrue(typed)
        trial.end(2)
        self.old_is_back()

    def test_background(self):
        """A job of a shell in the background is not stopped for reading the terminal, and goes back."""
        script = '"$0" apply --confirm 2 "$1" & wait $!; echo status $?; read answer'
        trial, ours = self.on_terminal(["bash", "-mc", script, self.program, self.path])
        trial.wait_for("in effect", ours)
        os.write(ours, b"yes\n")
        trial.wait_for("not confirmed in time", ours).wait_for("status 2", ours)
        self.old_is_back()

    # The kernel's side

    def test_messages(self):
        """All is made ready before the change; to go back is one short message."""
        trial = self.in_effect(self.start())
        steps = [values for name, values in self.kernel.commands if name == "transaction"]
        self.assertEqual(steps, [{"step": BEGIN}, {"step": COMMIT}, {"step": BEGIN}])
        self.assertEqual(self.kernel.commands[-1][0], "rule_add")
        count = len(self.kernel.commands)
        trial.send(signal.SIGTERM).end(2)
        self.assertEqual(self.kernel.commands[count], ("transaction", {"step": COMMIT}))
        self.old_is_back()
        self.kernel.commands.clear()
        self.in_effect(self.start()).send(signal.SIGUSR1).end(0)
        self.assertEqual(self.kernel.commands[-1], ("transaction", {"step": ABORT}))

    def test_change_and_way_back_begin_in_one_datagram(self):
        self.in_effect(self.start()).send(signal.SIGUSR1).end(0)
        self.assertIn(2, self.kernel.datagrams)

    def test_somebody_else(self):
        """What others changed meanwhile is not overwritten; without an answer as with one."""
        for number, status in ((signal.SIGTERM, 2), (signal.SIGUSR1, 0)):
            self.ok("apply -", stdin=OLD)
            trial = self.in_effect(self.start())
            self.ok("rule add index 1 port 7 direct")
            changed = self.saved()
            trial.send(number).end(status)
            self.assertEqual("somebody has changed the configuration: it stays as it is" in trial.text,
                             bool(status))
            self.assertEqual(self.saved(), changed)

    def test_somebody_else_before_the_change(self):
        def intrude(name):
            if name == "rule_add" and not self.intruded:
                self.intruded = True
                self.kernel.generations[""] += 1
        self.intruded = False
        self.kernel.before = intrude
        self.start().end(2, "socksctl: the configuration was changed since this transaction began\n")
        self.kernel.before = None
        self.old_is_back()

    def test_wrong_and_refused_lines(self):
        self.file("new.conf", GOOD + "frob\n")
        self.start().end(1, f"{self.path}:9: unknown word 'frob'")
        self.assertEqual(self.kernel.commands, [])
        self.file("new.conf", GOOD + "rule add via nobody\n")
        self.start().end(2, f"{self.path}:9: there is no server of this name\n")
        self.old_is_back()
        self.file("new.conf", GOOD)
        self.kernel.refuse = {"commit": Refused(errno.ENOMEM, "too much")}
        self.start().end(2, "socksctl: too much\n")
        self.kernel.refuse = {}
        self.old_is_back()

    def test_several_files(self):
        folder = os.path.join(self.scratch, "conf.d")
        os.mkdir(folder)
        two = self.file("conf.d/2.conf", "rule add port 7 via corp\nrule add port 8 via corp\n")
        words = ["apply", "--confirm", "3600", self.path, folder]
        trial = self.in_effect(self.start(words=words))
        self.assertEqual([rule["port_min"] for rule in self.kernel.config.rules[3:]], [7, 8])
        trial.send(signal.SIGTERM).end(2)
        self.old_is_back()
        self.in_effect(self.start(words=words)).send(signal.SIGUSR1).end(0)
        self.assertEqual(len(self.kernel.config.rules), 5)
        self.ok("apply -", stdin=OLD)
        self.file("conf.d/2.conf", "rule add port 7 via corp\nrule add port 8 via nobody\n")
        self.start(words=words).end(2, f"{two}:2: there is no server of this name\n")
        self.old_is_back()

    def test_one_of_the_files_is_standard_input(self):
        trial = self.start(words=["apply", "--confirm", "3600", self.path, "-"], stdin=subprocess.PIPE)
        trial.process.stdin.write(b"rule add port 7 via corp\n")
        trial.process.stdin.close()
        trial.process.stdin = None
        self.in_effect(trial)
        self.assertNotIn("type", trial.text)
        trial.send(signal.SIGUSR1).end(0)
        self.assertEqual(len(self.kernel.config.rules), 4)

    def test_old_one_could_not_come_back(self):
        """A rule's cgroup is gone: nothing is changed."""
        self.kernel.config.rules[0]["cgroup"] = b"/missing"
        before = self.saved()
        self.start().end(2, "nothing is changed, for what is there could not come back: ",
                         os.strerror(errno.ENOENT))
        self.assertEqual(self.saved(), before)

    def test_module_is_gone(self):
        trial = self.in_effect(self.start())
        self.kernel.loaded = False
        trial.send(signal.SIGTERM).end(2, "terminated, but the old configuration can't come back: ")
        self.kernel.loaded = True

    def test_anything(self):
        """Whatever the kernel held before comes back, in its order."""
        generator = model.seeded("test_anything")
        for _ in range(6):
            self.kernel.namespaces[""] = model.random_config(generator)
            before, text = self.kernel.config, self.saved()
            self.kernel.namespaces[""] = model.random_config(generator)
            self.file("new.conf", self.saved().encode(errors="surrogateescape"))
            new = self.kernel.config
            self.kernel.namespaces[""] = before
            trial = self.start().wait_for("\n")
            self.assertEqual((list(self.kernel.config.servers.items()), self.kernel.config.rules, self.kernel.config.limit),
                             (list(new.servers.items()), new.rules, new.limit))
            trial.send(signal.SIGINT).end(2, "is back")
            self.assertEqual((list(self.kernel.config.servers.items()), self.kernel.config.rules, self.kernel.config.limit),
                             (list(before.servers.items()), before.rules, before.limit))
            self.assertEqual(self.saved(), text)

    def test_default(self):
        self.file("new.conf", "default reject\nrule add port 1 direct\n")
        trial = self.start().wait_for("\n")
        self.assertEqual([rule.get("port_min") for rule in self.kernel.config.rules], [1, None])
        trial.send(signal.SIGHUP).end(2)
        self.old_is_back()

    def test_index(self):
        """Rules which were put before others are removed as well."""
        self.file("new.conf", "rule add port 1 direct\nrule add index 1 port 2 direct\nrule add index 1 port 3 direct\n")
        trial = self.start().wait_for("\n")
        self.assertEqual([rule["port_min"] for rule in self.kernel.config.rules], [3, 2, 1])
        trial.send(signal.SIGHUP).end(2)
        self.old_is_back()

    def test_command_line(self):
        for words, *parts in ((["--confirm"], "--confirm", "1 to 86400"), (["--confirm", "0", "f"], "'0'", "1 to 86400"),
                              (["--confirm", "86401", "f"], "'86401'"), (["--confirm", "5"], "file name"),
                              (["--confrim", "5", "f"], "'--confrim'", "allowed here: --confirm"),
                              (["--", "f"], "'--'"), (["f", "--confirm", "5"], "'--confirm'", "before the files"),
                              (["--confirm", "5", "-", "-c"], "'-c'", "./")):
            self.wrong(["apply", *words], *parts)
        trial = self.start(words=["a", "-c", "3600", self.path])
        self.in_effect(trial).send(signal.SIGUSR1).end(0)
        self.assertIn("--confirm SECONDS", self.ok("apply -h").out)

    def test_no_memory(self):
        """Before the change it says so; behind it no memory is needed to go back."""
        for number in range(1, 1000):
            result = self.run_socksctl(["apply", "--confirm", "1", self.path],
                                       environment={"TEST_FAIL": str(number)})
            self.assertEqual(result.status, 2)
            self.old_is_back()
            if "in effect" in result.error:
                break
        self.assertGreater(number, 20)
        self.assertIn("the old configuration is back\n", result.error)
