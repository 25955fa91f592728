// SPDX-License-Identifier: GPL-2.0-only
/* The socket on which socksctl talks to the module. */
#include <errno.h>
#include <linux/genetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink.h"
#include "netns.h"

/* How much goes to the kernel in one sendmsg(). */
#define BATCH_BYTES	(128 * 1024)
/* What an acknowledgment at most takes of the receive buffer. */
#define ACK_COST	2048
#define RECEIVE_BUFFER	(2 * 1024 * 1024)
/* The kernel makes no larger datagrams, unless one message is larger. */
#define DATAGRAM_MAX	(64 * 1024)
/* The module's multicast group. */
#define EVENTS_GROUP	"events"
/* How often a dump is repeated where its data changed meanwhile. */
#define DUMP_TRIES	100

/**
 * struct netlink - A netlink socket to the module.
 * @socket: The socket.
 * @family: The module's family.
 * @group: Its multicast group, on which it tells of events; 0 where it has none.
 * @sequence: The number of the message sent last.
 * @acks: So many acknowledgments fit into the receive buffer.
 * @text: The kernel's own error message, or empty.
 * @datagram: What was received last.
 */
struct netlink {
	struct mnl_socket *socket;
	uint16_t family;
	uint32_t group;
	uint32_t sequence;
	size_t acks;
	char text[512];
	struct nlmsghdr datagram[DATAGRAM_MAX / sizeof(struct nlmsghdr)];
};

/**
 * struct exchange - Some messages sent, and the answers to them.
 * @first: The number of the first message.
 * @count: How many messages.
 * @open: How many of them are not answered completely.
 * @interrupted: The data changed while it was dumped.
 * @error: The first error, negative, or 0.
 * @failed: Which message @error is about, from 0.
 * @take: What to call for the messages of an answer, or NULL.
 * @data: What to call it with.
 */
struct exchange {
	uint32_t first;
	size_t count;
	size_t open;
	bool interrupted;
	int error;
	size_t failed;
	netlink_take take;
	void *data;
};

static int read_extended(const struct nlattr *attribute, void *data)
{
	if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_MSG &&
	    mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
		*(const char **)data = mnl_attr_get_str(attribute);
	return MNL_CB_OK;
}

/* The kernel's message behind the first length bytes, or NULL. */
static const char *extended_message(const struct nlmsghdr *message,
				    size_t length)
{
	size_t offset = NLMSG_ALIGN(length);
	const char *text = NULL;

	if (message->nlmsg_flags & NLM_F_ACK_TLVS &&
	    mnl_nlmsg_get_payload_len(message) >= offset)
		mnl_attr_parse(message, offset, read_extended, &text);
	return text;
}

static void set_error(struct netlink *netlink, struct exchange *exchange,
		      int error, uint32_t sequence, const char *text)
{
	if (exchange->error)
		return;
	exchange->error = error;
	exchange->failed = sequence - exchange->first;
	snprintf(netlink->text, sizeof(netlink->text), "%s", text ? text : "");
}

static int take_acknowledgment(struct netlink *netlink,
			       struct exchange *exchange,
			       const struct nlmsghdr *message)
{
	const struct nlmsgerr *answer = mnl_nlmsg_get_payload(message);
	size_t length = sizeof(*answer);
	const char *text;

	if (mnl_nlmsg_get_payload_len(message) < length)
		return -EBADMSG;
	if (!(message->nlmsg_flags & NLM_F_CAPPED) &&
	    answer->msg.nlmsg_len > NLMSG_HDRLEN)
		length += answer->msg.nlmsg_len - NLMSG_HDRLEN;
	text = extended_message(message, length);
	if (answer->error)
		set_error(netlink, exchange, answer->error,
			  message->nlmsg_seq, text);
	else if (text)
		report(NULL, "warning: %s", text);
	exchange->open--;
	return 0;
}

static int take_done(struct netlink *netlink, struct exchange *exchange,
		     const struct nlmsghdr *message)
{
	const int *error = mnl_nlmsg_get_payload(message);

	if (mnl_nlmsg_get_payload_len(message) >= sizeof(*error) &&
	    *error < 0)
		set_error(netlink, exchange, *error, message->nlmsg_seq,
			  extended_message(message, sizeof(*error)));
	exchange->open--;
	return 0;
}

static int take_message(struct netlink *netlink, struct exchange *exchange,
			const struct nlmsghdr *message)
{
	int error;

	if (message->nlmsg_seq - exchange->first >= exchange->count)
		return 0;
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		exchange->interrupted = true;
	switch (message->nlmsg_type) {
	case NLMSG_NOOP:
		return 0;
	case NLMSG_ERROR:
		return take_acknowledgment(netlink, exchange, message);
	case NLMSG_DONE:
		return take_done(netlink, exchange, message);
	case NLMSG_OVERRUN:
		return -ENOBUFS;
	}
	if (!exchange->take || exchange->error)
		return 0;
	error = exchange->take(message, exchange->data);
	if (error)
		set_error(netlink, exchange, error, message->nlmsg_seq, NULL);
	return 0;
}

