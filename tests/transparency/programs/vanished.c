// SPDX-License-Identifier: GPL-2.0-only
/* TCP_USER_TIMEOUT and keep-alive, when the far end says nothing any more. */
#include "observe.h"

/* Set before connect(). */
static void keep_alive(void)
{
	int fd = tcp(0);

	CALL(set(fd, SOL_SOCKET, SO_KEEPALIVE, 1));
	CALL(set(fd, SOL_TCP, TCP_KEEPIDLE, 1));
	CALL(set(fd, SOL_TCP, TCP_KEEPINTVL, 1));
	CALL(set(fd, SOL_TCP, TCP_KEEPCNT, 1));
	CALL(set(fd, SOL_TCP, TCP_KEEPIDLE, 0));
	CALL(set(fd, SOL_TCP, TCP_KEEPCNT, 1000));
	CALL(set(fd, SOL_TCP, TCP_USER_TIMEOUT, -1));
	far_when_blocked("grant");
	CALL(connect_to(fd, 0));
	exchange(fd, 0);
	far("vanish");
	take(fd, 10, 0);
	show(fd);
	show_error(fd);
	CALL(close(fd));
}

/* Set during it; some bytes are lost. */
static void user_timeout(void)
{
	int fd = connecting(1);

	CALL(nonblocking(fd, false));
	CALL(set(fd, SOL_TCP, TCP_USER_TIMEOUT, 300));
	far("1:grant");
	exchange(fd, 1);
	CALL(get(fd, SOL_TCP, TCP_USER_TIMEOUT));
	far("1:vanish");
	CALL(send(fd, "lost", 4, 0));
	take(fd, 10, 0);
	show_poll(fd);
	show_names(fd);
	show_error(fd);
	CALL(close(fd));
}

void program(void)
{
	/* It takes seconds, so one kind of program has to do. */
	if (family == AF_INET && sizeof(long) == 8)
		keep_alive();
	user_timeout();
}
