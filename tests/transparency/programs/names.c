// SPDX-License-Identifier: GPL-2.0-only
/* getsockname(), getpeername() and SO_PEERNAME in each state. */
#include "observe.h"

#define SO_PEERNAME	28

static void peername(int fd)
{
	union address address = {}, asked;
	socklen_t size = sizeof(address);
	char text[INET6_ADDRSTRLEN];

	show_names(fd);
	size = target(0, &asked);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERNAME, &address, &size)) {
		say("  SO_PEERNAME: %s", error_name(errno));
		return;
	}
	if (address.any.sa_family == AF_INET)
		inet_ntop(AF_INET, &address.in.sin_addr, text, sizeof(text));
	else
		inet_ntop(AF_INET6, &address.in6.sin6_addr, text, sizeof(text));
	say("  SO_PEERNAME: %s port %u", text, ntohs(address.in.sin_port));
}

static void short_names(int fd)
{
	union address address;
	socklen_t size = 3;

	memset(&address, 0x55, sizeof(address));
	CALL(getpeername(fd, &address.any, &size));
	say("  %u bytes: %s", size, quoted(&address, 5));
	size = -1;
	CALL(getpeername(fd, &address.any, &size));
	size = 0;
	CALL(getpeername(fd, NULL, &size));
	CALL(getpeername(fd, &address.any, NULL));
	size = sizeof(address);
	CALL(getpeername(fd, NULL, &size));
}

void program(void)
{
	int fd = tcp(SOCK_NONBLOCK);

	peername(fd);
	CALL(connect_to(fd, 0));
	far("arrived");
	peername(fd);
	short_names(fd);
	far("grant");
	peername(fd);
	short_names(fd);
	CALL(connect_to(fd, 0));
	peername(fd);
	CALL(shutdown(fd, SHUT_WR));
	wait_acked(fd);
	peername(fd);
	far("finish");
	wait_end(fd);
	peername(fd);
	CALL(close(fd));

	fd = connected(1);
	far("1:reset");
	wait_end(fd);
	peername(fd);
	show_error(fd);
	peername(fd);
	CALL(close(fd));

	fd = connecting(2);
	far("2:refuse");
	wait_end(fd);
	peername(fd);
	show_error(fd);
	peername(fd);
	CALL(close(fd));
}
