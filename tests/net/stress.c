// SPDX-License-Identifier: GPL-2.0-only
/*
 * stress SEED THREADS OPERATIONS ADDRESS PORTS
 *
 * Threads that do at random whatever a program can do with a few sockets which
 * they share, most of all connect them, to ADDRESS and ports from 1 to PORTS.
 * What the calls return does not matter; the kernel has to survive it. Prints
 * how many connect() calls gave what.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef TCP_ULP
#define TCP_ULP 31
#endif
#ifndef TCP_FASTOPEN_CONNECT
#define TCP_FASTOPEN_CONNECT 30
#endif

#define SOCKETS		12
#define WAIT_MS		4

union address {
	struct sockaddr		any;
	struct sockaddr_in	in;
	struct sockaddr_in6	in6;
};

static atomic_int sockets[SOCKETS];
static atomic_int listener_port;
static atomic_long results[256];
static struct in_addr destination;
static unsigned int ports;
static long operations;
static int epoll_fd;

static void address_set(union address *address, socklen_t *length, int fd,
			struct in_addr host, unsigned int port)
{
	int family = AF_INET;
	socklen_t size = sizeof(family);

	memset(address, 0, sizeof(*address));
	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
	if (family == AF_INET6) {
		address->in6.sin6_family = AF_INET6;
		address->in6.sin6_port = htons(port);
		address->in6.sin6_addr.s6_addr[10] = 0xff;
		address->in6.sin6_addr.s6_addr[11] = 0xff;
		memcpy(address->in6.sin6_addr.s6_addr + 12, &host, 4);
		*length = sizeof(address->in6);
	} else {
		address->in.sin_family = AF_INET;
		address->in.sin_port = htons(port);
		address->in.sin_addr = host;
		*length = sizeof(address->in);
	}
}

static void count(int result)
{
	atomic_fetch_add(&results[result ? errno & 255 : 0], 1);
}

static void replace(unsigned int *seed)
{
	int type = SOCK_STREAM | (rand_r(seed) % 8 ? SOCK_NONBLOCK : 0);
	int fd = socket(rand_r(seed) % 2 ? AF_INET : AF_INET6, type, 0);
	struct timeval limit = { .tv_usec = WAIT_MS * 1000 };
	int old;

	if (fd < 0)
		return;
	/* So that those which block don't do so for ever. */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	old = atomic_exchange(&sockets[rand_r(seed) % SOCKETS], fd);
	if (old >= 0)
		close(old);
}

static void connect_there(int fd, unsigned int *seed)
{
	union address address;
	socklen_t length;

	address_set(&address, &length, fd, destination,
		    1 + rand_r(seed) % ports);
	count(connect(fd, &address.any, length));
}

static void connect_listener(int fd)
{
	struct in_addr loopback = { .s_addr = htonl(INADDR_LOOPBACK) };
	int port = atomic_load(&listener_port);
	union address address;
	socklen_t length;

	if (!port)
		return;
	address_set(&address, &length, fd, loopback, port);
	connect(fd, &address.any, length);
}

static void disconnect(int fd)
{
	struct sockaddr address = { .sa_family = AF_UNSPEC };

	connect(fd, &address, sizeof(address));
}

static void listen_on(int fd)
{
	union address address;
	socklen_t length = sizeof(address);

	disconnect(fd);
	if (listen(fd, 2) || getsockname(fd, &address.any, &length))
		return;
	atomic_store(&listener_port, ntohs(address.any.sa_family == AF_INET ?
					   address.in.sin_port :
					   address.in6.sin6_port));
}

static void accept_one(int fd)
{
	int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK);

	if (accepted >= 0) {
		send(accepted, "x", 1, MSG_NOSIGNAL);
		close(accepted);
	}
}

static void set_some(int fd, unsigned int *seed)
{
	static const struct {
		int level, option, value;
	} options[] = {
		{ SOL_SOCKET, SO_RCVLOWAT, 100 },
		{ SOL_SOCKET, SO_RCVLOWAT, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ SOL_SOCKET, SO_REUSEADDR, 1 },
		{ SOL_TCP, TCP_CORK, 1 },
		{ SOL_TCP, TCP_CORK, 0 },
		{ SOL_TCP, TCP_NODELAY, 1 },
		{ SOL_TCP, TCP_REPAIR, 1 },
		{ SOL_TCP, TCP_REPAIR, 0 },
		{ SOL_TCP, TCP_FASTOPEN_CONNECT, 1 },
		{ SOL_TCP, TCP_USER_TIMEOUT, 100 },
		{ SOL_IPV6, IPV6_ADDRFORM, AF_INET },
	};
	struct linger linger = { .l_onoff = 1 };
	unsigned int i = rand_r(seed) % (sizeof(options) / sizeof(*options) + 2);

	if (i < sizeof(options) / sizeof(*options))
		setsockopt(fd, options[i].level, options[i].option,
			   &options[i].value, sizeof(int));
	else if (i == sizeof(options) / sizeof(*options))
		setsockopt(fd, SOL_TCP, TCP_ULP, "tls", 3);
	else
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static void ask(int fd)
{
	struct tcp_info info;
	union address address;
	socklen_t length = sizeof(info);
	int number;

	getsockopt(fd, SOL_TCP, TCP_INFO, &info, &length);
	length = sizeof(number);
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &length);
	length = sizeof(address);
	getpeername(fd, &address.any, &length);
	length = sizeof(address);
	getsockname(fd, &address.any, &length);
	ioctl(fd, FIONREAD, &number);
	ioctl(fd, SIOCOUTQ, &number);
}

