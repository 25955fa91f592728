/* SPDX-License-Identifier: GPL-2.0-only */
/* Do the lines of a file go together? What the kernel would say, without it. */
#ifndef SOCKSCTL_COHERENCE_H
#define SOCKSCTL_COHERENCE_H

#include "message.h"
#include "words.h"

/**
 * struct coherence - What the lines of a file have said.
 * @servers: The servers' names, for tsearch().
 * @rules: How many rules there are.
 * @guess: A command could not be read, and may have added anything.
 */
struct coherence {
	void *servers;
	uint32_t rules;
	bool guess;
};

enum status coherence_take(struct coherence *coherence,
			   const struct place *place,
			   const struct nlmsghdr *message);
enum status coherence_take_wrong(struct coherence *coherence,
				 const struct words *words);
void coherence_clear(struct coherence *coherence);

#endif
