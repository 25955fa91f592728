/* SPDX-License-Identifier: GPL-2.0-only */
/* The configuration, shown to people or as JSON. */
#ifndef SOCKSCTL_SHOW_H
#define SOCKSCTL_SHOW_H

#include "connection.h"
#include "session.h"
#include "words.h"

enum status show_all(struct session *session, struct words *words);
enum status show_limits(struct session *session, struct words *words);
bool print_connections(const struct session *session,
		       const struct connection_list *connections);
enum status show_connections(struct session *session, struct words *words);
enum status show_servers(struct session *session, struct words *words);
enum status show_rules(struct session *session, struct words *words);

#endif
