/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages to the module, and what it answers. */
#ifndef _HOSTILE_NETLINK_H
#define _HOSTILE_NETLINK_H

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/socks.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGE_MAX	8192
#define BATCH_MAX	6

/* A message which may be anything; as long as its header says. */
struct message {
	union {
		struct nlmsghdr	header;
		uint8_t		bytes[MESSAGE_MAX];
	};
	/* The headers were tampered with, not the attributes alone. */
	bool		odd_header;
};

/* The answers to one message. */
struct answer {
	bool		answered;
	int		error;
	bool		explained;
	/* The explanation is the module's own. */
	bool		ours;
	char		text[160];
	/* The last message which is no acknowledgment; 0 bytes where none. */
	union {
		struct nlmsghdr	data;
		uint8_t		bytes[MESSAGE_MAX];
	};
};

/* The attribute behind another one, or the first; NULL behind the last. */
const struct nlattr *attribute_next(const struct nlmsghdr *header,
				    const struct nlattr *attribute);

/* The attributes of a message by their numbers; NULL where absent. */
#define ATTRIBUTES_MAX	16

struct attributes {
	const struct nlattr *at[ATTRIBUTES_MAX];
};

void attributes_read(struct attributes *attributes,
		     const struct nlmsghdr *header);
uint32_t attribute_u32(const struct nlattr *attribute, uint32_t otherwise);
uint16_t attribute_u16(const struct nlattr *attribute, uint16_t otherwise);
uint8_t attribute_u8(const struct nlattr *attribute, uint8_t otherwise);
/* The string, or "". */
const char *attribute_string(const struct nlattr *attribute);

static inline struct genlmsghdr *message_genl(struct nlmsghdr *header)
{
	return NLMSG_DATA(header);
}

static inline int message_command(const struct nlmsghdr *header)
{
	if (header->nlmsg_len < NLMSG_HDRLEN + GENL_HDRLEN)
		return 0;
	return ((const struct genlmsghdr *)NLMSG_DATA(header))->cmd;
}

/* Does the kernel give this message to the module at all? */
bool message_processed(const struct message *message);

void message_begin(struct message *message, int command);
void message_put(struct message *message, int type, const void *data,
		 size_t size);

extern uint16_t netlink_family;

int netlink_open(void);
void netlink_find_family(void);
void netlink_talk(int fd, struct message *messages, unsigned int count,
		  struct answer *answers);
int netlink_start_dump(int fd, int command);
int netlink_go_on(int fd, uint8_t *bytes, size_t size);

#endif /* _HOSTILE_NETLINK_H */
