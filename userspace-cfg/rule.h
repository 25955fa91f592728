/* SPDX-License-Identifier: GPL-2.0-only */
/* Rules: in a command, in netlink messages, and as text. */
#ifndef SOCKSCTL_RULE_H
#define SOCKSCTL_RULE_H

#include <linux/socks.h>
#include <stdio.h>

#include "parse.h"
#include "session.h"
#include "stats.h"
#include "via.h"
#include "words.h"

/**
 * enum match - What a rule may match; the bits of struct rule's @matches.
 * @MATCH_TO: The destination's address.
 * @MATCH_PORT: The destination's port.
 * @MATCH_UID: The caller's user.
 * @MATCH_GID: The caller's group.
 * @MATCH_CGROUP: The caller's cgroup.
 */
enum match {
	MATCH_TO = 1 << 0,
	MATCH_PORT = 1 << 1,
	MATCH_UID = 1 << 2,
	MATCH_GID = 1 << 3,
	MATCH_CGROUP = 1 << 4,
};

/**
 * struct rule - A rule.
 * @index: Its place in the list, from 1; 0 in a command without one.
 * @matches: What it matches, bits of enum match.
 * @to: The destination's prefix.
 * @to_length: The length of @to.
 * @port: Ports.
 * @uid: Users.
 * @gid: Groups.
 * @cgroup: Path of a cgroup.
 * @action: What becomes of the connections.
 * @via: The servers, with action via.
 * @rbind_auto: bind() and listen() are taken for an Rbind(); with action via.
 * @stats: Its counters.
 */
struct rule {
	uint32_t index;
	unsigned int matches;
	struct in_addr to;
	uint8_t to_length;
	struct range port;
	struct range uid;
	struct range gid;
	char *cgroup;
	enum socks_action action;
	struct via via;
	bool rbind_auto;
	struct stats stats;
};

/* A.B.C.D/N, and two numbers of 32 bits with a "-" between them */
#define PREFIX_TEXT_SIZE	(INET_ADDRSTRLEN + 3)
#define RANGE_TEXT_SIZE		(2 * 10 + 2)

bool rule_put(struct messages *messages, const struct rule *rule,
	      unsigned int line);
bool rule_put_del(struct messages *messages, uint32_t index,
		  unsigned int line);
enum status rule_add_parse(struct words *words, struct messages *messages);
enum status rule_default_take(struct words *words, struct rule *rule);
enum status rule_add(struct session *session, struct words *words);
enum status rule_del(struct session *session, struct words *words);
int rule_read(const struct nlmsghdr *message, struct rule *rule);
void rule_clear(struct rule *rule);

const char *action_text(enum socks_action action);
const char *prefix_text(char *buffer, const struct in_addr *address,
			unsigned int length);
const char *range_text(char *buffer, const struct range *range);
bool rule_print(FILE *out, const struct rule *rule);

#endif
