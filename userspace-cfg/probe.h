/* SPDX-License-Identifier: GPL-2.0-only */
/* Does a SOCKS server answer, and how fast? */
#ifndef SOCKSCTL_PROBE_H
#define SOCKSCTL_PROBE_H

#include "session.h"
#include "words.h"

enum status probe_server(struct session *session, struct words *words);

#endif
