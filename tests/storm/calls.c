// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a program can do with a socket. What a call returns does not matter.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/errqueue.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "storm.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP	262
#endif

/* As long as a call may block, unless an option has changed that. */
#define LIMIT_MS	20

/* Let all threads have a socket; it may be closed at any time from now on. */
int slot_put(struct thread *t, int fd)
{
	int old = atomic_exchange(&slots[below(&t->random, SLOTS)], fd);

	if (old >= 0)
		close(old);
	return fd;
}

/* Addresses */

void address_for(struct thread *t, int fd, struct in_addr host,
		 unsigned int port, union address *address, socklen_t *length)
{
	int family = AF_INET;
	socklen_t size = sizeof(family);

	(void)t;
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

static const char * const connect_kinds[] = {
	[CONNECT_THROUGH]	= "through",
	[CONNECT_REJECTED]	= "rejected",
	[CONNECT_DIRECT]	= "direct",
	[CONNECT_SILENT]	= "silent",
	[CONNECT_SERVER]	= "server",
	[CONNECT_LISTENER]	= "listener",
	[CONNECT_UNSPEC]	= "unspec",
	[CONNECT_SHORT]		= "length",
	[CONNECT_GARBAGE]	= "garbage",
};

const char *connect_kind_name(enum connect_kind kind)
{
	return connect_kinds[kind];
}

enum connect_kind address_any(struct thread *t, int fd,
			      union address *address, socklen_t *length)
{
	/* Most go to where the module has work. */
	static const unsigned char kinds[] = {
		CONNECT_THROUGH, CONNECT_THROUGH, CONNECT_THROUGH,
		CONNECT_THROUGH, CONNECT_THROUGH, CONNECT_THROUGH,
		CONNECT_THROUGH, CONNECT_THROUGH, CONNECT_REJECTED,
		CONNECT_DIRECT, CONNECT_SILENT, CONNECT_SERVER,
		CONNECT_LISTENER, CONNECT_UNSPEC, CONNECT_SHORT,
		CONNECT_GARBAGE,
	};
	enum connect_kind kind = kinds[below(&t->random, ARRAY_SIZE(kinds))];
	struct in_addr loopback = { .s_addr = htonl(INADDR_LOOPBACK) };
	struct in_addr odd = { .s_addr = htonl(below(&t->random, 3)) };
	unsigned int i, port = 1 + below(&t->random, 8);

	switch (kind) {
	case CONNECT_THROUGH:
		address_for(t, fd, places.through, port, address, length);
		break;
	case CONNECT_REJECTED:
		address_for(t, fd, places.rejected, port, address, length);
		break;
	case CONNECT_DIRECT:
		address_for(t, fd, places.direct, 7, address, length);
		break;
	case CONNECT_SILENT:
		address_for(t, fd, places.silent, port, address, length);
		break;
	case CONNECT_SERVER:
		address_for(t, fd, places.server, 1080, address, length);
		break;
	case CONNECT_LISTENER:
		address_for(t, fd, loopback, atomic_load(&counts->listener_port),
			    address, length);
		break;
	case CONNECT_UNSPEC:
		memset(address, 0, sizeof(*address));
		*length = 2 + below(&t->random, 27);
		break;
	case CONNECT_SHORT:
		address_for(t, fd, places.through, port, address, length);
		*length = below(&t->random, sizeof(*address));
		break;
	default:
		/* 0.0.0.0, what SOCKS4A takes for a mark, or no address. */
		address_for(t, fd, odd, port, address, length);
		if (one_in(&t->random, 2))
			for (i = 0; i < sizeof(*address); i++)
				address->bytes[i] = random_u64(&t->random);
		if (one_in(&t->random, 2))
			address->any.sa_family = below(&t->random, 46);
	}
	return kind;
}

/* Sockets come and go */

static void do_socket(struct thread *t, int fd)
{
	static const int protocols[] = { 0, 0, 0, 0, 0, IPPROTO_TCP,
		IPPROTO_MPTCP };
	int type = one_in(&t->random, 60) ? SOCK_DGRAM : SOCK_STREAM;
	int protocol = type == SOCK_DGRAM ? 0 :
		protocols[below(&t->random, ARRAY_SIZE(protocols))];
	struct timeval limit = { .tv_usec = 1000 * LIMIT_MS };

	if (!one_in(&t->random, 4))
		type |= SOCK_NONBLOCK;
	fd = socket(one_in(&t->random, 2) ? AF_INET : AF_INET6, type, protocol);
	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	slot_put(t, fd);
}

/* Let there be something to begin with. */
void sockets_fill(struct thread *t)
{
	unsigned int i;

	for (i = 0; i < 2 * SLOTS; i++)
		do_socket(t, -1);
}

static void do_close(struct thread *t, int fd)
{
	fd = atomic_exchange(&slots[below(&t->random, SLOTS)], -1);
	if (fd >= 0)
		close(fd);
}

static void do_dup(struct thread *t, int fd)
{
	int other = atomic_load(&slots[below(&t->random, SLOTS)]);

	if (fd < 0)
		return;
	if (other >= 0 && one_in(&t->random, 2))
		dup2(fd, other);
	else
		slot_put(t, dup(fd));
}

/* Connections */

static void do_connect(struct thread *t, int fd)
{
	union address address;
	socklen_t length;
	enum connect_kind kind = address_any(t, fd, &address, &length);
	int result = connect(fd, &address.any, length);

	atomic_fetch_add(&counts->connects[kind][result ? errno % ERRNOS : 0],
			 1);
}

static void do_disconnect(struct thread *t, int fd)
{
	struct sockaddr address = { .sa_family = AF_UNSPEC };

	(void)t;
	connect(fd, &address, sizeof(address));
}

static void do_bind(struct thread *t, int fd)
{
	struct in_addr hosts[] = {
		{ .s_addr = htonl(INADDR_ANY) },
		{ .s_addr = htonl(INADDR_LOOPBACK) },
		places.through, places.server,
	};
	union address address;
	socklen_t length;

	address_for(t, fd, hosts[below(&t->random, ARRAY_SIZE(hosts))],
		    one_in(&t->random, 2) ? 0 : 20000 + below(&t->random, 20),
		    &address, &length);
	bind(fd, &address.any, length);
}

static void do_listen(struct thread *t, int fd)
{
	union address address;
	socklen_t length = sizeof(address);

	if (one_in(&t->random, 2))
		do_disconnect(t, fd);
	if (listen(fd, below(&t->random, 4)) ||
	    getsockname(fd, &address.any, &length))
		return;
	/* Both families have the port at the same place. */
	atomic_store(&counts->listener_port, ntohs(address.in.sin_port));
}

static void do_accept(struct thread *t, int fd)
{
	int flags = one_in(&t->random, 2) ? SOCK_NONBLOCK : 0;

	fd = accept4(fd, NULL, NULL, flags);
	if (fd >= 0)
		slot_put(t, fd);
}

static void do_shutdown(struct thread *t, int fd)
{
	shutdown(fd, below(&t->random, 4));
}

/* Data */

static int send_flags(struct thread *t)
{
	static const int flags[] = {
		0, MSG_DONTWAIT, MSG_OOB, MSG_MORE, MSG_EOR, MSG_FASTOPEN,
		MSG_FASTOPEN | MSG_DONTWAIT, MSG_ZEROCOPY, MSG_CONFIRM,
		MSG_DONTROUTE,
	};

	if (one_in(&t->random, 20))
		return (random_u64(&t->random) & 0x7fffffff) | MSG_NOSIGNAL;
	return flags[below(&t->random, ARRAY_SIZE(flags))] | MSG_NOSIGNAL;
}

static int receive_flags(struct thread *t)
{
	static const int flags[] = {
		0, MSG_DONTWAIT, MSG_PEEK, MSG_OOB, MSG_OOB | MSG_PEEK,
		MSG_WAITALL, MSG_TRUNC, MSG_ERRQUEUE,
		MSG_ERRQUEUE | MSG_DONTWAIT,
	};

	if (one_in(&t->random, 20))
		return random_u64(&t->random) & 0x7fffffff;
	return flags[below(&t->random, ARRAY_SIZE(flags))];
}

static size_t some_length(struct thread *t)
{
	return one_in(&t->random, 8) ? below(&t->random, sizeof(t->buffer)) :
				       below(&t->random, 16);
}

static void do_send(struct thread *t, int fd)
{
	union address address;
	socklen_t length = 0;
	bool named = one_in(&t->random, 2);

	if (named)
		address_any(t, fd, &address, &length);
	sendto(fd, t->buffer, some_length(t), send_flags(t),
	       named ? &address.any : NULL, length);
}

static void do_sendmsg(struct thread *t, int fd)
{
	struct iovec parts[2] = {
		{ t->buffer, some_length(t) },
		{ t->buffer, some_length(t) },
	};
	struct mmsghdr messages[2] = {};
	union {
		struct cmsghdr	header;
		char		bytes[64];
	} control = {};
	union address address;
	socklen_t length;
	struct msghdr *message = &messages[0].msg_hdr;

	message->msg_iov = parts;
	message->msg_iovlen = below(&t->random, 3);
	if (one_in(&t->random, 2)) {
		address_any(t, fd, &address, &length);
		message->msg_name = &address;
		message->msg_namelen = length;
	}
	if (one_in(&t->random, 4)) {
		control.header.cmsg_level = one_in(&t->random, 2) ?
			SOL_SOCKET : (int)below(&t->random, 300);
		control.header.cmsg_type = below(&t->random, 64);
		control.header.cmsg_len =
			CMSG_LEN(below(&t->random, sizeof(control) - 16));
		message->msg_control = &control;
		message->msg_controllen = below(&t->random, sizeof(control));
	}
	messages[1] = messages[0];
	if (one_in(&t->random, 2))
		sendmsg(fd, message, send_flags(t));
	else
		sendmmsg(fd, messages, 2, send_flags(t));
}

static void do_receive(struct thread *t, int fd)
{
	union address address;
	socklen_t length = below(&t->random, sizeof(address));

	recvfrom(fd, t->buffer, some_length(t), receive_flags(t),
		 one_in(&t->random, 2) ? &address.any : NULL, &length);
}

static void do_recvmsg(struct thread *t, int fd)
{
	char control[256];
	struct iovec part = { t->buffer, some_length(t) };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = below(&t->random, sizeof(control)),
	};

	recvmsg(fd, &message, receive_flags(t));
}

