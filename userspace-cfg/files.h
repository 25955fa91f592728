/* SPDX-License-Identifier: GPL-2.0-only */
/* Which files a name on the command line stands for. */
#ifndef SOCKSCTL_FILES_H
#define SOCKSCTL_FILES_H

#include "message.h"
#include "words.h"

/**
 * struct files - Files, in the order in which they are read.
 * @list: Their names.
 * @ends: How many messages there are once each of them was read.
 * @fallback: Where "default" stands, which makes the message behind all of
 *	theirs; line 0 where it does not.
 * @count: How many.
 * @size: How many fit into @list.
 */
struct files {
	char **list;
	size_t *ends;
	struct place fallback;
	size_t count;
	size_t size;
};

enum status files_take(struct files *files, struct words *words,
		       const char *command);
bool files_have_input(const struct files *files);
struct place files_place(const struct files *files,
			 const struct messages *messages, size_t number);
void files_clear(struct files *files);

#endif
