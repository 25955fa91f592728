// SPDX-License-Identifier: GPL-2.0-only
/* A target that refuses; what the socket is good for then. */
#include "observe.h"

static void refused(int fd)
{
	CALL(connect_to(fd, 0));
	far("arrived");
	far("refuse");
	wait_end(fd);
	show(fd);
}

void program(void)
{
	int fd;

	/* The error comes by SO_ERROR, and but once. */
	fd = tcp(SOCK_NONBLOCK);
	refused(fd);
	show_error(fd);
	show_error(fd);
	show(fd);
	/* That is still told of this failure. */
	CALL(connect_to(fd, 0));
	show(fd);
	CALL(connect_to(fd, 0));
	far("refuse");
	wait_end(fd);
	/* By connect() this time. */
	CALL(connect_to(fd, 0));
	show(fd);
	show_error(fd);
	CALL(connect_to(fd, 1));
	far("1:grant");
	CALL(connect_to(fd, 1));
	exchange(fd, 1);
	CALL(close(fd));

	/* By recv(), and by send(). */
	far("again");
	fd = tcp(SOCK_NONBLOCK);
	refused(fd);
	take(fd, 10, 0);
	take(fd, 10, 0);
	CALL(send(fd, "x", 1, 0));
	show(fd);
	CALL(close(fd));

	far("again");
	fd = tcp(SOCK_NONBLOCK);
	refused(fd);
	CALL(send(fd, "x", 1, 0));
	CALL(send(fd, "x", 1, 0));
	show(fd);
	CALL(shutdown(fd, SHUT_RDWR));
	CALL(close(fd));

	/* Blocking. */
	far("again");
	fd = tcp(0);
	far_when_blocked("refuse");
	CALL(connect_to(fd, 0));
	show(fd);
	show_error(fd);
	take(fd, 10, 0);
	far_when_blocked("2:grant");
	CALL(connect_to(fd, 2));
	show(fd);
	exchange(fd, 2);
	CALL(close(fd));
}
