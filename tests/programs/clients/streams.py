# SPDX-License-Identifier: GPL-2.0-only
"""Ten GETs at once by asyncio's streams."""
import asyncio
import hashlib
import sys


async def get(number):
    """Print-ready facts of one transfer."""
    reader, writer = await asyncio.open_connection(sys.argv[1], 80)
    peer = writer.get_extra_info("peername")
    writer.write(f"GET /part/{number} HTTP/1.0\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return peer, hashlib.md5(answer.split(b"\r\n\r\n", 1)[1]).hexdigest()


async def main():
    """All of them."""
    for facts in await asyncio.gather(*map(get, range(1, 11))):
        print(*facts)


asyncio.run(main())
