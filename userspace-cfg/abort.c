// SPDX-License-Identifier: GPL-2.0-only
/* Ending connections. */
#include "abort.h"
#include "filter.h"
#include "show.h"

/* How many go into one message: less than the kernel allows. */
#define COOKIES_MAX	512

/* Put the cookies of connections from here on into a message. */
static void put_cookies(struct nlmsghdr *message,
			const struct connection *list, size_t count)
{
	uint64_t cookies[COOKIES_MAX];
	size_t i;

	for (i = 0; i < count; i++)
		cookies[i] = list[i].cookie;
	mnl_attr_put(message, SOCKS_A_CONNECTION_COOKIES,
		     count * sizeof(*cookies), cookies);
}

static enum status send_cookies(struct session *session,
				const struct place *place,
				const struct connection_list *connections)
{
	struct messages messages = { .data = NULL };
	enum status status = STATUS_OK;
	size_t at, failed;
	int error;

	for (at = 0; at < connections->count && !status; at += COOKIES_MAX) {
		struct nlmsghdr *message;
		size_t count = connections->count - at;

		if (count > COOKIES_MAX)
			count = COOKIES_MAX;
		message = message_start(&messages, SOCKS_CMD_CONNECTION_ABORT,
					0);
		if (!message) {
			status = no_memory(place);
			break;
		}
		put_cookies(message, connections->list + at, count);
		message_end(&messages, message);
	}
	if (!status) {
		error = netlink_send(session->netlink, &messages, &failed);
		if (error)
			status = refused(session->netlink, error, place,
					 "aborting connections");
	}
	messages_clear(&messages);
	return status;
}

/**
 * abort_connections() - Carry out "abort".
 * @session: The run.
 * @words: The words behind it.
 *
 * Return: What to exit with.
 */
enum status abort_connections(struct session *session, struct words *words)
{
	struct place place = words_start(words);
	struct connection_list connections = { .list = NULL };
	struct filter filter;
	enum status status = filter_take_some(words, &filter);

	if (!status)
		status = connections_get(session, &place, &connections);
	filter_list(&filter, &connections);
	if (!status)
		status = send_cookies(session, &place, &connections);
	if (!status && !print_connections(session, &connections))
		status = no_memory(&place);
	connections_clear(&connections);
	return status;
}
