/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting for a confirmation, whatever becomes of the terminal. */
#ifndef SOCKSCTL_ANSWER_H
#define SOCKSCTL_ANSWER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "report.h"

/**
 * struct answer - Waiting for a confirmation.
 * @seconds: For how long.
 * @ask: Standard input is read.
 * @before: The signals that were blocked before.
 * @signals: From where signals are read.
 * @timer: Readable when the time is over.
 * @line: What was typed, up to now.
 * @used: How much of it; more than fits into @line where that is too long.
 */
struct answer {
	uint32_t seconds;
	bool ask;
	sigset_t before;
	int signals;
	int timer;
	char line[8];
	size_t used;
};

enum status answer_begin(struct answer *answer, const struct place *place,
			 uint32_t seconds, bool ask);
const char *answer_wait(struct answer *answer);
void answer_end(struct answer *answer);

#endif
