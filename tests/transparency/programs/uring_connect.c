// SPDX-License-Identifier: GPL-2.0-only
/* io_uring: connect, then receive and send; and several linked to one chain. */
#include "uring.h"

static char buffer[100];

static void data(struct ring *ring, int fd, int op, const char *bytes,
		 unsigned int size, int number)
{
	struct io_uring_sqe *sqe = ring_next(ring, op, fd, number);

	sqe->addr = (uintptr_t)bytes;
	sqe->len = size;
}

static void granted(struct ring *ring, int flags, int n)
{
	int fd = tcp(flags);

	say("granted, O_NONBLOCK %d", !!flags);
	ring_connect(ring, fd, n, 1);
	ring_submit(ring, 0);
	far("%d:arrived", n);
	/* It waits, whatever the flags of the file are. */
	ring_idle(ring);
	show(fd);
	ring_connect(ring, fd, n, 4);
	ring_submit(ring, 0);
	ring_log(ring, 1);
	/* So do these. */
	data(ring, fd, IORING_OP_RECV, buffer, 5, 2);
	data(ring, fd, IORING_OP_SEND, "abc", 3, 3);
	ring_submit(ring, 0);
	ring_idle(ring);
	far("%d:grant", n);
	ring_log(ring, 2);
	far("%d:read 3", n);
	far("%d:send hello", n);
	ring_log(ring, 1);
	wait_acked(fd);
	show(fd);
	ring_connect(ring, fd, n, 6);
	ring_submit(ring, 0);
	ring_log(ring, 1);
	data(ring, fd, IORING_OP_SEND, "abc", 3, 7);
	ring_submit(ring, 0);
	ring_log(ring, 1);
	far("%d:read 3", n);
	far("%d:send hello", n);
	data(ring, fd, IORING_OP_RECV, buffer, sizeof(buffer), 8);
	ring_submit(ring, 0);
	ring_log(ring, 1);
	say("  %s", quoted(buffer, 5));
	CALL(close(fd));
	far("%d:again", n);
}

static void refused(struct ring *ring, int n)
{
	int fd = tcp(0);

	say("refused");
	ring_connect(ring, fd, n, 1);
	ring_submit(ring, 0);
	far("%d:arrived", n);
	far("%d:refuse", n);
	ring_log(ring, 1);
	show_error(fd);
	show(fd);
	CALL(close(fd));
	far("%d:again", n);
}

/* What is linked begins when the one before has succeeded. */
static void chained(struct ring *ring, bool grant, int n)
{
	int fd = tcp(0);

	say("a chain, %s", grant ? "granted" : "refused");
	ring_connect(ring, fd, n, 1)->flags = IOSQE_IO_LINK;
	data(ring, fd, IORING_OP_SEND, "abc", 3, 2);
	ring->sqes[(*ring->sq_tail - 1) & ring->sq_mask].flags = IOSQE_IO_LINK;
	data(ring, fd, IORING_OP_RECV, buffer, 5, 3);
	ring_submit(ring, 0);
	far("%d:arrived", n);
	ring_idle(ring);
	if (grant) {
		far("%d:grant", n);
		far("%d:read 3", n);
		far("%d:send hello", n);
	} else {
		far("%d:refuse", n);
	}
	ring_log(ring, 3);
	CALL(close(fd));
	far("%d:again", n);
}

/* A worker thread of the kernel does it. */
static void by_worker(struct ring *ring, int n)
{
	int fd = tcp(0);

	say("in a worker");
	ring_connect(ring, fd, n, 1)->flags = IOSQE_ASYNC;
	ring_submit(ring, 0);
	far("%d:arrived", n);
	ring_idle(ring);
	far("%d:grant", n);
	ring_log(ring, 1);
	show(fd);
	CALL(close(fd));
	far("%d:again", n);
}

void program(void)
{
	struct ring ring;

	ring_make(&ring);
	granted(&ring, 0, 0);
	granted(&ring, SOCK_NONBLOCK, 0);
	refused(&ring, 1);
	chained(&ring, true, 2);
	chained(&ring, false, 2);
	by_worker(&ring, 3);
}
