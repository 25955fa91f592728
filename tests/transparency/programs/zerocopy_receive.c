// SPDX-License-Identifier: GPL-2.0-only
/* TCP_ZEROCOPY_RECEIVE, and mmap() of a socket for it. */
#include "observe.h"

#include <sys/mman.h>

#define SIZE	(16 * 4096)

static void receive(int fd, void *map)
{
	struct tcp_zerocopy_receive zc = {};
	socklen_t size = sizeof(zc);
	static char copy[SIZE];

	zc.address = (uintptr_t)map;
	zc.length = SIZE;
	zc.copybuf_address = (uintptr_t)copy;
	zc.copybuf_len = sizeof(copy);
	CALL(getsockopt(fd, SOL_TCP, TCP_ZEROCOPY_RECEIVE, &zc, &size));
	/* Whether it maps or copies, this has to be all of it. */
	if (zc.copybuf_len > 0)
		say("  %u bytes mapped, %d copied, %u to skip, error %d: %s",
		    zc.length, zc.copybuf_len, zc.recv_skip_hint, zc.err,
		    quoted(copy, zc.copybuf_len));
	else
		say("  %u bytes mapped, %d copied, %u to skip, error %d",
		    zc.length, zc.copybuf_len, zc.recv_skip_hint, zc.err);
	size = 1;
	CALL(getsockopt(fd, SOL_TCP, TCP_ZEROCOPY_RECEIVE, &zc, &size));
	size = 8;
	CALL(getsockopt(fd, SOL_TCP, TCP_ZEROCOPY_RECEIVE, &zc, &size));
}

static void *mapped(int fd)
{
	void *map = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);

	say("mmap: %s", map == MAP_FAILED ? error_name(errno) : "pages");
	return map == MAP_FAILED ? NULL : map;
}

void program(void)
{
	int fd = tcp(SOCK_NONBLOCK);
	void *map = mapped(fd);

	receive(fd, map);
	CALL(connect_to(fd, 0));
	far("arrived");
	receive(fd, map);
	if (!map)
		map = mapped(fd);
	far("grant hello");
	CALL(connect_to(fd, 0));
	if (!map)
		map = mapped(fd);
	receive(fd, map);
	take(fd, 10, 0);
	far("send there");
	receive(fd, map);
	take(fd, 10, 0);
	if (map)
		CALL(munmap(map, SIZE));
	show(fd);
	CALL(close(fd));
}
