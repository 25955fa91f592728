/* SPDX-License-Identifier: GPL-2.0-only */
/* io_uring, logged. */
#ifndef URING_H
#define URING_H

#include "../../include/ring.h"
#include "observe.h"

#define URING_ENTRIES	16

static inline void ring_make(struct ring *ring)
{
	if (!ring_open(ring, URING_ENTRIES, 0))
		die("io_uring");
}

/* DATA tells whose completion it is; it counts up from 1. */
static inline struct io_uring_sqe *ring_next(struct ring *ring, int op, int fd,
					     int data)
{
	struct io_uring_sqe *sqe = ring_entry(ring);

	sqe->opcode = op;
	sqe->fd = fd;
	sqe->user_data = data;
	ring_push(ring);
	return sqe;
}

static inline struct io_uring_sqe *ring_connect(struct ring *ring, int fd,
						int n, int data)
{
	static union address addresses[TARGETS];
	struct io_uring_sqe *sqe = ring_next(ring, IORING_OP_CONNECT, fd, data);

	sqe->off = target(n, &addresses[n]);
	sqe->addr = (uintptr_t)&addresses[n];
	return sqe;
}

static inline void ring_submit(struct ring *ring, unsigned int wait)
{
	unsigned int flags = wait ? IORING_ENTER_GETEVENTS : 0;
	unsigned int count = *ring->sq_tail -
			     __atomic_load_n(ring->sq_head, __ATOMIC_ACQUIRE);

	say("io_uring_enter %u: %ld", count,
	    syscall(SYS_io_uring_enter, ring->fd, count, wait, flags, NULL, 0));
}

/* Log COUNT completions, in the order of their data. */
static inline void ring_log(struct ring *ring, unsigned int count)
{
	struct io_uring_cqe found[URING_ENTRIES];
	unsigned int head = *ring->cq_head;
	unsigned int i, j, tail;

	tail = __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE);
	while (tail - head < count) {
		MUST(syscall(SYS_io_uring_enter, ring->fd, 0,
			     count - (tail - head), IORING_ENTER_GETEVENTS,
			     NULL, 0));
		tail = __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE);
	}
	for (i = 0; i < count; i++) {
		struct io_uring_cqe cqe = ring->cqes[(head + i) & ring->cq_mask];

		for (j = i; j && found[j - 1].user_data > cqe.user_data; j--)
			found[j] = found[j - 1];
		found[j] = cqe;
	}
	__atomic_store_n(ring->cq_head, head + count, __ATOMIC_RELEASE);
	for (i = 0; i < count; i++)
		if (found[i].res < 0)
			say("  completion %d: %s", (int)found[i].user_data,
			    error_name(-found[i].res));
		else
			say("  completion %d: %d", (int)found[i].user_data,
			    found[i].res);
}

static inline void ring_idle(struct ring *ring)
{
	say("  %u completions", __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE)
	    - *ring->cq_head);
}

#endif
