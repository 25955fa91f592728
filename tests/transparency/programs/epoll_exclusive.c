// SPDX-License-Identifier: GPL-2.0-only
/* EPOLLEXCLUSIVE, and one socket in several epoll instances, one in another. */
#include "observe.h"

#include <sys/epoll.h>

#define INSTANCES	3

static int ep[INSTANCES];

static void add(int instance, int fd, unsigned int mask)
{
	struct epoll_event event = { .events = mask };

	CALL(epoll_ctl(ep[instance], EPOLL_CTL_ADD, fd, &event));
}

static void waited(int instance)
{
	struct epoll_event event = {};
	int count = epoll_wait(ep[instance], &event, 1, 0);

	say("epoll_wait %d: %d, %s", instance, count, events(event.events));
}

static void *sleeps(struct worker *worker)
{
	struct epoll_event event;

	worker_begins(worker);
	worker_done(worker, epoll_wait(worker->fd, &event, 1, DEADLINE * 1000));
	return NULL;
}

static void shared(unsigned int mask, int n, bool grant)
{
	struct worker workers[2];
	int fd = tcp(SOCK_NONBLOCK), i;

	for (i = 0; i < INSTANCES; i++)
		ep[i] = MUST(epoll_create1(0));
	CALL(connect_to(fd, n));
	far("%d:arrived", n);
	add(0, fd, mask | EPOLLIN | EPOLLOUT);
	add(1, fd, mask | EPOLLIN | EPOLLOUT);
	/* An instance may be in another one. */
	add(2, ep[1], EPOLLIN);
	for (i = 0; i < INSTANCES; i++)
		waited(i);
	/* No exclusive entry may be changed. */
	if (mask & EPOLLEXCLUSIVE) {
		struct epoll_event event = { .events = EPOLLIN };

		CALL(epoll_ctl(ep[0], EPOLL_CTL_MOD, fd, &event));
	}

	for (i = 0; i < 2; i++) {
		worker_start(&workers[i], sleeps, ep[i ? 2 : 0]);
		worker_asleep(&workers[i]);
	}
	if (grant) {
		far("%d:grant", n);
	} else {
		far("%d:refuse", n);
		wait_end(fd);
	}
	/* Level-triggered, so all are told in the end, whoever was woken. */
	for (i = 0; i < INSTANCES; i++)
		waited(i);
	if (mask & EPOLLEXCLUSIVE)
		/* One of them is enough; the other gets another event. */
		CALL(shutdown(fd, SHUT_RDWR));
	for (i = 0; i < 2; i++)
		worker_report(&workers[i], "epoll_wait");
	show_error(fd);
	CALL(close(fd));
	for (i = 0; i < INSTANCES; i++)
		close(ep[i]);
}

void program(void)
{
	shared(0, 0, true);
	shared(0, 1, false);
	shared(EPOLLEXCLUSIVE, 2, true);
}
