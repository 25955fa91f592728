// SPDX-License-Identifier: GPL-2.0-only
/* TCP connections of the tool's own, which are not waited for without end. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include "tcp.h"

/**
 * tcp_clock() - The clock of deadlines, in nanoseconds.
 */
int64_t tcp_clock(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/**
 * tcp_socket() - Make a socket which does not block.
 *
 * Return: The socket, or a negative errno.
 */
int tcp_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

/**
 * tcp_await() - Wait until a socket is ready.
 * @fd: The socket.
 * @events: POLLIN or POLLOUT.
 * @deadline: Until when, by tcp_clock().
 *
 * Return: 0 or a negative errno.
 */
int tcp_await(int fd, short events, int64_t deadline)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };

	for (;;) {
		int64_t left = deadline - tcp_clock();
		int ready;

		if (left <= 0)
			return -ETIMEDOUT;
		ready = poll(&poll_fd, 1, left / 1000000 + 1);
		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return -errno;
	}
}

/**
 * tcp_connect() - Connect a socket.
 * @fd: The socket, from tcp_socket().
 * @endpoint: Where to.
 * @deadline: Until when, by tcp_clock().
 *
 * Return: 0 or a negative errno.
 */
int tcp_connect(int fd, const struct endpoint *endpoint, int64_t deadline)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr = endpoint->address,
		.sin_port = htons(endpoint->port),
	};
	socklen_t length = sizeof(int);
	int error;

	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	error = tcp_await(fd, POLLOUT, deadline);
	if (error)
		return error;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length))
		return -errno;
	return -error;
}
