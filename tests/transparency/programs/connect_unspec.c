// SPDX-License-Identifier: GPL-2.0-only
/* connect() to AF_UNSPEC in each state, and what the socket is good for then. */
#include "observe.h"

static void reuse(int fd, int n)
{
	CALL(nonblocking(fd, true));
	CALL(connect_to(fd, n));
	far("%d:arrived", n);
	far("%d:grant", n);
	CALL(connect_to(fd, n));
	show(fd);
	CALL(nonblocking(fd, false));
	exchange(fd, n);
}

void program(void)
{
	struct sockaddr unspec = { .sa_family = AF_UNSPEC };
	int fd = tcp(0);

	CALL(unconnect(fd));
	show(fd);
	CALL(connect(fd, &unspec, sizeof(unspec.sa_family)));
	CALL(connect(fd, &unspec, 1));
	CALL(close(fd));

	/* In progress. */
	fd = connecting(0);
	CALL(connect(fd, &unspec, 1));
	CALL(unconnect(fd));
	show(fd);
	show_error(fd);
	CALL(unconnect(fd));
	reuse(fd, 1);

	/* Connected. */
	CALL(unconnect(fd));
	far("1:end");
	show(fd);
	take(fd, 10, 0);
	CALL(send(fd, "x", 1, 0));
	reuse(fd, 2);
	CALL(close(fd));

	/* Connected, but not told yet. */
	far("1:again");
	fd = connecting(1);
	far("1:grant");
	CALL(unconnect(fd));
	show(fd);
	CALL(close(fd));

	/* Failed, and not told yet. */
	fd = connecting(3);
	far("3:refuse");
	wait_end(fd);
	CALL(unconnect(fd));
	show(fd);
	show_error(fd);
	far("3:again");
	reuse(fd, 3);
	far("3:finish");
	wait_events(fd, POLLRDHUP);
	CALL(unconnect(fd));
	show(fd);
	CALL(close(fd));
}
