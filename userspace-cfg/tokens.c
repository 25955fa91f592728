// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines of a file, split into words as a shell does: blanks between them,
 * '...', "...", $'...' and backslash quote, a backslash at the end of a line
 * continues it, # begins a comment. A quote ends on the line where it began.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "quote.h"
#include "tokens.h"

#define ESCAPES	"\\n, \\r, \\t, \\\\, \\', \\\" and \\x with two hexadecimal digits, not 00"

/**
 * struct lines - A file that is read line by line.
 * @in: The stream.
 * @name: Its name, for messages.
 * @number: The line that was read last.
 * @raw: That line.
 * @raw_size: The memory behind @raw.
 * @text: The words of the command, each with its NUL.
 * @text_used: How much of @text is used.
 * @text_size: The memory behind @text.
 * @list: The words.
 * @count: How many.
 * @list_size: How many fit into @list.
 */
struct lines {
	FILE *in;
	const char *name;
	unsigned int number;
	char *raw;
	size_t raw_size;
	char *text;
	size_t text_used;
	size_t text_size;
	struct word *list;
	size_t count;
	size_t list_size;
};

/**
 * lines_open() - Open a file of commands.
 * @file: Its name; "-" is standard input. It must live as long as the result.
 * @place: Where the command stands that asks for it.
 * @status: What to exit with where this fails.
 *
 * Return: The file, for lines_close(); NULL on an error, which has been
 * reported.
 */
struct lines *lines_open(const char *file, const struct place *place,
			 enum status *status)
{
	struct lines *lines;

	*status = STATUS_WRONG;
	if (!*file) {
		report(place, "empty file name '': allowed is a file's name, or -");
		return NULL;
	}
	lines = calloc(1, sizeof(*lines));
	if (!lines) {
		*status = no_memory(place);
		return NULL;
	}
	lines->name = file;
	lines->in = strcmp(file, "-") ? fopen(file, "re") : stdin;
	if (!lines->in) {
		report(place, "%s can't be opened: %s", quoted(file),
		       strerror(errno));
		free(lines);
		return NULL;
	}
	return lines;
}

/**
 * lines_close() - Close a file of commands.
 * @lines: The file.
 */
void lines_close(struct lines *lines)
{
	if (lines->in != stdin)
		fclose(lines->in);
	free(lines->raw);
	free(lines->text);
	free(lines->list);
	free(lines);
}

static struct place here(const struct lines *lines)
{
	return (struct place){ .file = lines->name, .line = lines->number };
}

static enum line broken(const struct lines *lines, int error)
{
	struct place place = here(lines);

	report(&place, "can't be read: %s", strerror(error));
	return LINE_BROKEN;
}

static bool add_byte(struct lines *lines, char byte)
{
	if (lines->text_used == lines->text_size) {
		size_t size = lines->text_size ? 2 * lines->text_size : 256;
		char *text = realloc(lines->text, size);

		if (!text)
			return false;
		lines->text = text;
		lines->text_size = size;
	}
	lines->text[lines->text_used++] = byte;
	return true;
}

static bool add_word(struct lines *lines)
{
	struct word *list = array_room(lines->list, lines->count,
				       &lines->list_size, sizeof(*list));

	if (!list)
		return false;
	lines->list = list;
	list[lines->count++].line = lines->number;
	return true;
}

static int hex_digit(char digit)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *found = digit ? strchr(digits, digit) : NULL;

	return found ? (found - digits) % 16 : -1;
}

/* What stands behind a backslash in $'...'; *at is moved behind it. */
static bool unescape(const char **at, char *byte)
{
	static const char names[] = "nrt\\'\"";
	static const char bytes[] = "\n\r\t\\'\"";
	const char *from = *at;
	const char *name = *from ? strchr(names, *from) : NULL;
	int high, low;

	if (name) {
		*byte = bytes[name - names];
		*at = from + 1;
		return true;
	}
	if (*from != 'x')
		return false;
	high = hex_digit(from[1]);
	low = high < 0 ? -1 : hex_digit(from[2]);
	if (low < 0 || !(high | low))
		return false;
	*byte = high << 4 | low;
	*at = from + 3;
	return true;
}

/* Read a line, without its end. Return 1, 0 at the end, negative errno. */
static int read_line(struct lines *lines, size_t *length)
{
	ssize_t got;

	errno = 0;
	got = getline(&lines->raw, &lines->raw_size, lines->in);
	if (got < 0) {
		if (feof(lines->in) && !ferror(lines->in))
			return 0;
		return errno ? -errno : -EIO;
	}
	lines->number++;
	if (got && lines->raw[got - 1] == '\n')
		got--;
	if (got && lines->raw[got - 1] == '\r')
		got--;
	lines->raw[got] = '\0';
	*length = got;
	return 1;
}