static void do_read_write(struct thread *t, int fd)
{
	struct iovec parts[2] = {
		{ t->buffer, some_length(t) },
		{ t->buffer, some_length(t) },
	};

	switch (below(&t->random, 4)) {
	case 0:
		(void)!read(fd, t->buffer, some_length(t));
		break;
	case 1:
		(void)!write(fd, t->buffer, some_length(t));
		break;
	case 2:
		readv(fd, parts, 2);
		break;
	default:
		writev(fd, parts, 2);
	}
}

static void do_splice(struct thread *t, int fd)
{
	struct iovec part = { t->buffer, 1 + some_length(t) };
	int file, flags = one_in(&t->random, 2) ? SPLICE_F_NONBLOCK : 0;

	switch (below(&t->random, 5)) {
	case 0:
		if (write(t->pipe[1], "data", 4) == 4)
			splice(t->pipe[0], NULL, fd, NULL, 4, flags);
		break;
	case 1:
		splice(fd, NULL, t->pipe[1], NULL, some_length(t), flags);
		break;
	case 2:
		vmsplice(t->pipe[1], &part, 1, SPLICE_F_NONBLOCK);
		splice(t->pipe[0], NULL, fd, NULL, part.iov_len,
		       flags | SPLICE_F_MORE);
		break;
	case 3:
		splice(fd, NULL, t->pipe[1], NULL, some_length(t), flags);
		splice(t->pipe[0], NULL,
		       atomic_load(&slots[below(&t->random, SLOTS)]), NULL,
		       sizeof(t->buffer), flags);
		break;
	default:
		file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
		if (file >= 0) {
			sendfile(fd, file, NULL, some_length(t));
			close(file);
		}
	}
}

