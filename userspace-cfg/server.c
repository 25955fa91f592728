// SPDX-License-Identifier: GPL-2.0-only
/* SOCKS servers: in a command, and in netlink messages. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quote.h"
#include "server.h"
#include "values.h"

enum server_word {
	SERVER_USERID,
	SERVER_TIMEOUT,
	SERVER_ACCEPT_TIMEOUT,
	SERVER_LOCAL,
	SERVER_RETRY,
};

static const struct keyword server_words[] = {
	{ "userid", SERVER_USERID, false },
	{ "timeout", SERVER_TIMEOUT, false },
	{ "accept-timeout", SERVER_ACCEPT_TIMEOUT, false },
	{ "local", SERVER_LOCAL, false },
	{ "retry", SERVER_RETRY, false },
	{ NULL, 0, false },
};

static const struct keyword local_words[] = {
	{ "auto", 0, false },
	{ NULL, 0, false },
};

/* Words which stand for something behind userid; they can't be abbreviated. */
#define USERID_NONE	"none"
#define USERID_UID	"uid"
#define USERID_STRING	"string"

static enum status take_userid(struct words *words, struct server *server)
{
	static const char allowed[] =
		"none, uid, a string, or the word string and a string";
	const char *word = take_value(words, "userid", allowed);

	if (!word)
		return STATUS_WRONG;
	if (!strcmp(word, USERID_NONE)) {
		server->userid_mode = SOCKS_USERID_MODE_NONE;
		return STATUS_OK;
	}
	if (!strcmp(word, USERID_UID)) {
		server->userid_mode = SOCKS_USERID_MODE_UID;
		return STATUS_OK;
	}
	if (!strcmp(word, USERID_STRING)) {
		word = take_value(words, "userid string", "a string");
		if (!word)
			return STATUS_WRONG;
	}
	if (strlen(word) > SOCKS_USERID_MAX)
		return wrong(words, "userid: the string %s is %zu bytes long: allowed are %d",
			     quoted(word), strlen(word), SOCKS_USERID_MAX);
	server->userid_mode = SOCKS_USERID_MODE_FIXED;
	snprintf(server->userid, sizeof(server->userid), "%s", word);
	return STATUS_OK;
}

static enum status take_local(struct words *words, struct server *server)
{
	if (keyword_take(words, local_words, 0) < 0)
		return STATUS_WRONG;
	server->local_auto = true;
	return STATUS_OK;
}

/* Take what follows "server add". */
static enum status take_server(struct words *words, struct server *server)
{
	enum status status;
	unsigned int taken = 0;
	const char *name;

	*server = (struct server){ .userid_mode = SOCKS_USERID_MODE_NONE };
	status = take_name(words, "server add", &name);
	if (status)
		return status;
	snprintf(server->name, sizeof(server->name), "%s", name);
	status = take_endpoint(words, "server add", PORT_DEFAULT,
			       &server->address, &server->port);
	while (!status && words_left(words)) {
		int id = keyword_take(words, server_words, taken);

		switch (id) {
		case SERVER_USERID:
			status = take_userid(words, server);
			break;
		case SERVER_TIMEOUT:
			status = take_number(words, "timeout", 1,
					     SOCKS_TIMEOUT_MAX,
					     &server->timeout);
			break;
		case SERVER_ACCEPT_TIMEOUT:
			status = take_number(words, "accept-timeout", 1,
					     SOCKS_ACCEPT_TIMEOUT_MAX,
					     &server->accept_timeout);
			break;
		case SERVER_LOCAL:
			status = take_local(words, server);
			break;
		case SERVER_RETRY:
			status = take_number(words, "retry", 1,
					     SOCKS_RETRY_MAX, &server->retry);
			break;
		default:
			return STATUS_WRONG;
		}
		taken |= 1u << id;
	}
	return status;
}

/**
 * server_address_ok() - Can a server have this address, as the kernel has it?
 * @address: The address.
 */
bool server_address_ok(const struct in_addr *address)
{
	uint32_t number = ntohl(address->s_addr);

	return number >> 8 && !IN_MULTICAST(number) &&
	       number != INADDR_BROADCAST;
}

/**
 * server_put() - Make a message which adds a server.
 * @messages: Where to put the message.
 * @server: The server.
 * @line: The line of the file on which the command stands; 0 without one.
 *
 * Return: Was there memory?
 */
