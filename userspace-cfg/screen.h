/* SPDX-License-Identifier: GPL-2.0-only */
/* What top shows. */
#ifndef SOCKSCTL_SCREEN_H
#define SOCKSCTL_SCREEN_H

#include "sample.h"

/**
 * struct view - How it is shown.
 * @by: What it is sorted by.
 * @reverse: The other way round.
 * @first: The first rule that is shown, from 0.
 * @interval: Seconds from one reading to the next.
 * @unicode: The terminal shows all of Unicode.
 */
struct view {
	enum figure by;
	bool reverse;
	size_t first;
	uint32_t interval;
	bool unicode;
};

void screen_begin(struct view *view);
bool screen_draw(const struct sample *sample, struct view *view);
void screen_end(void);

#endif
