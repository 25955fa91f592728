// SPDX-License-Identifier: GPL-2.0-only
/* A file of commands. */
#include <stdio.h>

#include "batch.h"
#include "command.h"
#include "tokens.h"

/**
 * batch() - Carry out a file of commands.
 * @session: The run.
 *
 * Return: What to exit with: the status of the first command that failed.
 */
enum status batch(struct session *session)
{
	enum status status, first = STATUS_OK;
	struct lines *lines;
	struct words words;
	bool more = true;

	lines = lines_open(session->batch, NULL, &status);
	if (!lines)
		return status;
	while (more) {
		status = STATUS_OK;
		switch (lines_next(lines, &words)) {
		case LINE_READ:
			if (words_left(&words))
				status = command(session, &words);
			break;
		case LINE_WRONG:
			status = STATUS_WRONG;
			break;
		case LINE_BROKEN:
			status = STATUS_REFUSED;
			more = false;
			break;
		case LINE_END:
			more = false;
			break;
		}
		/* Whoever writes the commands may wait for the answers. */
		fflush(stdout);
		if (status && !first)
			first = status;
		if (status && !session->force)
			more = false;
	}
	lines_close(lines);
	return first;
}
