// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "draw.h"

static void put_u32(struct message *message, int type, uint32_t value)
{
	message_put(message, type, &value, sizeof(value));
}

static void put_u16(struct message *message, int type, uint16_t value)
{
	message_put(message, type, &value, sizeof(value));
}

static void put_u8(struct message *message, int type, uint8_t value)
{
	message_put(message, type, &value, sizeof(value));
}

static void put_string(struct message *message, int type, const char *text)
{
	message_put(message, type, text, strlen(text) + 1);
}

/* Few names, so that they meet. */
static void put_name(struct random *random, struct message *message, int type)
{
	static const char *const odd[] = {
		"", "-x", "a b", "\xff", "x/y",
		"0123456789012345678901234567890123456789012345678901234567890.2",
		"0123456789012345678901234567890123456789012345678901234567890123456789",
	};
	char name[16];

	if (random_once_in(random, 16)) {
		put_string(message, type,
			   odd[random_below(random, sizeof(odd) /
						    sizeof(*odd))]);
		return;
	}
	snprintf(name, sizeof(name), "s%u", random_below(random, 24));
	/* Now and then without the NUL at its end. */
	message_put(message, type, name,
		    strlen(name) + !random_once_in(random, 30));
}

static uint32_t draw_address(struct random *random)
{
	static const uint32_t some[] = {
		0x7f000001, 0x7f000000, 0, 1, 0xff, 0xe0000001, 0xffffffff,
		0x0a000000, 0xc0a80000,
	};

	if (random_once_in(random, 3))
		return some[random_below(random, sizeof(some) / sizeof(*some))];
	return random_u64(random) & 0x0f0f0f0f;
}

static void draw_server(struct random *random, struct message *message)
{
	static const char text[] =
		"0123456789012345678901234567890123456789012345678901234567890123";
	char userid[300];
	uint32_t mode = random_below(random, 3);
	size_t size;

	put_name(random, message, SOCKS_A_SERVER_NAME);
	put_u32(message, SOCKS_A_SERVER_ADDRESS, htonl(draw_address(random)));
	put_u16(message, SOCKS_A_SERVER_PORT,
		htons(random_below(random, 40)));
	if (random_below(random, 2))
		put_u32(message, SOCKS_A_SERVER_USERID_MODE,
			random_once_in(random, 20) ? 3 : mode);
	if (mode == 1 || random_once_in(random, 20)) {
		size = random_once_in(random, 10) ?
		       250 + random_below(random, 10) :
		       random_below(random, 64);
		for (; size > sizeof(text) - 1; size -= sizeof(text) - 1)
			memcpy(userid + size - sizeof(text) + 1, text,
			       sizeof(text) - 1);
		memcpy(userid, text, size);
		userid[size] = 0;
		put_string(message, SOCKS_A_SERVER_USERID, userid);
	}
	if (random_below(random, 2))
		put_u32(message, SOCKS_A_SERVER_TIMEOUT,
			random_below(random, 3700));
}

static void put_range(struct random *random, struct message *message, int low,
		      int high, bool ports)
{
	uint32_t values[2], i;

	if (random_below(random, 2))
		return;
	for (i = 0; i < 2; i++)
		values[i] = random_once_in(random, 30) ? UINT32_MAX :
			    random_below(random, 1100);
	if (values[0] > values[1] && random_below(random, 20)) {
		values[0] ^= values[1];
		values[1] ^= values[0];
		values[0] ^= values[1];
	}
	for (i = 0; i < 2; i++) {
		if (random_once_in(random, 4))
			continue;
		if (ports)
			put_u16(message, i ? high : low, values[i]);
		else
			put_u32(message, i ? high : low, values[i]);
	}
}

static void put_cgroup(struct random *random, struct message *message, int type)
{
	static const char *const paths[] = {
		"/", CGROUP_A, CGROUP_B, "/nothing", "", "..", "hostile",
		"/hostile/", "//hostile",
	};
	char long_path[2100];

	if (random_once_in(random, 20)) {
		memset(long_path, 'x', sizeof(long_path));
		long_path[0] = '/';
		long_path[2040 + random_below(random, 20)] = 0;
		put_string(message, type, long_path);
		return;
	}
	put_string(message, type,
		   paths[random_below(random, sizeof(paths) / sizeof(*paths))]);
}

/* One most often, and at times more than a rule may have. */
static void put_servers(struct random *random, struct message *message)
{
	unsigned int n = 1;
	bool several;

	if (random_once_in(random, 5))
		n = random_once_in(random, 12) ? random_below(random, 12) :
						 2 + random_below(random, 2);
	several = n > 1;
	for (; n; n--)
		put_name(random, message, SOCKS_A_RULE_SERVER);
	if (random_once_in(random, several ? 2 : 60))
		message_put(message, SOCKS_A_RULE_BALANCE, NULL, 0);
}

