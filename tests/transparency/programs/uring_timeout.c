// SPDX-License-Identifier: GPL-2.0-only
/* io_uring: a connect with a linked timeout, which comes first or does not. */
#include "uring.h"

static void limited(struct ring *ring, long ms, int n)
{
	struct __kernel_timespec time = {
		.tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000,
	};
	struct io_uring_sqe *sqe;
	int fd = tcp(0);

	say("%ld ms", ms);
	ring_connect(ring, fd, n, 1)->flags = IOSQE_IO_LINK;
	sqe = ring_next(ring, IORING_OP_LINK_TIMEOUT, -1, 2);
	sqe->addr = (uintptr_t)&time;
	sqe->len = 1;
	ring_submit(ring, 0);
	far("%d:arrived", n);
	if (ms < 1000) {
		ring_log(ring, 2);
		show(fd);
		show_error(fd);
		CALL(nonblocking(fd, true));
		CALL(connect_to(fd, n));
		far("%d:grant", n);
		CALL(connect_to(fd, n));
	} else {
		ring_idle(ring);
		far("%d:grant", n);
		ring_log(ring, 2);
	}
	show(fd);
	exchange(fd, n);
	CALL(close(fd));
}

void program(void)
{
	struct ring ring;

	ring_make(&ring);
	limited(&ring, 30, 0);
	limited(&ring, DEADLINE * 1000, 1);
}
