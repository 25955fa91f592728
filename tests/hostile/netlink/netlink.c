// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "netlink.h"

#ifndef NETLINK_EXT_ACK
#define NETLINK_EXT_ACK 11
#endif

uint16_t netlink_family;
static uint32_t sequence;

const struct nlattr *attribute_next(const struct nlmsghdr *header,
				    const struct nlattr *attribute)
{
	size_t at = NLMSG_HDRLEN + GENL_HDRLEN;

	if (attribute)
		at = (const char *)attribute - (const char *)header +
		     NLA_ALIGN(attribute->nla_len);
	if (at + NLA_HDRLEN > header->nlmsg_len)
		return NULL;
	attribute = (const void *)((const char *)header + at);
	return attribute->nla_len >= NLA_HDRLEN &&
	       at + attribute->nla_len <= header->nlmsg_len ? attribute : NULL;
}

void attributes_read(struct attributes *attributes,
		     const struct nlmsghdr *header)
{
	const struct nlattr *attribute = NULL;
	unsigned int type;

	memset(attributes, 0, sizeof(*attributes));
	while ((attribute = attribute_next(header, attribute))) {
		type = attribute->nla_type & NLA_TYPE_MASK;
		if (type < ATTRIBUTES_MAX)
			attributes->at[type] = attribute;
	}
}

static const void *attribute_data(const struct nlattr *attribute, size_t size)
{
	if (!attribute || attribute->nla_len < NLA_HDRLEN + size)
		return NULL;
	return (const char *)attribute + NLA_HDRLEN;
}

uint32_t attribute_u32(const struct nlattr *attribute, uint32_t otherwise)
{
	const void *data = attribute_data(attribute, sizeof(otherwise));

	if (data)
		memcpy(&otherwise, data, sizeof(otherwise));
	return otherwise;
}

uint16_t attribute_u16(const struct nlattr *attribute, uint16_t otherwise)
{
	const void *data = attribute_data(attribute, sizeof(otherwise));

	if (data)
		memcpy(&otherwise, data, sizeof(otherwise));
	return otherwise;
}

uint8_t attribute_u8(const struct nlattr *attribute, uint8_t otherwise)
{
	const uint8_t *data = attribute_data(attribute, sizeof(otherwise));

	return data ? *data : otherwise;
}

const char *attribute_string(const struct nlattr *attribute)
{
	const char *data = attribute_data(attribute, 1);

	if (!data || !memchr(data, 0, attribute->nla_len - NLA_HDRLEN))
		return "";
	return data;
}

bool message_processed(const struct message *message)
{
	return message->header.nlmsg_type == netlink_family &&
	       message->header.nlmsg_flags & NLM_F_REQUEST &&
	       message->header.nlmsg_len >= NLMSG_HDRLEN + GENL_HDRLEN;
}

void message_begin(struct message *message, int command)
{
	struct genlmsghdr *genl = message_genl(&message->header);

	memset(message, 0, NLMSG_HDRLEN + GENL_HDRLEN);
	message->odd_header = false;
	message->header.nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN;
	message->header.nlmsg_type = netlink_family;
	message->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	genl->cmd = command;
	genl->version = SOCKS_FAMILY_VERSION;
}

void message_put(struct message *message, int type, const void *data,
		 size_t size)
{
	struct nlattr *attribute =
		(void *)(message->bytes + message->header.nlmsg_len);

	if (message->header.nlmsg_len + NLA_HDRLEN + NLA_ALIGN(size) >
	    MESSAGE_MAX)
		return;
	attribute->nla_type = type;
	attribute->nla_len = NLA_HDRLEN + size;
	memset(attribute + 1, 0, NLA_ALIGN(size));
	if (size)
		memcpy(attribute + 1, data, size);
	message->header.nlmsg_len += NLA_HDRLEN + NLA_ALIGN(size);
}

/* A socket which also says why it refuses something. */
int netlink_open(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	int on = 1;

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on))) {
		perror("netlink socket");
		exit(2);
	}
	return fd;
}

