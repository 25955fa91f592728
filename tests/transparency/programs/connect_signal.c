// SPDX-License-Identifier: GPL-2.0-only
/* Signals, with and without SA_RESTART, for calls that wait for connect(). */
#include "observe.h"

static void interrupted(bool restart, bool timeout, int n)
{
	struct timeval time = { .tv_sec = DEADLINE };
	int fd = tcp(0);

	say("SA_RESTART %d, SO_SNDTIMEO %d", restart, timeout);
	catch(SIGUSR1, restart);
	if (timeout)
		CALL(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time,
				sizeof(time)));
	far_when_blocked("signal %d USR1", gettid());
	/* Only where the call goes on waiting. */
	if (restart && !timeout)
		far_when_blocked("%d:grant", n);
	CALL(connect_to(fd, n));
	far("%d:arrived", n);
	if (!restart || timeout) {
		show(fd);
		show_error(fd);
		CALL(nonblocking(fd, true));
		CALL(connect_to(fd, n));
		CALL(nonblocking(fd, false));
		far_when_blocked("%d:grant", n);
		CALL(connect_to(fd, n));
	}
	show(fd);
	exchange(fd, n);
	CALL(close(fd));
}

static void data_interrupted(bool restart, int n)
{
	int fd = connecting(n);

	say("send() and recv(), SA_RESTART %d", restart);
	catch(SIGUSR1, restart);
	CALL(nonblocking(fd, false));
	far_when_blocked("signal %d USR1", gettid());
	if (restart)
		far_when_blocked("%d:grant hello", n);
	take(fd, 10, 0);
	if (!restart) {
		far_when_blocked("signal %d USR1", gettid());
		CALL(send(fd, "x", 1, MSG_NOSIGNAL));
		show(fd);
		far_when_blocked("%d:grant", n);
		CALL(send(fd, "x", 1, MSG_NOSIGNAL));
		far("%d:read 1", n);
	}
	CALL(close(fd));
}

void program(void)
{
	interrupted(false, false, 0);
	interrupted(true, false, 1);
	interrupted(false, true, 2);
	interrupted(true, true, 3);
	far("again");
	data_interrupted(false, 0);
	far("1:again");
	data_interrupted(true, 1);
}
