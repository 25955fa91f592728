/* SPDX-License-Identifier: GPL-2.0-only */
/* The configuration as JSON. */
#ifndef SOCKSCTL_JSON_H
#define SOCKSCTL_JSON_H

#include <jansson.h>

#include "config.h"
#include "connection.h"

bool json_put(json_t *object, const char *key, json_t *value);
json_t *json_text(const char *text);
json_t *json_address(const struct in_addr *address);
json_t *json_rule(const struct rule *rule);
bool json_put_connection(json_t *object, const struct connection *connection);

bool json_print(const struct session *session, json_t *value);
bool json_print_servers(const struct session *session,
			const struct config *config);
bool json_print_rules(const struct session *session,
		      const struct config *config);
bool json_print_limits(const struct session *session,
		       const struct config *config);
bool json_print_connections(const struct session *session,
			    const struct connection_list *connections);
bool json_print_config(const struct session *session,
		       const struct config *config);

#endif
