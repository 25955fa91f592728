// SPDX-License-Identifier: GPL-2.0-only
/* The far end resets the connection, in different states. */
#include "observe.h"

static void after(int fd, int n)
{
	far("%d:reset", n);
	wait_end(fd);
	show(fd);
}

void program(void)
{
	int fd = connected(0);

	after(fd, 0);
	show_error(fd);
	show_error(fd);
	take(fd, 10, 0);
	CALL(send(fd, "x", 1, 0));
	CALL(shutdown(fd, SHUT_RDWR));
	show(fd);
	CALL(connect_to(fd, 1));
	CALL(close(fd));

	/* By send() first. */
	fd = connected(1);
	after(fd, 1);
	CALL(send(fd, "x", 1, 0));
	CALL(send(fd, "x", 1, 0));
	take(fd, 10, 0);
	CALL(close(fd));

	/* With bytes which nobody has read. */
	fd = connected(2);
	far("2:send unread");
	after(fd, 2);
	take(fd, 3, 0);
	take(fd, 10, 0);
	take(fd, 10, 0);
	CALL(close(fd));

	/* Before the program knew it was connected, and while it waits. */
	fd = connecting(3);
	far("3:grant");
	after(fd, 3);
	CALL(connect_to(fd, 3));
	show_error(fd);
	CALL(connect_to(fd, 3));
	CALL(close(fd));

	far("again");
	fd = connected(0);
	far_when_blocked("reset");
	take(fd, 10, 0);
	show(fd);
	/* After a failure it may be used anew. */
	CALL(unconnect(fd));
	CALL(nonblocking(fd, true));
	far("1:again");
	CALL(connect_to(fd, 1));
	far("1:grant");
	CALL(connect_to(fd, 1));
	show(fd);
	CALL(close(fd));
}
