// SPDX-License-Identifier: GPL-2.0-only
/* Limits: in a command, and in netlink messages. */
#include <errno.h>

#include "limit.h"
#include "values.h"

enum limit_word {
	LIMIT_RBIND,
	LIMIT_RBIND_PER_USER,
};

static const struct keyword limit_words[] = {
	{ "rbind", LIMIT_RBIND, false },
	{ "rbind-per-user", LIMIT_RBIND_PER_USER, false },
	{ NULL, 0, false },
};

/* The attribute for a limit; its word is the key in messages. */
static const uint16_t limit_attributes[] = {
	[LIMIT_RBIND] = SOCKS_A_LIMITS_RBINDS,
	[LIMIT_RBIND_PER_USER] = SOCKS_A_LIMITS_RBINDS_PER_USER,
};

/**
 * limit_parse() - Make a message of what follows "limit".
 * @words: The command's words.
 * @messages: Where to put the message.
 *
 * Return: STATUS_OK; another on an error, which has been reported.
 */
enum status limit_parse(struct words *words, struct messages *messages)
{
	struct place place = words_start(words);
	struct nlmsghdr *message;
	enum status status;
	unsigned int taken = 0;
	uint32_t number;

	message = message_start(messages, SOCKS_CMD_LIMITS, place.line);
	if (!message)
		return no_memory(&place);
	do {
		int id = keyword_take(words, limit_words, taken);

		if (id < 0)
			return STATUS_WRONG;
		taken |= 1u << id;
		status = take_number(words, limit_words[id].name, 0,
				     UINT32_MAX, &number);
		if (status)
			return status;
		mnl_attr_put_u32(message, limit_attributes[id], number);
	} while (words_left(words));
	message_end(messages, message);
	return STATUS_OK;
}

/**
 * limits_put() - Make a message which sets all limits.
 * @messages: Where to put the message.
 * @limits: The limits.
 *
 * Return: Was there memory?
 */
bool limits_put(struct messages *messages, const struct limits *limits)
{
	struct nlmsghdr *message;

	message = message_start(messages, SOCKS_CMD_LIMITS, 0);
	if (!message)
		return false;
	mnl_attr_put_u32(message, SOCKS_A_LIMITS_RBINDS, limits->rbinds);
	mnl_attr_put_u32(message, SOCKS_A_LIMITS_RBINDS_PER_USER,
			 limits->rbinds_per_user);
	message_end(messages, message);
	return true;
}

/**
 * limit_set() - Carry out "limit" with words behind it.
 * @session: The run.
 * @words: The words behind "limit".
 *
 * Return: What to exit with.
 */
enum status limit_set(struct session *session, struct words *words)
{
	struct place place = words_start(words);
	struct messages messages = { .data = NULL };
	enum status status;

	status = limit_parse(words, &messages);
	if (!status)
		status = session_talk(session, &place, &messages, NULL, NULL,
				      "setting the limits");
	messages_clear(&messages);
	return status;
}

/**
 * limits_read() - Read limits from a message.
 * @message: The message.
 * @limits: Where to put them.
 *
 * Return: 0 or -EBADMSG.
 */
int limits_read(const struct nlmsghdr *message, struct limits *limits)
{
	static const struct attribute_types types = {
		.max = SOCKS_A_LIMITS_MAX,
		.type = {
			[SOCKS_A_LIMITS_RBINDS] = MNL_TYPE_U32,
			[SOCKS_A_LIMITS_RBINDS_PER_USER] = MNL_TYPE_U32,
		},
	};
	struct attributes attributes = { .at = { NULL } };
	const struct nlattr *const *at = attributes.at;
	int error;

	error = attributes_read(message, &types, &attributes);
	if (error)
		return error;
	if (!at[SOCKS_A_LIMITS_RBINDS] || !at[SOCKS_A_LIMITS_RBINDS_PER_USER])
		return -EBADMSG;
	limits->rbinds = mnl_attr_get_u32(at[SOCKS_A_LIMITS_RBINDS]);
	limits->rbinds_per_user =
		mnl_attr_get_u32(at[SOCKS_A_LIMITS_RBINDS_PER_USER]);
	return 0;
}

/**
 * limits_default() - Are they those of a configuration which sets none?
 * @limits: The limits.
 */
bool limits_default(const struct limits *limits)
{
	return limits->rbinds == SOCKS_RBINDS_DEFAULT &&
	       limits->rbinds_per_user == SOCKS_RBINDS_PER_USER_DEFAULT;
}
