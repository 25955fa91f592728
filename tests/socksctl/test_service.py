# SPDX-License-Identifier: GPL-2.0-only
"""What the commands of socks.service do, one after another as systemd runs them."""

import os
import re
import shlex
import subprocess

import model
from harness import Case, ENVIRONMENT

CLOSED = "rule add reject\n"


class Service(Case):
    def setUp(self):
        super().setUp()
        sbin = os.path.join(self.scratch, "sbin")
        self.conf = os.path.join(self.scratch, "etc", "socks")
        os.makedirs(os.path.join(self.conf, "conf.d"))
        os.mkdir(sbin)
        os.symlink(os.path.join(self.folder, "fast"), os.path.join(sbin, "socksctl"))
        with open(os.path.join(model.TOP, "system", "socks.service.in"), encoding="utf-8") as unit:
            text = unit.read().replace("@sbindir@", sbin).replace("@sysconfdir@", os.path.dirname(self.conf))
        self.commands_of = {kind: re.findall(rf"^{kind}=(.*)$", text, re.M)
                            for kind in ("ExecStartPre", "ExecStart", "ExecReload", "ExecStop", "ExecStopPost")}
        # Nothing that systemd would put in itself.
        self.assertNotRegex("".join(map(str, self.commands_of.values())), r"[%$]")

    def write(self, name, text):
        with open(os.path.join(self.conf, name), "w", encoding="utf-8") as out:
            out.write(text)

    def runs(self, *kinds):
        """Whether all commands of those kinds succeed; it ends at the first which does not."""
        for kind in kinds:
            for command in self.commands_of[kind]:
                done = subprocess.run(shlex.split(command), capture_output=True, text=True, check=False, timeout=60,
                                      env=ENVIRONMENT | {"TEST_KERNEL": self.kernel.path})
                self.assertEqual(self.kernel.errors, [])
                self.error = done.stderr
                if done.returncode:
                    return False
        return True

    def start(self):
        return self.runs("ExecStartPre", "ExecStart")

    def saved(self):
        return self.ok("save").out

    def test_start(self):
        """Nothing is direct which a rule sends elsewhere, not for a moment."""
        self.write("socks.conf", "server add a 192.0.2.1\nrule add port 80 via a\n")
        self.write("conf.d/more.conf", "rule add via a\n")
        self.assertTrue(self.runs("ExecStartPre"))
        self.assertEqual(self.saved(), CLOSED)
        self.assertTrue(self.runs("ExecStart"), self.error)
        self.assertEqual(self.saved(), "server add a 192.0.2.1:1080 userid none timeout 120\n"
                         "rule add port 80 via a\nrule add via a\n")

    def test_default(self):
        """What no rule speaks of is rejected where the file says so, whatever other files add."""
        self.write("socks.conf", "default reject\nserver add a 192.0.2.1\nrule add port 80 via a\n")
        self.write("conf.d/more.conf", "rule add port 443 via a\n")
        self.assertTrue(self.start(), self.error)
        self.assertEqual(self.saved().splitlines()[1:], ["rule add port 80 via a", "rule add port 443 via a", "rule add reject"])

    def test_wrong_start(self):
        """Where nothing was in force all is rejected, else what was in force stays."""
        for text in "frob\n", "rule add via nobody\n", None:
            for name in "socks.conf", "conf.d/a.conf":
                self.write("socks.conf", "limit rbind 7\n")
                if text is None:
                    os.remove(os.path.join(self.conf, "socks.conf"))
                else:
                    self.write(name, text)
                # Servers and limits are no rules yet.
                self.ok("apply -", stdin="server add a 192.0.2.1\nlimit rbind 5\n")
                self.assertFalse(self.start())
                self.assertEqual(self.saved(), CLOSED)
                self.ok("apply -", stdin="rule add port 1 direct\n")
                self.assertFalse(self.start())
                self.assertEqual(self.saved(), "rule add port 1 direct\n")
                if text is not None:
                    os.remove(os.path.join(self.conf, name))

    def test_reload(self):
        self.write("socks.conf", "rule add port 1 direct\n")
        self.assertTrue(self.start())
        self.write("socks.conf", "rule add port 2 direct\nfrob\n")
        self.assertFalse(self.runs("ExecReload"))
        self.assertTrue(self.error.startswith(f"{self.conf}/socks.conf:2: "), self.error)
        self.assertEqual(self.saved(), "rule add port 1 direct\n")
        self.write("socks.conf", "rule add port 2 direct\n")
        self.assertTrue(self.runs("ExecReload"))
        self.assertEqual(self.saved(), "rule add port 2 direct\n")

    def test_restart(self):
        """Of stop and start, neither lets go of the rules."""
        self.write("socks.conf", "rule add reject\n")
        self.assertTrue(self.start())
        self.assertTrue(self.runs("ExecStop", "ExecStopPost"))
        self.assertEqual(self.saved(), CLOSED)
        self.commands()
        self.assertTrue(self.start())
        self.assertEqual([name for name, _ in self.commands("transaction", "rule_add", "rule_del")],
                         ["transaction", "rule_add", "transaction"])

    def test_as_it_comes(self):
        """The configuration that comes with it leaves everything direct."""
        with open(os.path.join(model.TOP, "system", "socks.conf"), encoding="utf-8") as text:
            text = text.read()
        self.write("socks.conf", text)
        self.assertTrue(self.start(), self.error)
        self.assertEqual(self.saved(), "")
        # And what it proposes is right.
        self.write("socks.conf", re.sub(r"^#(?=server|rule|default)", "", text, flags=re.M))
        self.assertTrue(self.runs("ExecReload"), self.error)
        self.assertEqual((len(self.kernel.config.servers), len(self.kernel.config.rules)), (2, 6))

    def test_without_a_module(self):
        self.kernel.loaded = False
        self.write("socks.conf", "")
        self.assertFalse(self.start())
