// SPDX-License-Identifier: GPL-2.0-only
/* SOCKS servers: in a command, and in netlink messages. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quote.h"
#include "server.h"
#include "values.h"

enum server_word {
	SERVER_USERID,
	SERVER_TIMEOUT,
};

static const struct keyword server_words[] = {
	{ "userid", SERVER_USERID, false },
	{ "timeout", SERVER_TIMEOUT, false },
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
		default:
			return STATUS_WRONG;
		}
		taken |= 1u << id;
	}
	return status;
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
	struct nlmsghdr *message;
	enum status status;
	struct server server;

	status = take_server(words, &server);
	if (status)
		return status;
	message = message_start(messages, SOCKS_CMD_SERVER_ADD, place.line);
	if (!message)
		return no_memory(&place);
	mnl_attr_put_strz(message, SOCKS_A_SERVER_NAME, server.name);
	mnl_attr_put_u32(message, SOCKS_A_SERVER_ADDRESS,
			 server.address.s_addr);
	mnl_attr_put_u16(message, SOCKS_A_SERVER_PORT, htons(server.port));
	mnl_attr_put_u32(message, SOCKS_A_SERVER_USERID_MODE,
			 server.userid_mode);
	if (server.userid_mode == SOCKS_USERID_MODE_FIXED)
		mnl_attr_put_strz(message, SOCKS_A_SERVER_USERID,
				  server.userid);
	if (server.timeout)
		mnl_attr_put_u32(message, SOCKS_A_SERVER_TIMEOUT,
				 server.timeout);
	message_end(messages, message);
	return STATUS_OK;
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
	struct nlmsghdr *message;
	enum status status;
	const char *name;

	status = take_name(words, "server del", &name);
	if (!status)
		status = words_end(words);
	if (status)
		return status;
	message = message_start(&messages, SOCKS_CMD_SERVER_DEL, place.line);
	if (!message) {
		status = no_memory(&place);
	} else {
		mnl_attr_put_strz(message, SOCKS_A_SERVER_NAME, name);
		message_end(&messages, message);
		status = session_talk(session, &place, &messages, NULL, NULL,
				      "removing the server %s", quoted(name));
	}
	messages_clear(&messages);
	return status;
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
			[SOCKS_A_SERVER_STATS] = MNL_TYPE_NESTED,
			[SOCKS_A_SERVER_RULES] = MNL_TYPE_U32,
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
	*server = (struct server){ .userid_mode = SOCKS_USERID_MODE_NONE };

	text = mnl_attr_get_str(at[SOCKS_A_SERVER_NAME]);
	if (strlen(text) > SOCKS_NAME_MAX)
		return -EBADMSG;
	snprintf(server->name, sizeof(server->name), "%s", text);
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
	if (at[SOCKS_A_SERVER_RULES])
		server->rules = mnl_attr_get_u32(at[SOCKS_A_SERVER_RULES]);
	return stats_read(at[SOCKS_A_SERVER_STATS], &server->stats);
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
