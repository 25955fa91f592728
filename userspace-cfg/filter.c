// SPDX-License-Identifier: GPL-2.0-only
/* Which connections are meant. */
#include <string.h>

#include "filter.h"
#include "values.h"

enum filter_word {
	FILTER_ALL,
	FILTER_VIA,
	FILTER_TO,
	FILTER_PORT,
	FILTER_UID,
	FILTER_PID,
	FILTER_PROGRAM,
	FILTER_STATE,
};

/* The first one only where none at all is not allowed. */
static const struct keyword filter_words[] = {
	{ "all", FILTER_ALL, false },
	{ "via", FILTER_VIA, false },
	{ "to", FILTER_TO, false },
	{ "port", FILTER_PORT, false },
	{ "uid", FILTER_UID, false },
	{ "pid", FILTER_PID, false },
	{ "program", FILTER_PROGRAM, false },
	{ "state", FILTER_STATE, false },
	{ NULL, 0, false },
};

static const struct keyword states[] = {
	{ "connecting", SOCKS_CONNECTION_STATE_CONNECTING, false },
	{ "listening", SOCKS_CONNECTION_STATE_LISTENING, false },
	{ "established", SOCKS_CONNECTION_STATE_ESTABLISHED, false },
	{ NULL, 0, false },
};

static enum status take_state(struct words *words,
			      enum socks_connection_state *state)
{
	int id = keyword_take(words, states, 0);

	if (id < 0)
		return STATUS_WRONG;
	*state = id;
	return STATUS_OK;
}

static enum status take_text(struct words *words, const char *what,
			     const char *allowed, const char **text)
{
	*text = take_value(words, what, allowed);
	return *text ? STATUS_OK : STATUS_WRONG;
}

/* Take what one word is followed by. */
static enum status take_part(struct words *words, struct filter *filter,
			     enum filter_word word)
{
	bool any;

	switch (word) {
	case FILTER_ALL:
		break;
	case FILTER_VIA:
		return take_name(words, "via", &filter->server);
	case FILTER_TO:
		return take_destination(words, &any, &filter->to,
					&filter->to_length);
	case FILTER_PORT:
		return take_ports(words, &filter->port);
	case FILTER_UID:
		return take_ids(words, ID_USER, &filter->uid);
	case FILTER_PID:
		return take_number(words, "pid", 1, INT32_MAX, &filter->pid);
	case FILTER_PROGRAM:
		return take_text(words, "program",
				 "a program's name, as ps -e shows it",
				 &filter->program);
	case FILTER_STATE:
		return take_state(words, &filter->state);
	}
	return STATUS_WRONG;
}

static enum status take_parts(struct words *words, struct filter *filter,
			      const struct keyword *table)
{
	enum status status = STATUS_OK;

	while (!status && words_left(words)) {
		int id = keyword_take(words, table, filter->given);

		if (id < 0)
			return STATUS_WRONG;
		status = take_part(words, filter, id);
		filter->given |= 1u << id;
	}
	return status;
}

/**
 * filter_take() - Take which connections are meant; without words it is all.
 * @words: The command's words.
 * @filter: Where to put it.
 *
 * Return: STATUS_OK; another on an error, which has been reported.
 */
enum status filter_take(struct words *words, struct filter *filter)
{
	*filter = (struct filter){ .given = 0 };
	return take_parts(words, filter, filter_words + 1);
}

/**
 * filter_take_some() - The same, but for all of them there must be a word.
 * @words: The command's words.
 * @filter: Where to put it.
 *
 * Return: STATUS_OK; another on an error, which has been reported.
 */
enum status filter_take_some(struct words *words, struct filter *filter)
{
	*filter = (struct filter){ .given = 0 };
	if (!words_left(words))
		return keyword_take(words, filter_words, 0) < 0 ?
			STATUS_WRONG : STATUS_OK;
	if (keyword_find(filter_words, words_peek(words)) != FILTER_ALL)
		return take_parts(words, filter, filter_words + 1);
	words_take(words);
	return words_end(words);
}

static bool in_range(const struct range *range, uint32_t number)
{
	return number >= range->min && number <= range->max;
}

static bool in_prefix(const struct filter *filter, struct in_addr address)
{
	uint32_t difference = ntohl(address.s_addr ^ filter->to.s_addr);

	return !filter->to_length || !(difference >> (32 - filter->to_length));
}

/* The kernel knows no more than 15 bytes of a program's name. */
static bool is_program(const struct filter *filter, const char *program)
{
	return !strncmp(filter->program, program, PROGRAM_MAX);
}

/**
 * filter_match() - Is this connection meant?
 * @filter: Which connections are meant.
 * @connection: The connection.
 */
bool filter_match(const struct filter *filter,
		  const struct connection *connection)
{
	unsigned int given = filter->given;

	return !((given & 1u << FILTER_VIA &&
		  strcmp(filter->server, connection->server)) ||
		 (given & 1u << FILTER_TO &&
		  !in_prefix(filter, connection->peer.address)) ||
		 (given & 1u << FILTER_PORT &&
		  !in_range(&filter->port, connection->peer.port)) ||
		 (given & 1u << FILTER_UID &&
		  !in_range(&filter->uid, connection->uid)) ||
		 (given & 1u << FILTER_PID &&
		  filter->pid != connection->pid) ||
		 (given & 1u << FILTER_PROGRAM &&
		  !is_program(filter, connection->program)) ||
		 (given & 1u << FILTER_STATE &&
		  filter->state != connection->state));
}

/**
 * filter_list() - Drop from a list what is not meant.
 * @filter: Which connections are meant.
 * @connections: The list.
 */
void filter_list(const struct filter *filter,
		 struct connection_list *connections)
{
	size_t i, kept = 0;

	for (i = 0; i < connections->count; i++)
		if (filter_match(filter, &connections->list[i]))
			connections->list[kept++] = connections->list[i];
	connections->count = kept;
}