bool server_put(struct messages *messages, const struct server *server,
		unsigned int line)
{
	struct nlmsghdr *message;

	message = message_start(messages, SOCKS_CMD_SERVER_ADD, line);
	if (!message)
		return false;
	mnl_attr_put_strz(message, SOCKS_A_SERVER_NAME, server->name);
	mnl_attr_put_u32(message, SOCKS_A_SERVER_ADDRESS,
			 server->address.s_addr);
	mnl_attr_put_u16(message, SOCKS_A_SERVER_PORT, htons(server->port));
	mnl_attr_put_u32(message, SOCKS_A_SERVER_USERID_MODE,
			 server->userid_mode);
	if (server->userid_mode == SOCKS_USERID_MODE_FIXED)
		mnl_attr_put_strz(message, SOCKS_A_SERVER_USERID,
				  server->userid);
	if (server->timeout)
		mnl_attr_put_u32(message, SOCKS_A_SERVER_TIMEOUT,
				 server->timeout);
	if (server->accept_timeout)
		mnl_attr_put_u32(message, SOCKS_A_SERVER_ACCEPT_TIMEOUT,
				 server->accept_timeout);
	if (server->local_auto)
		mnl_attr_put(message, SOCKS_A_SERVER_LOCAL_AUTO, 0, NULL);
	if (server->retry)
		mnl_attr_put_u32(message, SOCKS_A_SERVER_RETRY, server->retry);
	message_end(messages, message);
	return true;
}

/**
 * server_put_del() - Make a message which removes a server.
 * @messages: Where to put the message.
 * @name: The server's name.
 * @line: The line of the file on which the command stands; 0 without one.
 *
 * Return: Was there memory?
 */
bool server_put_del(struct messages *messages, const char *name,
		    unsigned int line)
{
	struct nlmsghdr *message;

	message = message_start(messages, SOCKS_CMD_SERVER_DEL, line);
	if (!message)
		return false;
	mnl_attr_put_strz(message, SOCKS_A_SERVER_NAME, name);
	message_end(messages, message);
	return true;
}

/**
 * server_add_parse() - Make a message of what follows "server add".
 * @words: The command's words.
 * @messages: Where to put the message.
 *
 * Return: STATUS_OK; another on an error, which has been reported.
 */
enum status server_add_parse(struct words *words, struct messages *messages)
{
	struct place place = words_start(words);
	enum status status;
	struct server server;

	status = take_server(words, &server);
	if (!status && !server_put(messages, &server, place.line))
		status = no_memory(&place);
	return status;
}

/**
 * server_add() - Carry out "server add".
 * @session: The run.
 * @words: The words behind "server add".
 *
 * Return: What to exit with.
 */
enum status server_add(struct session *session, struct words *words)
{
	struct place place = words_start(words);
	struct messages messages = { .data = NULL };
	enum status status;

	status = server_add_parse(words, &messages);
	if (!status)
		status = session_talk(session, &place, &messages, NULL, NULL,
				      "adding the server");
	messages_clear(&messages);
	return status;
}

/**
 * server_del() - Carry out "server del".
 * @session: The run.
 * @words: The words behind "server del".
 *
 * Return: What to exit with.
 */
enum status server_del(struct session *session, struct words *words)
{
	struct place place = words_start(words);
	struct messages messages = { .data = NULL };
	enum status status;
	const char *name;

	status = take_name(words, "server del", &name);
	if (!status)
		status = words_end(words);
	if (status)
		return status;
	if (server_put_del(&messages, name, place.line))
		status = session_talk(session, &place, &messages, NULL, NULL,
				      "removing the server %s", quoted(name));
	else
		status = no_memory(&place);
	messages_clear(&messages);
	return status;
}

static void read_health(const struct nlattr *const *at, struct health *health)
{
	if (at[SOCKS_A_SERVER_FAILURES])
		health->failures =
			mnl_attr_get_u32(at[SOCKS_A_SERVER_FAILURES]);
	if (at[SOCKS_A_SERVER_ERROR])
		health->error = mnl_attr_get_u32(at[SOCKS_A_SERVER_ERROR]);
	if (at[SOCKS_A_SERVER_FAILING_FOR])
		health->failing_for =
			mnl_attr_get_u32(at[SOCKS_A_SERVER_FAILING_FOR]);
	if (at[SOCKS_A_SERVER_RETRY_IN])
		health->retry_in =
			mnl_attr_get_u32(at[SOCKS_A_SERVER_RETRY_IN]);
}

/**
 * server_read() - Read a server from a message.
 * @message: The message.
 * @server: Where to put it.
 *
 * Return: 0 or -EBADMSG.
 */
