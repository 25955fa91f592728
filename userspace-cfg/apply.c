// SPDX-License-Identifier: GPL-2.0-only
/* Transactions: the whole configuration at once. */
#include <string.h>

#include "apply.h"
#include "file.h"
#include "quote.h"
#include "transaction.h"
#include "trial.h"
#include "values.h"

/* Replace the configuration with what the messages make, read from files. */
static enum status replace(struct session *session, const struct place *place,
			   struct messages *messages, const struct files *files)
{
	const char *what = "replacing the configuration";
	struct place where = *place;
	struct netlink *netlink;
	enum status status;
	size_t failed;
	int error;

	status = session_connect(session, place);
	if (status)
		return status;
	netlink = session->netlink;
	error = transaction_step(netlink, SOCKS_STEP_BEGIN, true);
	if (!error) {
		error = netlink_send(netlink, messages, &failed);
		if (error) {
			where = files_place(files, messages, failed);
			what = "applying this line";
		}
	}
	if (!error)
		error = transaction_step(netlink, SOCKS_STEP_COMMIT, false);
	if (error) {
		status = refused(netlink, error, &where, "%s", what);
		/* The socket may be needed again. */
		transaction_step(netlink, SOCKS_STEP_ABORT, false);
	}
	return status;
}

static const struct keyword apply_options[] = {
	{ "confirm", 0, false },
	{ NULL, 0, false },
};

/* Take an option, if there is one; seconds is 0 where there is none. */
static enum status take_confirm(struct words *words, uint32_t *seconds)
{
	const char *word = words_peek(words);
	const char *name;

	*seconds = 0;
	if (!word || word[0] != '-' || !word[1])
		return STATUS_OK;
	words_take(words);
	name = word + 1;
	if (*name == '-')
		name++;
	if (keyword_find(apply_options, name) < 0)
		return wrong(words, "unknown option %s: allowed here: --confirm",
			     quoted(word));
	return take_number(words, "--confirm", 1, CONFIRM_MAX, seconds);
}

/* Does nothing but the user read from standard input? */
static bool user_types(const struct session *session,
		       const struct files *files)
{
	return !files_have_input(files) &&
	       !(session->batch && !strcmp(session->batch, "-"));
}

/**
 * apply() - Carry out "apply".
 * @session: The run.
 * @words: The words behind it.
 *
 * Return: What to exit with.
 */
enum status apply(struct session *session, struct words *words)
{
	struct place place = words_start(words);
	struct messages messages = { .data = NULL };
	struct files files = { .list = NULL };
	enum status status;
	uint32_t seconds;

	status = take_confirm(words, &seconds);
	if (!status)
		status = files_take(&files, words, "apply");
	if (!status)
		status = files_parse(&files, &place, &messages, NULL);
	if (!status && seconds)
		status = try_out(session, &place, &messages, &files, seconds,
				 user_types(session, &files));
	else if (!status)
		status = replace(session, &place, &messages, &files);
	messages_clear(&messages);
	files_clear(&files);
	return status;
}

/**
 * flush() - Carry out "flush".
 * @session: The run.
 * @words: The words behind it.
 *
 * Return: What to exit with.
 */
enum status flush(struct session *session, struct words *words)
{
	struct place place = words_start(words);
	static const struct files no_files;
	struct messages none = { .data = NULL };
	enum status status = words_end(words);

	if (!status)
		status = replace(session, &place, &none, &no_files);
	return status;
}
