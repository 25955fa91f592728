// SPDX-License-Identifier: GPL-2.0-only
/* connect() with O_NONBLOCK, and again in each state. */
#include "observe.h"

void program(void)
{
	int fd = tcp(SOCK_NONBLOCK);

	CALL(connect_to(fd, 0));
	show(fd);
	show_error(fd);
	CALL(connect_to(fd, 0));
	far("arrived");
	show(fd);
	CALL(connect_to(fd, 0));
	/* The destination of the first call counts. */
	CALL(connect_to(fd, 1));
	far("grant");
	show(fd);
	show_error(fd);
	CALL(connect_to(fd, 1));
	show(fd);
	CALL(connect_to(fd, 0));
	exchange(fd, 0);
	CALL(close(fd));
	far("end");

	/* Sent to at once, without asking whether it is connected. */
	fd = tcp(SOCK_NONBLOCK);
	CALL(connect_to(fd, 1));
	far("1:grant");
	CALL(send(fd, "early", 5, MSG_NOSIGNAL));
	far("1:read 5");
	CALL(connect_to(fd, 1));
	CALL(connect_to(fd, 1));
	CALL(close(fd));
}