static void take_error(struct answer *answer, const struct nlmsghdr *header)
{
	const struct nlmsgerr *error = NLMSG_DATA(header);
	size_t at = NLMSG_HDRLEN + sizeof(*error);

	answer->answered = true;
	answer->error = -error->error;
	if (!(header->nlmsg_flags & NLM_F_CAPPED) && error->error)
		at += NLMSG_ALIGN(error->msg.nlmsg_len) - NLMSG_HDRLEN;
	if (!(header->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	while (at + NLA_HDRLEN <= header->nlmsg_len) {
		const struct nlattr *attribute =
			(const void *)((const char *)header + at);

		if (attribute->nla_len < NLA_HDRLEN ||
		    at + attribute->nla_len > header->nlmsg_len)
			break;
		if ((attribute->nla_type & NLA_TYPE_MASK) == NLMSGERR_ATTR_MSG) {
			const char *text = attribute_string(attribute);

			answer->explained = *text;
			answer->ours = !strncmp(text, "socks: ", 7);
			snprintf(answer->text, sizeof(answer->text), "%s", text);
		}
		at += NLA_ALIGN(attribute->nla_len);
	}
}

static void take(const struct nlmsghdr *header, struct message *messages,
		 unsigned int count, struct answer *answers)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (messages[i].header.nlmsg_seq == header->nlmsg_seq)
			break;
	if (i == count)
		return;
	if (header->nlmsg_type == NLMSG_ERROR) {
		take_error(&answers[i], header);
	} else if (header->nlmsg_type == NLMSG_DONE) {
		answers[i].answered = true;
		answers[i].error = -*(const int *)NLMSG_DATA(header);
	} else if (header->nlmsg_len <= MESSAGE_MAX) {
		memcpy(&answers[i].data, header, header->nlmsg_len);
	}
}

/*
 * Send messages at once and collect the answers. All are there when sendmsg()
 * returns, but for those of dumps, which come as they are read.
 */
void netlink_talk(int fd, struct message *messages, unsigned int count,
		  struct answer *answers)
{
	static uint8_t bytes[1 << 17];
	struct iovec parts[BATCH_MAX];
	struct msghdr all = { .msg_iov = parts, .msg_iovlen = count };
	unsigned int i;
	ssize_t n;

	for (i = 0; i < count; i++) {
		size_t size = messages[i].header.nlmsg_len;

		messages[i].header.nlmsg_seq = ++sequence;
		/* A header may say more than there is, and more than we have. */
		if (size > MESSAGE_MAX)
			size = NLMSG_HDRLEN + GENL_HDRLEN;
		parts[i] = (struct iovec){ messages[i].bytes,
					   NLMSG_ALIGN(size) };
		answers[i].answered = false;
		answers[i].error = 0;
		answers[i].explained = false;
		answers[i].ours = false;
		answers[i].text[0] = 0;
		answers[i].data.nlmsg_len = 0;
	}
	if (sendmsg(fd, &all, 0) < 0)
		return;
	for (;;) {
		const struct nlmsghdr *header = (const void *)bytes;

		n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n < 0 && (errno == EINTR || errno == ENOBUFS))
			continue;
		if (n <= 0)
			return;
		for (; NLMSG_OK(header, n); header = NLMSG_NEXT(header, n))
			take(header, messages, count, answers);
	}
}

/* Ask for a dump, and read none of it. Returns its sequence number. */
int netlink_start_dump(int fd, int command)
{
	struct message message;

	message_begin(&message, command);
	message.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	message.header.nlmsg_seq = ++sequence;
	if (send(fd, &message, message.header.nlmsg_len, 0) < 0)
		return -errno;
	return 0;
}

/* Read a part of a dump; its size, or a negative errno. */
int netlink_go_on(int fd, uint8_t *bytes, size_t size)
{
	ssize_t n;

	do {
		n = recv(fd, bytes, size, MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

void netlink_find_family(void)
{
	struct answer *answer = calloc(1, sizeof(*answer));
	struct attributes attributes;
	struct message message;
	int fd = netlink_open();

	message_begin(&message, CTRL_CMD_GETFAMILY);
	message.header.nlmsg_type = GENL_ID_CTRL;
	message_put(&message, CTRL_ATTR_FAMILY_NAME, SOCKS_FAMILY_NAME,
		    sizeof(SOCKS_FAMILY_NAME));
	netlink_talk(fd, &message, 1, answer);
	attributes_read(&attributes, &answer->data);
	netlink_family = attribute_u16(attributes.at[CTRL_ATTR_FAMILY_ID], 0);
	if (!netlink_family) {
		fprintf(stderr, "netlink: there is no family socks\n");
		exit(2);
	}
	close(fd);
	free(answer);
}
