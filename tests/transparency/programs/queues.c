// SPDX-License-Identifier: GPL-2.0-only
/* FIONREAD, SIOCOUTQ and others as bytes come and go. */
#include "observe.h"

static void queues(int fd)
{
	CALL(ioctl_int(fd, FIONREAD));
	CALL(ioctl_int(fd, SIOCOUTQ));
	CALL(ioctl_int(fd, SIOCOUTQNSD));
	CALL(ioctl_int(fd, SIOCATMARK));
}

void program(void)
{
	int fd = tcp(SOCK_NONBLOCK);

	queues(fd);
	CALL(connect_to(fd, 0));
	queues(fd);
	far("arrived");
	queues(fd);
	far("grant 12345");
	queues(fd);
	CALL(connect_to(fd, 0));
	queues(fd);
	take(fd, 2, 0);
	queues(fd);
	/* With TCP_CORK nothing leaves yet. */
	CALL(set(fd, SOL_TCP, TCP_CORK, 1));
	CALL(send(fd, "abc", 3, 0));
	queues(fd);
	far("pending");
	CALL(set(fd, SOL_TCP, TCP_CORK, 0));
	far("read 3");
	wait_acked(fd);
	queues(fd);
	far("urgent 67!");
	queues(fd);
	take(fd, 10, 0);
	queues(fd);
	take(fd, 1, MSG_OOB);
	far("finish");
	queues(fd);
	CALL(shutdown(fd, SHUT_WR));
	wait_end(fd);
	queues(fd);
	CALL(close(fd));
	queues(fd);

	fd = connecting(1);
	far("1:refuse");
	wait_end(fd);
	show(fd);
	CALL(close(fd));
}
