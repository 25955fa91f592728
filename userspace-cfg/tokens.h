/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines of a file, split into words as a shell does. */
#ifndef SOCKSCTL_TOKENS_H
#define SOCKSCTL_TOKENS_H

#include <stdio.h>

#include "words.h"

struct lines;

/**
 * enum line - What lines_next() found.
 * @LINE_READ: A command; perhaps one without words.
 * @LINE_END: The end of the file.
 * @LINE_WRONG: A line that is no command, which has been reported.
 * @LINE_BROKEN: The file can't be read on, which has been reported.
 */
enum line {
	LINE_READ,
	LINE_END,
	LINE_WRONG,
	LINE_BROKEN,
};

struct lines *lines_open(const char *file, const struct place *place,
			 enum status *status);
enum line lines_next(struct lines *lines, struct words *words);
void lines_close(struct lines *lines);

#endif
