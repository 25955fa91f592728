/* SPDX-License-Identifier: GPL-2.0-only */
/* A live view of servers and rules, on the whole terminal. */
#ifndef SOCKSCTL_TOP_H
#define SOCKSCTL_TOP_H

#include "session.h"
#include "words.h"

enum status top_show(struct session *session, struct words *words);

#endif
