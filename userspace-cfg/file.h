/* SPDX-License-Identifier: GPL-2.0-only */
/* Files of the whole configuration, made into messages. */
#ifndef SOCKSCTL_FILE_H
#define SOCKSCTL_FILE_H

#include "coherence.h"
#include "files.h"

enum status files_parse(struct files *files, const struct place *place,
			struct messages *messages, struct coherence *coherence);

#endif
