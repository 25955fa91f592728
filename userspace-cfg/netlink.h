/* SPDX-License-Identifier: GPL-2.0-only */
/* The socket on which socksctl talks to the module. */
#ifndef SOCKSCTL_NETLINK_H
#define SOCKSCTL_NETLINK_H

#include <libmnl/libmnl.h>

#include "message.h"
#include "report.h"

struct netlink;

/*
 * Called for each message of an answer. Returns 0, or a negative errno, which
 * becomes the result.
 */
typedef int (*netlink_take)(const struct nlmsghdr *message, void *data);

/* Called before a dump begins, and before it is repeated. */
typedef void (*netlink_reset)(void *data);

struct netlink *netlink_open(const struct place *place, const char *netns,
			     enum status *status);
void netlink_close(struct netlink *netlink);

int netlink_talk(struct netlink *netlink, struct messages *messages,
		 netlink_take take, void *data);
int netlink_send(struct netlink *netlink, struct messages *messages,
		 size_t *failed);
int netlink_dump(struct netlink *netlink, struct messages *messages,
		 netlink_reset reset, netlink_take take, void *data);

const char *refusal_text(const struct netlink *netlink, int error);
int netlink_join(struct netlink *netlink);
int netlink_fd(const struct netlink *netlink);
int netlink_take_events(struct netlink *netlink, netlink_take take, void *data);

enum status __printf(4, 5) refused(const struct netlink *netlink, int error,
				   const struct place *place,
				   const char *format, ...);

#endif
