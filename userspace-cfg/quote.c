// SPDX-License-Identifier: GPL-2.0-only
/* Words made fit to be printed. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"
#include "quote.h"

/* The length of the character at text; 0 where it is no valid UTF-8. */
static size_t decode(const char *text, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *byte = (const unsigned char *)text;
	size_t length, i;

	*code = byte[0];
	if (byte[0] < 0x80)
		return byte[0] != '\0';
	if (byte[0] >= 0xc0 && byte[0] < 0xe0)
		length = 2;
	else if (byte[0] >= 0xe0 && byte[0] < 0xf0)
		length = 3;
	else if (byte[0] >= 0xf0 && byte[0] < 0xf8)
		length = 4;
	else
		return 0;
	*code &= 0x7f >> length;
	for (i = 1; i < length; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (byte[i] & 0x3f);
	}
	if (*code < least[length] || *code > 0x10ffff ||
	    (*code >= 0xd800 && *code < 0xe000))
		return 0;
	return length;
}

/**
 * utf8_length() - Measure one character of a text in UTF-8.
 * @text: Where it begins.
 *
 * Return: Its length in bytes; 0 where it is no valid UTF-8, or the end of
 * the text.
 */
size_t utf8_length(const char *text)
{
	uint32_t code;

	return decode(text, &code);
}

/* As utf8_length(), but 0 also where a terminal may do more than print it. */
static size_t printable(const char *text)
{
	uint32_t code;
	size_t length = decode(text, &code);

	/* Control characters. */
	if (code < 0x20 || (code >= 0x7f && code < 0xa0))
		return 0;
	/* What ends lines, and what turns the direction of writing. */
	if ((code >= 0x2028 && code <= 0x202e) ||
	    (code >= 0x2066 && code <= 0x2069))
		return 0;
	return length;
}

/**
 * clip() - Make a word fit for a message; see quoted() and plain().
 * @buffer: CLIPPED_SIZE bytes for the result.
 * @text: The word.
 * @quote: What to put before and behind it, at most one character.
 *
 * Return: @buffer.
 */
const char *clip(char *buffer, const char *text, const char *quote)
{
	const char *from = text;
	char *to = stpcpy(buffer, quote);

	while (*from) {
		size_t length = printable(from);

		if (from - text + (length ? length : 1) > CLIP_MAX) {
			to = stpcpy(to, "...");
			break;
		}
		if (length) {
			to = mempcpy(to, from, length);
			from += length;
		} else {
			to += sprintf(to, "\\x%02x", (unsigned char)*from++);
		}
	}
	stpcpy(to, quote);
	return buffer;
}

/**
 * print_plain() - Print a text on one line, fit for a terminal, all of it.
 * @out: Where to.
 * @text: The text.
 */
void print_plain(FILE *out, const char *text)
{
	while (*text) {
		size_t length = printable(text);

		if (length)
			fwrite(text, length, 1, out);
		else
			fprintf(out, "\\x%02x", (unsigned char)*text);
		text += length ? length : 1;
	}
}

static bool is_bare(const char *word)
{
	if (!*word)
		return false;
	for (; *word; word++)
		if (!is_alphanumeric(*word) && !strchr("%+,-./:=@_", *word))
			return false;
	return true;
}

/**
 * quote_word() - Write a word such that the file's language reads it back.
 * @word: The word.
 *
 * Return: The text, for free(); NULL where there is no memory.
 */
char *quote_word(const char *word)
{
	bool escape = strchr(word, '\'');
	const char *from;
	char *text, *to;
	size_t length;

	if (is_bare(word))
		return strdup(word);

	for (from = word; *from && !escape; from += length) {
		length = printable(from);
		escape = !length;
	}

	text = malloc(4 * strlen(word) + sizeof("$''"));
	if (!text)
		return NULL;
	if (!escape) {
		sprintf(text, "'%s'", word);
		return text;
	}

	to = stpcpy(text, "$'");
	for (from = word; *from; from += length ? length : 1) {
		length = printable(from);
		if (!length) {
			to += sprintf(to, "\\x%02x", (unsigned char)*from);
			continue;
		}
		if (*from == '\'' || *from == '\\')
			*to++ = '\\';
		to = mempcpy(to, from, length);
	}
	stpcpy(to, "'");
	return text;
}
