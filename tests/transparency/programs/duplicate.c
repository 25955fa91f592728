// SPDX-License-Identifier: GPL-2.0-only
/* dup() of a socket that connects: one socket, two descriptors. */
#include "observe.h"

#include <sys/epoll.h>

void program(void)
{
	int fd = tcp(SOCK_NONBLOCK), other = MUST(dup(fd));
	int ep = MUST(epoll_create1(0));
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT };
	int count;

	CALL(connect_to(fd, 0));
	far("arrived");
	show(other);
	CALL(connect_to(other, 0));
	CALL(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event));
	CALL(close(fd));
	show(other);
	far("grant");
	/* Epoll still has the one that is closed. */
	event.events = 0;
	count = epoll_wait(ep, &event, 1, 0);
	say("epoll_wait: %d, %s", count, events(event.events));
	show(other);
	CALL(connect_to(other, 0));
	fd = CALL(fcntl(other, F_DUPFD_CLOEXEC, 100));
	CALL(fcntl(fd, F_GETFD));
	CALL(nonblocking(fd, false));
	CALL(fcntl(other, F_GETFL) & O_NONBLOCK);
	exchange(fd, 0);
	CALL(shutdown(other, SHUT_WR));
	far("end");
	CALL(close(other));
	far("send still");
	take(fd, 10, 0);
	CALL(close(fd));

	/* One is closed after the other while it connects. */
	fd = connecting(1);
	other = MUST(dup3(fd, 200, O_CLOEXEC));
	CALL(close(fd));
	CALL(connect_to(fd, 1));
	CALL(connect_to(other, 1));
	CALL(close(other));
	CALL(connect_to(other, 1));
}
