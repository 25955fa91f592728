// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inbound connections through a server: by the socket option, and by a rule that
 * takes bind() and listen() for it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/socks.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "storm.h"

/* As long as a call may block. */
#define LIMIT_MS	20

static const char * const kinds[] = {
	[RBIND_OPTION]		= "option",
	[RBIND_OPTION_ANY]	= "option on any socket",
	[RBIND_BY_LISTEN]	= "by listen()",
	[RBIND_BY_NAME]		= "by getsockname()",
	[RBIND_ACCEPT]		= "accept",
};

const char *rbind_kind_name(enum rbind_kind kind)
{
	return kinds[kind];
}

static void count(enum rbind_kind kind, int error)
{
	atomic_fetch_add(&counts->rbinds[kind][error % ERRNOS], 1);
}

static int ask(struct thread *t, int fd)
{
	union address address = { .in.sin_family = AF_INET };
	socklen_t length = sizeof(address.in);
	unsigned int i;

	if (one_in(&t->random, 20))
		address.in.sin_addr = places.server;
	if (one_in(&t->random, 20))
		length = below(&t->random, sizeof(address));
	if (one_in(&t->random, 20))
		for (i = 0; i < sizeof(address); i++)
			address.bytes[i] = random_u64(&t->random);
	return setsockopt(fd, SOL_IP, SOCKS_SO_RBIND, &address, length) ?
	       errno : 0;
}

/* Does a server listen for it? Nobody here has an address like the servers'. */
static bool bound(int fd, enum rbind_kind kind)
{
	struct sockaddr_in address = {};
	socklen_t length = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &length)) {
		count(kind, errno);
		return false;
	}
	if (!address.sin_addr.s_addr)
		return false;
	count(kind, 0);
	return true;
}

/* On whatever socket it is, in a thread which is paired or not. */
void rbind_any(struct thread *t, int fd)
{
	count(RBIND_OPTION_ANY, ask(t, fd));
}

static int socket_make(struct thread *t, int flags)
{
	struct timeval limit = { .tv_usec = 1000 * LIMIT_MS };
	int fd = socket(AF_INET, SOCK_STREAM | flags, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return slot_put(t, fd);
}

static void accept_peer(struct thread *t, int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };
	int peer;

	if (one_in(&t->random, 2))
		poll(&one, 1, below(&t->random, LIMIT_MS));
	peer = accept4(fd, NULL, NULL,
		       one_in(&t->random, 2) ? SOCK_NONBLOCK : 0);
	count(RBIND_ACCEPT, peer < 0 ? errno : 0);
	if (peer >= 0)
		slot_put(t, peer);
}

/* Signals and short limits end a wait; it can go on. */
static bool connect_through(struct thread *t, int fd)
{
	union address address;
	socklen_t length;
	unsigned int i;

	address_for(t, fd, places.through, 1 + below(&t->random, 8), &address,
		    &length);
	for (i = 0; i < 10; i++) {
		if (!connect(fd, &address.any, length) || errno == EISCONN)
			return true;
		if (errno != EINTR && errno != EALREADY && errno != EINPROGRESS)
			return false;
	}
	return false;
}

/*
 * What a program does that knows how: connect, ask, listen, accept. Others can
 * come in between at any time, as all threads have the sockets.
 */
void rbind_paired(struct thread *t, int fd)
{
	struct sockaddr_in any = { .sin_family = AF_INET };

	if (!connect_through(t, socket_make(t, 0)))
		return;
	fd = socket_make(t, one_in(&t->random, 2) ? SOCK_NONBLOCK : 0);
	if (one_in(&t->random, 2)) {
		int error = ask(t, fd);

		count(RBIND_OPTION, error);
		if (error)
			return;
		listen(fd, 1);
	} else {
		if (bind(fd, (struct sockaddr *)&any, sizeof(any)))
			return;
		if (one_in(&t->random, 2)) {
			if (!bound(fd, RBIND_BY_NAME))
				return;
			listen(fd, 1);
		} else if (listen(fd, 1)) {
			count(RBIND_BY_LISTEN, errno);
			return;
		} else if (!bound(fd, RBIND_BY_LISTEN)) {
			return;
		}
	}
	while (!one_in(&t->random, 3))
		accept_peer(t, fd);
}
