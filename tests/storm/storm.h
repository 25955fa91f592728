/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the storm share.
 */
#ifndef STORM_H
#define STORM_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../include/random.h"
#include "../include/ring.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof(*(a)))
#define SLOTS		24
#define ERRNOS		256

static inline unsigned int below(struct random *random, unsigned int limit)
{
	return (random_u64(random) >> 32) * limit >> 32;
}

static inline bool one_in(struct random *random, unsigned int n)
{
	return !below(random, n);
}

/* Where connections can go; each has ports from 1 on. */
struct places {
	struct in_addr	through;	/* rules send it to a server */
	struct in_addr	rejected;	/* rules reject it */
	struct in_addr	direct;		/* somebody listens on its port 7 */
	struct in_addr	silent;		/* never answers a SYN */
	struct in_addr	server;		/* SOCKS servers listen on 1080 */
};

extern struct places places;

/* Made as root, and used by a program which is not. Each may be -1. */
extern int sockmap, reuseport_array;

enum connect_kind {
	CONNECT_THROUGH,
	CONNECT_REJECTED,
	CONNECT_DIRECT,
	CONNECT_SILENT,
	CONNECT_SERVER,
	CONNECT_LISTENER,
	CONNECT_UNSPEC,
	CONNECT_SHORT,
	CONNECT_GARBAGE,
	CONNECT_KINDS,
};

/* What is done for an inbound connection through a server. */
enum rbind_kind {
	RBIND_OPTION,		/* setsockopt() on a new socket */
	RBIND_OPTION_ANY,	/* the same on any socket */
	RBIND_BY_LISTEN,	/* by a rule with rbind auto */
	RBIND_BY_NAME,
	RBIND_ACCEPT,		/* on one for which a server listens */
	RBIND_KINDS,
};

#define CALLS_MAX	64

/* What was done, by all processes together. */
struct counts {
	atomic_long	calls[CALLS_MAX];
	atomic_long	connects[CONNECT_KINDS][ERRNOS];
	atomic_long	rbinds[RBIND_KINDS][ERRNOS];
	atomic_int	listener_port;
};

extern struct counts *counts;

/* The sockets of a process, for all of its threads. */
extern atomic_int slots[SLOTS];

union address {
	struct sockaddr		any;
	struct sockaddr_in	in;
	struct sockaddr_in6	in6;
	unsigned char		bytes[128];
};

/* A thread. */
struct thread {
	struct random	random;
	struct ring	ring;
	int		pipe[2];
	int		epoll;
	int		unix_pair[2];	/* to pass sockets, also to others */
	pid_t		*tids;		/* of the process's threads */
	unsigned int	n_tids, index;
	bool		child;		/* a process which goes soon */
	union address	address;	/* stays for what io_uring has queued */
	char		buffer[1 << 15];
};

/* calls.c */
void call_any(struct thread *t);
void sockets_fill(struct thread *t);
const char *call_name(unsigned int call);
int slot_put(struct thread *t, int fd);
void address_for(struct thread *t, int fd, struct in_addr host,
		 unsigned int port, union address *address, socklen_t *length);
enum connect_kind address_any(struct thread *t, int fd,
			      union address *address, socklen_t *length);
const char *connect_kind_name(enum connect_kind kind);

/* options.c */
void option_set(struct thread *t, int fd);
void option_get(struct thread *t, int fd);

/* uring.c */
void ring_make(struct ring *ring);
void ring_use(struct thread *t, int fd);

/* rbind.c */
void rbind_any(struct thread *t, int fd);
void rbind_paired(struct thread *t, int fd);
const char *rbind_kind_name(enum rbind_kind kind);

/* netlink.c */
void netlink_init(void);
void netlink_any(struct thread *t);
void namespace_child(struct thread *t);

#endif /* STORM_H */
