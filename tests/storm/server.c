// SPDX-License-Identifier: GPL-2.0-only
/*
 * server SEED ADDRESS PORT
 *
 * A SOCKS server which answers at random: rightly, wrongly, in pieces, too
 * early, too late, too much, or not at all. To BIND it gives two replies, the
 * second one some time later. On SIGTERM it ends and prints how often it did
 * what.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "storm.h"

#define CONNECTIONS	4096
#define REPLY_LEN	8
#define COMMAND_BIND	2

enum answer {
	GRANT,
	GRANT_AND_DATA,
	GRANT_AND_FLOOD,
	GRANT_AND_CLOSE,
	GRANT_AND_RESET,
	GRANT_IN_PIECES,
	REJECT,
	IDENTD,
	NO_SOCKS,
	RANDOM_BYTES,
	URGENT,
	PART_AND_CLOSE,
	PART_AND_RESET,
	PART_AND_SILENCE,
	SILENCE,
	CLOSE,
	RESET,
	HALF_CLOSE,
	ANSWERS,
};

static const char * const names[ANSWERS] = {
	"grant", "grant, data", "grant, flood", "grant, close", "grant, reset",
	"grant in pieces", "reject", "identd", "no SOCKS", "random bytes",
	"urgent data", "part, close", "part, reset", "part, silence", "silence",
	"close", "reset", "half-close",
};

/* The second reply to BIND. */
enum second {
	SECOND_PEER,
	SECOND_PEER_AND_DATA,
	SECOND_PEER_AND_CLOSE,
	SECOND_PEER_AND_RESET,
	SECOND_IN_PIECES,
	SECOND_STRANGER,
	SECOND_REJECT,
	SECOND_RANDOM_BYTES,
	SECOND_PART_AND_CLOSE,
	SECOND_CLOSE,
	SECOND_RESET,
	SECONDS,
};

static const char * const second_names[SECONDS] = {
	"bound: peer", "bound: peer, data", "bound: peer, close",
	"bound: peer, reset", "bound: peer in pieces", "bound: stranger",
	"bound: reject", "bound: random bytes", "bound: part, close",
	"bound: close", "bound: reset",
};

struct connection {
	bool	open, answered;
	bool	bound;		/* a second reply is to come */
	char	peer[4];	/* who is to connect */
};

static struct connection connections[CONNECTIONS];
static long counts_of[ANSWERS], before_request;
static long binds, seconds_of[SECONDS];
static struct random random_;
static volatile sig_atomic_t ended;
static char flood[1 << 16];

static void on_term(int signal)
{
	(void)signal;
	ended = 1;
}

static void drop(int fd)
{
	connections[fd].open = false;
	connections[fd].bound = false;
	close(fd);
}

