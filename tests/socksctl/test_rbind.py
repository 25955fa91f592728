# SPDX-License-Identifier: GPL-2.0-only
"""<socks/rbind.h>: what it makes of a program, and that it is installed."""

import errno
import itertools
import os
import re
import subprocess

import model
from harness import SOURCE, Case

UAPI = os.path.join(model.TOP, "uapi")

# It has members and functions of its own that are called bind, and prints which
# option setsockopt() was asked for; "bind" for a call of the C library's bind().
C_PROGRAM = r"""
#ifdef FIRST
#include <netinet/in.h>
#include <sys/socket.h>
#endif
#include <linux/socks.h>
#include <socks/rbind.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct operations {
	int (*bind)(int a, int b, int c);
	int (*call)(int fd, const struct sockaddr *address, socklen_t len);
};

static int sum(int a, int b, int c)
{
	return a + b + c;
}

int main(void)
{
	struct operations operations;
	struct sockaddr_in sin;
	int result;

	operations.bind = sum;
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	result = bind(-1, (struct sockaddr *)&sin, sizeof(sin));
	printf(" %d %d", result, errno);
	result = Rbind(-1, (struct sockaddr *)&sin, sizeof(sin));
	printf(" %d %d", result, errno);
	printf(" %d\n", operations.bind(1, 2, 3));
	return 0;
}
"""

CPP_PROGRAM = r"""
#include <socks/rbind.h>
#include <cerrno>
#include <cstdio>
#include <functional>

namespace mine {
struct Socket {
	int bind(int port) { return port; }
	int bind(int a, int b, int c) { return a + b + c; }
};
int bind(int a, int b, int c) { return a * b * c; }
}

#if __cplusplus >= 201103L
static int bound(int a)
{
	return std::bind([](int b, int c) { return b - c; }, a, std::placeholders::_1)(1);
}
#else
static int bound(int a)
{
	return a - 1;
}
#endif

int main()
{
	sockaddr_in sin = sockaddr_in();
	mine::Socket socket;
	int result = ::bind(-1, reinterpret_cast<sockaddr *>(&sin), sizeof(sin));

	std::printf(" %d %d", result, errno);
	result = Rbind(-1, reinterpret_cast<sockaddr *>(&sin), sizeof(sin));
	std::printf(" %d %d", result, errno);
	std::printf(" %d\n", socket.bind(1) + socket.bind(2, 3, 4) + mine::bind(2, 3, 7) + bound(-45));
	return 0;
}
"""

# In place of the C library's functions; these say which one was called.
CALLED = r"""
#include <errno.h>
#include <stdio.h>

int setsockopt(int fd, int level, int option, const void *value, unsigned int len)
{
	printf("%d/%d/%u", level, option, len);
	errno = value && fd == -1 ? EPROTO : EFAULT;
	return -1;
}

int bind(int fd, const void *address, unsigned int len)
{
	printf("bind/%u", len);
	errno = address && fd == -1 ? EPROTO : EFAULT;
	return -1;
}
"""


class Header(Case):
    def compile(self, *words):
        done = subprocess.run([*words, "-Wall", "-Wextra", "-Werror", "-I", UAPI, "-o", "program"], cwd=self.scratch,
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), words)

    def result(self, *words):
        self.compile(*words, "called.o")
        return subprocess.run([os.path.join(self.scratch, "program")], capture_output=True, text=True,
                              check=True).stdout

    def setUp(self):
        super().setUp()
        self.file("called.c", CALLED)
        subprocess.run(["cc", "-c", "-fno-builtin", "called.c"], cwd=self.scratch, check=True)
        asked = f"0/{model.N['SOCKS_SO_RBIND']}/16"
        failed = f" -1 {errno.EPROTO}"
        self.as_bind = f"bind/16{failed}{asked}{failed} 6\n"
        self.as_rbind = f"{asked}{failed}{asked}{failed} 6\n"

    def test_c(self):
        path = self.file("program.c", C_PROGRAM)
        for std, level, more in itertools.product(("c89", "gnu89", "c99", "gnu17"), ("-O0", "-O2"),
                                                  ((), ("-D_GNU_SOURCE",), ("-DFIRST",))):
            words = ["cc", "-std=" + std, level, *more, path]
            with self.subTest(words=words):
                self.assertEqual(self.result(*words), self.as_bind)
                self.assertEqual(self.result(*words, "-D__Rbind"), self.as_rbind)

    def test_included_from_the_command_line(self):
        path = self.file("program.c", C_PROGRAM)
        self.assertEqual(self.result("cc", path, "-D__Rbind", "-include", "socks/rbind.h"), self.as_rbind)

    def test_cpp(self):
        path = self.file("program.cc", CPP_PROGRAM)
        for std, level in itertools.product(("c++98", "c++11", "gnu++20"), ("-O0", "-O2")):
            words = ["c++", "-std=" + std, level, path]
            with self.subTest(words=words):
                self.assertEqual(self.result(*words), self.as_bind)
                self.assertEqual(self.result(*words, "-D__Rbind"), self.as_rbind)

    def test_pedantic(self):
        path = self.file("empty.c", "#include <socks/rbind.h>\nint nothing;\n")
        for more in (), ("-D__Rbind",):
            self.compile("cc", "-c", "-std=c89", "-pedantic", *more, path)


class Install(Case):
    def test_installed(self):
        """Under prefix: the header as it is, with what it includes, the manuals, and the examples."""
        copy = os.path.join(self.folder, "userspace-cfg")
        subprocess.run(["make", "-s", "-C", copy, "install", f"DESTDIR={self.scratch}/root", "prefix=/usr/local"],
                       check=True)
        root = os.path.join(self.scratch, "root/usr/local")
        self.assertEqual(sorted(os.path.relpath(os.path.join(folder, name), root)
                                for folder, _, names in os.walk(root) for name in names),
                         ["include/socks/rbind.h", "sbin/socksctl",
                          *(f"share/doc/socks/examples/{name}" for name in sorted(os.listdir(f"{copy}/examples"))),
                          "share/man/man3/Rbind.3", "share/man/man5/socks.conf.5", "share/man/man7/socks.7",
                          "share/man/man8/socksctl.8"])
        path = self.file("program.c", "#include <socks/rbind.h>\nint main(void) { return Rbind(-1, 0, 0) + 1; }\n")
        subprocess.run(["cc", "-I", os.path.join(root, "include"), path, "-o", self.scratch + "/a.out"], check=True)
        subprocess.run([self.scratch + "/a.out"], check=True)

    def test_the_example_compiles(self):
        with open(os.path.join(SOURCE, "Rbind.3")) as page:
            example = re.search(r"\.Bd -literal.*?\n(.*?)\.Ed", page.read(), re.S)[1].replace("\\e", "\\")
        path = self.file("example.c", "#include <socks/rbind.h>\n#include <stdio.h>\n"
                         f"int fetch(int control);\nint fetch(int control)\n{{\n{example}return data;\n}}\n")
        subprocess.run(["cc", "-c", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-I", UAPI, path, "-o",
                        self.scratch + "/example.o"], check=True)
