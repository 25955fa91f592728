// SPDX-License-Identifier: GPL-2.0-only
/* Files of words, signs and comments, whatever the lines. */
#include <string.h>

#include "import_lexer.h"

static const char blanks[] = " \t\r\n\f\v";

/* Does a comment begin here? It is passed over, as far as the line goes. */
static bool skip_comment(struct lexer *lexer)
{
	const char *end;

	if (!lexer->slashes) {
		if (*lexer->at != '#')
			return false;
		lexer->at = "";
		return true;
	}
	if (!lexer->in_comment && !strncmp(lexer->at, "//", 2)) {
		lexer->at = "";
		return true;
	}
	if (!lexer->in_comment && strncmp(lexer->at, "/*", 2))
		return false;
	end = strstr(lexer->at + (lexer->in_comment ? 0 : 2), "*/");
	lexer->in_comment = !end;
	lexer->at = end ? end + 2 : "";
	return true;
}

/* Take a word of so many bytes, and what may be beyond it. */
static const char *take(struct lexer *lexer, const char *from, size_t length,
			size_t beyond)
{
	snprintf(lexer->word, sizeof(lexer->word), "%.*s", (int)length, from);
	lexer->at = from + length + beyond;
	return lexer->word;
}

/**
 * lexer_next() - Read a word.
 * @lexer: From where.
 *
 * A word in double quotes is without them. The word's line is that which the
 * file is at.
 *
 * Return: The word, valid until the next call; NULL where there is none left.
 */
const char *lexer_next(struct lexer *lexer)
{
	char stop[32];

	snprintf(stop, sizeof(stop), "%s%s\"", blanks, lexer->signs);
	for (;;) {
		if (!lexer->at || !*lexer->at) {
			if (!import_line(lexer->import))
				return NULL;
			lexer->at = lexer->import->line;
		}
		if (!lexer->in_comment)
			lexer->at += strspn(lexer->at, blanks);
		if (!*lexer->at || skip_comment(lexer))
			continue;
		if (*lexer->at == '"') {
			const char *from = lexer->at + 1;
			size_t length = strcspn(from, "\"");

			return take(lexer, from, length, from[length] == '"');
		}
		if (strchr(lexer->signs, *lexer->at))
			return take(lexer, lexer->at, 1, 0);
		return take(lexer, lexer->at, strcspn(lexer->at, stop), 0);
	}
}
