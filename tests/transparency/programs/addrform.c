// SPDX-License-Identifier: GPL-2.0-only
/* IPV6_ADDRFORM, which makes an AF_INET6 socket an AF_INET one. */
#include "observe.h"

static void convert(int fd)
{
	CALL(get(fd, SOL_IPV6, IPV6_ADDRFORM));
	CALL(set(fd, SOL_IPV6, IPV6_ADDRFORM, AF_INET));
	CALL(get(fd, SOL_SOCKET, SO_DOMAIN));
}

void program(void)
{
	int fd = tcp(SOCK_NONBLOCK);

	convert(fd);
	CALL(connect_to(fd, 0));
	convert(fd);
	far("arrived");
	convert(fd);
	far("grant");
	convert(fd);
	CALL(connect_to(fd, 0));
	convert(fd);
	show(fd);
	CALL(nonblocking(fd, false));
	exchange(fd, 0);
	CALL(shutdown(fd, SHUT_WR));
	far("finish");
	wait_end(fd);
	convert(fd);
	show(fd);
	CALL(unconnect(fd));
	show(fd);
	CALL(close(fd));
}
