/* SPDX-License-Identifier: GPL-2.0-only */
/* The words of a command, and which of them are meant by an abbreviation. */
#ifndef SOCKSCTL_WORDS_H
#define SOCKSCTL_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "report.h"

/**
 * struct word - One word of a command.
 * @text: The word.
 * @line: The line of the file on which it stands.
 */
struct word {
	const char *text;
	unsigned int line;
};

/**
 * struct words - The words of one command, taken from front to back.
 * @file: The file they stand in; NULL is the command line.
 * @list: The words.
 * @count: How many.
 * @next: How many were taken.
 */
struct words {
	const char *file;
	const struct word *list;
	size_t count;
	size_t next;
};

/**
 * struct keyword - One of the words that may stand somewhere.
 * @name: The word; NULL ends a table.
 * @id: What it stands for, 0 to 31.
 * @hidden: It is not listed as allowed.
 *
 * An abbreviation means the first one in the table which begins with it.
 */
struct keyword {
	const char *name;
	int id;
	bool hidden;
};

const char *words_peek(const struct words *words);
const char *words_take(struct words *words);
bool words_left(const struct words *words);
enum status words_end(const struct words *words);
struct place words_place(const struct words *words);
struct place words_start(const struct words *words);

enum status __printf(2, 3) wrong(const struct words *words,
				 const char *format, ...);

bool is_help(const char *word);
int keyword_find(const struct keyword *table, const char *word);
int keyword_take(struct words *words, const struct keyword *table,
		 unsigned int taken);

#endif
