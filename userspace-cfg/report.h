/* SPDX-License-Identifier: GPL-2.0-only */
/* Error messages, and what they make of the exit status. */
#ifndef SOCKSCTL_REPORT_H
#define SOCKSCTL_REPORT_H

#ifndef __printf
#define __printf(format, first) \
	__attribute__((__format__(printf, format, first)))
#endif

/**
 * enum status - Exit statuses.
 * @STATUS_OK: It was done.
 * @STATUS_WRONG: The command line, or a line of a file, is wrong.
 * @STATUS_REFUSED: The kernel refused, or the system could not do it.
 */
enum status {
	STATUS_OK,
	STATUS_WRONG,
	STATUS_REFUSED,
};

/**
 * struct place - Where a command stands.
 * @file: The file's name, "-" for standard input; NULL on the command line.
 * @line: The line, from 1; 0 where the whole file is meant.
 */
struct place {
	const char *file;
	unsigned int line;
};

void __printf(2, 3) report(const struct place *place, const char *format, ...);
enum status no_memory(const struct place *place);

#endif
