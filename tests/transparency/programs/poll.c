// SPDX-License-Identifier: GPL-2.0-only
/* poll() in each state, and one that waits for connect(). */
#include "observe.h"

static void polled(int fd, int mask, int timeout)
{
	struct pollfd one = { .fd = fd, .events = mask };

	CALL(poll(&one, 1, timeout));
	say("  %s", events(one.revents));
}

void program(void)
{
	int fd = tcp(SOCK_NONBLOCK);

	polled(fd, 0, 0);
	polled(fd, POLLIN, 0);
	polled(fd, POLLOUT, 0);
	show_poll(fd);
	CALL(connect_to(fd, 0));
	show_poll(fd);
	far("arrived");
	show_poll(fd);
	polled(fd, POLLIN | POLLOUT | POLLRDHUP | POLLPRI, 10);
	far_when_blocked("grant");
	polled(fd, POLLIN | POLLOUT, DEADLINE * 1000);
	show_poll(fd);
	polled(fd, POLLIN, 0);
	far("send hello");
	show_poll(fd);
	far_when_blocked("finish");
	polled(fd, POLLRDHUP, DEADLINE * 1000);
	show_poll(fd);
	take(fd, 10, 0);
	show_poll(fd);
	CALL(shutdown(fd, SHUT_WR));
	wait_end(fd);
	show_poll(fd);
	CALL(close(fd));

	/* With no event asked for, a failure is told all the same. */
	fd = connecting(1);
	far_when_blocked("1:refuse");
	polled(fd, 0, DEADLINE * 1000);
	wait_end(fd);
	show_poll(fd);
	show_error(fd);
	show_poll(fd);
	CALL(close(fd));

	/* Only what is asked for wakes it. */
	fd = connecting(2);
	far_when_blocked("2:grant banner");
	polled(fd, POLLIN, DEADLINE * 1000);
	show_poll(fd);
	CALL(close(fd));

	fd = connecting(3);
	far("3:grant");
	far_when_blocked("3:reset");
	polled(fd, POLLIN | POLLPRI, DEADLINE * 1000);
	wait_end(fd);
	show_poll(fd);
	show_error(fd);
	show_poll(fd);
	CALL(close(fd));
}
