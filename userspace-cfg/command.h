/* SPDX-License-Identifier: GPL-2.0-only */
/* One command: on the command line, or a line of a file of commands. */
#ifndef SOCKSCTL_COMMAND_H
#define SOCKSCTL_COMMAND_H

#include "session.h"
#include "words.h"

enum status command(struct session *session, struct words *words);

#endif
