// SPDX-License-Identifier: GPL-2.0-only
/* Addresses in 0.0.0.0/8: this host, and what SOCKS4A uses for a mark. */
#include "observe.h"

static void to(const char *host, unsigned int port)
{
	union address address;
	socklen_t size = make_address(host, port, &address);
	int fd = tcp(SOCK_NONBLOCK);

	say("%s", host);
	CALL(connect(fd, &address.any, size));
	CALL(close(fd));
}

void program(void)
{
	union address address;
	socklen_t size = make_address("127.0.0.1", own_port, &address);
	int listener = tcp(0), fd = tcp(0);

	CALL(bind(listener, &address.any, size));
	CALL(listen(listener, 1));
	size = make_address("0.0.0.0", own_port, &address);
	CALL(connect(fd, &address.any, size));
	show_names(fd);
	CALL(close(fd));
	CALL(close(listener));

	to("0.0.0.5", 80);
	to("0.1.0.0", 80);
}
