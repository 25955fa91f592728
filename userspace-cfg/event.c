// SPDX-License-Identifier: GPL-2.0-only
/* What happens in the module, as it happens. */
#include <errno.h>
#include <inttypes.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "event.h"
#include "json.h"
#include "quote.h"

static int read_connection_event(const struct nlmsghdr *message,
				 struct event *event)
{
	static const struct attribute_types types = {
		.max = SOCKS_A_CONNECTION_MAX,
		.type = {
			[SOCKS_A_CONNECTION_EVENT] = MNL_TYPE_U32,
			[SOCKS_A_CONNECTION_TIME] = MNL_TYPE_U64,
			[SOCKS_A_CONNECTION_CODE] = MNL_TYPE_U8,
			[SOCKS_A_CONNECTION_ERROR] = MNL_TYPE_U32,
		},
	};
	struct attributes attributes = { .at = { NULL } };
	const struct nlattr *const *at = attributes.at;
	int error;

	error = attributes_read(message, &types, &attributes);
	if (error)
		return error;
	if (!at[SOCKS_A_CONNECTION_EVENT] || !at[SOCKS_A_CONNECTION_TIME])
		return -EBADMSG;
	event->what = mnl_attr_get_u32(at[SOCKS_A_CONNECTION_EVENT]);
	event->time = mnl_attr_get_u64(at[SOCKS_A_CONNECTION_TIME]);
	if (at[SOCKS_A_CONNECTION_CODE])
		event->code = mnl_attr_get_u8(at[SOCKS_A_CONNECTION_CODE]);
	if (at[SOCKS_A_CONNECTION_ERROR])
		event->error = mnl_attr_get_u32(at[SOCKS_A_CONNECTION_ERROR]);
	return connection_read(message, &event->connection);
}

static int read_configuration_event(const struct nlmsghdr *message,
				    struct event *event)
{
	static const struct attribute_types types = {
		.max = SOCKS_A_CONFIGURATION_MAX,
		.type = {
			[SOCKS_A_CONFIGURATION_TIME] = MNL_TYPE_U64,
			[SOCKS_A_CONFIGURATION_SERVERS] = MNL_TYPE_U32,
			[SOCKS_A_CONFIGURATION_RULES] = MNL_TYPE_U32,
			[SOCKS_A_CONFIGURATION_UID] = MNL_TYPE_U32,
			[SOCKS_A_CONFIGURATION_PID] = MNL_TYPE_U32,
			[SOCKS_A_CONFIGURATION_PROGRAM] = MNL_TYPE_NUL_STRING,
		},
	};
	struct attributes attributes = { .at = { NULL } };
	struct connection *by = &event->connection;
	const struct nlattr *const *at = attributes.at;
	int i, error;

	error = attributes_read(message, &types, &attributes);
	if (error)
		return error;
	for (i = SOCKS_A_CONFIGURATION_TIME; i <= SOCKS_A_CONFIGURATION_MAX;
	     i++)
		if (!at[i])
			return -EBADMSG;
	event->time = mnl_attr_get_u64(at[SOCKS_A_CONFIGURATION_TIME]);
	event->servers = mnl_attr_get_u32(at[SOCKS_A_CONFIGURATION_SERVERS]);
	event->rules = mnl_attr_get_u32(at[SOCKS_A_CONFIGURATION_RULES]);
	by->uid = mnl_attr_get_u32(at[SOCKS_A_CONFIGURATION_UID]);
	by->pid = mnl_attr_get_u32(at[SOCKS_A_CONFIGURATION_PID]);
	snprintf(by->program, sizeof(by->program), "%s",
		 mnl_attr_get_str(at[SOCKS_A_CONFIGURATION_PROGRAM]));
	return 0;
}

/**
 * event_read() - Read an event from a message.
 * @message: The message.
 * @event: Where to put it.
 *
 * Return: 0; -EBADMSG where it is not understood, -ENOMSG where it is no event.
 */
int event_read(const struct nlmsghdr *message, struct event *event)
{
	const struct genlmsghdr *header = mnl_nlmsg_get_payload(message);

	*event = (struct event){ .kind = EVENT_CONNECTION };
	if (mnl_nlmsg_get_payload_len(message) < sizeof(*header))
		return -EBADMSG;
	switch (header->cmd) {
	case SOCKS_CMD_CONNECTION_EVENT:
		return read_connection_event(message, event);
	case SOCKS_CMD_CONFIGURATION_EVENT:
		event->kind = EVENT_CONFIGURATION;
		return read_configuration_event(message, event);
	}
	return -ENOMSG;
}

