/* SPDX-License-Identifier: GPL-2.0-only */
/* Ending connections. */
#ifndef SOCKSCTL_ABORT_H
#define SOCKSCTL_ABORT_H

#include "session.h"
#include "words.h"

enum status abort_connections(struct session *session, struct words *words);

#endif