static void reset(int fd)
{
	struct linger linger = { 1, 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	drop(fd);
}

static void put(int fd, const void *data, size_t length)
{
	send(fd, data, length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void pieces(int fd, const char *data, size_t length)
{
	size_t i, n;

	for (i = 0; i < length; i += n) {
		n = 1 + below(&random_, length - i);
		put(fd, data + i, n);
		if (one_in(&random_, 4)) {
			struct timespec pause = { .tv_nsec = 1000000 };

			nanosleep(&pause, NULL);
		}
	}
}

static void answer(int fd)
{
	/* Half of them are granted. */
	enum answer how = one_in(&random_, 3) ? GRANT :
						below(&random_, ANSWERS);
	char reply[REPLY_LEN + 100] = { one_in(&random_, 8) ? 4 : 0, 90 };
	int i, one = 1;

	counts_of[how]++;
	connections[fd].answered = true;
	setsockopt(fd, SOL_TCP, TCP_NODELAY, &one, sizeof(one));
	switch (how) {
	case GRANT:
	case GRANT_AND_CLOSE:
	case GRANT_AND_RESET:
		put(fd, reply, REPLY_LEN);
		break;
	case GRANT_AND_DATA:
		put(fd, reply, REPLY_LEN + below(&random_, 100));
		break;
	case GRANT_AND_FLOOD:
		put(fd, reply, REPLY_LEN);
		put(fd, flood, sizeof(flood));
		break;
	case GRANT_IN_PIECES:
		pieces(fd, reply, REPLY_LEN + below(&random_, 4));
		break;
	case REJECT:
		reply[1] = 91;
		put(fd, reply, REPLY_LEN);
		break;
	case IDENTD:
		reply[1] = 92 + below(&random_, 2);
		put(fd, reply, REPLY_LEN);
		break;
	case NO_SOCKS:
		put(fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
		break;
	case RANDOM_BYTES:
		for (i = 0; i < REPLY_LEN; i++)
			reply[i] = random_u64(&random_);
		put(fd, reply, 1 + below(&random_, sizeof(reply)));
		break;
	case URGENT:
		put(fd, reply, below(&random_, REPLY_LEN));
		send(fd, "!", 1, MSG_OOB | MSG_NOSIGNAL | MSG_DONTWAIT);
		put(fd, reply, REPLY_LEN);
		break;
	case PART_AND_CLOSE:
	case PART_AND_RESET:
	case PART_AND_SILENCE:
		put(fd, reply, 1 + below(&random_, REPLY_LEN - 1));
		break;
	default:
		break;
	}
	if (how == CLOSE || how == PART_AND_CLOSE || how == GRANT_AND_CLOSE)
		drop(fd);
	else if (how == RESET || how == PART_AND_RESET ||
		 how == GRANT_AND_RESET)
		reset(fd);
	else if (how == HALF_CLOSE)
		shutdown(fd, SHUT_WR);
}

static void reply_make(char *reply, int code, const char *address)
{
	memset(reply, 0, REPLY_LEN);
	reply[1] = code;
	reply[2] = 1 + below(&random_, 100);
	if (address)
		memcpy(reply + 4, address, 4);
}

static void answer_second(int fd)
{
	struct connection *c = &connections[fd];
	/* Half of them succeed. */
	enum second how = one_in(&random_, 3) ? SECOND_PEER :
						below(&random_, SECONDS);
	char reply[REPLY_LEN + 100] = {};
	int i;

	seconds_of[how]++;
	c->bound = false;
	reply_make(reply, how == SECOND_REJECT ? 91 : 90,
		   one_in(&random_, 4) ? NULL : c->peer);
	switch (how) {
	case SECOND_PEER_AND_DATA:
		put(fd, reply, REPLY_LEN + below(&random_, 100));
		break;
	case SECOND_IN_PIECES:
		pieces(fd, reply, REPLY_LEN + below(&random_, 4));
		break;
	case SECOND_STRANGER:
		reply[4] = 1;
		put(fd, reply, REPLY_LEN);
		break;
	case SECOND_RANDOM_BYTES:
		for (i = 0; i < REPLY_LEN; i++)
			reply[i] = random_u64(&random_);
		put(fd, reply, 1 + below(&random_, sizeof(reply)));
		break;
	case SECOND_PART_AND_CLOSE:
		put(fd, reply, 1 + below(&random_, REPLY_LEN - 1));
		break;
	case SECOND_CLOSE:
	case SECOND_RESET:
		break;
	default:
		put(fd, reply, REPLY_LEN);
	}
	if (how == SECOND_CLOSE || how == SECOND_PART_AND_CLOSE ||
	    how == SECOND_PEER_AND_CLOSE)
		drop(fd);
	else if (how == SECOND_RESET || how == SECOND_PEER_AND_RESET)
		reset(fd);
}

static void answer_bind(int fd, const char *request)
{
	struct connection *c = &connections[fd];
	char replies[2 * REPLY_LEN];

	binds++;
	/* Some get what a CONNECT would, which always has port 0. */
	if (one_in(&random_, 4)) {
		answer(fd);
		return;
	}
	c->answered = true;
	memcpy(c->peer, request + 4, sizeof(c->peer));
	reply_make(replies, 90, one_in(&random_, 2) ? "\1\2\3\4" : NULL);
	if (one_in(&random_, 8)) {
		reply_make(replies + REPLY_LEN, 90, c->peer);
		seconds_of[SECOND_PEER]++;
		put(fd, replies, sizeof(replies));
		return;
	}
	if (one_in(&random_, 4))
		pieces(fd, replies, REPLY_LEN);
	else
		put(fd, replies, REPLY_LEN);
	c->bound = true;
	if (one_in(&random_, 8))
		answer_second(fd);
}

/* Peers come when they like. */
static void peers_come(void)
{
	int fd;

	for (fd = 0; fd < CONNECTIONS; fd++)
		if (connections[fd].bound && one_in(&random_, 10))
			answer_second(fd);
}

static void take(int listener, int epoll)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		if (fd >= CONNECTIONS) {
			close(fd);
			continue;
		}
		connections[fd] = (struct connection){ .open = true };
		/* Some don't even wait for the request. */
		if (one_in(&random_, 20)) {
			before_request++;
			answer(fd);
			if (!connections[fd].open)
				continue;
		}
		event.data.fd = fd;
		epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	}
}

static void ready(int fd)
{
	static char data[1 << 16];
	ssize_t length = recv(fd, data, sizeof(data), MSG_DONTWAIT);

	if (length <= 0) {
		if (!length || errno != EAGAIN)
			drop(fd);
	} else if (!connections[fd].answered) {
		if (length > REPLY_LEN && data[1] == COMMAND_BIND)
			answer_bind(fd, data);
		else
			answer(fd);
	} else {
		put(fd, data, length);
	}
}

static int listen_at(const struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *)address, sizeof(*address)) || listen(fd, 128)) {
		perror("server");
		exit(2);
	}
	return fd;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct sigaction action = { .sa_handler = on_term };
	struct epoll_event found[64];
	int listener, epoll, i, n;

	if (argc != 4 || !inet_aton(argv[2], &address.sin_addr))
		return 2;
	random_.state = strtoull(argv[1], NULL, 0);
	address.sin_port = htons(atoi(argv[3]));
	sigaction(SIGTERM, &action, NULL);
	listener = listen_at(&address);
	epoll = epoll_create1(0);
	found[0] = (struct epoll_event){ .events = EPOLLIN };
	found[0].data.fd = listener;
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &found[0]);
	puts("listening");
	fflush(stdout);

	while (!ended) {
		n = epoll_wait(epoll, found, ARRAY_SIZE(found), 20);
		for (i = 0; i < n; i++) {
			int fd = found[i].data.fd;

			if (fd == listener)
				take(listener, epoll);
			else if (connections[fd].open)
				ready(fd);
		}
		peers_come();
		/* Whoever is kept waiting too long must get out some time. */
		if (one_in(&random_, 50)) {
			int fd = below(&random_, CONNECTIONS);

			if (connections[fd].open)
				reset(fd);
		}
	}
	for (i = 0; i < ANSWERS; i++)
		printf("%s=%ld\n", names[i], counts_of[i]);
	printf("BIND=%ld\n", binds);
	for (i = 0; i < SECONDS; i++)
		printf("%s=%ld\n", second_names[i], seconds_of[i]);
	printf("before the request=%ld\n", before_request);
	return 0;
}