/* Questions */

static void do_names(struct thread *t, int fd)
{
	union address address;
	socklen_t length = below(&t->random, sizeof(address));

	getpeername(fd, &address.any, &length);
	length = below(&t->random, sizeof(address));
	getsockname(fd, &address.any, &length);
}

static void do_ioctl(struct thread *t, int fd)
{
	static const unsigned long requests[] = {
		FIONREAD, SIOCOUTQ, SIOCOUTQNSD, SIOCATMARK, FIONBIO, FIOASYNC,
		SIOCSPGRP, SIOCGPGRP, SIOCGSTAMP_NEW, SIOCGIFCONF,
	};
	int number[64] = { below(&t->random, 2) };

	ioctl(fd, one_in(&t->random, 10) ?
	      0x8900 + below(&t->random, 256) :
	      requests[below(&t->random, ARRAY_SIZE(requests))], number);
}

static void do_fcntl(struct thread *t, int fd)
{
	static const int bits[] = { O_NONBLOCK, O_ASYNC };

	switch (below(&t->random, 3)) {
	case 0:
		fcntl(fd, F_SETOWN, getpid());
		break;
	case 1:
		/* SIGIO, SIGURG, or a signal with a queue. */
		fcntl(fd, F_SETSIG, one_in(&t->random, 2) ? 0 : SIGRTMIN + 1);
		break;
	default:
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) ^
		      bits[below(&t->random, ARRAY_SIZE(bits))]);
	}
}

