# SPDX-License-Identifier: GPL-2.0-only
"""Damaged lines and damaged answers, under the address sanitizer.

FUZZ=10 tries ten times as many.
"""

import os
import re

import model
from harness import Case, harmless

FACTOR = int(os.environ.get("FUZZ", "1"))
LINES = [
    b"server add corp 192.0.2.1:1080 userid alice timeout 30 accept-timeout 600",
    b"server add b 192.0.2.2 userid string uid local auto",
    b"rule add index 1 to 203.0.113.0/24 port 80-90 uid 1000-1999 gid 5 cgroup '/a b' via corp rbind auto",
    b"rule add to any direct # comment",
    b"rule add \\",
    b"  uid root reject",
    b"rule add cgroup $'/a\\x1b\\'' via corp",
    b"rule add cgroup \"/a\\\"b\" port 1-65535 direct",
    b"limit rbind 4294967295 rbind-per-user 0",
]
MORE = [b"server del corp", b"server show b", b"rule del 1", b"rule", b"show", b"show connections", b"show connections via corp to 10.0.0.0/8 port 1-9 uid root pid 7 program curl state est",
        b"abort all", b"abort via corp to any", b"limit", b"lookup 203.0.113.9:80 uid 7 gid root",
        b"save", b"probe 127.0.0.1:1 203.0.113.9:80", b"flush", b"help", b"apply /dev/null", b"rule add -h"]
TOKENS = b" \t'\"\\$#-:./0129\0\n\r\x7f\xff" + bytes(range(97, 123))


def damage(generator, line):
    """A line with some bytes changed, added, removed or moved."""
    line = bytearray(line)
    for _ in range(generator.choice((0, 1, 1, 2, 3, 6))):
        at = generator.randrange(len(line) + 1)
        kind = generator.randrange(5)
        if kind == 0:
            line[at:at] = bytes((generator.choice(TOKENS),))
        elif kind == 1:
            del line[at:at + generator.randrange(1, 4)]
        elif kind == 2 and at < len(line):
            line[at] = generator.choice(TOKENS)
        elif kind == 3:
            words = bytes(line).split(b" ")
            words.insert(generator.randrange(len(words)), generator.choice(words))
            line = bytearray(b" ".join(words))
        else:
            line[at:at] = generator.choice((b"9" * 30, b"x" * 300, b"''", b"4294967295", b"-", b"0"))
    return bytes(line)


class Fuzz(Case):
    def test_apply(self):
        generator = model.seeded("test_apply")
        applied = 0
        for _ in range(80 * FACTOR):
            count = generator.choice((1, 2, 10, 200))
            lines = [damage(generator, generator.choice(LINES)) for _ in range(count)]
            if count <= 2:
                lines = [LINES[0]] + [generator.choice((generator.choice(LINES[1:]), line)) for line in lines]
            before = self.kernel.config
            result = self.run_socksctl("apply -", stdin=b"\n".join(lines))
            if result.status:
                self.assertIs(self.kernel.config, before)
                errors = result.error.splitlines(True)
                self.assertTrue(errors)
                places = [int(re.match(r"-:(\d+): ", line)[1]) for line in errors]
                self.assertEqual(places, sorted(set(places)))
                for line in errors:
                    self.assertTrue(harmless(line[:-1]), ascii(line))
                if result.status == 2:
                    self.assertEqual(len(errors), 1)
            else:
                applied += 1
                saved = self.ok("save").raw
                self.ok("apply -", stdin=saved)
                self.assertEqual(self.ok("save").raw, saved)
        # About 17 of 80; how many is chance.
        self.assertTrue(applied)

    def test_batch(self):
        generator = model.seeded("test_batch")
        for _ in range(30 * FACTOR):
            lines = [damage(generator, generator.choice(LINES + MORE)) for _ in range(200)]
            # No file of the host is to be read.
            lines = [line for line in lines if not line.lstrip().startswith((b"a", b"'a", b'"a', b"\\a", b"$"))]
            self.run_socksctl(generator.choice(("-force -b -", "-j -force -b -")), stdin=b"\n".join(lines))

    def test_command_line(self):
        generator = model.seeded("test_command_line")
        for _ in range(100 * FACTOR):
            words = damage(generator, generator.choice(LINES + MORE)).replace(b"\0", b"").split()
            if words and not words[0].startswith((b"-", b"a")):
                result = self.run_socksctl(words)
                self.assertLessEqual(result.error.count("\n"), 1)

    def test_answers(self):
        """The kernel is trusted; even so, nonsense from it breaks nothing."""
        generator = model.seeded("test_answers")
        self.kernel.namespaces[""] = model.random_config(generator, servers=3, rules=6)
        for _ in range(150 * FACTOR):
            words = generator.choice(("show", "-j show", "save", "lookup 203.0.113.9:80", "server", "rule",
                                      "-j lookup 203.0.113.9:80", "rule add direct", "show connections",
                                      "-j show connections", "limit", "limit rbind 1"))
            # Damage answers, not what asks for the module.
            self.kernel.before = lambda _: setattr(self.kernel, "damage", generator)
            self.run_binary("checked", *words.split())
            self.kernel.before = self.kernel.damage = None
            self.kernel.errors.clear()
