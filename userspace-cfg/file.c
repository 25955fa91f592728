// SPDX-License-Identifier: GPL-2.0-only
/* Files of the whole configuration, made into messages. */
#include "file.h"
#include "limit.h"
#include "quote.h"
#include "rule.h"
#include "server.h"
#include "tokens.h"

enum file_object {
	FILE_SERVER,
	FILE_RULE,
	FILE_LIMIT,
	FILE_DEFAULT,
};

static const struct keyword file_objects[] = {
	{ "server", FILE_SERVER, false },
	{ "rule", FILE_RULE, false },
	{ "limit", FILE_LIMIT, false },
	{ "default", FILE_DEFAULT, false },
	{ NULL, 0, false },
};

static const struct keyword file_verbs[] = {
	{ "add", 0, false },
	{ NULL, 0, false },
};

/**
 * struct reading - Files being read.
 * @files: The files.
 * @messages: What is made of them.
 * @coherence: What their lines have said, or NULL.
 * @fallback: The rule for what is left, where @files has a place for it.
 */
struct reading {
	struct files *files;
	struct messages *messages;
	struct coherence *coherence;
	struct rule fallback;
};

/* The rule is added once all files are read, so that it is the last one. */
static enum status parse_default(struct words *words, struct reading *reading)
{
	struct place *place = &reading->files->fallback;

	if (place->line)
		return wrong(words, "default: a second one: the first is on line %u of %s",
			     place->line, quoted(place->file));
	*place = words_start(words);
	return rule_default_take(words, &reading->fallback);
}

/* Make a message of one line. */
static enum status parse_line(struct words *words, struct reading *reading)
{
	struct messages *messages = reading->messages;
	int object;

	if (!words_left(words))
		return STATUS_OK;
	object = keyword_take(words, file_objects, 0);
	if (object < 0)
		return STATUS_WRONG;
	if (object == FILE_LIMIT)
		return limit_parse(words, messages);
	if (object == FILE_DEFAULT)
		return parse_default(words, reading);
	if (keyword_take(words, file_verbs, 0) < 0)
		return STATUS_WRONG;
	if (object == FILE_SERVER)
		return server_add_parse(words, messages);
	return rule_add_parse(words, messages);
}

/* Make a message of one line, and see whether it goes with those before. */
static enum status take_line(struct words *words, struct reading *reading)
{
	struct coherence *coherence = reading->coherence;
	struct messages *messages = reading->messages;
	struct place place = words_start(words);
	size_t used = messages->used;
	enum status status = parse_line(words, reading);

	if (!coherence || status == STATUS_REFUSED)
		return status;
	if (status == STATUS_WRONG)
		return coherence_take_wrong(coherence, words);
	if (messages->used == used)
		return status;
	return coherence_take(coherence, &place,
			      (const void *)(messages->data + used));
}

/*
 * Make messages of all lines of a file. Where the system fails there is no use
 * in going on.
 */
static enum status parse_file(const char *file, const struct place *place,
			      struct reading *reading)
{
	struct coherence *coherence = reading->coherence;
	enum status status, worst = STATUS_OK;
	struct lines *lines;
	struct words words;

	lines = lines_open(file, place, &status);
	if (!lines) {
		/* What the others say may have been about it. */
		if (coherence)
			coherence_take_wrong(coherence, NULL);
		return status;
	}
	while (worst != STATUS_REFUSED) {
		switch (lines_next(lines, &words)) {
		case LINE_READ:
			status = take_line(&words, reading);
			break;
		case LINE_WRONG:
			status = STATUS_WRONG;
			if (coherence)
				coherence_take_wrong(coherence, NULL);
			break;
		case LINE_BROKEN:
			status = STATUS_REFUSED;
			break;
		case LINE_END:
			lines_close(lines);
			return worst;
		}
		if (status > worst)
			worst = status;
	}
	lines_close(lines);
	return worst;
}

/* The rule for what is left, behind all others. */
static enum status add_default(struct reading *reading)
{
	const struct place *place = &reading->files->fallback;
	struct messages *messages = reading->messages;
	size_t used = messages->used;

	/* What is left is made directly as it is. */
	if (!place->line || reading->fallback.action == SOCKS_ACTION_DIRECT)
		return STATUS_OK;
	if (!rule_put(messages, &reading->fallback, place->line))
		return no_memory(place);
	if (!reading->coherence)
		return STATUS_OK;
	return coherence_take(reading->coherence, place,
			      (const void *)(messages->data + used));
}

/**
 * files_parse() - Make messages of all lines, and report each that is wrong.
 * @files: The files, which are read as if they were one.
 * @place: Where the command stands that asks for it.
 * @messages: Where to put the messages.
 * @coherence: Report also lines that do not go with those before; NULL leaves
 *	this to the kernel.
 *
 * Return: STATUS_OK; another on an error, which has been reported.
 */
enum status files_parse(struct files *files, const struct place *place,
			struct messages *messages, struct coherence *coherence)
{
	struct reading reading = {
		.files = files,
		.messages = messages,
		.coherence = coherence,
	};
	enum status status, worst = STATUS_OK;
	size_t i;

	for (i = 0; i < files->count && worst != STATUS_REFUSED; i++) {
		status = parse_file(files->list[i], place, &reading);
		if (status > worst)
			worst = status;
		files->ends[i] = messages->count;
	}
	if (worst != STATUS_REFUSED) {
		status = add_default(&reading);
		if (status > worst)
			worst = status;
	}
	return worst;
}
