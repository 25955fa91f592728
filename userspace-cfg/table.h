/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables with aligned columns. */
#ifndef SOCKSCTL_TABLE_H
#define SOCKSCTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "report.h"

#define TABLE_COLUMNS	24

/**
 * struct row - A row of a table, which is being filled.
 * @text: Its cells, each with its NUL.
 * @used: How much of @text is used.
 * @size: The memory behind @text.
 * @count: How many cells.
 * @failed: There was no memory.
 */
struct row {
	char *text;
	size_t used;
	size_t size;
	size_t count;
	bool failed;
};

/* Fills a row with the cells of item i. */
typedef void (*table_fill)(struct row *row, const void *items, size_t i);

void __printf(2, 3) cell(struct row *row, const char *format, ...);
bool table_print(const char *const *heads, const void *items, size_t count,
		 table_fill fill);

#endif
