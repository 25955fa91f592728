// SPDX-License-Identifier: GPL-2.0-only
/* io_uring: poll of a socket that connects, for one event and for many. */
#include "uring.h"

#ifndef IORING_POLL_ADD_MULTI
#define IORING_POLL_ADD_MULTI	1
#endif

static void polls(struct ring *ring, int fd, unsigned int mask,
		  unsigned int flags, int data)
{
	struct io_uring_sqe *sqe = ring_next(ring, IORING_OP_POLL_ADD, fd, data);

	sqe->poll32_events = mask;
	sqe->len = flags;
	ring_submit(ring, 0);
}

void program(void)
{
	struct ring ring;
	char buffer[16];
	struct io_uring_sqe *sqe;
	int fd;

	ring_make(&ring);

	say("granted");
	fd = connecting(0);
	polls(&ring, fd, POLLOUT, 0, 1);
	polls(&ring, fd, POLLIN, 0, 2);
	ring_idle(&ring);
	far("grant");
	ring_log(&ring, 1);
	ring_idle(&ring);
	far("send hello");
	ring_log(&ring, 1);
	show_error(fd);
	CALL(close(fd));

	say("refused");
	fd = connecting(1);
	polls(&ring, fd, POLLIN | POLLRDHUP, 0, 1);
	ring_idle(&ring);
	far("1:refuse");
	wait_end(fd);
	/* What it says depends on when it looks. */
	polls(&ring, fd, POLLIN | POLLOUT | POLLRDHUP, 0, 2);
	ring_log(&ring, 0);
	UNTIL(__atomic_load_n(ring.cq_tail, __ATOMIC_ACQUIRE) - *ring.cq_head ==
	      2);
	*ring.cq_head += 1;
	ring_log(&ring, 1);
	show_error(fd);
	CALL(close(fd));

	say("for many events");
	fd = connecting(2);
	polls(&ring, fd, POLLIN, IORING_POLL_ADD_MULTI, 1);
	far("2:grant");
	ring_idle(&ring);
	far("2:send one");
	ring_log(&ring, 1);
	CALL(recv(fd, buffer, 3, 0));
	far("2:send two");
	ring_log(&ring, 1);
	CALL(recv(fd, buffer, 3, 0));
	sqe = ring_next(&ring, IORING_OP_POLL_REMOVE, -1, 2);
	sqe->addr = 1;
	ring_submit(&ring, 0);
	ring_log(&ring, 2);
	CALL(close(fd));

	say("closed meanwhile");
	fd = connecting(3);
	polls(&ring, fd, POLLIN, 0, 1);
	CALL(close(fd));
	ring_idle(&ring);
	sqe = ring_next(&ring, IORING_OP_POLL_REMOVE, -1, 2);
	sqe->addr = 1;
	ring_submit(&ring, 0);
	ring_log(&ring, 2);
}
