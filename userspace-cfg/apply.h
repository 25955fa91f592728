/* SPDX-License-Identifier: GPL-2.0-only */
/* Transactions: the whole configuration at once. */
#ifndef SOCKSCTL_APPLY_H
#define SOCKSCTL_APPLY_H

#include "session.h"
#include "words.h"

enum status apply(struct session *session, struct words *words);
enum status flush(struct session *session, struct words *words);

#endif