/* Waiting */

static void do_poll(struct thread *t, int fd)
{
	struct pollfd two[2] = {
		{ .fd = fd, .events = random_u64(&t->random) },
		{ .fd = atomic_load(&slots[below(&t->random, SLOTS)]),
		  .events = POLLIN | POLLOUT | POLLRDHUP },
	};
	struct timeval limit = { .tv_usec = 1000 * below(&t->random, 5) };
	fd_set readable, writable;

	if (fd < 0 || fd >= FD_SETSIZE || one_in(&t->random, 2)) {
		poll(two, 2, below(&t->random, 5));
		return;
	}
	FD_ZERO(&readable);
	FD_SET(fd, &readable);
	writable = readable;
	select(fd + 1, &readable, &writable, NULL, &limit);
}

static void do_epoll(struct thread *t, int fd)
{
	static const uint32_t how[] = { 0, EPOLLET, EPOLLONESHOT };
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI |
			  how[below(&t->random, ARRAY_SIZE(how))],
	};
	struct epoll_event found[8];

	switch (below(&t->random, 5)) {
	case 0:
	case 1:
		epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &event);
		break;
	case 2:
		epoll_ctl(t->epoll, EPOLL_CTL_MOD, fd, &event);
		break;
	case 3:
		epoll_ctl(t->epoll, EPOLL_CTL_DEL, fd, NULL);
		break;
	default:
		epoll_wait(t->epoll, found, ARRAY_SIZE(found),
			   below(&t->random, 5));
	}
}

/* Others get to see the sockets */

