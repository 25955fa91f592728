/* SPDX-License-Identifier: GPL-2.0-only */
/* Netlink messages to the module: many in one buffer, and their attributes. */
#ifndef SOCKSCTL_MESSAGE_H
#define SOCKSCTL_MESSAGE_H

#include <libmnl/libmnl.h>
#include <linux/socks.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct messages - Messages, one behind the other.
 * @data: The messages.
 * @used: Their length.
 * @size: The memory behind @data.
 * @line: For each the line of the file on which its command begins.
 * @count: How many.
 * @line_size: How many fit into @line.
 */
struct messages {
	char *data;
	size_t used;
	size_t size;
	unsigned int *line;
	size_t count;
	size_t line_size;
};

/* More than any set of attributes has. */
#define ATTRIBUTES_MAX	32

/**
 * struct attribute_types - What the attributes of a message are.
 * @max: The highest that is known; higher ones are passed over.
 * @type: What each is; MNL_TYPE_UNSPEC where it does not matter.
 */
struct attribute_types {
	unsigned int max;
	enum mnl_attr_data_type type[ATTRIBUTES_MAX];
};

/**
 * struct attributes - The attributes of a message or nest, NULL where absent.
 * @at: By number.
 */
struct attributes {
	const struct nlattr *at[ATTRIBUTES_MAX];
};

struct nlmsghdr *message_start(struct messages *messages,
			       uint8_t command, unsigned int line);
void message_end(struct messages *messages, const struct nlmsghdr *message);
void messages_clear(struct messages *messages);

int attributes_read(const struct nlmsghdr *message,
		    const struct attribute_types *types,
		    struct attributes *attributes);
int attribute_name(const struct nlattr *attribute, char *name);
int attributes_read_nest(const struct nlattr *nest,
			 const struct attribute_types *types,
			 struct attributes *attributes);

#endif
