/* SPDX-License-Identifier: GPL-2.0-only */
/* The configuration in the language of "apply". */
#ifndef SOCKSCTL_SAVE_H
#define SOCKSCTL_SAVE_H

#include "config.h"
#include "session.h"
#include "words.h"

bool config_print(const struct config *config);
enum status save(struct session *session, struct words *words);

#endif
