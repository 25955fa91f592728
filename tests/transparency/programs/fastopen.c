// SPDX-License-Identifier: GPL-2.0-only
/* TCP Fast Open: MSG_FASTOPEN, and TCP_FASTOPEN_CONNECT. */
#include "observe.h"

static long fast(int fd, int n, const char *data)
{
	union address address;
	socklen_t size = target(n, &address);

	return sendto(fd, data, strlen(data), MSG_FASTOPEN | MSG_NOSIGNAL,
		      &address.any, size);
}

void program(void)
{
	int fd = tcp(SOCK_NONBLOCK);

	say("MSG_FASTOPEN");
	CALL(fast(fd, 0, "abc"));
	CALL(close(fd));

	say("MSG_FASTOPEN of a socket that connects");
	fd = connecting(1);
	CALL(fast(fd, 1, "abc"));
	show(fd);
	far("1:grant");
	CALL(fast(fd, 1, "abc"));
	CALL(fast(fd, 2, "def"));
	far("1:read 3");
	CALL(close(fd));

	say("TCP_FASTOPEN_CONNECT");
	fd = tcp(SOCK_NONBLOCK);
	CALL(set(fd, SOL_TCP, TCP_FASTOPEN_CONNECT, 1));
	CALL(connect_to(fd, 2));
	far("2:arrived");
	CALL(connect_to(fd, 2));
	show(fd);
	far("2:grant");
	CALL(connect_to(fd, 2));
	CALL(nonblocking(fd, false));
	exchange(fd, 2);
	CALL(close(fd));
}
