/* SPDX-License-Identifier: GPL-2.0-only */
/* A configuration on trial: the old one comes back unless it is confirmed. */
#ifndef SOCKSCTL_TRIAL_H
#define SOCKSCTL_TRIAL_H

#include "files.h"
#include "session.h"

/* How long a confirmation may be waited for, in seconds: a day. */
#define CONFIRM_MAX	86400

enum status try_out(struct session *session, const struct place *place,
		    struct messages *messages, const struct files *files,
		    uint32_t seconds, bool ask);

#endif
