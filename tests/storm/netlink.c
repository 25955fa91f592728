// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's netlink family, as a program without rights sees it: it may only
 * look up; and as the master of a network namespace of its own sees it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/socks.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "storm.h"

static uint16_t family;
static uint32_t group;

struct message {
	struct nlmsghdr		head;
	struct genlmsghdr	command;
	char			attributes[1 << 12];
};

static void begin(struct message *message, uint16_t type, uint8_t command,
		  uint16_t flags)
{
	memset(message, 0, sizeof(*message));
	message->head.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	message->head.nlmsg_type = type;
	message->head.nlmsg_flags = NLM_F_REQUEST | flags;
	message->command.cmd = command;
	message->command.version = 1;
}

static void put(struct message *message, uint16_t type, const void *data,
		size_t length)
{
	struct nlattr *attribute =
		(void *)((char *)message + NLMSG_ALIGN(message->head.nlmsg_len));

	attribute->nla_type = type;
	attribute->nla_len = NLA_HDRLEN + length;
	memcpy((char *)attribute + NLA_HDRLEN, data, length);
	message->head.nlmsg_len = NLMSG_ALIGN(message->head.nlmsg_len) +
				  NLA_ALIGN(attribute->nla_len);
}

static int ask(int fd, struct message *message)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	return sendto(fd, message, message->head.nlmsg_len, MSG_DONTWAIT,
		      (void *)&kernel, sizeof(kernel));
}

/* Where the attribute of this type is, behind @at and before @end; or 0. */
static ssize_t find(const struct message *message, ssize_t at, ssize_t end,
		    uint16_t type)
{
	const struct nlattr *attribute;

	for (; at + NLA_HDRLEN <= end; at += NLA_ALIGN(attribute->nla_len)) {
		attribute = (const void *)((const char *)message + at);
		if ((attribute->nla_type & NLA_TYPE_MASK) == type)
			return at;
		if (!attribute->nla_len)
			break;
	}
	return 0;
}

/* Learn the family's number, and that of its one group. */
void netlink_init(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	ssize_t head = NLMSG_LENGTH(GENL_HDRLEN), length, at;
	struct message message;

	begin(&message, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	put(&message, CTRL_ATTR_FAMILY_NAME, SOCKS_FAMILY_NAME,
	    sizeof(SOCKS_FAMILY_NAME));
	ask(fd, &message);
	length = recv(fd, &message, sizeof(message), 0);
	close(fd);
	at = find(&message, head, length, CTRL_ATTR_FAMILY_ID);
	if (at)
		memcpy(&family, (char *)&message + at + NLA_HDRLEN,
		       sizeof(family));
	/* In the list there is a list for each group. */
	at = find(&message, head, length, CTRL_ATTR_MCAST_GROUPS);
	if (at)
		at = find(&message, at + 2 * NLA_HDRLEN, length,
			  CTRL_ATTR_MCAST_GRP_ID);
	if (at)
		memcpy(&group, (char *)&message + at + NLA_HDRLEN,
		       sizeof(group));
}

static void join(int fd)
{
	setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
		   sizeof(group));
}

/* Sockets of this process, whatever has become of them. */
static void put_cookies(struct thread *t, struct message *message)
{
	uint64_t cookies[4] = { 0 };
	unsigned int i, n = 1 + below(&t->random, ARRAY_SIZE(cookies));
	socklen_t size = sizeof(*cookies);

	for (i = 0; i < n; i++)
		getsockopt(slots[below(&t->random, SLOTS)], SOL_SOCKET,
			   SO_COOKIE, &cookies[i], &size);
	put(message, SOCKS_A_CONNECTION_COOKIES, cookies, n * sizeof(*cookies));
}

static void put_random(struct thread *t, struct message *message)
{
	unsigned int i, n = below(&t->random, 6);

	for (i = 0; i < n; i++)
		put(message, below(&t->random, 24), t->buffer,
		    below(&t->random, 40));
}

static void put_server(struct thread *t, struct message *message)
{
	static const char * const users[] = { "alice", "", "\x01" };
	uint32_t host = one_in(&t->random, 4) ? places.server.s_addr :
						htonl(INADDR_LOOPBACK);
	uint32_t timeout = 1 + below(&t->random, 2);
	uint16_t port = htons(1080 + below(&t->random, 2));
	const char *user = users[below(&t->random, ARRAY_SIZE(users))];
	char name[2] = { 'a' + below(&t->random, 3) };

	put(message, SOCKS_A_SERVER_NAME, name, 2);
	put(message, SOCKS_A_SERVER_ADDRESS, &host, 4);
	put(message, SOCKS_A_SERVER_PORT, &port, 2);
	put(message, SOCKS_A_SERVER_TIMEOUT, &timeout, 4);
	if (one_in(&t->random, 2))
		put(message, SOCKS_A_SERVER_USERID, user, strlen(user) + 1);
}

