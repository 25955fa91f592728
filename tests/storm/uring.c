// SPDX-License-Identifier: GPL-2.0-only
/*
 * io_uring: one operation at a time is begun; what comes of it is not waited
 * for.
 */
#include <poll.h>
#include <sys/socket.h>

#include "storm.h"

#define ENTRIES	8

void ring_make(struct ring *ring)
{
	ring_open(ring, ENTRIES, 0);
}

static void sqe_fill(struct thread *t, struct io_uring_sqe *sqe, int fd)
{
	socklen_t length;

	sqe->fd = fd;
	sqe->user_data = below(&t->random, 16);
	if (one_in(&t->random, 4))
		sqe->flags = IOSQE_ASYNC;
	switch (below(&t->random, 9)) {
	case 0:
	case 1:
		address_any(t, fd, &t->address, &length);
		sqe->opcode = IORING_OP_CONNECT;
		sqe->addr = (uintptr_t)&t->address;
		sqe->off = length;
		break;
	case 2:
		sqe->opcode = one_in(&t->random, 3) ? IORING_OP_SEND_ZC :
						      IORING_OP_SEND;
		sqe->addr = (uintptr_t)t->buffer;
		sqe->len = below(&t->random, 1000);
		sqe->msg_flags = MSG_NOSIGNAL;
		break;
	case 3:
		sqe->opcode = IORING_OP_RECV;
		sqe->addr = (uintptr_t)t->buffer;
		sqe->len = below(&t->random, 1000);
		break;
	case 4:
		sqe->opcode = IORING_OP_POLL_ADD;
		sqe->poll32_events = POLLIN | POLLOUT;
		break;
	case 5:
		sqe->opcode = IORING_OP_ACCEPT;
		break;
	case 6:
		sqe->opcode = IORING_OP_SHUTDOWN;
		sqe->len = below(&t->random, 3);
		break;
	case 7:
		sqe->opcode = IORING_OP_CLOSE;
		break;
	default:
		sqe->opcode = IORING_OP_ASYNC_CANCEL;
		sqe->fd = -1;
		sqe->addr = below(&t->random, 16);
	}
}

void ring_use(struct thread *t, int fd)
{
	struct ring *ring = &t->ring;

	/* A process which was forked shares the ring with another one. */
	if (ring->fd < 0 || t->child)
		return;
	sqe_fill(t, ring_entry(ring), fd);
	ring_push(ring);
	syscall(SYS_io_uring_enter, ring->fd, 1, 0, IORING_ENTER_GETEVENTS,
		NULL, 0);
	__atomic_store_n(ring->cq_head,
			 __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE),
			 __ATOMIC_RELEASE);
}