/*
 * Is there a whole message? mnl_nlmsg_ok() takes lengths beyond INT_MAX for
 * negative ones, and accepts them.
 */
static bool whole_message(const struct nlmsghdr *message, int length)
{
	return mnl_nlmsg_ok(message, length) &&
	       message->nlmsg_len <= (uint32_t)length;
}

/* Read answers until all messages are answered. */
static int receive(struct netlink *netlink, struct exchange *exchange)
{
	while (exchange->open) {
		const struct nlmsghdr *message;
		int error, length;
		ssize_t got;

		got = mnl_socket_recvfrom(netlink->socket, netlink->datagram,
					  sizeof(netlink->datagram));
		if (got < 0)
			return -errno;
		if (!got)
			return -EBADMSG;
		length = got;
		for (message = netlink->datagram;
		     whole_message(message, length) && exchange->open;
		     message = mnl_nlmsg_next(message, &length)) {
			error = take_message(netlink, exchange, message);
			if (error)
				return error;
		}
	}
	return exchange->error;
}

/* Send count messages from data on, and read the answers. */
static int converse(struct netlink *netlink, void *data, size_t length,
		    uint16_t type, struct exchange *exchange)
{
	struct nlmsghdr *message = data;
	int rest = length;

	netlink->text[0] = '\0';
	exchange->first = netlink->sequence + 1;
	exchange->open = exchange->count;
	for (; whole_message(message, rest);
	     message = mnl_nlmsg_next(message, &rest)) {
		message->nlmsg_type = type;
		message->nlmsg_seq = ++netlink->sequence;
	}
	if (mnl_socket_sendto(netlink->socket, data, length) < 0)
		return -errno;
	return receive(netlink, exchange);
}

/**
 * netlink_talk() - Send one message and read the answer.
 * @netlink: The socket.
 * @messages: The message.
 * @take: What to call for each message of the answer, or NULL.
 * @data: What to call it with.
 *
 * Return: 0 or a negative errno, which refused() can report.
 */
int netlink_talk(struct netlink *netlink, struct messages *messages,
		 netlink_take take, void *data)
{
	struct exchange exchange = {
		.count = messages->count,
		.take = take,
		.data = data,
	};

	return converse(netlink, messages->data, messages->used,
			netlink->family, &exchange);
}

/**
 * netlink_send() - Send many messages, up to the first one that is refused.
 * @netlink: The socket.
 * @messages: The messages.
 * @failed: Where to put which one was refused, from 0.
 *
 * Messages behind the refused one may have been sent too.
 *
 * Return: 0 or a negative errno, which refused() can report.
 */
int netlink_send(struct netlink *netlink, struct messages *messages,
		 size_t *failed)
{
	size_t at = 0, sent = 0;

	while (at < messages->used) {
		struct exchange exchange = { .count = 0 };
		size_t length = 0;
		int error;

		while (at + length < messages->used &&
		       exchange.count < netlink->acks) {
			const struct nlmsghdr *next;
			size_t size;

			next = (const void *)(messages->data + at + length);
			size = NLMSG_ALIGN(next->nlmsg_len);
			if (length && length + size > BATCH_BYTES)
				break;
			length += size;
			exchange.count++;
		}
		error = converse(netlink, messages->data + at, length,
				 netlink->family, &exchange);
		if (error) {
			*failed = sent + exchange.failed;
			return error;
		}
		at += length;
		sent += exchange.count;
	}
	return 0;
}

/**
 * netlink_dump() - Ask for a dump, as often as its data changes meanwhile.
 * @netlink: The socket.
 * @messages: The message that asks for it.
 * @reset: What to call before each try.
 * @take: What to call for each message of the answer.
 * @data: What to call both with.
 *
 * Return: 0 or a negative errno, which refused() can report.
 */
int netlink_dump(struct netlink *netlink, struct messages *messages,
		 netlink_reset reset, netlink_take take, void *data)
{
	struct nlmsghdr *message = (void *)messages->data;
	int tries;

	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	for (tries = 0; tries < DUMP_TRIES; tries++) {
		struct exchange exchange = {
			.count = 1,
			.take = take,
			.data = data,
		};
		int error;

		reset(data);
		error = converse(netlink, messages->data, messages->used,
				 netlink->family, &exchange);
		if (error || !exchange.interrupted)
			return error;
	}
	return -EAGAIN;
}

