# SPDX-License-Identifier: GPL-2.0-only
"""Print connect()'s errno, for a blocking socket, and SO_ERROR for one that is
not, with what poll() says of it."""
import errno
import select
import socket
import sys

address = (sys.argv[1], int(sys.argv[2]))
for family in (socket.AF_INET, socket.AF_INET6):
    if family == socket.AF_INET6:
        address = (f"::ffff:{address[0]}", address[1])
    with socket.socket(family) as blocking:
        print(errno.errorcode.get(blocking.connect_ex(address)))
    with socket.socket(family) as asynchronous:
        asynchronous.setblocking(False)
        print(errno.errorcode.get(asynchronous.connect_ex(address)))
        poll = select.poll()
        poll.register(asynchronous, select.POLLIN | select.POLLOUT)
        (_, events), = poll.poll()
        error = asynchronous.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        print(f"{events:#x}", errno.errorcode.get(error))
