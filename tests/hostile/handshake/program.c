// SPDX-License-Identifier: GPL-2.0-only
/* The program's side of a plan: it connects, and sees what the plan foretells. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "meeting.h"

union address {
	struct sockaddr		any;
	struct sockaddr_in	in;
	struct sockaddr_in6	in6;
};

/* A program with its socket. */
struct program {
	struct meeting		*meeting;
	const struct plan	*plan;
	struct random		random;
	int			fd;
	union address		target;
	socklen_t		target_size;
	/* What SO_ERROR would have said was said already. */
	bool			told;
	/* A call which blocked has taken this much of the payload. */
	size_t			got;
	bool			sent;
};

static void make_address(union address *address, socklen_t *size, int family,
			 struct in_addr host, uint16_t port)
{
	memset(address, 0, sizeof(*address));
	if (family == AF_INET) {
		address->in.sin_family = AF_INET;
		address->in.sin_addr = host;
		address->in.sin_port = htons(port);
		*size = sizeof(address->in);
		return;
	}
	address->in6.sin6_family = AF_INET6;
	address->in6.sin6_addr.s6_addr[10] = 0xff;
	address->in6.sin6_addr.s6_addr[11] = 0xff;
	memcpy(address->in6.sin6_addr.s6_addr + 12, &host, sizeof(host));
	address->in6.sin6_port = htons(port);
	*size = sizeof(address->in6);
}

static void set(int fd, int level, int option, int value)
{
	setsockopt(fd, level, option, &value, sizeof(value));
}

static void set_blocking(int fd, bool blocking)
{
	fcntl(fd, F_SETFL, blocking ? 0 : O_NONBLOCK);
}

static void set_limit(int fd, int option, unsigned int ms)
{
	struct timeval limit = { ms / 1000, ms % 1000 * 1000 };

	setsockopt(fd, SOL_SOCKET, option, &limit, sizeof(limit));
}

static int so_error(int fd)
{
	int error = -1;
	socklen_t size = sizeof(error);

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	return error;
}

static int try_connect(struct program *program)
{
	return connect(program->fd, &program->target.any,
		       program->target_size) ? errno : 0;
}

/*
 * The socket of the connection before, where that has failed. What it has been
 * told by poll() and SO_ERROR, connect() tells once more in its own way.
 */
