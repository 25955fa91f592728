/* SPDX-License-Identifier: GPL-2.0-only */
/* The configuration, read from the kernel. */
#ifndef SOCKSCTL_CONFIG_H
#define SOCKSCTL_CONFIG_H

#include "limit.h"
#include "rule.h"
#include "server.h"

/**
 * struct server_list - Servers.
 * @list: The servers.
 * @count: How many.
 * @size: How many fit into @list.
 */
struct server_list {
	struct server *list;
	size_t count;
	size_t size;
};

/**
 * struct rule_list - Rules.
 * @list: The rules.
 * @count: How many.
 * @size: How many fit into @list.
 */
struct rule_list {
	struct rule *list;
	size_t count;
	size_t size;
};

/**
 * struct config - The configuration.
 * @servers: The servers, in the order in which they were added.
 * @rules: The rules, in the order in which they are tried.
 * @limits: The limits.
 */
struct config {
	struct server_list servers;
	struct rule_list rules;
	struct limits limits;
};

struct server *servers_room(struct server_list *servers);
struct rule *rules_room(struct rule_list *rules);
void rules_clear(struct rule_list *rules);
enum status config_get_server(struct session *session,
			      const struct place *place, const char *name,
			      struct config *config);
enum status config_get_servers(struct session *session,
			       const struct place *place,
			       struct config *config);
enum status config_get_rules(struct session *session,
			     const struct place *place,
			     struct config *config);
enum status config_get_limits(struct session *session,
			      const struct place *place,
			      struct config *config);
enum status config_get(struct session *session, const struct place *place,
		       struct config *config);
void config_clear(struct config *config);

#endif