/**
 * struct split - The state of a command that is split into words.
 * @in_word: A word has begun.
 * @quote: Within quotes: ', " or $ for $'; else NUL.
 * @more: The command continues on the next line.
 * @fault: What is wrong, NULL where nothing is.
 */
struct split {
	bool in_word;
	char quote;
	bool more;
	const char *fault;
};

static bool end_word(struct lines *lines, struct split *split)
{
	if (!split->in_word)
		return true;
	split->in_word = false;
	return add_byte(lines, '\0');
}

/* Within quotes: take what stands at *at. */
static bool split_quoted(struct lines *lines, struct split *split,
			 const char **at)
{
	const char *from = *at;
	char byte = *from++;

	if (byte == (split->quote == '$' ? '\'' : split->quote)) {
		split->quote = '\0';
		*at = from;
		return true;
	}
	if (byte == '\\' && split->quote == '"') {
		if (!*from) {
			split->more = true;
			*at = from;
			return true;
		}
		if (strchr("\"\\$`", *from))
			byte = *from++;
	} else if (byte == '\\' && split->quote == '$') {
		if (!unescape(&from, &byte)) {
			split->fault = "unknown escape in $'...': allowed are " ESCAPES;
			return true;
		}
	}
	*at = from;
	return add_byte(lines, byte);
}

/* Not within quotes: take what stands at *at. */
static bool split_plain(struct lines *lines, struct split *split,
			const char **at)
{
	const char *from = *at;
	char byte = *from++;

	*at = from;
	if (byte == ' ' || byte == '\t')
		return end_word(lines, split);
	if (byte == '#' && !split->in_word) {
		*at = from + strlen(from);
		return true;
	}
	if (byte == '\\' && !*from) {
		split->more = true;
		return true;
	}
	if (!split->in_word) {
		split->in_word = true;
		if (!add_word(lines))
			return false;
	}
	if (byte == '\'' || byte == '"') {
		split->quote = byte;
		return true;
	}
	if (byte == '$' && *from == '\'') {
		split->quote = byte;
		*at = from + 1;
		return true;
	}
	if (byte == '\\') {
		byte = *from;
		*at = from + 1;
	}
	return add_byte(lines, byte);
}

/* Split one line; false where there is no memory. */
static bool split_line(struct lines *lines, struct split *split)
{
	const char *at = lines->raw;

	split->more = false;
	while (*at && !split->fault) {
		bool done = split->quote ? split_quoted(lines, split, &at)
					 : split_plain(lines, split, &at);

		if (!done)
			return false;
	}
	if (split->quote && !split->more && !split->fault)
		split->fault = "a quote is not closed on this line";
	return true;
}

/* Report a line that can't be split, and pass over what continues it. */
static enum line wrong_line(struct lines *lines, size_t length,
			    const char *fault)
{
	struct place place = here(lines);

	report(&place, "%s", fault);
	while (length && lines->raw[length - 1] == '\\') {
		int got = read_line(lines, &length);

		if (got < 0)
			return broken(lines, -got);
		if (!got)
			break;
	}
	return LINE_WRONG;
}

/**
 * lines_next() - Read the next command.
 * @lines: The file.
 * @words: Its words, valid until the next call.
 *
 * Return: What was found.
 */
enum line lines_next(struct lines *lines, struct words *words)
{
	struct split split = { .in_word = false };
	size_t length = 0;
	const char *text;
	size_t i;

	lines->text_used = 0;
	lines->count = 0;
	do {
		int got = read_line(lines, &length);

		if (got < 0)
			return broken(lines, -got);
		if (!got && !split.more)
			return LINE_END;
		if (!got)
			break;
		if (strlen(lines->raw) != length)
			return wrong_line(lines, length,
					  "a NUL byte is not allowed");
		if (!split_line(lines, &split))
			return broken(lines, ENOMEM);
		if (split.fault)
			return wrong_line(lines, length, split.fault);
	} while (split.more);

	if (split.quote)
		return wrong_line(lines, 0,
				  "a quote is not closed at the end of the file");
	if (!end_word(lines, &split))
		return broken(lines, ENOMEM);

	text = lines->text;
	for (i = 0; i < lines->count; i++) {
		lines->list[i].text = text;
		text += strlen(text) + 1;
	}
	*words = (struct words){
		.file = lines->name,
		.list = lines->list,
		.count = lines->count,
	};
	return LINE_READ;
}