/* Has the family gone? Its number may be another's soon. */
static bool family_gone(const struct netlink *netlink,
			const struct nlmsghdr *message)
{
	static const struct attribute_types types = {
		.max = CTRL_ATTR_FAMILY_ID,
		.type = { [CTRL_ATTR_FAMILY_ID] = MNL_TYPE_U16 },
	};
	const struct genlmsghdr *header = mnl_nlmsg_get_payload(message);
	struct attributes attributes = { .at = { NULL } };

	return message->nlmsg_type == GENL_ID_CTRL &&
	       mnl_nlmsg_get_payload_len(message) >= sizeof(*header) &&
	       header->cmd == CTRL_CMD_DELFAMILY &&
	       !attributes_read(message, &types, &attributes) &&
	       attributes.at[CTRL_ATTR_FAMILY_ID] &&
	       mnl_attr_get_u16(attributes.at[CTRL_ATTR_FAMILY_ID]) ==
	       netlink->family;
}

/**
 * netlink_join() - Listen for events, from now on.
 * @netlink: The socket.
 *
 * Return: 0 or a negative errno, which refused() can report.
 */
int netlink_join(struct netlink *netlink)
{
	/* The families' own group has their number: it tells which ones go. */
	uint32_t groups[] = { netlink->group, GENL_ID_CTRL };
	int i;

	netlink->text[0] = '\0';
	if (!netlink->group)
		return -EOPNOTSUPP;
	for (i = 0; i < 2; i++)
		if (mnl_socket_setsockopt(netlink->socket,
					  NETLINK_ADD_MEMBERSHIP, &groups[i],
					  sizeof(groups[i])) < 0)
			return -errno;
	return 0;
}

/**
 * netlink_fd() - The descriptor on which to wait for events.
 * @netlink: The socket.
 */
int netlink_fd(const struct netlink *netlink)
{
	return mnl_socket_get_fd(netlink->socket);
}

/**
 * netlink_take_events() - Read the events which have come, or wait for one.
 * @netlink: The socket, on which netlink_join() was called.
 * @take: What to call for each.
 * @data: What to call it with.
 *
 * Return: 0 or a negative errno, which refused() can report: -ENOBUFS where
 * events were lost, and more can be read; -ENODEV where the module has gone.
 */
int netlink_take_events(struct netlink *netlink, netlink_take take, void *data)
{
	const struct nlmsghdr *message = netlink->datagram;
	int error, length;
	ssize_t got;

	got = mnl_socket_recvfrom(netlink->socket, netlink->datagram,
				  sizeof(netlink->datagram));
	if (got < 0)
		return -errno;
	if (!got)
		return -EBADMSG;
	length = got;
	for (; whole_message(message, length);
	     message = mnl_nlmsg_next(message, &length)) {
		if (family_gone(netlink, message))
			return -ENODEV;
		if (message->nlmsg_type != netlink->family)
			continue;
		error = take(message, data);
		if (error)
			return error;
	}
	return 0;
}

/**
 * refusal_text() - Why the kernel refused, in words.
 * @netlink: The socket on which it did.
 * @error: The negative errno.
 *
 * Return: The text, valid until the next message is sent.
 */
const char *refusal_text(const struct netlink *netlink, int error)
{
	if (netlink->text[0])
		return netlink->text;
	switch (error) {
	case -EPERM:
	case -EACCES:
		return "permission denied: it needs CAP_NET_ADMIN, which root has";
	case -EBADMSG:
		return "the kernel's answer is not understood";
	case -EAGAIN:
		return "it keeps changing meanwhile";
	}
	return strerror(-error);
}

/**
 * refused() - Report what the kernel refused.
 * @netlink: The socket on which it did.
 * @error: The negative errno.
 * @place: Where the command stands.
 * @format: What was being done, as for printf(); printed where the kernel
 *	has no message of its own.
 *
 * Return: STATUS_REFUSED.
 */
enum status refused(const struct netlink *netlink, int error,
		    const struct place *place, const char *format, ...)
{
	const char *text = refusal_text(netlink, error);
	va_list arguments;
	char what[256];

	if (netlink->text[0]) {
		report(place, "%s", text);
		return STATUS_REFUSED;
	}
	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	report(place, "%s: %s", what, text);
	return STATUS_REFUSED;
}

/* Find the number of the group by its name. */
static int read_group(const struct nlattr *nest, void *data)
{
	static const struct attribute_types types = {
		.max = CTRL_ATTR_MCAST_GRP_ID,
		.type = {
			[CTRL_ATTR_MCAST_GRP_NAME] = MNL_TYPE_NUL_STRING,
			[CTRL_ATTR_MCAST_GRP_ID] = MNL_TYPE_U32,
		},
	};
	struct netlink *netlink = data;
	struct attributes attributes = { .at = { NULL } };
	const struct nlattr *const *at = attributes.at;
	int error = attributes_read_nest(nest, &types, &attributes);

	if (error || !at[CTRL_ATTR_MCAST_GRP_NAME] ||
	    !at[CTRL_ATTR_MCAST_GRP_ID])
		return MNL_CB_ERROR;
	if (!strcmp(mnl_attr_get_str(at[CTRL_ATTR_MCAST_GRP_NAME]),
		    EVENTS_GROUP))
		netlink->group =
			mnl_attr_get_u32(at[CTRL_ATTR_MCAST_GRP_ID]);
	return MNL_CB_OK;
}

