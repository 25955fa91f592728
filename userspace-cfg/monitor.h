/* SPDX-License-Identifier: GPL-2.0-only */
/* Printing what happens, until it is interrupted. */
#ifndef SOCKSCTL_MONITOR_H
#define SOCKSCTL_MONITOR_H

#include "session.h"
#include "words.h"

enum status monitor(struct session *session, struct words *words);

#endif
