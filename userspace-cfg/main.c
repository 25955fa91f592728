// SPDX-License-Identifier: GPL-2.0-only
/* socksctl: what becomes of connections, and through which SOCKS servers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "command.h"
#include "help.h"
#include "quote.h"
#include "version.h"

enum option {
	OPTION_BATCH,
	OPTION_FORCE,
	OPTION_HELP,
	OPTION_JSON,
	OPTION_NETNS,
	OPTION_PRETTY,
	OPTION_VERSION,
};

static const struct keyword options[] = {
	{ "batch", OPTION_BATCH, false },
	{ "force", OPTION_FORCE, false },
	{ "help", OPTION_HELP, false },
	{ "json", OPTION_JSON, false },
	{ "netns", OPTION_NETNS, false },
	{ "pretty", OPTION_PRETTY, false },
	{ "Version", OPTION_VERSION, false },
	{ "version", OPTION_VERSION, true },
	{ NULL, 0, false },
};

/**
 * enum next - What to do after an option.
 * @NEXT_WORD: Go on with the next word.
 * @NEXT_NOTHING: All is done.
 * @NEXT_WRONG: Fail; it has been reported.
 */
enum next {
	NEXT_WORD,
	NEXT_NOTHING,
	NEXT_WRONG,
};

static enum next take_text(struct words *words, const char *option,
			   const char *allowed, const char **text)
{
	*text = words_take(words);
	if (!*text) {
		wrong(words, "%s: a value is missing: allowed is %s", option,
		      allowed);
		return NEXT_WRONG;
	}
	if (!**text) {
		wrong(words, "%s: wrong value '': allowed is %s", option,
		      allowed);
		return NEXT_WRONG;
	}
	return NEXT_WORD;
}

static enum next take_option(struct words *words, struct session *session)
{
	const char *word = words_take(words);
	const char *name = word + 1;

	if (*name == '-')
		name++;
	switch (keyword_find(options, name)) {
	case OPTION_BATCH:
		return take_text(words, "-batch",
				 "a file name, or - for standard input",
				 &session->batch);
	case OPTION_FORCE:
		session->force = true;
		return NEXT_WORD;
	case OPTION_HELP:
		print_help(HELP_ALL);
		return NEXT_NOTHING;
	case OPTION_JSON:
		session->json = true;
		return NEXT_WORD;
	case OPTION_NETNS:
		return take_text(words, "-netns",
				 "a name under /run/netns, or a path with /",
				 &session->netns);
	case OPTION_PRETTY:
		session->pretty = true;
		return NEXT_WORD;
	case OPTION_VERSION:
		puts("socksctl " VERSION);
		return NEXT_NOTHING;
	}
	wrong(words,
	      "unknown option %s: allowed here: -batch, -force, -help, -json, -netns, -pretty, -Version",
	      quoted(word));
	return NEXT_WRONG;
}

static enum next take_options(struct words *words, struct session *session)
{
	enum next next = NEXT_WORD;
	const char *word;

	while (next == NEXT_WORD) {
		word = words_peek(words);
		if (!word || *word != '-')
			break;
		if (!strcmp(word, "--")) {
			words_take(words);
			break;
		}
		next = take_option(words, session);
	}
	return next;
}

static enum status run(struct words *words, struct session *session)
{
	switch (take_options(words, session)) {
	case NEXT_NOTHING:
		return STATUS_OK;
	case NEXT_WRONG:
		return STATUS_WRONG;
	case NEXT_WORD:
		break;
	}
	if (!session->batch)
		return command(session, words);
	if (words_end(words))
		return STATUS_WRONG;
	return batch(session);
}

int main(int argc, char **argv)
{
	struct session session = { .netlink = NULL };
	struct words words = { .file = NULL };
	enum status status;
	struct word *list;
	int i;

	list = calloc(argc + 1, sizeof(*list));
	if (!list)
		return no_memory(NULL);
	for (i = 1; i < argc; i++)
		list[words.count++].text = argv[i];
	words.list = list;

	status = run(&words, &session);
	if (fflush(stdout) || ferror(stdout)) {
		report(NULL, "standard output can't be written: %s",
		       strerror(errno));
		if (!status)
			status = STATUS_REFUSED;
	}
	netlink_close(session.netlink);
	free(list);
	return status;
}