static int take_family(const struct nlmsghdr *message, void *data)
{
	static const struct attribute_types types = {
		.max = CTRL_ATTR_MCAST_GROUPS,
		.type = {
			[CTRL_ATTR_FAMILY_ID] = MNL_TYPE_U16,
			[CTRL_ATTR_MCAST_GROUPS] = MNL_TYPE_NESTED,
		},
	};
	struct netlink *netlink = data;
	struct attributes attributes = { .at = { NULL } };
	int error = attributes_read(message, &types, &attributes);

	if (error)
		return error;
	if (!attributes.at[CTRL_ATTR_FAMILY_ID])
		return -EBADMSG;
	netlink->family =
		mnl_attr_get_u16(attributes.at[CTRL_ATTR_FAMILY_ID]);
	if (attributes.at[CTRL_ATTR_MCAST_GROUPS] &&
	    mnl_attr_parse_nested(attributes.at[CTRL_ATTR_MCAST_GROUPS],
				  read_group, netlink) == MNL_CB_ERROR)
		return -EBADMSG;
	return 0;
}

/* Find the module's family. */
static enum status find_family(struct netlink *netlink,
			       const struct place *place)
{
	struct exchange exchange = {
		.count = 1,
		.take = take_family,
		.data = netlink,
	};
	struct nlmsghdr buffer[16];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *header;
	int error;

	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->cmd = CTRL_CMD_GETFAMILY;
	header->version = 1;
	mnl_attr_put_strz(message, CTRL_ATTR_FAMILY_NAME, SOCKS_FAMILY_NAME);
	error = converse(netlink, message, message->nlmsg_len, GENL_ID_CTRL,
			 &exchange);
	if (!error && !netlink->family)
		error = -EBADMSG;
	if (error == -ENOENT) {
		report(place, "the socks module is not loaded: try 'modprobe socks'");
		return STATUS_REFUSED;
	}
	if (error)
		return refused(netlink, error, place, "looking for the socks module");
	return STATUS_OK;
}

/* Make the receive buffer large, and find out how large it became. */
static void set_receive_buffer(struct netlink *netlink)
{
	int fd = mnl_socket_get_fd(netlink->socket);
	int size = RECEIVE_BUFFER;
	socklen_t length = sizeof(size);

	/* Beyond the system's limit only the first one goes. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, length) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, length);
	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &length) < 0)
		size = 0;
	netlink->acks = size / ACK_COST;
	if (!netlink->acks)
		netlink->acks = 1;
}

static int set_up(struct netlink *netlink)
{
	int on = 1;

	netlink->socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!netlink->socket)
		return -errno;
	if (mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	if (mnl_socket_setsockopt(netlink->socket, NETLINK_CAP_ACK, &on,
				  sizeof(on)) < 0)
		return -errno;
	if (mnl_socket_setsockopt(netlink->socket, NETLINK_EXT_ACK, &on,
				  sizeof(on)) < 0)
		return -errno;
	set_receive_buffer(netlink);
	return 0;
}

/**
 * netlink_open() - Open a netlink socket to the module.
 * @place: Where the command stands that needs it.
 * @netns: The network namespace, as for netns_enter(); NULL is the caller's.
 * @status: Where to put what to exit with where this fails.
 *
 * Return: The socket, for netlink_close(); NULL on an error, which has been
 * reported.
 */
struct netlink *netlink_open(const struct place *place, const char *netns,
			     enum status *status)
{
	struct netlink *netlink;
	int error;

	*status = netns ? netns_enter(place, netns) : STATUS_OK;
	if (*status)
		return NULL;
	netlink = calloc(1, sizeof(*netlink));
	if (!netlink) {
		*status = no_memory(place);
		return NULL;
	}
	error = set_up(netlink);
	if (error)
		*status = refused(netlink, error, place,
				  "opening a netlink socket");
	else
		*status = find_family(netlink, place);
	if (*status) {
		netlink_close(netlink);
		return NULL;
	}
	return netlink;
}

/**
 * netlink_close() - Close a netlink socket.
 * @netlink: The socket, or NULL.
 */
void netlink_close(struct netlink *netlink)
{
	if (!netlink)
		return;
	if (netlink->socket)
		mnl_socket_close(netlink->socket);
	free(netlink);
}
