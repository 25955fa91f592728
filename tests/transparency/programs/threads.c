// SPDX-License-Identifier: GPL-2.0-only
/* Threads that use one socket while it connects. */
#include "observe.h"

#include <pthread.h>

static int destination;

static void *connects(struct worker *worker)
{
	worker_begins(worker);
	errno = 0;
	worker_done(worker, connect_to(worker->fd, destination));
	return NULL;
}

static void *polls(struct worker *worker)
{
	struct pollfd one = { .fd = worker->fd, .events = POLLOUT };

	worker_begins(worker);
	errno = 0;
	worker_done(worker, poll(&one, 1, DEADLINE * 1000));
	return NULL;
}

static void *receives(struct worker *worker)
{
	char buffer[16];

	worker_begins(worker);
	errno = 0;
	worker_done(worker, recv(worker->fd, buffer, sizeof(buffer), 0));
	return NULL;
}

static void *sends(struct worker *worker)
{
	worker_begins(worker);
	errno = 0;
	worker_done(worker, send(worker->fd, "abc", 3, MSG_NOSIGNAL));
	return NULL;
}

/* All at once on one socket. */
static void together(const char *end)
{
	struct worker first, second, polling, receiving, sending;
	int fd = tcp(0);

	say("together, %s", end);
	destination = 0;
	worker_start(&first, connects, fd);
	worker_asleep(&first);
	far("arrived");
	worker_start(&second, connects, fd);
	worker_asleep(&second);
	worker_start(&polling, polls, fd);
	worker_asleep(&polling);
	if (!strcmp(end, "grant hello")) {
		worker_start(&receiving, receives, fd);
		worker_asleep(&receiving);
		worker_start(&sending, sends, fd);
		worker_asleep(&sending);
	}
	show(fd);
	far("%s", end);
	if (!strcmp(end, "grant hello")) {
		worker_report(&first, "connect");
		worker_report(&second, "connect");
		worker_report(&receiving, "recv");
		worker_report(&sending, "send");
		far("read 3");
	} else {
		/* One gets the errno, and which one is chance. */
		pthread_join(first.thread, NULL);
		pthread_join(second.thread, NULL);
		say("connect: %ld, %ld, errno %s", first.result, second.result,
		    first.error == ECONNREFUSED ||
		    second.error == ECONNREFUSED ? "ECONNREFUSED" : "another");
	}
	worker_report(&polling, "poll");
	CALL(close(fd));
	far("again");
}

/* Another thread ends what one waits for. */
static void ended(void *(*function)(struct worker *), const char *what,
		  int how)
{
	struct worker worker;
	int fd = connecting(1);

	say("%s, and then %d", what, how);
	MUST(nonblocking(fd, false));
	destination = 1;
	worker_start(&worker, function, fd);
	worker_asleep(&worker);
	if (how < 3)
		CALL(shutdown(fd, how));
	else
		CALL(unconnect(fd));
	if (function == polls && how == 3)
		/* That wakes nobody. */
		CALL(shutdown(fd, SHUT_RDWR));
	worker_report(&worker, what);
	show(fd);
	show_error(fd);
	CALL(close(fd));
	far("1:again");
}

/* close() by another thread: who waits goes on doing so. */
static void closed(void *(*function)(struct worker *), const char *what,
		   const char *end)
{
	struct worker worker;
	int fd = connecting(2);

	say("%s, and then close(), %s", what, end);
	MUST(nonblocking(fd, false));
	destination = 2;
	worker_start(&worker, function, fd);
	worker_asleep(&worker);
	CALL(close(fd));
	CALL(connect_to(fd, 2));
	far("2:%s", end);
	worker_report(&worker, what);
	far("2:again");
}

void program(void)
{
	int how;

	together("grant hello");
	together("refuse");
	for (how = 0; how < 4; how++) {
		ended(connects, "connect", how);
		ended(receives, "recv", how);
		ended(sends, "send", how);
		ended(polls, "poll", how);
	}
	closed(connects, "connect", "grant");
	closed(connects, "connect", "refuse");
	closed(receives, "recv", "grant hello");
	closed(sends, "send", "grant");
	closed(polls, "poll", "grant");
}
