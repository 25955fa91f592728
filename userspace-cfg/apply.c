// SPDX-License-Identifier: GPL-2.0-only
/* Transactions: the whole configuration at once. */
#include <errno.h>

#include "apply.h"
#include "quote.h"
#include "rule.h"
#include "server.h"
#include "tokens.h"
#include "values.h"

enum apply_object {
	APPLY_SERVER,
	APPLY_RULE,
};

static const struct keyword apply_objects[] = {
	{ "server", APPLY_SERVER, false },
	{ "rule", APPLY_RULE, false },
	{ NULL, 0, false },
};

static const struct keyword apply_verbs[] = {
	{ "add", 0, false },
	{ NULL, 0, false },
};

/* Make a message of one line. */
static enum status parse_line(struct words *words, struct messages *messages)
{
	int object;

	if (!words_left(words))
		return STATUS_OK;
	object = keyword_take(words, apply_objects, 0);
	if (object < 0 || keyword_take(words, apply_verbs, 0) < 0)
		return STATUS_WRONG;
	if (object == APPLY_SERVER)
		return server_add_parse(words, messages);
	return rule_add_parse(words, messages);
}

/*
 * Make messages of all lines, and report each line that is wrong. Where the
 * system fails there is no use in going on.
 */
static enum status parse_file(const char *file, const struct place *place,
			      struct messages *messages)
{
	enum status status, worst = STATUS_OK;
	struct lines *lines;
	struct words words;

	lines = lines_open(file, place, &status);
	if (!lines)
		return status;
	while (worst != STATUS_REFUSED) {
		switch (lines_next(lines, &words)) {
		case LINE_READ:
			status = parse_line(&words, messages);
			break;
		case LINE_WRONG:
			status = STATUS_WRONG;
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

static int transaction_step(struct netlink *netlink, enum socks_step step)
{
	struct messages messages = { .data = NULL };
	struct nlmsghdr *message;
	int error;

	message = message_start(&messages, SOCKS_CMD_TRANSACTION, 0);
	if (!message) {
		messages_clear(&messages);
		return -ENOMEM;
	}
	mnl_attr_put_u32(message, SOCKS_A_TRANSACTION_STEP, step);
	if (step == SOCKS_STEP_BEGIN)
		mnl_attr_put(message, SOCKS_A_TRANSACTION_FLUSH, 0, NULL);
	message_end(&messages, message);
	error = netlink_talk(netlink, &messages, NULL, NULL);
	messages_clear(&messages);
	return error;
}

/* Replace the configuration with what the messages make, read from file. */
static enum status replace(struct session *session, const struct place *place,
			   struct messages *messages, const char *file)
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
	error = transaction_step(netlink, SOCKS_STEP_BEGIN);
	if (!error) {
		error = netlink_send(netlink, messages, &failed);
		if (error) {
			where.file = file;
			where.line = messages->line[failed];
			what = "applying this line";
		}
	}
	if (!error)
		error = transaction_step(netlink, SOCKS_STEP_COMMIT);
	if (error) {
		status = refused(netlink, error, &where, "%s", what);
		/* The socket may be needed again. */
		transaction_step(netlink, SOCKS_STEP_ABORT);
	}
	return status;
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
	enum status status;
	const char *file;

	file = take_value(words, "apply",
			  "a file name, or - for standard input");
	status = file ? words_end(words) : STATUS_WRONG;
	if (!status)
		status = parse_file(file, &place, &messages);
	if (!status)
		status = replace(session, &place, &messages, file);
	messages_clear(&messages);
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
	struct messages none = { .data = NULL };
	enum status status = words_end(words);

	if (!status)
		status = replace(session, &place, &none, NULL);
	return status;
}
