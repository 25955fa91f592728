// SPDX-License-Identifier: GPL-2.0-only
/*
 * uring 4|6 ADDRESS PORT [sqpoll|fastopen]
 *
 * Connect through io_uring, then receive and send. Prints what each operation
 * gave, a line each. With sqpoll, a thread of the kernel's takes them from the
 * queue; with fastopen, there is sendmsg(MSG_FASTOPEN) only.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "uring.h"

int main(int argc, char **argv)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct iovec vector = { .iov_base = "x", .iov_len = 1 };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
	unsigned int flags = 0;
	struct ring ring;
	struct io_uring_sqe *sqe;
	char buffer[100];
	int fd, result;

	if (argc < 4 || !inet_aton(argv[2], &in.sin_addr))
		return 2;
	in.sin_port = htons(atoi(argv[3]));
	in6.sin6_port = in.sin_port;
	in6.sin6_addr.s6_addr[10] = 0xff;
	in6.sin6_addr.s6_addr[11] = 0xff;
	memcpy(in6.sin6_addr.s6_addr + 12, &in.sin_addr, 4);

	message.msg_name = *argv[1] == '4' ? (void *)&in : (void *)&in6;
	message.msg_namelen = *argv[1] == '4' ? sizeof(in) : sizeof(in6);
	if (argc > 4 && !strcmp(argv[4], "sqpoll"))
		flags = IORING_SETUP_SQPOLL;

	fd = socket(*argv[1] == '4' ? AF_INET : AF_INET6, SOCK_STREAM, 0);
	if (fd < 0 || !ring_open(&ring, ENTRIES, flags)) {
		perror("uring");
		return 3;
	}

	if (argc > 4 && !strcmp(argv[4], "fastopen")) {
		sqe = ring_next(&ring, IORING_OP_SENDMSG, fd);
		sqe->addr = (unsigned long)&message;
		sqe->msg_flags = MSG_FASTOPEN;
		say("sendmsg", ring_wait(&ring));
		return 0;
	}

	sqe = ring_next(&ring, IORING_OP_CONNECT, fd);
	sqe->addr = (unsigned long)message.msg_name;
	sqe->off = message.msg_namelen;
	result = ring_wait(&ring);
	say("connect", result);
	if (result)
		return 0;

	sqe = ring_next(&ring, IORING_OP_RECV, fd);
	sqe->addr = (unsigned long)buffer;
	sqe->len = sizeof(buffer);
	say("recv", ring_wait(&ring));

	sqe = ring_next(&ring, IORING_OP_SEND, fd);
	sqe->addr = (unsigned long)"abc";
	sqe->len = 3;
	say("send", ring_wait(&ring));
	return 0;
}
