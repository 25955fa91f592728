// SPDX-License-Identifier: GPL-2.0-only
/* SO_LINGER and close(). */
#include "observe.h"

static void lingers(int fd, int on, int seconds)
{
	struct linger linger = { on, seconds };
	socklen_t size = sizeof(linger);

	CALL(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, size));
	memset(&linger, 0, size);
	CALL(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size));
	say("  %d, %d s", linger.l_onoff, linger.l_linger);
}

void program(void)
{
	int fd = tcp(0);

	lingers(fd, 1, 5);
	lingers(fd, 1, -1);
	CALL(close(fd));

	/* A reset. */
	fd = connected(0);
	lingers(fd, 1, 0);
	CALL(close(fd));
	far("end");

	/* It waits until all is sent and acknowledged. */
	fd = connected(1);
	lingers(fd, 1, DEADLINE);
	CALL(send(fd, "last", 4, 0));
	CALL(close(fd));
	far("1:end");

	/* Bytes that nobody has read make it a reset. */
	fd = connected(2);
	far("2:send unread");
	CALL(close(fd));
	far("2:end");

	/* During the handshake there is nothing to wait for. */
	fd = connecting(3);
	lingers(fd, 1, DEADLINE);
	CALL(close(fd));
	far("3:again");
	fd = connecting(3);
	lingers(fd, 1, 0);
	CALL(close(fd));
	far("3:again");
	/* Set then, and in effect later. */
	fd = connecting(3);
	lingers(fd, 1, 0);
	far("3:grant");
	CALL(close(fd));
	far("3:end");
}
