// SPDX-License-Identifier: GPL-2.0-only
/*
 * Those who may not change the configuration, and try: they are told EPERM, and
 * may ask for a look-up only. That nothing changes the owner sees.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "draw.h"
#include "part.h"

/* For one message of the owner each stranger has so many. */
#define SHARE	2

/* A user within the user namespaces of this test, with no rights. */
#define NOBODY	500

static void must(bool done, const char *what)
{
	if (!done) {
		fprintf(stderr, "netlink: %s: %s\n", what, strerror(errno));
		exit(2);
	}
}

static void become_nobody(void)
{
	must(!setgroups(0, NULL) && !setresgid(NOBODY, NOBODY, NOBODY) &&
	     !setresuid(NOBODY, NOBODY, NOBODY), "setresuid");
}

static void drop_net_admin(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	must(!syscall(SYS_capget, &header, data), "capget");
	data[0].effective &= ~(1U << CAP_NET_ADMIN);
	data[0].permitted &= ~(1U << CAP_NET_ADMIN);
	must(!syscall(SYS_capset, &header, data), "capset");
}

/* The socket which this one uses; afterwards it is who it is to be. */
static int become(enum stranger kind)
{
	int fd;

	switch (kind) {
	case STRANGER_NOBODY:
		become_nobody();
		break;
	case STRANGER_POWERLESS:
		drop_net_admin();
		break;
	case STRANGER_NEW_USER:
		must(!unshare(CLONE_NEWUSER), "unshare");
		break;
	case STRANGER_NEW_NOBODY:
		become_nobody();
		must(!unshare(CLONE_NEWUSER), "unshare by a user");
		break;
	case STRANGER_OLD_SOCKET:
		fd = netlink_open();
		become_nobody();
		return fd;
	default:
		must(!seteuid(NOBODY), "seteuid");
		fd = netlink_open();
		must(!seteuid(0), "seteuid");
		return fd;
	}
	return netlink_open();
}

static void judge(const char *name, uint64_t number,
		  const struct message *message, const struct answer *answer)
{
	int command = message_command(&message->header);

	if (!message_processed(message))
		return;
	if (answer->data.nlmsg_len &&
	    message_command(&answer->data) != SOCKS_CMD_LOOKUP)
		wrong(name, number, message, "a stranger can read");
	if (command == SOCKS_CMD_LOOKUP)
		return;
	if (!answer->error)
		wrong(name, number, message, "a stranger's message is taken");
	else if (answer->error != EPERM &&
		 !(message->odd_header && (answer->error == EINVAL ||
					   answer->error == EOPNOTSUPP)))
		wrong(name, number, message,
		      "a stranger is not told EPERM, but %s",
		      strerror(answer->error));
	else
		count(&totals->denied);
}

void stranger(const char *name, uint64_t stream, enum stranger kind)
{
	static struct message messages[BATCH_MAX];
	static struct answer answers[BATCH_MAX];
	struct random random = random_for(seed, stream);
	int fd = become(kind);
	uint64_t number = 0;

	while (!__atomic_load_n(&totals->over, __ATOMIC_RELAXED)) {
		unsigned int n = 1 + random_below(&random, BATCH_MAX), i;

		if (number > SHARE *
		    __atomic_load_n(&totals->owners, __ATOMIC_RELAXED)) {
			usleep(1000);
			continue;
		}
		for (i = 0; i < n; i++) {
			draw_message(&random, &messages[i],
				     random_below(&random, 2));
			if (messages[i].odd_header) {
				messages[0] = messages[i];
				n = 1;
			}
		}
		netlink_talk(fd, messages, n, answers);
		for (i = 0; i < n; i++) {
			judge(name, number++, &messages[i], &answers[i]);
			count(&totals->messages);
		}
	}
}
