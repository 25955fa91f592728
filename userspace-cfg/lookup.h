/* SPDX-License-Identifier: GPL-2.0-only */
/* What becomes of a connection, and why. */
#ifndef SOCKSCTL_LOOKUP_H
#define SOCKSCTL_LOOKUP_H

#include "session.h"
#include "words.h"

enum status lookup(struct session *session, struct words *words);

#endif
