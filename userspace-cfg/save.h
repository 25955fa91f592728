/* SPDX-License-Identifier: GPL-2.0-only */
/* The configuration in the language of "apply". */
#ifndef SOCKSCTL_SAVE_H
#define SOCKSCTL_SAVE_H

#include "session.h"
#include "words.h"

enum status save(struct session *session, struct words *words);

#endif