static void send_some(int fd, unsigned int *seed)
{
	union address address;
	socklen_t length;

	switch (rand_r(seed) % 4) {
	case 0:
		address_set(&address, &length, fd, destination,
			    1 + rand_r(seed) % ports);
		sendto(fd, "fast", 4, MSG_FASTOPEN | MSG_NOSIGNAL,
		       &address.any, length);
		break;
	case 1:
		send(fd, "data", 4, MSG_NOSIGNAL);
		break;
	case 2:
		send(fd, "!", 1, MSG_NOSIGNAL | MSG_OOB);
		break;
	default:
		send(fd, "data", 4, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
}

static void receive_some(int fd, unsigned int *seed)
{
	static const int flags[] = {
		0, MSG_PEEK, MSG_DONTWAIT, MSG_OOB, MSG_ERRQUEUE, MSG_WAITALL,
	};
	char buffer[100];

	recv(fd, buffer, sizeof(buffer), flags[rand_r(seed) % 6]);
}

static void splice_some(int fd, unsigned int *seed)
{
	int ends[2];

	if (pipe2(ends, O_NONBLOCK))
		return;
	if (rand_r(seed) % 2) {
		if (write(ends[1], "data", 4) == 4)
			splice(ends[0], NULL, fd, NULL, 4, SPLICE_F_NONBLOCK);
	} else {
		splice(fd, NULL, ends[1], NULL, 4, SPLICE_F_NONBLOCK);
	}
	close(ends[0]);
	close(ends[1]);
}

static void watch(int fd, unsigned int *seed)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	struct epoll_event found[8];
	struct pollfd one = { .fd = fd, .events = POLLIN | POLLOUT };
	int flags = fcntl(fd, F_GETFL);

	switch (rand_r(seed) % 4) {
	case 0:
		epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
		break;
	case 1:
		epoll_wait(epoll_fd, found, 8, 20);
		break;
	case 2:
		poll(&one, 1, 50);
		break;
	default:
		fcntl(fd, F_SETOWN, getpid());
		fcntl(fd, F_SETFL, flags ^ O_ASYNC);
	}
}

static void operate(unsigned int *seed)
{
	int fd = atomic_load(&sockets[rand_r(seed) % SOCKETS]);

	switch (rand_r(seed) % 16) {
	case 0:
	case 1:
		replace(seed);
		break;
	case 2:
	case 3:
	case 4:
	case 5:
		connect_there(fd, seed);
		break;
	case 6:
		disconnect(fd);
		break;
	case 7:
		shutdown(fd, rand_r(seed) % 3);
		break;
	case 8:
		send_some(fd, seed);
		break;
	case 9:
		receive_some(fd, seed);
		break;
	case 10:
		set_some(fd, seed);
		break;
	case 11:
		ask(fd);
		break;
	case 12:
		watch(fd, seed);
		break;
	case 13:
		splice_some(fd, seed);
		break;
	case 14:
		if (rand_r(seed) % 2)
			listen_on(fd);
		else
			connect_listener(fd);
		break;
	default:
		accept_one(fd);
	}
}

static void *thread(void *argument)
{
	unsigned int seed = (unsigned int)(unsigned long)argument;
	long i;

	for (i = 0; i < operations; i++)
		operate(&seed);
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned long seed, i, threads;
	pthread_t *ids;

	if (argc != 6 || !inet_aton(argv[4], &destination))
		return 2;
	seed = strtoul(argv[1], NULL, 10);
	threads = strtoul(argv[2], NULL, 10);
	operations = strtol(argv[3], NULL, 10);
	ports = strtoul(argv[5], NULL, 10);

	signal(SIGIO, SIG_IGN);
	signal(SIGURG, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	epoll_fd = epoll_create1(0);
	ids = calloc(threads, sizeof(*ids));
	if (epoll_fd < 0 || !ids)
		return 2;
	for (i = 0; i < SOCKETS; i++)
		atomic_store(&sockets[i], -1);
	for (i = 0; i < threads; i++)
		if (pthread_create(&ids[i], NULL, thread,
				   (void *)(seed * threads + i + 1)))
			return 2;
	for (i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	free(ids);

	for (i = 0; i < 256; i++)
		if (results[i])
			printf("%s %ld\n", i ? strerrorname_np(i) : "0",
			       results[i]);
	return 0;
}
