// SPDX-License-Identifier: GPL-2.0-only
/* bind() first: to an address, a port, both, or an address without a port. */
#include "observe.h"

/* The program's host has it. */
#define LOCAL	"10.2.0.1"

static void bound(const char *host, unsigned int port, bool no_port, int n)
{
	union address address;
	socklen_t size = make_address(host, port, &address);
	int fd = tcp(SOCK_NONBLOCK);

	say("%s port %u, %d", host, port ? port - own_port : 0, no_port);
	if (no_port)
		CALL(set(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1));
	CALL(bind(fd, &address.any, size));
	show_names(fd);
	CALL(connect_to(fd, n));
	show_names(fd);
	CALL(bind(fd, &address.any, size));
	far("%d:arrived", n);
	far("%d:refuse", n);
	wait_end(fd);
	show_names(fd);
	show_error(fd);
	CALL(connect_to(fd, n));
	show_names(fd);
	/* The address is kept, the port too where it was asked for. */
	far("%d:again", n);
	CALL(connect_to(fd, n));
	show_names(fd);
	far("%d:grant", n);
	CALL(connect_to(fd, n));
	show_names(fd);
	CALL(bind(fd, &address.any, size));
	CALL(nonblocking(fd, false));
	exchange(fd, n);
	CALL(unconnect(fd));
	show_names(fd);
	CALL(close(fd));
}

void program(void)
{
	bound(LOCAL, 0, false, 0);
	bound("0.0.0.0", own_port, false, 1);
	bound(LOCAL, own_port + 1, false, 2);
	bound(LOCAL, 0, true, 3);
}