static void draw_rule(struct random *random, struct message *message)
{
	uint32_t action = random_below(random, 3);
	unsigned int length;
	uint32_t address;

	if (random_below(random, 2))
		put_u32(message, SOCKS_A_RULE_INDEX, random_below(random, 40));
	if (random_below(random, 4)) {
		length = random_below(random, 33);
		address = draw_address(random);
		if (random_below(random, 20))
			address &= length ? ~0U << (32 - length) : 0;
		else
			length = random_below(random, 40);
		put_u32(message, SOCKS_A_RULE_ADDRESS, htonl(address));
		if (random_below(random, 30))
			put_u8(message, SOCKS_A_RULE_PREFIX_LEN, length);
	}
	put_range(random, message, SOCKS_A_RULE_PORT_MIN,
		  SOCKS_A_RULE_PORT_MAX, true);
	put_range(random, message, SOCKS_A_RULE_UID_MIN, SOCKS_A_RULE_UID_MAX,
		  false);
	put_range(random, message, SOCKS_A_RULE_GID_MIN, SOCKS_A_RULE_GID_MAX,
		  false);
	if (random_once_in(random, 6))
		put_cgroup(random, message, SOCKS_A_RULE_CGROUP);
	if (random_below(random, 30))
		put_u32(message, SOCKS_A_RULE_ACTION,
			random_once_in(random, 30) ? 3 : action);
	if (action == SOCKS_ACTION_VIA || random_once_in(random, 30))
		put_servers(random, message);
	if (action == SOCKS_ACTION_VIA && random_once_in(random, 4))
		message_put(message, SOCKS_A_RULE_RBIND_AUTO, NULL, 0);
}

static void draw_lookup(struct random *random, struct message *message)
{
	put_u32(message, SOCKS_A_LOOKUP_ADDRESS, htonl(draw_address(random)));
	put_u16(message, SOCKS_A_LOOKUP_PORT, htons(random_below(random, 40)));
	if (random_below(random, 2))
		put_u32(message, SOCKS_A_LOOKUP_UID,
			random_below(random, 1100));
	if (random_below(random, 2))
		put_u32(message, SOCKS_A_LOOKUP_GID,
			random_below(random, 1100));
	if (random_once_in(random, 6))
		put_cgroup(random, message, SOCKS_A_LOOKUP_CGROUP);
}

/* Nobody has these cookies, and some are no cookies at all. */
static void draw_abort(struct random *random, struct message *message)
{
	uint64_t cookies[64];
	size_t n = random_below(random, 64), i;

	for (i = 0; i < n; i++)
		cookies[i] = random_below(random, 2) ? random_below(random, 99) :
						       random_u64(random);
	message_put(message, SOCKS_A_CONNECTION_COOKIES, cookies,
		    n * sizeof(*cookies) + random_once_in(random, 20));
}

void draw_step(struct message *message, uint32_t step, bool flush)
{
	message_begin(message, SOCKS_CMD_TRANSACTION);
	put_u32(message, SOCKS_A_TRANSACTION_STEP, step);
	if (flush)
		message_put(message, SOCKS_A_TRANSACTION_FLUSH, NULL, 0);
}

/* Attributes: at random, of any number, with any bytes. */
static void put_garbage(struct random *random, struct message *message)
{
	uint8_t bytes[600];
	size_t size = random_once_in(random, 10) ? random_below(random, 600) :
						   random_below(random, 12), i;
	int type = random_below(random, 16);

	for (i = 0; i < size; i++)
		bytes[i] = random_u64(random);
	if (random_once_in(random, 8))
		type |= NLA_F_NESTED;
	if (random_once_in(random, 8))
		type |= NLA_F_NET_BYTEORDER;
	message_put(message, type, bytes, size);
}

/* The n-th attribute of a message, or NULL. */
static struct nlattr *find_attribute(struct message *message, unsigned int n)
{
	size_t at = NLMSG_HDRLEN + GENL_HDRLEN;

	while (at + NLA_HDRLEN <= message->header.nlmsg_len) {
		struct nlattr *attribute = (void *)(message->bytes + at);

		if (attribute->nla_len < NLA_HDRLEN)
			return NULL;
		if (!n--)
			return attribute;
		at += NLA_ALIGN(attribute->nla_len);
	}
	return NULL;
}

static void wrap(struct message *message)
{
	size_t size = message->header.nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN;
	uint8_t *at = message->bytes + NLMSG_HDRLEN + GENL_HDRLEN;
	struct nlattr nest = { NLA_HDRLEN + size, 1 | NLA_F_NESTED };

	if (size > MESSAGE_MAX / 2)
		return;
	memmove(at + NLA_HDRLEN, at, size);
	memcpy(at, &nest, sizeof(nest));
	message->header.nlmsg_len += NLA_HDRLEN;
}

