/* SPDX-License-Identifier: GPL-2.0-only */
/* Words made fit to be printed. */
#ifndef SOCKSCTL_QUOTE_H
#define SOCKSCTL_QUOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* How much of a word is shown in a message, in bytes. */
#define CLIP_MAX	60
/* The longest such text: each byte as \xHH, quotes, "...", and NUL. */
#define CLIPPED_SIZE	(4 * CLIP_MAX + 2 + 3 + 1)

size_t utf8_length(const char *text);
const char *clip(char *buffer, const char *text, const char *quote);
void print_plain(FILE *out, const char *text);
char *quote_word(const char *word);

/*
 * A word in a message, quoted, cut short where it is long, always on one line.
 * The text lives until the end of the block in which this stands.
 */
#define quoted(word)	clip((char[CLIPPED_SIZE]) { "" }, (word), "'")
#define plain(word)	clip((char[CLIPPED_SIZE]) { "" }, (word), "")

#endif
