/* SPDX-License-Identifier: GPL-2.0-only */
/* The configuration, shown to people or as JSON. */
#ifndef SOCKSCTL_SHOW_H
#define SOCKSCTL_SHOW_H

#include "session.h"
#include "words.h"

enum status show_all(struct session *session, struct words *words);
enum status show_servers(struct session *session, struct words *words);
enum status show_rules(struct session *session, struct words *words);

#endif