int server_read(const struct nlmsghdr *message, struct server *server)
{
	static const struct attribute_types types = {
		.max = SOCKS_A_SERVER_MAX,
		.type = {
			[SOCKS_A_SERVER_NAME] = MNL_TYPE_NUL_STRING,
			[SOCKS_A_SERVER_ADDRESS] = MNL_TYPE_U32,
			[SOCKS_A_SERVER_PORT] = MNL_TYPE_U16,
			[SOCKS_A_SERVER_USERID_MODE] = MNL_TYPE_U32,
			[SOCKS_A_SERVER_USERID] = MNL_TYPE_NUL_STRING,
			[SOCKS_A_SERVER_TIMEOUT] = MNL_TYPE_U32,
			[SOCKS_A_SERVER_ACCEPT_TIMEOUT] = MNL_TYPE_U32,
			[SOCKS_A_SERVER_STATS] = MNL_TYPE_NESTED,
			[SOCKS_A_SERVER_RULES] = MNL_TYPE_U32,
			[SOCKS_A_SERVER_LOCAL_AUTO] = MNL_TYPE_FLAG,
			[SOCKS_A_SERVER_RETRY] = MNL_TYPE_U32,
			[SOCKS_A_SERVER_FAILURES] = MNL_TYPE_U32,
			[SOCKS_A_SERVER_ERROR] = MNL_TYPE_U32,
			[SOCKS_A_SERVER_FAILING_FOR] = MNL_TYPE_U32,
			[SOCKS_A_SERVER_RETRY_IN] = MNL_TYPE_U32,
		},
	};
	struct attributes attributes = { .at = { NULL } };
	const struct nlattr *const *at = attributes.at;
	const char *text;
	int error;

	error = attributes_read(message, &types, &attributes);
	if (error)
		return error;
	if (!at[SOCKS_A_SERVER_NAME] || !at[SOCKS_A_SERVER_ADDRESS] ||
	    !at[SOCKS_A_SERVER_PORT])
		return -EBADMSG;
	*server = (struct server){
		.userid_mode = SOCKS_USERID_MODE_NONE,
		.accept_timeout = SOCKS_ACCEPT_TIMEOUT_DEFAULT,
		.local_auto = at[SOCKS_A_SERVER_LOCAL_AUTO],
		.retry = SOCKS_RETRY_DEFAULT,
	};

	error = attribute_name(at[SOCKS_A_SERVER_NAME], server->name);
	if (error)
		return error;
	server->address.s_addr = mnl_attr_get_u32(at[SOCKS_A_SERVER_ADDRESS]);
	server->port = ntohs(mnl_attr_get_u16(at[SOCKS_A_SERVER_PORT]));
	if (at[SOCKS_A_SERVER_USERID_MODE])
		server->userid_mode =
			mnl_attr_get_u32(at[SOCKS_A_SERVER_USERID_MODE]);
	if (server->userid_mode == SOCKS_USERID_MODE_FIXED &&
	    at[SOCKS_A_SERVER_USERID]) {
		text = mnl_attr_get_str(at[SOCKS_A_SERVER_USERID]);
		if (strlen(text) > SOCKS_USERID_MAX)
			return -EBADMSG;
		snprintf(server->userid, sizeof(server->userid), "%s", text);
	}
	if (at[SOCKS_A_SERVER_TIMEOUT])
		server->timeout = mnl_attr_get_u32(at[SOCKS_A_SERVER_TIMEOUT]);
	if (at[SOCKS_A_SERVER_ACCEPT_TIMEOUT])
		server->accept_timeout =
			mnl_attr_get_u32(at[SOCKS_A_SERVER_ACCEPT_TIMEOUT]);
	if (at[SOCKS_A_SERVER_RULES])
		server->rules = mnl_attr_get_u32(at[SOCKS_A_SERVER_RULES]);
	if (at[SOCKS_A_SERVER_RETRY])
		server->retry = mnl_attr_get_u32(at[SOCKS_A_SERVER_RETRY]);
	read_health(at, &server->health);
	return stats_read(at[SOCKS_A_SERVER_STATS], &server->stats);
}

/**
 * server_state_text() - The word for whether a server answers.
 * @server: The server.
 */
const char *server_state_text(const struct server *server)
{
	return server->health.failures ? "down" : "up";
}

/**
 * server_error_text() - Write why a server is down.
 * @server: The server.
 * @buffer: Where to write it.
 * @size: Bytes there.
 */
void server_error_text(const struct server *server, char *buffer, size_t size)
{
	uint32_t error = server->health.error;
	const char *name = error <= INT_MAX ? strerrorname_np(error) : NULL;

	if (name)
		snprintf(buffer, size, "%s", name);
	else
		snprintf(buffer, size, "%u", error);
}

/**
 * server_userid_text() - What may stand behind "userid" for this server.
 * @server: The server.
 *
 * Return: The text, for free(); NULL where there is no memory.
 */
char *server_userid_text(const struct server *server)
{
	char *word, *text;

	if (server->userid_mode == SOCKS_USERID_MODE_NONE)
		return strdup(USERID_NONE);
	if (server->userid_mode == SOCKS_USERID_MODE_UID)
		return strdup(USERID_UID);
	word = quote_word(server->userid);
	if (!word || (strcmp(word, USERID_NONE) && strcmp(word, USERID_UID) &&
		      strcmp(word, USERID_STRING)))
		return word;
	if (asprintf(&text, "%s %s", USERID_STRING, word) < 0)
		text = NULL;
	free(word);
	return text;
}
