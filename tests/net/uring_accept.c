// SPDX-License-Identifier: GPL-2.0-only
/*
 * uring_accept FD: accept a connection of the socket FD through io_uring, then
 * receive and send. Prints what each operation gave, a line each.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/socket.h>

#include "uring.h"

int main(int argc, char **argv)
{
	struct ring ring;
	struct io_uring_sqe *sqe;
	char buffer[100];
	int fd, result;

	if (argc != 2)
		return 2;
	if (!ring_open(&ring, ENTRIES, 0)) {
		perror("uring_accept");
		return 3;
	}

	ring_next(&ring, IORING_OP_ACCEPT, atoi(argv[1]));
	fd = ring_wait(&ring);
	say("accept", fd < 0 ? fd : 0);
	if (fd < 0)
		return 0;

	sqe = ring_next(&ring, IORING_OP_RECV, fd);
	sqe->addr = (unsigned long)buffer;
	sqe->len = sizeof(buffer);
	result = ring_wait(&ring);
	say("recv", result);

	sqe = ring_next(&ring, IORING_OP_SEND, fd);
	sqe->addr = (unsigned long)"abc";
	sqe->len = 3;
	say("send", ring_wait(&ring));
	return 0;
}
