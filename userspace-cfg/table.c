// SPDX-License-Identifier: GPL-2.0-only
/* Tables with aligned columns. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

#define GAP	2

/**
 * cell() - Add a cell to a row.
 * @row: The row.
 * @format: The text, as for printf(); one word is best.
 */
void cell(struct row *row, const char *format, ...)
{
	va_list arguments, again;
	size_t size;
	char *text;
	int length;

	va_start(arguments, format);
	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0) {
		row->failed = true;
	} else if (row->size - row->used <= (size_t)length) {
		size = 2 * row->size + length + 1;
		text = realloc(row->text, size);
		if (text) {
			row->text = text;
			row->size = size;
		} else {
			row->failed = true;
		}
	}
	if (!row->failed) {
		vsprintf(row->text + row->used, format, again);
		row->used += length + 1;
		row->count++;
	}
	va_end(again);
}

/* How many characters a text in UTF-8 has. */
static int width_of(const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

static void measure(int *widths, const struct row *row)
{
	const char *text = row->text;
	size_t i;

	for (i = 0; i < row->count; i++) {
		int width = width_of(text);

		if (widths[i] < width)
			widths[i] = width;
		text += strlen(text) + 1;
	}
}

static void print_row(const int *widths, const struct row *row)
{
	const char *text = row->text;
	size_t i;

	for (i = 0; i < row->count; i++) {
		fputs(text, stdout);
		if (i + 1 < row->count)
			printf("%*s", widths[i] - width_of(text) + GAP, "");
		text += strlen(text) + 1;
	}
	putchar('\n');
}

static void begin_row(struct row *row)
{
	row->used = 0;
	row->count = 0;
}

static void fill_heads(struct row *row, const char *const *heads)
{
	begin_row(row);
	while (*heads)
		cell(row, "%s", *heads++);
}

/**
 * table_print() - Print a table.
 * @heads: The heads of its columns, at most TABLE_COLUMNS, then NULL.
 * @items: What to give to @fill.
 * @count: How many rows there are.
 * @fill: What fills a row.
 *
 * Return: false where there was no memory.
 */
bool table_print(const char *const *heads, const void *items, size_t count,
		 table_fill fill)
{
	struct row row = { .text = NULL };
	int widths[TABLE_COLUMNS] = { 0 };
	size_t i;

	fill_heads(&row, heads);
	if (!row.failed)
		measure(widths, &row);
	for (i = 0; i < count && !row.failed; i++) {
		begin_row(&row);
		fill(&row, items, i);
		if (!row.failed)
			measure(widths, &row);
	}

	fill_heads(&row, heads);
	if (!row.failed)
		print_row(widths, &row);
	for (i = 0; i < count && !row.failed; i++) {
		begin_row(&row);
		fill(&row, items, i);
		if (!row.failed)
			print_row(widths, &row);
	}
	free(row.text);
	return !row.failed;
}
