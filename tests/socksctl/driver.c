// SPDX-License-Identifier: GPL-2.0-only
/*
 * socksctl's parsers on their own, for tests that need many answers.
 *
 * driver tokens FILE   each command of the file: "+", the number of its words,
 *                      and each word with a NUL behind; a wrong line: "-"
 * driver parse         standard input holds a kind and a text, each with a NUL
 *                      behind, again and again; for each a line is printed
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"
#include "quote.h"
#include "tokens.h"

static int tokens(const char *file)
{
	enum status status;
	struct lines *lines = lines_open(file, NULL, &status);
	struct words words;
	const char *word;

	if (!lines)
		return status;
	for (;;) {
		switch (lines_next(lines, &words)) {
		case LINE_READ:
			printf("+%zu", words.count);
			putchar('\0');
			while ((word = words_take(&words))) {
				fputs(word, stdout);
				putchar('\0');
			}
			break;
		case LINE_WRONG:
			putchar('-');
			putchar('\0');
			break;
		default:
			lines_close(lines);
			return 0;
		}
	}
}

static void parse(const char *kind, const char *text)
{
	static const struct range ports = { 1, 65535 };
	static const char *const results[] = {
		[PARSED] = "yes",
		[PARSED_NOT] = "no",
		[PARSED_REVERSED] = "reversed",
		[PARSED_HOST_BITS] = "host-bits",
	};
	char address_text[INET_ADDRSTRLEN] = "";
	struct in_addr address = { 0 };
	struct range range = { 0, 0 };
	enum parsed result;
	uint32_t number = 0;
	uint8_t length = 0;

	if (!strcmp(kind, "number")) {
		if (parse_number(text, strlen(text), UINT32_MAX, &number))
			printf("%" PRIu32 "\n", number);
		else
			puts("no");
	} else if (!strcmp(kind, "ports")) {
		result = parse_range(text, &ports, &range);
		printf("%s", results[result]);
		if (result == PARSED)
			printf(" %" PRIu32 " %" PRIu32, range.min, range.max);
		putchar('\n');
	} else if (!strcmp(kind, "address")) {
		if (parse_address(text, strlen(text), &address))
			puts(inet_ntop(AF_INET, &address, address_text,
				       sizeof(address_text)));
		else
			puts("no");
	} else if (!strcmp(kind, "prefix")) {
		result = parse_prefix(text, &address, &length);
		printf("%s", results[result]);
		if (result == PARSED || result == PARSED_HOST_BITS)
			printf(" %s/%u", inet_ntop(AF_INET, &address,
						   address_text,
						   sizeof(address_text)),
			       length);
		putchar('\n');
	} else if (!strcmp(kind, "name")) {
		puts(parse_name(text) ? "yes" : "no");
	} else if (!strcmp(kind, "quote")) {
		char *word = quote_word(text);

		puts(word);
		free(word);
	} else if (!strcmp(kind, "message")) {
		puts(quoted(text));
	}
}

int main(int argc, char **argv)
{
	char *kind = NULL, *text = NULL;
	size_t kind_size = 0, text_size = 0;

	if (argc == 3 && !strcmp(argv[1], "tokens"))
		return tokens(argv[2]);
	if (argc != 2 || strcmp(argv[1], "parse"))
		return 1;
	while (getdelim(&kind, &kind_size, '\0', stdin) > 0 &&
	       getdelim(&text, &text_size, '\0', stdin) > 0)
		parse(kind, text);
	free(kind);
	free(text);
	return 0;
}
