/* SPDX-License-Identifier: GPL-2.0-only */
/* A file of commands. */
#ifndef SOCKSCTL_BATCH_H
#define SOCKSCTL_BATCH_H

#include "session.h"

enum status batch(struct session *session);

#endif