static bool open_again(struct program *program)
{
	struct meeting *meeting = program->meeting;
	int family, error;
	socklen_t size = sizeof(family);

	program->fd = meeting->again;
	meeting->again = -1;
	if (program->fd < 0)
		return false;
	getsockopt(program->fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
	make_address(&program->target, &program->target_size, family,
		     program->plan->direct ? server_address(meeting) :
		     target_address(meeting, program->plan),
		     program->plan->direct ? SERVER_PORT :
		     program->plan->port);
	if (!meeting->again_unread)
		return true;
	set_blocking(program->fd, false);
	error = try_connect(program);
	if (error == ECONNABORTED)
		return true;
	wrong(program->plan, "connect() after SO_ERROR gives %s",
	      errno_name(error));
	close(program->fd);
	return false;
}

static void open_socket(struct program *program)
{
	const struct plan *plan = program->plan;
	struct random *random = &program->random;
	int fd;

	if (!open_again(program)) {
		program->fd = socket(plan->family, SOCK_STREAM, 0);
		if (program->fd < 0)
			abort();
		make_address(&program->target, &program->target_size,
			     plan->family,
			     plan->direct ? server_address(program->meeting) :
			     target_address(program->meeting, plan),
			     plan->direct ? SERVER_PORT : plan->port);
	}
	fd = program->fd;
	set(fd, SOL_SOCKET, SO_OOBINLINE, plan->urgent_inline);
	set(fd, SOL_SOCKET, SO_RCVBUF, plan->tiny ? 1 : 200000);
	set(fd, SOL_TCP, TCP_WINDOW_CLAMP, plan->tiny ? 600 : 0);
	/*
	 * During the handshake this is of no use, and no harm. A recv() which
	 * asks for less is not woken for less than this.
	 */
	set(fd, SOL_SOCKET, SO_RCVLOWAT,
	    plan->how != HOW_RECV && random_once_in(random, 3) ? 100 : 1);
	set(fd, SOL_TCP, TCP_CORK, random_once_in(random, 4));
	set(fd, SOL_TCP, TCP_NODELAY, random_below(random, 2));
	set_limit(fd, SO_SNDTIMEO, plan->how == HOW_TIMEOUT ?
				   1 + random_below(random, 40) : DEADLINE_MS);
	set_limit(fd, SO_RCVTIMEO, DEADLINE_MS);
	set_blocking(fd, plan->how <= HOW_SIGNALS && !plan->give_up);
}

/* Wait for one of the events; what poll() says, or 0 where it takes too long. */
static short wait_poll(const struct program *program, short events)
{
	struct pollfd one = { .fd = program->fd, .events = events };
	int n;

	do {
		n = poll(&one, 1, DEADLINE_MS);
	} while (n < 0 && errno == EINTR);
	if (n != 1)
		wrong(program->plan, "poll() takes too long");
	return n == 1 ? one.revents : 0;
}

static void wait_select(const struct program *program)
{
	struct timeval limit;
	fd_set out, except;
	int n;

	do {
		FD_ZERO(&out);
		FD_SET(program->fd, &out);
		except = out;
		limit = (struct timeval){ .tv_sec = DEADLINE_MS / 1000 };
		n = select(program->fd + 1, NULL, &out, &except, &limit);
	} while (n < 0 && errno == EINTR);
	if (n < 1)
		wrong(program->plan, "select() takes too long");
}

static void wait_epoll(const struct program *program)
{
	struct epoll_event event = { .events = EPOLLOUT | EPOLLET };
	int epoll = epoll_create1(0), n;

	epoll_ctl(epoll, EPOLL_CTL_ADD, program->fd, &event);
	do {
		n = epoll_wait(epoll, &event, 1, DEADLINE_MS);
	} while (n < 0 && errno == EINTR);
	close(epoll);
	if (n != 1)
		wrong(program->plan, "epoll_wait() takes too long");
}

/* Ask what came of connect() when poll() has said that it is over. */
static int ask(struct program *program, short events)
{
	const struct plan *plan = program->plan;
	int error = so_error(program->fd);

	if (plan->outcome && (events & (POLLOUT | POLLHUP | POLLERR)) !=
			     (POLLOUT | POLLHUP | POLLERR))
		wrong(plan, "a failed connection gives poll() %#x", events);
	if (!plan->outcome && !plan->race && !plan->late &&
	    events & (POLLHUP | POLLERR))
		wrong(plan, "a granted connection gives poll() %#x", events);
	return error;
}

static int receive_first(struct program *program)
{
	uint8_t byte;
	ssize_t n;

	set_blocking(program->fd, true);
	do {
		n = recv(program->fd, &byte, 1, MSG_PEEK);
	} while (n < 0 && errno == EINTR);
	program->told = n < 0;
	return n < 0 ? errno : 0;
}

static void send_ping(struct program *program)
{
	size_t size = program->plan->ping, at = 0;
	uint8_t bytes[300];

	ping_bytes(program->plan, bytes);
	set_blocking(program->fd, true);
	set_limit(program->fd, SO_SNDTIMEO, DEADLINE_MS);
	program->sent = true;
	while (at < size) {
		ssize_t n = send(program->fd, bytes + at, size - at,
				 MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			wrong(program->plan, "send() gives %s",
			      errno_name(errno));
			return;
		}
		at += n;
	}
}

/* connect() until it is over; what came of it. */
static int find_outcome(struct program *program)
{
	const struct plan *plan = program->plan;
	int error = try_connect(program);

	switch (plan->how) {
	case HOW_BLOCKING:
		program->told = true;
		return error;
	case HOW_TIMEOUT:
		if (error == EINPROGRESS)
			break;
		program->told = true;
		return error;
	case HOW_SIGNALS:
		if (error == EINTR)
			break;
		program->told = true;
		return error;
	default:
		if (error != EINPROGRESS) {
			program->told = true;
			return error;
		}
	}
	set_blocking(program->fd, false);
	switch (plan->how) {
	case HOW_RECV:
		return receive_first(program);
	case HOW_SEND:
		send_ping(program);
		return so_error(program->fd);
	case HOW_SELECT:
		wait_select(program);
		return so_error(program->fd);
	case HOW_EPOLL:
		wait_epoll(program);
		return so_error(program->fd);
	case HOW_CONNECT_AGAIN:
		if (random_below(&program->random, 2)) {
			/* It is going on, or over: that is not known here. */
			error = try_connect(program);
			if (error != EALREADY) {
				program->told = true;
				return error;
			}
		}
		wait_poll(program, POLLOUT);
		program->told = true;
		return try_connect(program);
	default:
		return ask(program, wait_poll(program, POLLOUT));
	}
}

static void check_peer_name(const struct program *program)
{
	union address name;
	socklen_t size = sizeof(name);

	if (getpeername(program->fd, &name.any, &size)) {
		if (!program->plan->race)
			wrong(program->plan, "getpeername() gives %s",
			      errno_name(errno));
	} else if (size != program->target_size ||
		   memcmp(&name, &program->target, size)) {
		wrong(program->plan, "getpeername() gives another address");
	}
}

/* The payload, without a byte which is urgent and not inline. */
static const uint8_t *payload(const struct plan *plan, uint8_t *copy)
{
	size_t urgent = plan->urgent;

	memcpy(copy, plan->bytes + plan->payload, plan->size - plan->payload);
	if (plan->urgent >= (int)plan->payload && !plan->urgent_inline) {
		urgent -= plan->payload;
		memmove(copy + urgent, copy + urgent + 1,
			plan->readable - urgent);
	}
	return copy;
}

/*
 * Read what the server sent. Where it is kept open, no more is there than that;
 * where it was reset, the end may be missing.
 */
static void read_payload(struct program *program)
{
	const struct plan *plan = program->plan;
	uint8_t *copy = malloc(plan->size + 1), *bytes = malloc(plan->size + 1);
	const uint8_t *expected = payload(plan, copy);
	size_t at = 0;
	ssize_t n = 0;

	set_blocking(program->fd, true);
	while (plan->tail != TAIL_HOLD || at < plan->readable) {
		size_t size = plan->readable - at;

		if (plan->tail != TAIL_HOLD)
			size++;
		if (size > 1 && random_below(&program->random, 2))
			size = 1 + random_below(&program->random, size);
		n = recv(program->fd, bytes, size, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (at + n > plan->readable) {
			wrong(plan, "recv() gives more than was sent");
			goto out;
		}
		if (memcmp(bytes, expected + at, n)) {
			wrong(plan, "recv() gives other bytes than were sent, after %zu",
			      at);
			goto out;
		}
		at += n;
	}
	if (plan->tail <= TAIL_FINISH && at < plan->readable)
		wrong(plan, "recv() gives %zu bytes, then %s",
		      at, n ? errno_name(errno) : "the end");
	else if (plan->tail == TAIL_FINISH && n)
		wrong(plan, "recv() gives no end but %s", errno_name(errno));
	else if (plan->tail > TAIL_FINISH && n && errno != ECONNRESET)
		wrong(plan, "recv() gives %s", errno_name(errno));
	else if (plan->tail == TAIL_RESET && plan->late && !n)
		wrong(plan, "recv() gives the end, though the server reset it");
out:
	free(copy);
	free(bytes);
}

static void check_granted(struct program *program)
{
	const struct plan *plan = program->plan;
	uint8_t byte;
	int error = so_error(program->fd);

	if (error && !(plan->race && error == ECONNRESET))
		wrong(plan, "SO_ERROR of a granted connection is %s",
		      errno_name(error));
	check_peer_name(program);
	set(program->fd, SOL_SOCKET, SO_RCVLOWAT, 1);
	set(program->fd, SOL_TCP, TCP_CORK, 0);
	meeting_tell(program->meeting, &program->meeting->program,
		     PROGRESS_OUTCOME);
	if (plan->race && error)
		return;
	read_payload(program);
	if (plan->tail > TAIL_FINISH)
		return;
	if (!program->sent)
		send_ping(program);
	if (plan->tail == TAIL_HOLD &&
	    (recv(program->fd, &byte, 1, MSG_DONTWAIT) >= 0 ||
	     errno != EAGAIN))
		wrong(plan, "after the payload something else comes");
}

static void check_failed(struct program *program)
{
	const struct plan *plan = program->plan;
	union address name;
	socklen_t size = sizeof(name);
	uint8_t byte;
	int error;

	meeting_tell(program->meeting, &program->meeting->program,
		     PROGRESS_OUTCOME);
	error = so_error(program->fd);
	if (error)
		wrong(plan, "SO_ERROR tells twice: %s", errno_name(error));
	if (!getpeername(program->fd, &name.any, &size))
		wrong(plan, "a failed connection has a peer");
	else if (errno != ENOTCONN)
		wrong(plan, "getpeername() gives %s", errno_name(errno));
	/* Granted and reset: the payload can be read all the same. */
	if (plan->outcome && recv(program->fd, &byte, 1, MSG_DONTWAIT) > 0)
		wrong(plan, "recv() gives bytes of a failed connection");
}

/* Give up in the midst of it. The socket is of use again, or is gone. */
static void give_up(struct program *program)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	const struct plan *plan = program->plan;

	try_connect(program);
	if (random_below(&program->random, 3))
		usleep(random_below(&program->random, 4000));
	if (plan->give_up == GIVE_UP_SHUTDOWN) {
		shutdown(program->fd, random_below(&program->random, 3));
		/* Too late, perhaps: then there is a connection to close. */
	} else if (plan->give_up == GIVE_UP_DISCONNECT) {
		if (connect(program->fd, &none, sizeof(none)))
			wrong(plan, "connect() with AF_UNSPEC gives %s",
			      errno_name(errno));
		if (random_below(&program->random, 2)) {
			program->meeting->again = program->fd;
			program->meeting->again_unread = false;
			program->fd = -1;
		}
	}
	if (program->fd >= 0)
		close(program->fd);
}

/**
 * run_program() - carry out the program's side of a plan
 * @meeting: where the plan is
 */
void run_program(struct meeting *meeting)
{
	const struct plan *plan = meeting->plan;
	struct program program = {
		.meeting = meeting,
		.plan = plan,
		.random = plan->client,
	};
	int outcome;

	open_socket(&program);
	if (plan->give_up) {
		give_up(&program);
		return;
	}
	outcome = find_outcome(&program);
	if (outcome != plan->outcome &&
	    !(plan->race && outcome == ECONNRESET)) {
		wrong(plan, "connect() gives %s", errno_name(outcome));
	} else if (!outcome) {
		check_granted(&program);
	} else {
		check_failed(&program);
		if (random_below(&program.random, 2)) {
			meeting->again = program.fd;
			meeting->again_unread = !program.told ||
						plan->how == HOW_RECV;
			return;
		}
	}
	close(program.fd);
}
