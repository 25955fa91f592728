// SPDX-License-Identifier: GPL-2.0-only
/* Out-of-band data, both ways, with SO_OOBINLINE and without, and SIGURG. */
#include "observe.h"

static void urgent(bool in_line, int n)
{
	int fd = tcp(SOCK_NONBLOCK);

	say("SO_OOBINLINE %d", in_line);
	catch(SIGURG, true);
	CALL(fcntl(fd, F_SETOWN, getpid()));
	CALL(set(fd, SOL_SOCKET, SO_OOBINLINE, in_line));
	CALL(send(fd, "!", 1, MSG_OOB));
	take(fd, 1, MSG_OOB);
	CALL(connect_to(fd, n));
	far("%d:arrived", n);
	CALL(send(fd, "!", 1, MSG_OOB));
	take(fd, 1, MSG_OOB);
	CALL(ioctl_int(fd, SIOCATMARK));
	far("%d:grant", n);
	CALL(connect_to(fd, n));
	take(fd, 1, MSG_OOB);

	far("%d:urgent some!", n);
	wait_events(fd, POLLPRI);
	/* SIGURG has come by now. */
	CALL(0);
	show(fd);
	take(fd, 1, MSG_OOB | MSG_PEEK);
	take(fd, 10, 0);
	CALL(ioctl_int(fd, SIOCATMARK));
	take(fd, 1, MSG_OOB);
	take(fd, 1, MSG_OOB);
	show_poll(fd);
	take(fd, 10, 0);
	far("%d:send more", n);
	take(fd, 10, 0);

	CALL(send(fd, "then!", 5, MSG_OOB));
	far("%d:read-urgent", n);
	far("%d:read 4", n);
	CALL(close(fd));
}

void program(void)
{
	urgent(false, 0);
	urgent(true, 1);
}
