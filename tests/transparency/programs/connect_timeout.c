// SPDX-License-Identifier: GPL-2.0-only
/* connect() with SO_SNDTIMEO, which it outlasts. */
#include "observe.h"

static void timeouts(int fd, int option, long ms)
{
	struct timeval time = { .tv_usec = ms * 1000 };

	CALL(setsockopt(fd, SOL_SOCKET, option, &time, sizeof(time)));
}

void program(void)
{
	int fd = tcp(0);

	timeouts(fd, SO_SNDTIMEO, 30);
	timeouts(fd, SO_RCVTIMEO, 30);
	CALL(connect_to(fd, 0));
	show(fd);
	show_error(fd);
	CALL(connect_to(fd, 0));
	far("arrived");
	CALL(connect_to(fd, 0));
	CALL(send(fd, "x", 1, MSG_NOSIGNAL));
	take(fd, 10, 0);
	timeouts(fd, SO_SNDTIMEO, 0);
	far_when_blocked("grant");
	CALL(connect_to(fd, 0));
	show(fd);
	take(fd, 10, 0);
	exchange(fd, 0);
	CALL(close(fd));

	fd = tcp(0);
	timeouts(fd, SO_SNDTIMEO, 30);
	CALL(connect_to(fd, 1));
	far("1:arrived");
	far("1:refuse");
	wait_end(fd);
	CALL(connect_to(fd, 1));
	CALL(connect_to(fd, 2));
	show(fd);
	far("2:grant");
	CALL(connect_to(fd, 2));
	CALL(close(fd));
}
