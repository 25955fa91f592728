// SPDX-License-Identifier: GPL-2.0-only
/* Either side ends its half first, and goes on receiving. */
#include "observe.h"

void program(void)
{
	int fd = connected(0);

	CALL(shutdown(fd, SHUT_WR));
	far("end");
	wait_acked(fd);
	show(fd);
	CALL(send(fd, "x", 1, 0));
	CALL(send(fd, "x", 1, MSG_NOSIGNAL));
	far("send still");
	show(fd);
	take(fd, 10, 0);
	far("finish");
	wait_end(fd);
	show(fd);
	take(fd, 10, 0);
	take(fd, 10, MSG_PEEK);
	CALL(connect_to(fd, 0));
	show_error(fd);
	CALL(close(fd));

	fd = connected(1);
	far("1:send last");
	far("1:finish");
	show(fd);
	CALL(send(fd, "still", 5, 0));
	far("1:read 5");
	take(fd, 2, 0);
	take(fd, 10, 0);
	take(fd, 10, 0);
	wait_acked(fd);
	show(fd);
	CALL(shutdown(fd, SHUT_WR));
	far("1:end");
	wait_end(fd);
	show(fd);
	CALL(close(fd));

	/* Ended before the program knew it had begun. */
	fd = connecting(2);
	far("2:grant short");
	far("2:finish");
	show(fd);
	CALL(connect_to(fd, 2));
	take(fd, 10, 0);
	take(fd, 10, 0);
	show_error(fd);
	CALL(close(fd));
	far("2:end");
}
