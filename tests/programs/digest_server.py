# SPDX-License-Identifier: GPL-2.0-only
"""Answer each connection, once the client has closed its half, with the length
and the digest of all it sent."""
import hashlib
import socketserver
import sys


class Digest(socketserver.StreamRequestHandler):
    """One connection."""

    def handle(self):
        data = self.rfile.read()
        self.wfile.write(b"%d %s\n" % (len(data),
                                       hashlib.md5(data).hexdigest().encode()))


socketserver.ThreadingTCPServer((sys.argv[1], int(sys.argv[2])), Digest).serve_forever()
