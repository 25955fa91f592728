/* SPDX-License-Identifier: GPL-2.0-only */
/* What happens in the module, as it happens. */
#ifndef SOCKSCTL_EVENT_H
#define SOCKSCTL_EVENT_H

#include "connection.h"

/**
 * enum event_kind - What an event is about.
 * @EVENT_CONNECTION: A connection.
 * @EVENT_CONFIGURATION: Servers, rules or limits were changed.
 * @EVENT_LOST: Some events could not be told.
 */
enum event_kind {
	EVENT_CONNECTION,
	EVENT_CONFIGURATION,
	EVENT_LOST,
};

/**
 * struct event - Something that has happened.
 * @kind: What it is about.
 * @time: When, in nanoseconds since 1970.
 * @what: With a connection, what has become of it.
 * @code: The code of the server's reply; with rejected.
 * @error: The errno; with failed, 0 where it was given up.
 * @connection: The connection; with a configuration, @uid, @pid and @program
 *	of who has changed it.
 * @servers: How many servers there are then.
 * @rules: How many rules there are then.
 */
struct event {
	enum event_kind kind;
	uint64_t time;
	enum socks_connection_event what;
	uint8_t code;
	uint32_t error;
	struct connection connection;
	uint32_t servers;
	uint32_t rules;
};

int event_read(const struct nlmsghdr *message, struct event *event);
bool event_print(const struct session *session, const struct event *event);

#endif