static void put_rule(struct thread *t, struct message *message)
{
	uint8_t length = 8 * below(&t->random, 5);
	uint32_t host = htonl(ntohl(places.through.s_addr) &
			      (length ? ~0U << (32 - length) : 0));
	uint32_t action = below(&t->random, 3);
	char name[2] = { 'a' + below(&t->random, 3) };

	put(message, SOCKS_A_RULE_ADDRESS, &host, 4);
	put(message, SOCKS_A_RULE_PREFIX_LEN, &length, 1);
	put(message, SOCKS_A_RULE_ACTION, &action, 4);
	if (action == SOCKS_ACTION_VIA)
		put(message, SOCKS_A_RULE_SERVER, name, 2);
	if (one_in(&t->random, 4))
		put(message, SOCKS_A_RULE_CGROUP, "/", 2);
}

static void command_any(struct thread *t, struct message *message)
{
	uint8_t command = 1 + below(&t->random, SOCKS_CMD_CONNECTION_ABORT);
	uint16_t flags = one_in(&t->random, 3) ? NLM_F_DUMP : NLM_F_ACK;
	uint32_t number = below(&t->random, 4);
	uint32_t host = places.through.s_addr;
	uint16_t port = htons(80);
	char name[2] = { 'a' + below(&t->random, 3) };

	begin(message, family, command, flags);
	if (one_in(&t->random, 8)) {
		put_random(t, message);
		return;
	}
	switch (command) {
	case SOCKS_CMD_SERVER_ADD:
		put_server(t, message);
		break;
	case SOCKS_CMD_RULE_ADD:
		put_rule(t, message);
		break;
	case SOCKS_CMD_SERVER_DEL:
	case SOCKS_CMD_SERVER_GET:
		put(message, SOCKS_A_SERVER_NAME, name, 2);
		break;
	case SOCKS_CMD_RULE_DEL:
	case SOCKS_CMD_RULE_GET:
		put(message, SOCKS_A_RULE_INDEX, &number, 4);
		break;
	case SOCKS_CMD_LOOKUP:
		put(message, SOCKS_A_LOOKUP_ADDRESS, &host, 4);
		put(message, SOCKS_A_LOOKUP_PORT, &port, 2);
		break;
	case SOCKS_CMD_TRANSACTION:
		put(message, SOCKS_A_TRANSACTION_STEP, &number, 4);
		if (one_in(&t->random, 3))
			put(message, SOCKS_A_TRANSACTION_FLUSH, "", 0);
		break;
	case SOCKS_CMD_CONNECTION_ABORT:
		put_cookies(t, message);
	}
}

/* A few messages on one netlink socket, and what is answered to some. */
void netlink_any(struct thread *t)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	unsigned int i, n = 1 + below(&t->random, 8);
	struct message message;

	if (fd < 0)
		return;
	if (one_in(&t->random, 4))
		join(fd);
	for (i = 0; i < n; i++) {
		command_any(t, &message);
		ask(fd, &message);
		if (one_in(&t->random, 2))
			recv(fd, t->buffer, sizeof(t->buffer), MSG_DONTWAIT);
	}
	close(fd);
}

/* The one user of the new user namespace is who made it. */
static void map_root(const char *file, unsigned int id)
{
	char line[32];
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, line, sprintf(line, "0 %u 1", id));
	close(fd);
}

static void loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
}

/*
 * Be the master of a namespace, with rules of one's own and a server there. It
 * goes with the process, and so do the connections, in whatever state.
 */
void namespace_child(struct thread *t)
{
	unsigned int i, uid = getuid(), gid = getgid();
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(1080),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd, server, listener;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return;
	map_root("/proc/self/uid_map", uid);
	map_root("/proc/self/gid_map", gid);
	loopback_up();
	listener = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	join(listener);
	server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	bind(server, (void *)&address, sizeof(address));
	listen(server, 8);
	for (i = 0; i < SLOTS; i++) {
		fd = socket(i % 2 ? AF_INET : AF_INET6,
			    SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (fd >= 0)
			close(atomic_exchange(&slots[i], fd));
	}
	for (i = 0; i < 30; i++) {
		netlink_any(t);
		call_any(t);
		if (one_in(&t->random, 2))
			recv(listener, t->buffer, sizeof(t->buffer),
			     MSG_DONTWAIT);
		fd = accept(server, NULL, NULL);
		if (fd >= 0 && one_in(&t->random, 2))
			send(fd, "\0Z\0\0\0\0\0\0more", 12, MSG_NOSIGNAL);
	}
}