static const char *event_word(const struct event *event)
{
	static const char *const words[] = {
		[SOCKS_CONNECTION_EVENT_STARTED] = "started",
		[SOCKS_CONNECTION_EVENT_LISTENING] = "listening",
		[SOCKS_CONNECTION_EVENT_GRANTED] = "granted",
		[SOCKS_CONNECTION_EVENT_REJECTED] = "rejected",
		[SOCKS_CONNECTION_EVENT_FAILED] = "failed",
		[SOCKS_CONNECTION_EVENT_CLOSED] = "closed",
	};

	if (event->kind == EVENT_CONFIGURATION)
		return "configuration";
	if (event->kind == EVENT_LOST)
		return "lost";
	return event->what <= SOCKS_CONNECTION_EVENT_CLOSED ?
		words[event->what] : "unknown";
}

/* The name of an errno, or its number. */
static const char *error_text(char *buffer, size_t size, uint32_t error)
{
	const char *name = strerrorname_np(error);

	snprintf(buffer, size, "%s", name ? name : "");
	if (!name)
		snprintf(buffer, size, "%u", error);
	return buffer;
}

static void print_time(uint64_t nanoseconds)
{
	time_t seconds = nanoseconds / 1000000000;
	char text[64] = "";
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%F %T", &tm);
	printf("%s.%06u", text,
	       (unsigned int)(nanoseconds % 1000000000 / 1000));
}

static bool print_who(const struct connection *who)
{
	char *program;

	printf(" uid %u", who->uid);
	if (who->pid)
		printf(" pid %u", who->pid);
	if (!*who->program)
		return true;
	program = quote_word(who->program);
	if (!program)
		return false;
	printf(" program %s", program);
	free(program);
	return true;
}

static bool print_connection_event(const struct event *event)
{
	const struct connection *connection = &event->connection;
	char text[ENDPOINT_TEXT_SIZE], age[AGE_TEXT_SIZE], error[24];

	if (connection->command == SOCKS_CONNECTION_COMMAND_BIND)
		printf(" bind");
	printf(" %s via ", endpoint_text(text, &connection->peer));
	print_plain(stdout, connection->server);
	if (connection->bound.port)
		printf(" bound %s", endpoint_text(text, &connection->bound));
	printf(" source %s", endpoint_text(text, &connection->source));
	if (!print_who(connection))
		return false;
	switch (event->what) {
	case SOCKS_CONNECTION_EVENT_REJECTED:
		printf(" code %u", event->code);
		break;
	case SOCKS_CONNECTION_EVENT_FAILED:
		if (event->error)
			printf(" error %s", error_text(error, sizeof(error),
						       event->error));
		else
			printf(" given up");
		break;
	case SOCKS_CONNECTION_EVENT_CLOSED:
		printf(" sent %" PRIu64 " received %" PRIu64,
		       connection->sent, connection->received);
		break;
	default:
		break;
	}
	if (event->what != SOCKS_CONNECTION_EVENT_STARTED)
		printf(" age %s", age_text(age, connection->age));
	return true;
}

static bool print_text(const struct event *event)
{
	bool done = true;

	print_time(event->time);
	printf(" %s", event_word(event));
	if (event->kind == EVENT_CONNECTION) {
		done = print_connection_event(event);
	} else if (event->kind == EVENT_CONFIGURATION) {
		printf(" servers %u rules %u", event->servers, event->rules);
		done = print_who(&event->connection);
	}
	putchar('\n');
	return done;
}

/* A connection's own keys, and before and behind them those of its event. */
static bool put_connection_event(json_t *object, const struct event *event)
{
	char error[24];
	bool done = true;

	if (event->what == SOCKS_CONNECTION_EVENT_REJECTED)
		done = json_put(object, "code", json_integer(event->code));
	else if (event->what == SOCKS_CONNECTION_EVENT_FAILED && event->error)
		done = json_put(object, "error",
				json_text(error_text(error, sizeof(error),
						     event->error)));
	return done && json_put_connection(object, &event->connection);
}

static bool put_configuration_event(json_t *object, const struct event *event)
{
	const struct connection *by = &event->connection;

	return json_put(object, "servers", json_integer(event->servers)) &&
	       json_put(object, "rules", json_integer(event->rules)) &&
	       json_put(object, "uid", json_integer(by->uid)) &&
	       json_put(object, "pid", json_integer(by->pid)) &&
	       json_put(object, "program", json_text(by->program));
}

static bool print_json(const struct session *session,
		       const struct event *event)
{
	json_t *object = json_object();
	bool done;

	done = json_put(object, "event", json_string(event_word(event))) &&
	       json_put(object, "time_ns", json_integer(event->time));
	if (done && event->kind == EVENT_CONNECTION)
		done = put_connection_event(object, event);
	else if (done && event->kind == EVENT_CONFIGURATION)
		done = put_configuration_event(object, event);
	if (done)
		return json_print(session, object);
	json_decref(object);
	return false;
}

/**
 * event_print() - Print an event on a line, and let it be seen at once.
 * @session: The run.
 * @event: The event.
 *
 * Return: false where there was no memory.
 */
bool event_print(const struct session *session, const struct event *event)
{
	bool done = session->json ? print_json(session, event) :
				    print_text(event);

	fflush(stdout);
	return done;
}
