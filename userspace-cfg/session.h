/* SPDX-License-Identifier: GPL-2.0-only */
/* One run of socksctl: its options, and its socket once there is need. */
#ifndef SOCKSCTL_SESSION_H
#define SOCKSCTL_SESSION_H

#include <stdbool.h>

#include "netlink.h"

/**
 * struct session - One run of socksctl.
 * @json: Print JSON.
 * @pretty: Print it on several lines, indented.
 * @force: Go on with a file of commands after an error.
 * @netns: The network namespace; NULL is the caller's.
 * @batch: The file of commands; NULL is the command line.
 * @netlink: The socket; NULL before it is needed.
 */
struct session {
	bool json;
	bool pretty;
	bool force;
	const char *netns;
	const char *batch;
	struct netlink *netlink;
};

enum status session_connect(struct session *session,
			    const struct place *place);
enum status __printf(6, 7) session_talk(struct session *session,
					const struct place *place,
					struct messages *messages,
					netlink_take take, void *data,
					const char *format, ...);
enum status session_dump(struct session *session, const struct place *place,
			 uint8_t command, netlink_reset reset,
			 netlink_take take, void *list, const char *what);

#endif
