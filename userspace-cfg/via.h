/* SPDX-License-Identifier: GPL-2.0-only */
/* The servers of a rule: in a command, in netlink messages, and as text. */
#ifndef SOCKSCTL_VIA_H
#define SOCKSCTL_VIA_H

#include <jansson.h>
#include <stdio.h>

#include "message.h"
#include "words.h"

/**
 * struct via - The servers of a rule.
 * @name: The name of the only one, or of the first; empty where there is none.
 * @list: The names of several, with "," between them; NULL where it is one.
 * @balance: Each destination has an order of its own.
 */
struct via {
	char name[SOCKS_NAME_MAX + 1];
	char *list;
	bool balance;
};

/* For the names of as many servers as a rule may have. */
#define VIA_TEXT_SIZE	(SOCKS_RULE_SERVERS_MAX * (SOCKS_NAME_MAX + 1))

enum status via_take(struct words *words, struct via *via);
void via_put(struct nlmsghdr *message, const struct via *via);
int via_read(const struct nlmsghdr *message, uint16_t type, struct via *via);
int via_add(struct via *via, const char *name);
int via_copy(struct via *to, const struct via *from);
void via_clear(struct via *via);

const char *via_text(const struct via *via);
bool via_names(const char *text, const char *name);
void via_print(FILE *out, const struct via *via);
json_t *via_json(const char *text);

#endif
