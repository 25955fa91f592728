# SPDX-License-Identifier: GPL-2.0-only
"""GET by http.client: with a blocking connect(), then with one that has a
time limit, which Python makes non-blocking."""
import hashlib
import http.client
import sys

for timeout in (None, 100):
    connection = http.client.HTTPConnection(sys.argv[1], timeout=timeout)
    connection.connect()
    print(connection.sock.getpeername())
    for path in ("/", "/part/1"):
        connection.request("GET", path)
        answer = connection.getresponse()
        print(answer.status, hashlib.md5(answer.read()).hexdigest())
    connection.close()
