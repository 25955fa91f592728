// SPDX-License-Identifier: GPL-2.0-only
/* io_uring: a connect that is cancelled, or whose ring goes. */
#include "uring.h"

static void cancelled(struct ring *ring, int n)
{
	struct io_uring_sqe *sqe;
	int fd = tcp(0);

	ring_connect(ring, fd, n, 1);
	ring_submit(ring, 0);
	far("%d:arrived", n);
	sqe = ring_next(ring, IORING_OP_ASYNC_CANCEL, -1, 2);
	sqe->addr = 1;
	ring_submit(ring, 0);
	ring_log(ring, 2);
	show(fd);
	show_error(fd);
	/* The connection goes on. */
	far("%d:grant", n);
	CALL(connect_to(fd, n));
	CALL(connect_to(fd, n));
	show(fd);
	exchange(fd, n);
	CALL(close(fd));
}

void program(void)
{
	struct ring ring;
	int fd;

	ring_make(&ring);
	cancelled(&ring, 0);

	/* The ring goes while it waits. */
	fd = tcp(0);
	ring_connect(&ring, fd, 1, 1);
	ring_submit(&ring, 0);
	far("1:arrived");
	CALL(close(ring.fd));
	show(fd);
	far("1:grant");
	CALL(nonblocking(fd, true));
	CALL(connect_to(fd, 1));
	show(fd);
	CALL(close(fd));
}
