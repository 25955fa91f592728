# SPDX-License-Identifier: GPL-2.0-only
"""Building socksctl for tests, and running it against the model."""

import json
import os
import shutil
import subprocess
import tempfile
import unicodedata
import unittest

import model

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(model.TOP, "userspace-cfg")
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
ALLOCATIONS = ("malloc", "calloc", "realloc", "reallocarray", "strdup", "asprintf", "getline", "json_object", "json_array",
               "json_string", "json_stringn", "json_integer", "json_dumps")
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "LC_ALL": "C",
    "ASAN_OPTIONS": "exitcode=99:detect_leaks=1",
    "UBSAN_OPTIONS": "exitcode=99:print_stacktrace=1",
}


def build():
    """Build socksctl, and what tests need, into a folder; return it."""
    folder = tempfile.mkdtemp(prefix="socksctl-build.")
    # A copy, so that a build by someone else at the same time does not matter.
    copy = os.path.join(folder, "userspace-cfg")
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("*.o", "*.d", "asan", "socksctl"))
    shutil.copytree(os.path.join(model.TOP, "uapi"), os.path.join(folder, "uapi"))
    subprocess.run(["make", "-s", "-j2", "-C", copy, "all", "asan"], check=True)

    def link(name, source, objects, flags):
        names = [o for o in sorted(os.listdir(objects)) if o.endswith(".o")]
        if name == "driver":
            names.remove("main.o")
        subprocess.run(
            ["cc", "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-g", "-Wall", "-Wextra", "-Werror", *flags,
             "-I", copy, "-I", os.path.join(folder, "uapi"), "-o", os.path.join(folder, name),
             os.path.join(HERE, source), *(os.path.join(objects, o) for o in names),
             "-lmnl", "-ljansson", "-lncursesw", "-ltinfo", "-lz"],
            check=True)

    wraps = ["-Wl,--wrap=" + name for name in (*ALLOCATIONS, "fopen", "gzopen")]
    link("fast", "fake.c", copy, wraps)
    link("checked", "fake.c", os.path.join(copy, "asan"), SANITIZE + wraps)
    link("driver", "driver.c", os.path.join(copy, "asan"), SANITIZE)
    return folder


def harmless(text):
    """Nothing in it does more to a terminal than print a character."""
    return not any(unicodedata.category(c) in ("Cc", "Zl", "Zp") or "\u202a" <= c <= "\u202e" or
                   "\u2066" <= c <= "\u2069" for c in text)


class Result:
    """What a run of socksctl left."""

    def __init__(self, done):
        self.status = done.returncode
        self.raw, self.raw_error = done.stdout, done.stderr
        self.out = done.stdout.decode(errors="surrogateescape")
        self.error = done.stderr.decode(errors="surrogateescape")

    def json(self):
        return json.loads(self.out)


class Case(unittest.TestCase):
    """Tests of socksctl against a kernel of their own."""

    folder = None

    def setUp(self):
        self.kernel = model.Kernel()
        self.addCleanup(self.kernel.close)
        scratch = tempfile.TemporaryDirectory(prefix="socksctl-files.")
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name

    def run_binary(self, binary, *words, stdin=b"", environment=None, timeout=120):
        if isinstance(stdin, str):
            stdin = stdin.encode(errors="surrogateescape")
        done = subprocess.run(
            [os.path.join(self.folder, binary), *words], input=stdin, capture_output=True, check=False,
            timeout=timeout, cwd=self.scratch,
            env=ENVIRONMENT | {"TEST_KERNEL": self.kernel.path} | (environment or {}))
        self.assertNotIn(b"Sanitizer", done.stderr, done.stderr.decode(errors="replace"))
        self.assertNotIn(b"runtime error", done.stderr, done.stderr.decode(errors="replace"))
        self.assertIn(done.returncode, (0, 1, 2), done.stderr)
        return Result(done)

    def run_socksctl(self, words, **arguments):
        """Run socksctl with a list of words, or a text which holds them."""
        if isinstance(words, str):
            words = words.split()
        result = self.run_binary("checked", *words, **arguments)
        self.assertEqual(self.kernel.errors, [])
        return result

    def ok(self, words, **arguments):
        """It succeeds, without a word on standard error."""
        result = self.run_socksctl(words, **arguments)
        self.assertEqual((result.status, result.error), (0, ""))
        return result

    def commands(self, *names):
        """The commands that the kernel got, of those names; forget them."""
        got = [c for c in self.kernel.commands if not names or c[0] in names]
        self.kernel.commands.clear()
        return got

    def assert_line(self, text, *parts, begins="socksctl: "):
        """It is one line, which begins so and holds those parts."""
        self.assertTrue(text.endswith("\n"), text)
        self.assertTrue(harmless(text[:-1]), ascii(text))
        self.assertTrue(text.startswith(begins), text)
        for part in parts:
            self.assertIn(part, text)

    def wrong(self, words, *parts, **arguments):
        """The command line is wrong; the kernel is not even asked."""
        self.kernel.commands.clear()
        result = self.run_socksctl(words, **arguments)
        self.assert_line(result.error, *parts)
        self.assertEqual((result.status, result.out), (1, ""))
        self.assertEqual(self.kernel.commands, [])

    def refused(self, words, text, **arguments):
        """The kernel refuses, and that is what is printed."""
        result = self.run_socksctl(words, **arguments)
        self.assertEqual((result.status, result.out, result.error), (2, "", text + "\n"))

    def file(self, name, text):
        path = os.path.join(self.scratch, name)
        with open(path, "wb") as out:
            out.write(text if isinstance(text, bytes) else text.encode(errors="surrogateescape"))
        return path

    def driver(self, *words, stdin=b""):
        result = self.run_binary("driver", *words, stdin=stdin)
        self.assertEqual(result.status, 0, result.error)
        return result

    def ask_driver(self, questions):
        """The driver's answers to (kind, text) pairs."""
        data = b"".join(kind.encode() + b"\0" + text + b"\0" for kind, text in questions)
        answers = self.driver("parse", stdin=data).raw.split(b"\n")[:-1]
        self.assertEqual(len(answers), len(questions))
        return answers
