// SPDX-License-Identifier: GPL-2.0-only
/* The server's side of a plan. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "meeting.h"

/* The server's end of one connection. */
struct peer {
	struct meeting		*meeting;
	const struct plan	*plan;
	struct random		random;
	int			fd;
	/* What the program has to send, and how much of it was read. */
	uint8_t			expected[REQUEST_MAX + 300];
	size_t			request;
	size_t			total;
	size_t			got;
	/* The connection has come to its end. */
	bool			over;
};

/* May the connection end before the server has carried out its part? */
static bool may_end(const struct plan *plan)
{
	return plan->give_up || plan->outcome;
}

static void pause_a_little(struct random *random)
{
	unsigned int kind = random_below(random, 8);

	if (kind < 4)
		return;
	if (kind < 6)
		sched_yield();
	else
		usleep(random_below(random, kind == 6 ? 300 : 3000));
}

/* Read until so many bytes have come; true where they have. */
static bool read_until(struct peer *peer, size_t count)
{
	uint8_t bytes[sizeof(peer->expected)];

	while (peer->got < count && !peer->over) {
		ssize_t n = recv(peer->fd, bytes, count - peer->got, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (!may_end(peer->plan))
				wrong(peer->plan,
				      "the server reads %zu of %zu bytes, then %s",
				      peer->got, peer->total,
				      n ? errno_name(errno) : "the end");
			peer->over = true;
			break;
		}
		if (memcmp(bytes, peer->expected + peer->got, n)) {
			wrong(peer->plan, "the server reads other bytes than a request");
			peer->over = true;
			break;
		}
		peer->got += n;
	}
	return !peer->over;
}

static void send_some(struct peer *peer)
{
	const struct plan *plan = peer->plan;
	/* What is held back is not sent any more where the server resets. */
	bool hold_back = plan->tail <= TAIL_FINISH;
	bool slow = random_below(&peer->random, 2);
	size_t at = 0;

	while (at < plan->size && !peer->over) {
		size_t size = plan->size - at;
		int flags = MSG_NOSIGNAL;
		ssize_t n;

		if (at < 2 * REPLY_SIZE && slow)
			size = 1 + random_below(&peer->random,
						size < 12 ? size : 12);
		else if (random_below(&peer->random, 4))
			size = 1 + random_below(&peer->random, size);
		if (plan->urgent >= (int)at &&
		    (size_t)plan->urgent < at + size) {
			size = plan->urgent - at + 1;
			flags |= MSG_OOB;
		} else if (hold_back && at + size < plan->size &&
			   random_once_in(&peer->random, 4)) {
			flags |= MSG_MORE;
		}
		n = send(peer->fd, plan->bytes + at, size, flags);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			if (!may_end(plan))
				wrong(plan, "the server's send() gives %s",
				      errno_name(errno));
			peer->over = true;
			break;
		}
		at += n;
		if (plan->how == HOW_SIGNALS &&
		    random_once_in(&peer->random, 3))
			pthread_kill(peer->meeting->program_thread,
				     random_below(&peer->random, 2) ?
				     SIGUSR1 : SIGUSR2);
		if (at < 2 * REPLY_SIZE || random_once_in(&peer->random, 8))
			pause_a_little(&peer->random);
	}
}

static void end_side(struct peer *peer)
{
	struct linger linger = { .l_onoff = 1 };

	if (peer->plan->late)
		meeting_wait(peer->meeting, &peer->meeting->program,
			     PROGRESS_OUTCOME);
	switch (peer->plan->tail) {
	case TAIL_FINISH:
		shutdown(peer->fd, SHUT_WR);
		break;
	case TAIL_RESET:
		setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &linger,
			   sizeof(linger));
		__attribute__((fallthrough));
	case TAIL_CLOSE:
		close(peer->fd);
		peer->fd = -1;
		break;
	default:
		break;
	}
}

/* Of a connection that fails the program's side sends no more than a request. */
static void read_to_end(struct peer *peer)
{
	uint8_t byte;
	ssize_t n;

	read_until(peer, peer->request);
	while (!peer->over) {
		n = recv(peer->fd, &byte, 1, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0)
			wrong(peer->plan, "the server reads more than a request");
		else if (n && errno == EAGAIN)
			wrong(peer->plan, "the program's side does not end");
		peer->over = true;
	}
}

static void serve_peer(struct peer *peer)
{
	const struct plan *plan = peer->plan;
	struct timeval limit = { .tv_sec = DEADLINE_MS / 1000 };
	int on = plan->tail > TAIL_FINISH || random_below(&peer->random, 2);
	int small = 1;

	setsockopt(peer->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(peer->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(peer->fd, SOL_TCP, TCP_NODELAY, &on, sizeof(on));
	if (plan->tiny)
		setsockopt(peer->fd, SOL_SOCKET, SO_SNDBUF, &small,
			   sizeof(small));

	if (plan->reading == READ_ALL)
		read_until(peer, peer->request);
	else if (plan->reading == READ_PART)
		read_until(peer, random_below(&peer->random,
					      peer->request + 1));
	pause_a_little(&peer->random);
	if (!peer->over)
		send_some(peer);
	if (!peer->over)
		end_side(peer);
	if (peer->fd < 0)
		return;
	if (may_end(plan))
		read_to_end(peer);
	else
		read_until(peer, peer->total);
	/* The program looks whether more comes than should. */
	meeting_wait(peer->meeting, &peer->meeting->program, PROGRESS_END);
}

/* Take the connection of this plan, unless the program has gone without one. */
static int take(struct meeting *meeting)
{
	struct pollfd one = { .fd = meeting->listener, .events = POLLIN };

	for (;;) {
		bool gone = meeting_is(meeting, &meeting->program,
				       PROGRESS_END);

		if (poll(&one, 1, gone ? 0 : 20) > 0)
			return accept(meeting->listener, NULL, NULL);
		if (gone)
			return -1;
	}
}

/**
 * serve() - carry out the server's side of a plan
 * @meeting: where the plan is
 */
void serve(struct meeting *meeting)
{
	struct peer peer = {
		.meeting = meeting,
		.plan = meeting->plan,
		.random = meeting->plan->server,
	};

	if (random_once_in(&peer.random, 3))
		pause_a_little(&peer.random);
	peer.fd = take(meeting);
	if (peer.fd < 0)
		return;
	peer.request = expected_request(meeting, peer.plan, peer.expected);
	ping_bytes(peer.plan, peer.expected + peer.request);
	peer.total = peer.request + peer.plan->ping;
	serve_peer(&peer);
	if (peer.fd >= 0)
		close(peer.fd);
}