static void mutate_header(struct random *random, struct message *message)
{
	struct genlmsghdr *genl = message_genl(&message->header);

	message->odd_header = true;
	switch (random_below(random, 8)) {
	case 0:
		message->header.nlmsg_flags ^= 1 << random_below(random, 16);
		break;
	case 1:
		message->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
		break;
	case 2:
		message->header.nlmsg_flags = NLM_F_REQUEST;
		break;
	case 3:
		genl->cmd = random_once_in(random, 2) ? random_u64(random) :
			    random_below(random, 14);
		break;
	case 4:
		genl->version = random_u64(random);
		break;
	case 5:
		genl->reserved = random_u64(random);
		break;
	case 6:
		message->header.nlmsg_len =
			random_below(random, message->header.nlmsg_len + 1);
		break;
	default:
		message->header.nlmsg_pid = random_u64(random);
	}
}

static void mutate_attributes(struct random *random, struct message *message)
{
	size_t head = NLMSG_HDRLEN + GENL_HDRLEN;
	size_t size = message->header.nlmsg_len - head;
	struct nlattr *attribute = find_attribute(message,
						  random_below(random, 8));

	switch (random_below(random, 9)) {
	case 0:
		if (size)
			message->bytes[head + random_below(random, size)] ^=
				1 << random_below(random, 8);
		break;
	case 1:
		if (size)
			message->bytes[head + random_below(random, size)] =
				random_u64(random);
		break;
	case 2:
		if (attribute)
			attribute->nla_len += random_below(random, 9) - 4;
		break;
	case 3:
		if (attribute)
			attribute->nla_type = random_below(random, 2) ?
				random_below(random, 16) : random_u64(random);
		break;
	case 4:
		if (attribute)
			attribute->nla_type ^= random_below(random, 2) ?
				NLA_F_NESTED : NLA_F_NET_BYTEORDER;
		break;
	case 5:
		message->header.nlmsg_len -= random_below(random, size + 1);
		break;
	case 6: /* once more; the last one counts */
		if (attribute && attribute->nla_len >= NLA_HDRLEN &&
		    attribute->nla_len < 600) {
			struct { struct nlattr head; uint8_t bytes[600]; } copy;

			memcpy(&copy, attribute, attribute->nla_len);
			message_put(message, copy.head.nla_type, copy.bytes,
				    attribute->nla_len - NLA_HDRLEN);
		}
		break;
	case 7:
		wrap(message);
		break;
	default:
		put_garbage(random, message);
	}
}

/**
 * draw_message() - draw a message
 * @random: from what
 * @message: the message
 * @mutate: it need not be well-formed
 */
void draw_message(struct random *random, struct message *message, bool mutate)
{
	static const uint8_t commands[] = {
		SOCKS_CMD_SERVER_ADD, SOCKS_CMD_SERVER_ADD,
		SOCKS_CMD_SERVER_DEL, SOCKS_CMD_SERVER_GET,
		SOCKS_CMD_RULE_ADD, SOCKS_CMD_RULE_ADD, SOCKS_CMD_RULE_ADD,
		SOCKS_CMD_RULE_ADD, SOCKS_CMD_RULE_ADD, SOCKS_CMD_RULE_ADD,
		SOCKS_CMD_RULE_DEL, SOCKS_CMD_RULE_DEL,
		SOCKS_CMD_RULE_GET, SOCKS_CMD_LOOKUP, SOCKS_CMD_TRANSACTION,
		SOCKS_CMD_CONNECTION_ABORT,
	};
	int command = commands[random_below(random, sizeof(commands))];
	unsigned int n;

	message_begin(message, command);
	switch (command) {
	case SOCKS_CMD_SERVER_ADD:
		draw_server(random, message);
		break;
	case SOCKS_CMD_SERVER_DEL:
	case SOCKS_CMD_SERVER_GET:
		put_name(random, message, SOCKS_A_SERVER_NAME);
		break;
	case SOCKS_CMD_RULE_ADD:
		draw_rule(random, message);
		break;
	case SOCKS_CMD_RULE_DEL:
	case SOCKS_CMD_RULE_GET:
		put_u32(message, SOCKS_A_RULE_INDEX, random_below(random, 60));
		break;
	case SOCKS_CMD_LOOKUP:
		draw_lookup(random, message);
		break;
	case SOCKS_CMD_CONNECTION_ABORT:
		draw_abort(random, message);
		break;
	default:
		draw_step(message, random_below(random, 3),
			  random_once_in(random, 12));
	}
	if (!mutate)
		return;
	for (n = random_below(random, 3); n; n--)
		if (message->header.nlmsg_len >= NLMSG_HDRLEN + GENL_HDRLEN)
			mutate_attributes(random, message);
	if (random_once_in(random, 4))
		mutate_header(random, message);
}
