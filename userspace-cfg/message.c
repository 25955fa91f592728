// SPDX-License-Identifier: GPL-2.0-only
/* Netlink messages to the module: many in one buffer, and their attributes. */
#include <errno.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "message.h"

/* More than the largest message takes: a rule with the longest cgroup. */
#define MESSAGE_MAX	8192

/**
 * message_start() - Begin a message behind those that are there.
 * @messages: The messages.
 * @command: One of SOCKS_CMD_*.
 * @line: The line of the file on which the command stands; 0 without one.
 *
 * Its type and sequence number are filled in when it is sent.
 *
 * Return: The message, to put attributes into, valid until message_end();
 * NULL where there is no memory.
 */
struct nlmsghdr *message_start(struct messages *messages, uint8_t command,
			       unsigned int line)
{
	struct nlmsghdr *message;
	struct genlmsghdr *header;
	unsigned int *lines;

	if (messages->size - messages->used < MESSAGE_MAX) {
		size_t size = 2 * messages->size + MESSAGE_MAX;
		char *data = realloc(messages->data, size);

		if (!data)
			return NULL;
		messages->data = data;
		messages->size = size;
	}
	lines = array_room(messages->line, messages->count,
			   &messages->line_size, sizeof(*lines));
	if (!lines)
		return NULL;
	messages->line = lines;
	lines[messages->count] = line;

	message = mnl_nlmsg_put_header(messages->data + messages->used);
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->cmd = command;
	header->version = SOCKS_FAMILY_VERSION;
	return message;
}

/**
 * message_end() - The message from message_start() is complete.
 * @messages: The messages.
 * @message: The message.
 */
void message_end(struct messages *messages, const struct nlmsghdr *message)
{
	messages->used += NLMSG_ALIGN(message->nlmsg_len);
	messages->count++;
}

/**
 * messages_clear() - Free the memory of messages.
 * @messages: The messages.
 */
void messages_clear(struct messages *messages)
{
	free(messages->data);
	free(messages->line);
	*messages = (struct messages){ .data = NULL };
}

/**
 * struct reading - Attributes being read.
 * @types: What they are.
 * @to: Where to put them.
 */
struct reading {
	const struct attribute_types *types;
	struct attributes *to;
};

static int read_attribute(const struct nlattr *attribute, void *data)
{
	const struct reading *reading = data;
	unsigned int number = mnl_attr_get_type(attribute);
	enum mnl_attr_data_type type;

	if (number > reading->types->max)
		return MNL_CB_OK;
	type = reading->types->type[number];
	if (type != MNL_TYPE_UNSPEC && mnl_attr_validate(attribute, type) < 0)
		return MNL_CB_ERROR;
	reading->to->at[number] = attribute;
	return MNL_CB_OK;
}

/**
 * attributes_read() - Find the attributes of a message.
 * @message: The message.
 * @types: What they are.
 * @attributes: Where to put them; all NULL before.
 *
 * Return: 0, or -EBADMSG where one is not of its type.
 */
int attributes_read(const struct nlmsghdr *message,
		    const struct attribute_types *types,
		    struct attributes *attributes)
{
	struct reading reading = { types, attributes };

	if (mnl_attr_parse(message, sizeof(struct genlmsghdr), read_attribute,
			   &reading) == MNL_CB_ERROR)
		return -EBADMSG;
	return 0;
}

/**
 * attributes_read_nest() - Find the attributes within an attribute.
 * @nest: The attribute.
 * @types: What they are.
 * @attributes: Where to put them; all NULL before.
 *
 * Return: 0, or -EBADMSG where one is not of its type.
 */
int attributes_read_nest(const struct nlattr *nest,
			 const struct attribute_types *types,
			 struct attributes *attributes)
{
	struct reading reading = { types, attributes };

	if (mnl_attr_parse_nested(nest, read_attribute, &reading) ==
	    MNL_CB_ERROR)
		return -EBADMSG;
	return 0;
}

/**
 * attribute_name() - Read the name of a server.
 * @attribute: The attribute, a string.
 * @name: SOCKS_NAME_MAX + 1 bytes for the name.
 *
 * Return: 0, or -EBADMSG where it is longer than a name can be.
 */
int attribute_name(const struct nlattr *attribute, char *name)
{
	const char *text = mnl_attr_get_str(attribute);

	if (strlen(text) > SOCKS_NAME_MAX)
		return -EBADMSG;
	snprintf(name, SOCKS_NAME_MAX + 1, "%s", text);
	return 0;
}
