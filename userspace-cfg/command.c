// SPDX-License-Identifier: GPL-2.0-only
/* One command: on the command line, or a line of a file of commands. */
#include <string.h>

#include "abort.h"
#include "apply.h"
#include "check.h"
#include "command.h"
#include "doctor.h"
#include "help.h"
#include "import.h"
#include "limit.h"
#include "lookup.h"
#include "monitor.h"
#include "probe.h"
#include "rule.h"
#include "save.h"
#include "server.h"
#include "show.h"
#include "top.h"

enum object {
	OBJECT_SERVER,
	OBJECT_RULE,
	OBJECT_SHOW,
	OBJECT_LOOKUP,
	OBJECT_LIMIT,
	OBJECT_APPLY,
	OBJECT_SAVE,
	OBJECT_FLUSH,
	OBJECT_CHECK,
	OBJECT_IMPORT,
	OBJECT_ABORT,
	OBJECT_MONITOR,
	OBJECT_HELP,
	OBJECT_PROBE,
	OBJECT_DOCTOR,
	OBJECT_TOP,
};

static const struct keyword objects[] = {
	{ "server", OBJECT_SERVER, false },
	{ "rule", OBJECT_RULE, false },
	{ "show", OBJECT_SHOW, false },
	{ "lookup", OBJECT_LOOKUP, false },
	{ "limit", OBJECT_LIMIT, false },
	{ "apply", OBJECT_APPLY, false },
	{ "save", OBJECT_SAVE, false },
	{ "flush", OBJECT_FLUSH, false },
	{ "check", OBJECT_CHECK, false },
	{ "import", OBJECT_IMPORT, false },
	{ "abort", OBJECT_ABORT, false },
	{ "monitor", OBJECT_MONITOR, false },
	{ "help", OBJECT_HELP, false },
	{ "probe", OBJECT_PROBE, false },
	{ "doctor", OBJECT_DOCTOR, false },
	{ "top", OBJECT_TOP, false },
	{ NULL, 0, false },
};

enum verb {
	VERB_ADD,
	VERB_DEL,
	VERB_SHOW,
	VERB_HELP,
};

static const struct keyword verbs[] = {
	{ "add", VERB_ADD, false },
	{ "del", VERB_DEL, false },
	{ "delete", VERB_DEL, true },
	{ "show", VERB_SHOW, false },
	{ "list", VERB_SHOW, true },
	{ "help", VERB_HELP, false },
	{ NULL, 0, false },
};

/* Is help all that is asked for? A server may be called "help". */
static bool asks_help(const struct words *words, bool may_be_name)
{
	const char *word = words_peek(words);

	if (is_help(word))
		return true;
	return word && !may_be_name && !strcmp(word, "help") &&
	       words->next + 1 == words->count;
}

static enum status show_help(enum help about)
{
	print_help(about);
	return STATUS_OK;
}

static enum status server_command(struct session *session,
				  struct words *words)
{
	int verb = VERB_SHOW;

	if (asks_help(words, false))
		return show_help(HELP_SERVER);
	if (words_left(words))
		verb = keyword_take(words, verbs, 0);
	if (verb >= 0 && asks_help(words, verb != VERB_ADD))
		return show_help(HELP_SERVER);
	switch (verb) {
	case VERB_ADD:
		return server_add(session, words);
	case VERB_DEL:
		return server_del(session, words);
	case VERB_SHOW:
		return show_servers(session, words);
	case VERB_HELP:
		return show_help(HELP_SERVER);
	}
	return STATUS_WRONG;
}

static enum status rule_command(struct session *session, struct words *words)
{
	int verb = VERB_SHOW;

	if (asks_help(words, false))
		return show_help(HELP_RULE);
	if (words_left(words))
		verb = keyword_take(words, verbs, 0);
	if (verb >= 0 && asks_help(words, false))
		return show_help(HELP_RULE);
	switch (verb) {
	case VERB_ADD:
		return rule_add(session, words);
	case VERB_DEL:
		return rule_del(session, words);
	case VERB_SHOW:
		return show_rules(session, words);
	case VERB_HELP:
		return show_help(HELP_RULE);
	}
	return STATUS_WRONG;
}

static const struct keyword shown[] = {
	{ "connections", 0, false },
	{ NULL, 0, false },
};

static enum status show_command(struct session *session, struct words *words)
{
	if (!words_left(words))
		return show_all(session, words);
	if (keyword_take(words, shown, 0) < 0)
		return STATUS_WRONG;
	return show_connections(session, words);
}

static const enum help help_about[] = {
	[OBJECT_SERVER] = HELP_SERVER,
	[OBJECT_RULE] = HELP_RULE,
	[OBJECT_SHOW] = HELP_SHOW,
	[OBJECT_LOOKUP] = HELP_LOOKUP,
	[OBJECT_LIMIT] = HELP_LIMIT,
	[OBJECT_APPLY] = HELP_APPLY,
	[OBJECT_SAVE] = HELP_SAVE,
	[OBJECT_FLUSH] = HELP_FLUSH,
	[OBJECT_CHECK] = HELP_CHECK,
	[OBJECT_IMPORT] = HELP_IMPORT,
	[OBJECT_ABORT] = HELP_ABORT,
	[OBJECT_MONITOR] = HELP_MONITOR,
	[OBJECT_HELP] = HELP_ALL,
	[OBJECT_PROBE] = HELP_PROBE,
	[OBJECT_DOCTOR] = HELP_DOCTOR,
	[OBJECT_TOP] = HELP_TOP,
};

/* May a name follow, of a file or a server, which may be "help"? */
static bool takes_name(int object)
{
	return object == OBJECT_APPLY || object == OBJECT_CHECK ||
	       object == OBJECT_PROBE;
}

/**
 * command() - Carry out one command.
 * @session: The run.
 * @words: The command's words.
 *
 * Return: What to exit with.
 */
enum status command(struct session *session, struct words *words)
{
	int object;

	if (is_help(words_peek(words)))
		return show_help(HELP_ALL);
	object = keyword_take(words, objects, 0);
	if (object < 0)
		return STATUS_WRONG;
	if (object != OBJECT_SERVER && object != OBJECT_RULE &&
	    asks_help(words, takes_name(object)))
		return show_help(help_about[object]);
	switch (object) {
	case OBJECT_SERVER:
		return server_command(session, words);
	case OBJECT_RULE:
		return rule_command(session, words);
	case OBJECT_SHOW:
		return show_command(session, words);
	case OBJECT_LOOKUP:
		return lookup(session, words);
	case OBJECT_LIMIT:
		return words_left(words) ? limit_set(session, words)
					 : show_limits(session, words);
	case OBJECT_APPLY:
		return apply(session, words);
	case OBJECT_SAVE:
		return save(session, words);
	case OBJECT_FLUSH:
		return flush(session, words);
	case OBJECT_CHECK:
		return check(words);
	case OBJECT_IMPORT:
		return import(words);
	case OBJECT_ABORT:
		return abort_connections(session, words);
	case OBJECT_MONITOR:
		return monitor(session, words);
	case OBJECT_HELP:
		if (words_end(words))
			return STATUS_WRONG;
		return show_help(HELP_ALL);
	case OBJECT_PROBE:
		return probe_server(session, words);
	case OBJECT_DOCTOR:
		return doctor(session, words);
	case OBJECT_TOP:
		return top_show(session, words);
	}
	return STATUS_WRONG;
}
