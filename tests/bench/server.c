// SPDX-License-Identifier: GPL-2.0-only
/*
 * A SOCKS4 server for measuring: it grants whatever is asked, and then is
 * itself the other end.
 *
 *	server ADDRESS PORT
 *
 * DSTPORT 1: it does not answer (connections stay in the handshake).
 * DSTPORT 2: behind the reply it sends data without end.
 * DSTPORT 3: it reads what comes and throws it away.
 * Any other: nothing more is sent; it closes when the client does.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MAX	512

/* What has come of a request, by file descriptor. */
static struct {
	unsigned short len;
	bool granted;
	unsigned char buf[REQUEST_MAX];
} *clients;

static void *stream(void *arg)
{
	int fd = (int)(long)arg;
	static char data[1 << 16];

	while (send(fd, data, sizeof(data), MSG_NOSIGNAL) > 0)
		;
	close(fd);
	return NULL;
}

static void *sink(void *arg)
{
	int fd = (int)(long)arg;
	char *data = malloc(1 << 16);

	if (!data)
		err(1, "malloc");
	while (recv(fd, data, 1 << 16, 0) > 0)
		;
	free(data);
	close(fd);
	return NULL;
}

/* Return false where the connection is no longer the event loop's. */
static bool serve(int ep, int fd)
{
	static const unsigned char reply[8] = { 0, 90 };
	unsigned short port;
	pthread_t thread;
	ssize_t n;

	n = recv(fd, clients[fd].buf + clients[fd].len,
		 REQUEST_MAX - clients[fd].len, MSG_DONTWAIT);
	if (n <= 0) {
		close(fd);
		return false;
	}
	if (clients[fd].granted)
		return true;
	clients[fd].len += n;
	if (clients[fd].len < 9 || clients[fd].buf[clients[fd].len - 1])
		return true;

	memcpy(&port, clients[fd].buf + 2, sizeof(port));
	port = ntohs(port);
	clients[fd].len = 0;
	clients[fd].granted = true;
	if (port == 1)
		return true;
	if (send(fd, reply, sizeof(reply), MSG_NOSIGNAL) != sizeof(reply)) {
		close(fd);
		return false;
	}
	if (port == 2 || port == 3) {
		epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL);
		if (pthread_create(&thread, NULL, port == 2 ? stream : sink,
				   (void *)(long)fd))
			errx(1, "no thread");
		pthread_detach(thread);
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	struct epoll_event event = { .events = EPOLLIN }, events[64];
	int listener, ep, one = 1, i, n;

	if (argc != 3 || inet_pton(AF_INET, argv[1], &addr.sin_addr) != 1)
		errx(2, "usage: server ADDRESS PORT");
	addr.sin_port = htons(atoi(argv[2]));
	signal(SIGPIPE, SIG_IGN);

	clients = calloc(1 << 16, sizeof(*clients));
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ep = epoll_create1(EPOLL_CLOEXEC);
	if (!clients || listener < 0 || ep < 0)
		err(1, "server");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(listener, SOL_TCP, TCP_NODELAY, &one, sizeof(one));
	if (bind(listener, (void *)&addr, sizeof(addr)) ||
	    listen(listener, 4096))
		err(1, "%s:%s", argv[1], argv[2]);
	event.data.fd = listener;
	epoll_ctl(ep, EPOLL_CTL_ADD, listener, &event);

	for (;;) {
		n = epoll_wait(ep, events, 64, -1);
		if (n < 0 && errno != EINTR)
			err(1, "epoll_wait");
		for (i = 0; i < n; i++) {
			int fd = events[i].data.fd;

			if (fd != listener) {
				serve(ep, fd);
				continue;
			}
			fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
			if (fd < 0)
				continue;
			if (fd >= 1 << 16)
				errx(1, "too many connections");
			clients[fd].len = 0;
			clients[fd].granted = false;
			event.data.fd = fd;
			epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event);
		}
	}
}
