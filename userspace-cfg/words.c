// SPDX-License-Identifier: GPL-2.0-only
/* The words of a command, and which of them are meant by an abbreviation. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "quote.h"
#include "words.h"

/**
 * words_peek() - Look at the next word.
 * @words: The command's words.
 *
 * Return: The word, NULL where there is none left.
 */
const char *words_peek(const struct words *words)
{
	if (words->next == words->count)
		return NULL;
	return words->list[words->next].text;
}

/**
 * words_take() - Take the next word.
 * @words: The command's words.
 *
 * Return: The word, NULL where there is none left.
 */
const char *words_take(struct words *words)
{
	const char *word = words_peek(words);

	if (word)
		words->next++;
	return word;
}

/**
 * words_left() - Is there a word left?
 * @words: The command's words.
 */
bool words_left(const struct words *words)
{
	return words->next < words->count;
}

/**
 * words_end() - Report a word that is left at the end of a command.
 * @words: The command's words.
 *
 * Return: STATUS_OK where none is left, else STATUS_WRONG.
 */
enum status words_end(const struct words *words)
{
	struct words rest = *words;
	const char *word = words_take(&rest);

	if (!word)
		return STATUS_OK;
	return wrong(&rest, "trailing word %s: nothing is allowed here",
		     quoted(word));
}

/**
 * words_place() - Where the word stands that was taken last.
 * @words: The command's words.
 */
struct place words_place(const struct words *words)
{
	struct place place = { .file = words->file };

	if (words->next)
		place.line = words->list[words->next - 1].line;
	else if (words->count)
		place.line = words->list[0].line;
	return place;
}

/**
 * words_start() - Where the command begins.
 * @words: The command's words.
 */
struct place words_start(const struct words *words)
{
	struct words start = *words;

	start.next = 0;
	return words_place(&start);
}

/**
 * wrong() - Report that something is wrong with the word taken last.
 * @words: The command's words.
 * @format: What is wrong, as for printf().
 *
 * Return: STATUS_WRONG.
 */
enum status wrong(const struct words *words, const char *format, ...)
{
	struct place place = words_place(words);
	char message[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	report(&place, "%s", message);
	return STATUS_WRONG;
}

/**
 * is_help() - Is the word one of -h, -help and --help?
 * @word: The word, or NULL.
 */
bool is_help(const char *word)
{
	return word && (!strcmp(word, "-h") || !strcmp(word, "-help") ||
			!strcmp(word, "--help"));
}

/**
 * keyword_find() - Find what a word, perhaps abbreviated, stands for.
 * @table: The words that are allowed.
 * @word: The word.
 *
 * Return: The keyword's id; -1 where it is none of them.
 */
int keyword_find(const struct keyword *table, const char *word)
{
	size_t length = strlen(word);

	if (!length)
		return -1;
	for (; table->name; table++)
		if (!strncmp(table->name, word, length))
			return table->id;
	return -1;
}

static enum status wrong_keyword(const struct words *words, const char *word,
				 const struct keyword *table,
				 unsigned int taken)
{
	const char *separator = "";
	char allowed[512] = "nothing";
	char *end = allowed;

	for (; table->name; table++) {
		if (table->hidden || taken & 1u << table->id)
			continue;
		end += snprintf(end, allowed + sizeof(allowed) - end, "%s%s",
				separator, table->name);
		separator = ", ";
	}
	if (!word)
		return wrong(words, "a word is missing at the end: allowed here: %s",
			     allowed);
	return wrong(words, "unknown word %s: allowed here: %s", quoted(word),
		     allowed);
}

/**
 * keyword_take() - Take the next word, which must be one of a table.
 * @words: The command's words.
 * @table: The words that are allowed.
 * @taken: A bit for the id of each which may not be given (any more).
 *
 * Return: The keyword's id; -1 where it is none of them or there is no word
 * left, which then has been reported.
 */
int keyword_take(struct words *words, const struct keyword *table,
		 unsigned int taken)
{
	const char *word = words_take(words);
	int id = word ? keyword_find(table, word) : -1;

	if (id < 0) {
		wrong_keyword(words, word, table, taken);
		return -1;
	}
	if (taken & 1u << id) {
		for (; table->id != id; table++)
			;
		wrong(words, "%s: word %s is given twice: once is allowed",
		      table->name, quoted(word));
		return -1;
	}
	return id;
}
