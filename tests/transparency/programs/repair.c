// SPDX-License-Identifier: GPL-2.0-only
/* TCP_REPAIR, which privileged programs may set in each state. */
#include "observe.h"

void program(void)
{
	int fd = tcp(SOCK_NONBLOCK);

	CALL(set(fd, SOL_TCP, TCP_REPAIR, 1));
	CALL(get(fd, SOL_TCP, TCP_REPAIR));
	CALL(set(fd, SOL_TCP, TCP_REPAIR, 0));
	CALL(connect_to(fd, 0));
	far("arrived");
	CALL(set(fd, SOL_TCP, TCP_REPAIR, 1));
	CALL(set(fd, SOL_TCP, TCP_REPAIR, 0));
	far("grant");
	CALL(connect_to(fd, 0));
	CALL(set(fd, SOL_TCP, TCP_REPAIR, 1));
	CALL(get(fd, SOL_TCP, TCP_REPAIR));
	CALL(set(fd, SOL_TCP, TCP_REPAIR, 0));
	CALL(nonblocking(fd, false));
	exchange(fd, 0);
	CALL(close(fd));

	/* A connection that would be made with no packet sent. */
	fd = tcp(SOCK_NONBLOCK);
	CALL(set(fd, SOL_TCP, TCP_REPAIR, 1));
	CALL(connect_to(fd, 1));
	CALL(close(fd));
}
