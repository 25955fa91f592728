/* SPDX-License-Identifier: GPL-2.0-only */
/* io_uring: one operation after another. */
#ifndef _URING_H
#define _URING_H

#include <errno.h>
#include <stdio.h>

#include "../include/ring.h"

#define ENTRIES	4

static struct io_uring_sqe *ring_next(struct ring *ring, int op, int fd)
{
	struct io_uring_sqe *sqe = ring_entry(ring);

	sqe->opcode = op;
	sqe->fd = fd;
	return sqe;
}

/* Carry out the operation from ring_next(), and return what it gave. */
static int ring_wait(struct ring *ring)
{
	unsigned int flags = IORING_ENTER_GETEVENTS;
	unsigned int head = *ring->cq_head;
	int result;

	ring_push(ring);
	/* Either the kernel's thread sees the entry, or we that it sleeps. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(ring->sq_flags, __ATOMIC_SEQ_CST) &
	    IORING_SQ_NEED_WAKEUP)
		flags |= IORING_ENTER_SQ_WAKEUP;
	if (syscall(SYS_io_uring_enter, ring->fd, 1, 1, flags, NULL, 0) < 0)
		return -errno;
	if (head == __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE))
		return -ENODATA;
	result = ring->cqes[head & ring->cq_mask].res;
	__atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
	return result;
}

static void say(const char *what, int result)
{
	if (result < 0)
		printf("%s %s\n", what, strerrorname_np(-result));
	else
		printf("%s %d\n", what, result);
	fflush(stdout);
}

#endif /* _URING_H */
