// SPDX-License-Identifier: GPL-2.0-only
/* Error messages, and what they make of the exit status. */
#include <stdarg.h>
#include <stdio.h>

#include "quote.h"
#include "report.h"

/**
 * report() - Print one line to standard error.
 * @place: Where the command stands; NULL is the command line.
 * @format: What is wrong, as for printf(), without a line end.
 */
void report(const struct place *place, const char *format, ...)
{
	va_list arguments;

	/* What was printed before the error stands before it. */
	fflush(stdout);
	if (!place || !place->file)
		fputs("socksctl: ", stderr);
	else if (place->line)
		fprintf(stderr, "%s:%u: ", plain(place->file), place->line);
	else
		fprintf(stderr, "%s: ", plain(place->file));
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

/**
 * no_memory() - Report that there is no memory left.
 * @place: Where the command stands; NULL is the command line.
 *
 * Return: STATUS_REFUSED.
 */
enum status no_memory(const struct place *place)
{
	report(place, "out of memory");
	return STATUS_REFUSED;
}
