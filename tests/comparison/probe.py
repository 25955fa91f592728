# SPDX-License-Identifier: GPL-2.0-only
"""
probe.py ADDRESS ADDRESS6 THROUGH DIRECT

How this process, and programs that it starts, reach a web server which answers
with the address from which it is asked, and a UDP server which does so too.
THROUGH and DIRECT are that address by way of the SOCKS server, and without it.
Prints a line for each way to connect: "through", "directly", "fails", or an
errno.
"""
import ctypes
import errno
import os
import select
import socket
import subprocess
import struct
import sys

WEB, WEB6, THROUGH, DIRECT = sys.argv[1:]
PORT, UDP_PORT, CLOSED_PORT = 80, 5353, 81
SETUID_CURL = "/srv/setuid-curl"
LIMIT = 30


def verdict(text):
    """What an answer of the server says."""
    if THROUGH in text:
        return "through"
    return "directly" if DIRECT in text or "2001:db8:" in text else "fails"


def program(*argv, env=None):
    """Run a program which asks the web server."""
    try:
        return verdict(subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT,
                                      env=env, check=False).stdout)
    except subprocess.TimeoutExpired:
        return "fails"


def ask(sock):
    """Ask the web server by a socket."""
    try:
        sock.setblocking(True)
        sock.settimeout(LIMIT)
        sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
        text = b""
        while more := sock.recv(1000):
            text += more
        return verdict(text.decode())
    except OSError:
        return "fails"


def connected(family, address):
    """Ask by a socket of this family."""
    with socket.socket(family) as sock:
        sock.settimeout(LIMIT)
        try:
            sock.connect((address, PORT))
        except OSError:
            return "fails"
        return ask(sock)


def raw():
    """connect() by the system call, not by the C library's function."""
    libc = ctypes.CDLL(None, use_errno=True)
    with socket.socket() as sock:
        name = struct.pack("=H", socket.AF_INET) + struct.pack("!H", PORT)
        name += socket.inet_aton(WEB) + bytes(8)
        if libc.syscall(42, sock.fileno(), name, len(name)):
            return "fails"
        return ask(sock)


def nonblocking():
    """What a non-blocking connect() returns, and how it is reached then."""
    with socket.socket() as sock:
        sock.setblocking(False)
        number = sock.connect_ex((WEB, PORT))
        if number not in (0, errno.EINPROGRESS):
            return errno.errorcode[number]
        if number:
            poll = select.poll()
            poll.register(sock, select.POLLOUT)
            poll.poll(LIMIT * 1000)
        name = errno.errorcode.get(number, "0")
        return name if ask(sock) != "fails" else f"{name}, then fails"


def peer():
    """Whom getpeername() names."""
    with socket.socket() as sock:
        try:
            sock.connect((WEB, PORT))
            address = sock.getpeername()[0]
        except OSError as error:
            return errno.errorcode[error.errno]
    if address == WEB:
        return "the destination"
    return "another"


def refused():
    """connect() to a port at which nobody listens."""
    with socket.socket() as sock:
        return errno.errorcode.get(sock.connect_ex((WEB, CLOSED_PORT)), "0")


def udp():
    """A datagram."""
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        try:
            sock.sendto(b"?", (WEB, UDP_PORT))
            return verdict(sock.recv(100).decode())
        except OSError:
            return "fails"


PROBES = {
    "c": lambda: program("curl", "-sS", f"http://{WEB}/"),
    "static": lambda: program("busybox", "wget", "-q", "-O", "-", f"http://{WEB}/"),
    "go": lambda: program("gron", f"http://{WEB}/json"),
    "setuid": lambda: program(SETUID_CURL, "-sS", f"http://{WEB}/"),
    "environment": lambda: program("curl", "-sS", f"http://{WEB}/",
                                   env={"PATH": os.environ["PATH"]}),
    "raw": raw,
    "mapped": lambda: connected(socket.AF_INET6, f"::ffff:{WEB}"),
    "ipv6": lambda: connected(socket.AF_INET6, WEB6),
    "udp": udp,
    "nonblocking": nonblocking,
    "refused": refused,
    "peer": peer,
}


def main():
    """Try each in a process of its own: some tools end one which does what they forbid."""
    for name, probe in PROBES.items():
        if not os.fork():
            print(f"{name}: {probe()}", flush=True)
            os._exit(0)
        if os.wait()[1]:
            print(f"{name}: fails", flush=True)


main()
