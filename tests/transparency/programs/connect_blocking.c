// SPDX-License-Identifier: GPL-2.0-only
/* connect() of a blocking socket, and again after it has succeeded. */
#include "observe.h"

void program(void)
{
	int fd = tcp(0);

	show(fd);
	far_when_blocked("grant");
	CALL(connect_to(fd, 0));
	show(fd);
	show_error(fd);
	CALL(connect_to(fd, 0));
	CALL(connect_to(fd, 1));
	exchange(fd, 0);
	CALL(nonblocking(fd, true));
	CALL(connect_to(fd, 0));
	show(fd);
	CALL(close(fd));
	far("end");

	/* With a banner that comes at once. */
	fd = tcp(0);
	far_when_blocked("1:grant banner");
	CALL(connect_to(fd, 1));
	wait_events(fd, POLLIN);
	show(fd);
	take(fd, 10, 0);
	CALL(close(fd));
}