static void do_pass(struct thread *t, int fd)
{
	union {
		struct cmsghdr	header;
		char		bytes[CMSG_SPACE(sizeof(int))];
	} control = {
		.header = {
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
			.cmsg_len = CMSG_LEN(sizeof(int)),
		},
	};
	struct iovec part = { t->buffer, 1 };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int i = below(&t->random, 2);

	if (one_in(&t->random, 2)) {
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		sendmsg(t->unix_pair[i], &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	} else if (recvmsg(t->unix_pair[i], &message, MSG_DONTWAIT) > 0 &&
		   message.msg_controllen >= sizeof(control)) {
		memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
		slot_put(t, fd);
	}
}

static void child_run(struct thread *t)
{
	unsigned int i, n = 5 + below(&t->random, 40);

	t->child = true;
	alarm(2);
	if (one_in(&t->random, 4))
		namespace_child(t);
	for (i = 0; i < n; i++)
		call_any(t);
	_exit(0);
}

static void do_fork(struct thread *t, int fd)
{
	(void)fd;
	/* Few: a process takes longer than all other calls. */
	if (t->child || !one_in(&t->random, 4))
		return;
	if (!fork())
		child_run(t);
}

static void do_signal(struct thread *t, int fd)
{
	(void)fd;
	if (!t->child)
		syscall(SYS_tgkill, getpid(),
			t->tids[below(&t->random, t->n_tids)],
			one_in(&t->random, 2) ? SIGUSR1 : SIGUSR2);
}

static void do_bpf(struct thread *t, int fd)
{
	int map = one_in(&t->random, 2) ? sockmap : reuseport_array;
	uint32_t key = below(&t->random, 8), value = fd;
	uint64_t value64 = fd;
	union bpf_attr attr = {
		.map_fd = map,
		.key = (uintptr_t)&key,
	};

	if (one_in(&t->random, 3)) {
		syscall(SYS_bpf, BPF_MAP_DELETE_ELEM, &attr, sizeof(attr));
		return;
	}
	attr.value = map == sockmap ? (uintptr_t)&value : (uintptr_t)&value64;
	syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr));
}

static void do_netlink(struct thread *t, int fd)
{
	(void)fd;
	netlink_any(t);
}

static void do_uring(struct thread *t, int fd)
{
	ring_use(t, fd);
}

static const struct {
	const char	*name;
	unsigned int	weight;
	void		(*run)(struct thread *t, int fd);
} calls[] = {
	{ "socket",	10, do_socket },
	{ "close",	3, do_close },
	{ "dup",	2, do_dup },
	{ "connect",	24, do_connect },
	{ "disconnect",	3, do_disconnect },
	{ "bind",	1, do_bind },
	{ "listen",	2, do_listen },
	{ "accept",	3, do_accept },
	{ "shutdown",	3, do_shutdown },
	{ "sendto",	4, do_send },
	{ "sendmsg",	3, do_sendmsg },
	{ "recvfrom",	4, do_receive },
	{ "recvmsg",	2, do_recvmsg },
	{ "read/write",	2, do_read_write },
	{ "splice",	2, do_splice },
	{ "setsockopt",	8, option_set },
	{ "getsockopt",	4, option_get },
	{ "names",	2, do_names },
	{ "ioctl",	2, do_ioctl },
	{ "fcntl",	2, do_fcntl },
	{ "poll",	3, do_poll },
	{ "epoll",	4, do_epoll },
	{ "io_uring",	4, do_uring },
	{ "SCM_RIGHTS",	2, do_pass },
	{ "fork",	1, do_fork },
	{ "signal",	2, do_signal },
	{ "bpf",	1, do_bpf },
	{ "rbind",	3, rbind_any },
	{ "paired rbind", 8, rbind_paired },
	{ "netlink",	1, do_netlink },
};

const char *call_name(unsigned int call)
{
	return call < ARRAY_SIZE(calls) ? calls[call].name : NULL;
}

void call_any(struct thread *t)
{
	unsigned int i, pick, total = 0;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		total += calls[i].weight;
	pick = below(&t->random, total);
	for (i = 0; pick >= calls[i].weight; i++)
		pick -= calls[i].weight;
	atomic_fetch_add(&counts->calls[i], 1);
	calls[i].run(t, atomic_load(&slots[below(&t->random, SLOTS)]));
}
