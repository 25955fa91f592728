// SPDX-License-Identifier: GPL-2.0-only
/* epoll: level, edge, one-shot; added before and after connect(). */
#include "observe.h"

#include <sys/epoll.h>

#define EVENTS	(EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP)

static int ep;

static void control(int operation, int fd, unsigned int mask)
{
	struct epoll_event event = { .events = mask };

	CALL(epoll_ctl(ep, operation, fd, &event));
}

static void waited(int timeout)
{
	struct epoll_event event = {};
	int count = epoll_wait(ep, &event, 1, timeout);

	if (count < 0)
		say("epoll_wait: %s", error_name(errno));
	else
		say("epoll_wait: %d, %s", count, events(event.events));
}

/* What makes a connection end may bring more than one edge. */
static void waited_for(unsigned int mask)
{
	struct epoll_event event = {};
	unsigned int all = 0;

	while ((all & mask) != mask) {
		if (epoll_wait(ep, &event, 1, DEADLINE * 1000) != 1)
			die("epoll_wait");
		all |= event.events;
	}
	say("epoll_wait: %s", events(all));
	/* The last edge may have been seen in part. */
	epoll_wait(ep, &event, 1, 0);
}

static void granted(unsigned int mode, bool before, int n)
{
	int fd = tcp(SOCK_NONBLOCK);

	say("granted, %s%sadded %s connect()", mode & EPOLLET ? "edge, " : "",
	    mode & EPOLLONESHOT ? "one-shot, " : "",
	    before ? "before" : "after");
	if (before) {
		control(EPOLL_CTL_ADD, fd, EVENTS | mode);
		waited(0);
	}
	CALL(connect_to(fd, n));
	if (!before)
		control(EPOLL_CTL_ADD, fd, EVENTS | mode);
	waited(0);
	far("%d:arrived", n);
	waited(0);
	if (before && mode & EPOLLONESHOT) {
		control(EPOLL_CTL_MOD, fd, EVENTS | mode);
		waited(0);
	}
	far_when_blocked("%d:grant", n);
	waited(DEADLINE * 1000);
	waited(0);
	show_error(fd);
	far("%d:send hello", n);
	waited(0);
	waited(0);
	if (mode & EPOLLONESHOT) {
		control(EPOLL_CTL_MOD, fd, EVENTS | mode);
		waited(0);
		waited(0);
	}
	take(fd, 10, 0);
	waited(0);
	CALL(send(fd, "there", 5, 0));
	far("%d:read 5", n);
	wait_acked(fd);
	waited(0);
	far("%d:finish", n);
	waited(0);
	waited(0);
	control(EPOLL_CTL_MOD, fd, EVENTS | mode);
	waited(0);
	CALL(close(fd));
	waited(0);
	far("%d:again", n);
}

static void refused(unsigned int mode, bool before, int n)
{
	int fd = tcp(SOCK_NONBLOCK);

	say("refused, %s%sadded %s connect()", mode & EPOLLET ? "edge, " : "",
	    mode & EPOLLONESHOT ? "one-shot, " : "",
	    before ? "before" : "after");
	if (before)
		control(EPOLL_CTL_ADD, fd, EVENTS | mode);
	CALL(connect_to(fd, n));
	far("%d:arrived", n);
	if (!before)
		control(EPOLL_CTL_ADD, fd, EVENTS | mode);
	waited(0);
	if (before && mode & EPOLLONESHOT)
		control(EPOLL_CTL_MOD, fd, EVENTS | mode);
	far("%d:refuse", n);
	if (mode & EPOLLONESHOT)
		wait_end(fd);
	waited_for(mode & EPOLLONESHOT ? EPOLLERR : EPOLLHUP);
	wait_end(fd);
	if (!(mode & EPOLLET) && !(mode & EPOLLONESHOT))
		waited(0);
	show_error(fd);
	control(EPOLL_CTL_MOD, fd, EVENTS | mode);
	waited(0);
	control(EPOLL_CTL_DEL, fd, 0);
	waited(0);
	CALL(close(fd));
	far("%d:again", n);
}

void program(void)
{
	static const unsigned int modes[] = {
		0, EPOLLET, EPOLLONESHOT, EPOLLET | EPOLLONESHOT,
	};
	unsigned int i;

	ep = MUST(epoll_create1(0));
	for (i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		granted(modes[i], true, 0);
		granted(modes[i], false, 1);
		refused(modes[i], true, 2);
		refused(modes[i], false, 3);
	}
}
