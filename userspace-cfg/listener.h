/* SPDX-License-Identifier: GPL-2.0-only */
/* Who listens at an address of this host. */
#ifndef SOCKSCTL_LISTENER_H
#define SOCKSCTL_LISTENER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LISTENERS_MAX	64
#define OWNERS_MAX	64

/**
 * struct listeners - Sockets which get connections to an address.
 * @address: The address.
 * @port: Its port, in host byte order.
 * @inode: The sockets' numbers.
 * @count: How many.
 */
struct listeners {
	struct in_addr address;
	uint16_t port;
	uint32_t inode[LISTENERS_MAX];
	size_t count;
};

/**
 * struct owner - A process which has such a socket open.
 * @pid: Its number.
 * @uid: Its effective user.
 * @gid: Its effective group.
 * @name: Its name.
 * @cgroup: Its cgroup of version 2; empty where it can't be told.
 */
struct owner {
	pid_t pid;
	uint32_t uid;
	uint32_t gid;
	char name[32];
	char cgroup[4096];
};

int listeners_get(struct listeners *listeners);
size_t owners_get(const struct listeners *listeners, struct owner *owners);

#endif
