// SPDX-License-Identifier: GPL-2.0-only
/* A target to which there is no way, seen from the network behind. */
#include "observe.h"

void program(void)
{
	int fd = tcp(SOCK_NONBLOCK);

	CALL(connect_to(fd, UNREACHABLE));
	far("%d:arrived", UNREACHABLE);
	far("%d:unreachable", UNREACHABLE);
	wait_end(fd);
	show(fd);
	show_error(fd);
	show_error(fd);
	CALL(close(fd));

	far("%d:again", UNREACHABLE);
	fd = tcp(0);
	far_when_blocked("%d:unreachable", UNREACHABLE);
	CALL(connect_to(fd, UNREACHABLE));
	show_error(fd);
	show(fd);
	far_when_blocked("grant");
	CALL(connect_to(fd, 0));
	exchange(fd, 0);
	CALL(close(fd));
}
