/* SPDX-License-Identifier: GPL-2.0-only */
/* Files of words, signs and comments, whatever the lines. */
#ifndef SOCKSCTL_IMPORT_LEXER_H
#define SOCKSCTL_IMPORT_LEXER_H

#include "import.h"

/**
 * struct lexer - A file that is read word by word.
 * @import: The file.
 * @slashes: Comments are those of C; else they begin with #.
 * @signs: Characters which are words of their own.
 * @at: Where the next word may begin; NULL at the start of a line.
 * @in_comment: Within a comment of several lines.
 * @word: The word.
 */
struct lexer {
	struct import *import;
	bool slashes;
	const char *signs;
	const char *at;
	bool in_comment;
	char word[512];
};

const char *lexer_next(struct lexer *lexer);

#endif
