// SPDX-License-Identifier: GPL-2.0-only
/* shutdown(), each way, in each state. */
#include "observe.h"

static void after(int fd)
{
	show(fd);
	take(fd, 10, MSG_DONTWAIT);
	if (CALL(send(fd, "x", 1, 0)) > 0)
		wait_acked(fd);
	show_error(fd);
	show(fd);
}

void program(void)
{
	int how, fd;

	fd = tcp(0);
	CALL(shutdown(fd, 3));
	CALL(shutdown(fd, -1));
	for (how = SHUT_RD; how <= SHUT_RDWR; how++)
		CALL(shutdown(fd, how));
	after(fd);
	CALL(close(fd));

	for (how = SHUT_RD; how <= SHUT_RDWR; how++) {
		say("connecting, then %d", how);
		fd = connecting(how);
		CALL(shutdown(fd, 3));
		show(fd);
		CALL(shutdown(fd, how));
		after(fd);
		/* It is as good as new. */
		far("%d:again", how);
		CALL(connect_to(fd, how));
		far("%d:arrived", how);
		far("%d:grant", how);
		CALL(connect_to(fd, how));
		CALL(nonblocking(fd, false));
		exchange(fd, how);

		say("connected, then %d", how);
		CALL(shutdown(fd, how));
		if (how != SHUT_RD) {
			wait_acked(fd);
			far("%d:end", how);
		}
		after(fd);
		CALL(shutdown(fd, how));
		CALL(close(fd));
		far("%d:again", how);

		say("connected, but not told yet, then %d", how);
		fd = connecting(how);
		far("%d:grant", how);
		CALL(shutdown(fd, how));
		if (how != SHUT_RD)
			wait_acked(fd);
		show(fd);
		CALL(connect_to(fd, how));
		show(fd);
		CALL(close(fd));
		far("%d:again", how);
	}

	say("refused");
	fd = connecting(3);
	far("3:refuse");
	wait_end(fd);
	CALL(shutdown(fd, SHUT_WR));
	after(fd);
	CALL(close(fd));
}
