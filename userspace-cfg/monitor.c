// SPDX-License-Identifier: GPL-2.0-only
/* Printing what happens, until it is interrupted. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "event.h"
#include "filter.h"
#include "monitor.h"

/**
 * struct watch - A monitor at work.
 * @session: The run.
 * @filter: Which connections are meant; where not all are, events about others
 *	than connections are passed over.
 * @no_memory: An event could not be printed for want of memory.
 */
struct watch {
	const struct session *session;
	struct filter filter;
	bool no_memory;
};

static void print(struct watch *watch, const struct event *event)
{
	if (!event_print(watch->session, event))
		watch->no_memory = true;
}

static int take_event(const struct nlmsghdr *message, void *data)
{
	struct watch *watch = data;
	struct event event;
	int error = event_read(message, &event);

	if (error)
		return error == -ENOMSG ? 0 : error;
	if (event.kind == EVENT_CONNECTION ?
	    filter_match(&watch->filter, &event.connection) :
	    !watch->filter.given)
		print(watch, &event);
	return watch->no_memory ? -ENOMEM : 0;
}

/* Events were lost: it does not matter which ones are meant. */
static int take_loss(struct watch *watch)
{
	struct event event = { .kind = EVENT_LOST };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	event.time = now.tv_sec * 1000000000ULL + now.tv_nsec;
	print(watch, &event);
	return watch->no_memory ? -ENOMEM : 0;
}

/* Return 0 once a signal has come, or a negative errno. */
static int watch_until_signal(struct watch *watch, int signals)
{
	struct netlink *netlink = watch->session->netlink;
	struct pollfd fds[] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = netlink_fd(netlink), .events = POLLIN },
	};

	for (;;) {
		struct signalfd_siginfo signal;
		int error;

		if (poll(fds, 2, -1) < 0)
			return -errno;
		if (fds[0].revents)
			return read(signals, &signal, sizeof(signal)) < 0 ?
				-errno : 0;
		error = netlink_take_events(netlink, take_event, watch);
		if (error == -ENOBUFS)
			error = take_loss(watch);
		if (!error && ferror(stdout))
			return 0;
		if (error)
			return error;
	}
}

/* SIGINT and SIGTERM are read from a descriptor, so that none is missed. */
static int open_signals(sigset_t *old)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, old);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/**
 * monitor() - Carry out "monitor".
 * @session: The run.
 * @words: The words behind it.
 *
 * Return: What to exit with.
 */
enum status monitor(struct session *session, struct words *words)
{
	struct place place = words_start(words);
	struct watch watch = { .session = session };
	enum status status = filter_take(words, &watch.filter);
	sigset_t old;
	int signals, error;

	if (!status)
		status = session_connect(session, &place);
	if (status)
		return status;
	signals = open_signals(&old);
	if (signals < 0)
		error = -errno;
	else
		error = netlink_join(session->netlink);
	if (!error)
		error = watch_until_signal(&watch, signals);
	if (signals >= 0)
		close(signals);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (watch.no_memory)
		return no_memory(&place);
	if (error == -ENODEV) {
		report(&place, "the socks module was unloaded");
		return STATUS_REFUSED;
	}
	return error ? refused(session->netlink, error, &place, "monitoring") :
		       STATUS_OK;
}
