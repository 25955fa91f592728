// SPDX-License-Identifier: GPL-2.0-only
/* One run of socksctl: its options, and its socket once there is need. */
#include <stdarg.h>
#include <stdio.h>

#include "session.h"

/**
 * session_connect() - Make sure that there is a socket.
 * @session: The run.
 * @place: Where the command stands that needs it.
 *
 * Return: STATUS_OK; another on an error, which has been reported.
 */
enum status session_connect(struct session *session,
			    const struct place *place)
{
	enum status status = STATUS_OK;

	if (!session->netlink)
		session->netlink = netlink_open(place, session->netns,
						&status);
	return status;
}

/**
 * session_talk() - Send one message and read the answer, or report the error.
 * @session: The run.
 * @place: Where the command stands.
 * @messages: The message.
 * @take: What to call for each message of the answer, or NULL.
 * @data: What to call it with.
 * @format: What is being done, as for printf() and refused().
 *
 * Return: STATUS_OK; another on an error, which has been reported.
 */
enum status session_talk(struct session *session, const struct place *place,
			 struct messages *messages, netlink_take take,
			 void *data, const char *format, ...)
{
	enum status status;
	va_list arguments;
	char what[256];
	int error;

	status = session_connect(session, place);
	if (status)
		return status;
	error = netlink_talk(session->netlink, messages, take, data);
	if (!error)
		return STATUS_OK;
	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	return refused(session->netlink, error, place, "%s", what);
}

/**
 * session_dump() - Read all that a command dumps, or report the error.
 * @session: The run.
 * @place: Where the command stands.
 * @command: One of SOCKS_CMD_*.
 * @reset: What to call before each try.
 * @take: What to call for each message of the answer.
 * @list: What to call both with.
 * @what: What is being done, as for refused().
 *
 * Return: STATUS_OK; another on an error, which has been reported.
 */
enum status session_dump(struct session *session, const struct place *place,
			 uint8_t command, netlink_reset reset,
			 netlink_take take, void *list, const char *what)
{
	struct messages messages = { .data = NULL };
	enum status status;
	struct nlmsghdr *message;
	int error;

	status = session_connect(session, place);
	if (status)
		return status;
	message = message_start(&messages, command, 0);
	if (!message) {
		status = no_memory(place);
	} else {
		message_end(&messages, message);
		error = netlink_dump(session->netlink, &messages, reset, take,
				     list);
		if (error)
			status = refused(session->netlink, error, place,
					 "%s", what);
	}
	messages_clear(&messages);
	return status;
}
