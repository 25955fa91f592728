/* SPDX-License-Identifier: GPL-2.0-only */
/* Limits: in a command, and in netlink messages. */
#ifndef SOCKSCTL_LIMIT_H
#define SOCKSCTL_LIMIT_H

#include <linux/socks.h>

#include "message.h"
#include "session.h"
#include "words.h"

/**
 * struct limits - How much a network namespace may have.
 * @rbinds: Sockets for which servers listen.
 * @rbinds_per_user: Those of one user.
 */
struct limits {
	uint32_t rbinds;
	uint32_t rbinds_per_user;
};

enum status limit_parse(struct words *words, struct messages *messages);
bool limits_put(struct messages *messages, const struct limits *limits);
enum status limit_set(struct session *session, struct words *words);
int limits_read(const struct nlmsghdr *message, struct limits *limits);
bool limits_default(const struct limits *limits);

#endif
