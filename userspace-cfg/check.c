// SPDX-License-Identifier: GPL-2.0-only
/* Files for "apply", checked without the kernel. */
#include "check.h"
#include "file.h"

/**
 * check() - Carry out "check".
 * @words: The words behind it.
 *
 * Return: What to exit with.
 */
enum status check(struct words *words)
{
	struct place place = words_start(words);
	struct coherence coherence = { .servers = NULL };
	struct messages messages = { .data = NULL };
	struct files files = { .list = NULL };
	enum status status;

	status = files_take(&files, words, "check");
	if (!status)
		status = files_parse(&files, &place, &messages, &coherence);
	coherence_clear(&coherence);
	messages_clear(&messages);
	files_clear(&files);
	return status;
}
