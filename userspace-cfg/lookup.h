/* SPDX-License-Identifier: GPL-2.0-only */
/* What becomes of a connection, and why. */
#ifndef SOCKSCTL_LOOKUP_H
#define SOCKSCTL_LOOKUP_H

#include <linux/socks.h>
#include <netinet/in.h>

#include "session.h"
#include "via.h"
#include "words.h"

/**
 * struct question - What is looked up.
 * @address: Destination.
 * @port: Its port, in host byte order.
 * @given: Bits of enum match for the following.
 * @uid: User.
 * @gid: Group.
 * @cgroup: Path of a cgroup.
 */
struct question {
	struct in_addr address;
	uint16_t port;
	unsigned int given;
	uint32_t uid;
	uint32_t gid;
	const char *cgroup;
};

/**
 * struct answer - What becomes of it.
 * @action: The action.
 * @reason: Why.
 * @index: The rule's place in the list; 0 where none decides.
 * @server: The server's name, or empty; several with "," between them, in the
 *	order in which they would be tried.
 */
struct answer {
	enum socks_action action;
	enum socks_reason reason;
	uint32_t index;
	char server[VIA_TEXT_SIZE];
};

int lookup_ask(struct session *session, const struct question *question,
	       struct answer *answer);
enum status lookup(struct session *session, struct words *words);

#endif
