// SPDX-License-Identifier: GPL-2.0-only
/* select() in each state, and one that waits for connect(). */
#include "observe.h"

#include <sys/select.h>

static void selected(int fd, bool wait, bool reading)
{
	struct timeval time = { .tv_sec = wait ? DEADLINE : 0 };
	fd_set in, out, except;
	int count;

	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&except);
	if (reading || !wait)
		FD_SET(fd, &in);
	if (!reading || !wait)
		FD_SET(fd, &out);
	FD_SET(fd, &except);
	count = CALL(select(fd + 1, &in, &out, &except, &time));
	if (count >= 0)
		say("  in %d, out %d, except %d", !!FD_ISSET(fd, &in),
		    !!FD_ISSET(fd, &out), !!FD_ISSET(fd, &except));
}

void program(void)
{
	int fd = tcp(SOCK_NONBLOCK);

	selected(fd, false, false);
	CALL(connect_to(fd, 0));
	selected(fd, false, false);
	far("arrived");
	selected(fd, false, false);
	far_when_blocked("grant");
	selected(fd, true, false);
	show_error(fd);
	selected(fd, false, false);
	far("send hello");
	selected(fd, false, false);
	take(fd, 5, 0);
	selected(fd, false, false);
	far("urgent !");
	wait_events(fd, POLLPRI);
	selected(fd, false, false);
	take(fd, 1, MSG_OOB);
	far("finish");
	selected(fd, false, false);
	CALL(close(fd));

	fd = connecting(1);
	far_when_blocked("1:refuse");
	selected(fd, true, false);
	wait_end(fd);
	selected(fd, false, false);
	show_error(fd);
	selected(fd, false, false);
	CALL(close(fd));

	fd = connecting(2);
	far_when_blocked("2:grant banner");
	selected(fd, true, true);
	selected(fd, false, false);
	take(fd, 10, 0);
	CALL(close(fd));
}
