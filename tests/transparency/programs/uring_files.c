// SPDX-License-Identifier: GPL-2.0-only
/* io_uring: a registered file, of which the program has no descriptor. */
#include "uring.h"

static char buffer[16];

static void data(struct ring *ring, int op, const char *bytes,
		 unsigned int size, int number)
{
	struct io_uring_sqe *sqe = ring_next(ring, op, 0, number);

	sqe->flags = IOSQE_FIXED_FILE;
	sqe->addr = (uintptr_t)bytes;
	sqe->len = size;
}

static void fixed(struct ring *ring, bool grant, int n)
{
	int fd = tcp(0);

	CALL(syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_FILES,
		     &fd, 1));
	CALL(close(fd));
	ring_connect(ring, 0, n, 1)->flags = IOSQE_FIXED_FILE;
	ring_submit(ring, 0);
	far("%d:arrived", n);
	ring_idle(ring);
	if (grant) {
		far("%d:grant", n);
		ring_log(ring, 1);
		data(ring, IORING_OP_SEND, "abc", 3, 2);
		data(ring, IORING_OP_RECV, buffer, 5, 3);
		ring_submit(ring, 0);
		far("%d:read 3", n);
		far("%d:send hello", n);
		ring_log(ring, 2);
		say("  %s", quoted(buffer, 5));
	} else {
		far("%d:refuse", n);
		ring_log(ring, 1);
	}
	CALL(syscall(SYS_io_uring_register, ring->fd, IORING_UNREGISTER_FILES,
		     NULL, 0));
	if (grant)
		far("%d:end", n);
}

void program(void)
{
	struct ring ring;

	ring_make(&ring);
	fixed(&ring, true, 0);
	fixed(&ring, false, 1);
}
