// SPDX-License-Identifier: GPL-2.0-only
/* Rules: in a command, in netlink messages, and as text. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "quote.h"
#include "rule.h"
#include "values.h"

enum rule_word {
	RULE_INDEX,
	RULE_TO,
	RULE_PORT,
	RULE_UID,
	RULE_GID,
	RULE_CGROUP,
	RULE_VIA,
	RULE_DIRECT,
	RULE_REJECT,
	RULE_RBIND,
};

static const struct keyword rule_words[] = {
	{ "index", RULE_INDEX, false },
	{ "to", RULE_TO, false },
	{ "port", RULE_PORT, false },
	{ "uid", RULE_UID, false },
	{ "gid", RULE_GID, false },
	{ "cgroup", RULE_CGROUP, false },
	{ "via", RULE_VIA, false },
	{ "direct", RULE_DIRECT, false },
	{ "reject", RULE_REJECT, false },
	{ "rbind", RULE_RBIND, false },
	{ NULL, 0, false },
};

/* A rule for all that is left matches nothing in particular. */
static const struct keyword default_words[] = {
	{ "via", RULE_VIA, false },
	{ "direct", RULE_DIRECT, false },
	{ "reject", RULE_REJECT, false },
	{ "rbind", RULE_RBIND, false },
	{ NULL, 0, false },
};

static const struct keyword rbind_words[] = {
	{ "auto", 0, false },
	{ NULL, 0, false },
};

#define RULE_ACTIONS \
	(1u << RULE_VIA | 1u << RULE_DIRECT | 1u << RULE_REJECT)
#define ACTIONS_ALLOWED	"allowed is one of via SERVER, direct, reject"

static enum status take_to(struct words *words, struct rule *rule)
{
	enum status status;
	bool any;

	status = take_destination(words, &any, &rule->to, &rule->to_length);
	if (!status && !any)
		rule->matches |= MATCH_TO;
	return status;
}

static enum status take_rule_cgroup(struct words *words, struct rule *rule)
{
	enum status status;
	const char *path;

	status = take_cgroup(words, &path);
	if (status)
		return status;
	rule->cgroup = strdup(path);
	if (!rule->cgroup) {
		struct place place = words_place(words);

		return no_memory(&place);
	}
	rule->matches |= MATCH_CGROUP;
	return STATUS_OK;
}

static enum status take_rbind(struct words *words, struct rule *rule)
{
	if (keyword_take(words, rbind_words, 0) < 0)
		return STATUS_WRONG;
	rule->rbind_auto = true;
	return STATUS_OK;
}

/* Take what stands behind one of the words of "rule add". */
static enum status take_rule_value(struct words *words, enum rule_word word,
				   struct rule *rule)
{
	switch (word) {
	case RULE_INDEX:
		return take_number(words, "index", 1, UINT32_MAX, &rule->index);
	case RULE_TO:
		return take_to(words, rule);
	case RULE_PORT:
		rule->matches |= MATCH_PORT;
		return take_ports(words, &rule->port);
	case RULE_UID:
		rule->matches |= MATCH_UID;
		return take_ids(words, ID_USER, &rule->uid);
	case RULE_GID:
		rule->matches |= MATCH_GID;
		return take_ids(words, ID_GROUP, &rule->gid);
	case RULE_CGROUP:
		return take_rule_cgroup(words, rule);
	case RULE_VIA:
		rule->action = SOCKS_ACTION_VIA;
		return via_take(words, &rule->via);
	case RULE_DIRECT:
		rule->action = SOCKS_ACTION_DIRECT;
		return STATUS_OK;
	case RULE_REJECT:
		rule->action = SOCKS_ACTION_REJECT;
		return STATUS_OK;
	case RULE_RBIND:
		return take_rbind(words, rule);
	}
	return STATUS_WRONG;
}

/* Take what follows a command, made of such words. */
static enum status take_rule(struct words *words, const char *command,
			     const struct keyword *table, struct rule *rule)
{
	enum status status = STATUS_OK;
	unsigned int taken = 0;

	*rule = (struct rule){ .index = 0 };
	while (!status && words_left(words)) {
		int id = keyword_take(words, table, taken);

		if (id < 0)
			return STATUS_WRONG;
		if (1u << id & RULE_ACTIONS && taken & RULE_ACTIONS)
			return wrong(words, "%s: a second action: " ACTIONS_ALLOWED,
				     rule_words[id].name);
		taken |= 1u << id;
		status = take_rule_value(words, id, rule);
	}
	if (!status && !(taken & RULE_ACTIONS))
		return wrong(words, "%s: the action is missing: " ACTIONS_ALLOWED,
			     command);
	if (!status && rule->rbind_auto && rule->action != SOCKS_ACTION_VIA)
		return wrong(words, "rbind: not with %s: allowed is via SERVER rbind auto",
			     action_text(rule->action));
	return status;
}

static void put_range(struct nlmsghdr *message, uint16_t min_type,
		      const struct range *range)
{
	mnl_attr_put_u32(message, min_type, range->min);
	mnl_attr_put_u32(message, min_type + 1, range->max);
}

static void put_matches(struct nlmsghdr *message, const struct rule *rule)
{
	if (rule->matches & MATCH_TO) {
		mnl_attr_put_u32(message, SOCKS_A_RULE_ADDRESS,
				 rule->to.s_addr);
		mnl_attr_put_u8(message, SOCKS_A_RULE_PREFIX_LEN,
				rule->to_length);
	}
	if (rule->matches & MATCH_PORT) {
		mnl_attr_put_u16(message, SOCKS_A_RULE_PORT_MIN,
				 rule->port.min);
		mnl_attr_put_u16(message, SOCKS_A_RULE_PORT_MAX,
				 rule->port.max);
	}
	if (rule->matches & MATCH_UID)
		put_range(message, SOCKS_A_RULE_UID_MIN, &rule->uid);
	if (rule->matches & MATCH_GID)
		put_range(message, SOCKS_A_RULE_GID_MIN, &rule->gid);
	if (rule->matches & MATCH_CGROUP)
		mnl_attr_put_strz(message, SOCKS_A_RULE_CGROUP, rule->cgroup);
}

/**
 * rule_put() - Make a message which adds a rule.
 * @messages: Where to put the message.
 * @rule: The rule.
 * @line: The line of the file on which the command stands; 0 without one.
 *
 * Return: Was there memory?
 */
bool rule_put(struct messages *messages, const struct rule *rule,
	      unsigned int line)
{
	struct nlmsghdr *message;

	message = message_start(messages, SOCKS_CMD_RULE_ADD, line);
	if (!message)
		return false;
	if (rule->index)
		mnl_attr_put_u32(message, SOCKS_A_RULE_INDEX, rule->index);
	put_matches(message, rule);
	mnl_attr_put_u32(message, SOCKS_A_RULE_ACTION, rule->action);
	if (rule->action == SOCKS_ACTION_VIA)
		via_put(message, &rule->via);
	if (rule->rbind_auto)
		mnl_attr_put(message, SOCKS_A_RULE_RBIND_AUTO, 0, NULL);
	message_end(messages, message);
	return true;
}

/**
 * rule_put_del() - Make a message which removes a rule.
 * @messages: Where to put the message.
 * @index: The rule's place in the list, from 1.
 * @line: The line of the file on which the command stands; 0 without one.
 *
 * Return: Was there memory?
 */
bool rule_put_del(struct messages *messages, uint32_t index,
		  unsigned int line)
{
	struct nlmsghdr *message;

	message = message_start(messages, SOCKS_CMD_RULE_DEL, line);
	if (!message)
		return false;
	mnl_attr_put_u32(message, SOCKS_A_RULE_INDEX, index);
	message_end(messages, message);
	return true;
}

/**
 * rule_add_parse() - Make a message of what follows "rule add".
 * @words: The command's words.
 * @messages: Where to put the message.
 *
 * Return: STATUS_OK; another on an error, which has been reported.
 */
enum status rule_add_parse(struct words *words, struct messages *messages)
{
	struct place place = words_start(words);
	enum status status;
	struct rule rule;

	status = take_rule(words, "rule add", rule_words, &rule);
	if (!status && !rule_put(messages, &rule, place.line))
		status = no_memory(&place);
	rule_clear(&rule);
	return status;
}

/**
 * rule_default_take() - Take what follows "default": a rule for all that is
 *	left.
 * @words: The command's words.
 * @rule: Where to put it; there is nothing to clear.
 *
 * Return: STATUS_OK; STATUS_WRONG on an error, which has been reported.
 */
enum status rule_default_take(struct words *words, struct rule *rule)
{
	return take_rule(words, "default", default_words, rule);
}

/**
 * rule_add() - Carry out "rule add".
 * @session: The run.
 * @words: The words behind "rule add".
 *
 * Return: What to exit with.
 */
enum status rule_add(struct session *session, struct words *words)
{
	struct place place = words_start(words);
	struct messages messages = { .data = NULL };
	enum status status;

	status = rule_add_parse(words, &messages);
	if (!status)
		status = session_talk(session, &place, &messages, NULL, NULL,
				      "adding the rule");
	messages_clear(&messages);
	return status;
}

/**
 * rule_del() - Carry out "rule del".
 * @session: The run.
 * @words: The words behind "rule del".
 *
 * Return: What to exit with.
 */
enum status rule_del(struct session *session, struct words *words)
{
	struct place place = words_start(words);
	struct messages messages = { .data = NULL };
	enum status status;
	uint32_t index;

	status = take_number(words, "rule del", 1, UINT32_MAX, &index);
	if (!status)
		status = words_end(words);
	if (status)
		return status;
	if (rule_put_del(&messages, index, place.line))
		status = session_talk(session, &place, &messages, NULL, NULL,
				      "removing rule %u", index);
	else
		status = no_memory(&place);
	messages_clear(&messages);
	return status;
}

static const struct attribute_types rule_types = {
	.max = SOCKS_A_RULE_MAX,
	.type = {
		[SOCKS_A_RULE_INDEX] = MNL_TYPE_U32,
		[SOCKS_A_RULE_ADDRESS] = MNL_TYPE_U32,
		[SOCKS_A_RULE_PREFIX_LEN] = MNL_TYPE_U8,
		[SOCKS_A_RULE_PORT_MIN] = MNL_TYPE_U16,
		[SOCKS_A_RULE_PORT_MAX] = MNL_TYPE_U16,
		[SOCKS_A_RULE_UID_MIN] = MNL_TYPE_U32,
		[SOCKS_A_RULE_UID_MAX] = MNL_TYPE_U32,
		[SOCKS_A_RULE_GID_MIN] = MNL_TYPE_U32,
		[SOCKS_A_RULE_GID_MAX] = MNL_TYPE_U32,
		[SOCKS_A_RULE_CGROUP] = MNL_TYPE_NUL_STRING,
		[SOCKS_A_RULE_ACTION] = MNL_TYPE_U32,
		[SOCKS_A_RULE_SERVER] = MNL_TYPE_NUL_STRING,
		[SOCKS_A_RULE_RBIND_AUTO] = MNL_TYPE_FLAG,
		[SOCKS_A_RULE_STATS] = MNL_TYPE_NESTED,
		[SOCKS_A_RULE_BALANCE] = MNL_TYPE_FLAG,
	},
};

/* Either bound of a range may be absent. */
static void read_range(const struct nlattr *const *at, unsigned int min,
		       uint32_t highest, enum match match, struct rule *rule,
		       struct range *range)
{
	unsigned int max = min + 1;
	bool small = highest <= UINT16_MAX;

	if (!at[min] && !at[max])
		return;
	rule->matches |= match;
	*range = (struct range){ 0, highest };
	if (at[min])
		range->min = small ? mnl_attr_get_u16(at[min]) :
				     mnl_attr_get_u32(at[min]);
	if (at[max])
		range->max = small ? mnl_attr_get_u16(at[max]) :
				     mnl_attr_get_u32(at[max]);
}

/**
 * rule_read() - Read a rule from a message.
 * @message: The message.
 * @rule: Where to put it, for rule_clear() where this succeeds.
 *
 * Return: 0 or a negative errno.
 */
int rule_read(const struct nlmsghdr *message, struct rule *rule)
{
	struct attributes attributes = { .at = { NULL } };
	const struct nlattr *const *at = attributes.at;
	int error;

	error = attributes_read(message, &rule_types, &attributes);
	if (error)
		return error;
	if (!at[SOCKS_A_RULE_INDEX] || !at[SOCKS_A_RULE_ACTION])
		return -EBADMSG;
	*rule = (struct rule){
		.index = mnl_attr_get_u32(at[SOCKS_A_RULE_INDEX]),
		.action = mnl_attr_get_u32(at[SOCKS_A_RULE_ACTION]),
		.via.balance = at[SOCKS_A_RULE_BALANCE],
		.rbind_auto = at[SOCKS_A_RULE_RBIND_AUTO],
	};
	error = stats_read(at[SOCKS_A_RULE_STATS], &rule->stats);
	if (error)
		return error;

	if (at[SOCKS_A_RULE_ADDRESS]) {
		rule->matches |= MATCH_TO;
		rule->to.s_addr = mnl_attr_get_u32(at[SOCKS_A_RULE_ADDRESS]);
		rule->to_length = 32;
		if (at[SOCKS_A_RULE_PREFIX_LEN])
			rule->to_length =
				mnl_attr_get_u8(at[SOCKS_A_RULE_PREFIX_LEN]);
	}
	read_range(at, SOCKS_A_RULE_PORT_MIN, PORT_MAX, MATCH_PORT, rule,
		   &rule->port);
	read_range(at, SOCKS_A_RULE_UID_MIN, ID_MAX, MATCH_UID, rule,
		   &rule->uid);
	read_range(at, SOCKS_A_RULE_GID_MIN, ID_MAX, MATCH_GID, rule,
		   &rule->gid);
	error = via_read(message, SOCKS_A_RULE_SERVER, &rule->via);
	if (error)
		return error;
	if (at[SOCKS_A_RULE_CGROUP]) {
		rule->matches |= MATCH_CGROUP;
		rule->cgroup =
			strdup(mnl_attr_get_str(at[SOCKS_A_RULE_CGROUP]));
		if (!rule->cgroup) {
			rule_clear(rule);
			return -ENOMEM;
		}
	}
	return 0;
}

/**
 * rule_clear() - Free what belongs to a rule.
 * @rule: The rule.
 */
void rule_clear(struct rule *rule)
{
	free(rule->cgroup);
	rule->cgroup = NULL;
	via_clear(&rule->via);
}

/**
 * action_text() - The word for an action.
 * @action: The action.
 */
const char *action_text(enum socks_action action)
{
	switch (action) {
	case SOCKS_ACTION_DIRECT:
		return "direct";
	case SOCKS_ACTION_VIA:
		return "via";
	case SOCKS_ACTION_REJECT:
		return "reject";
	}
	return "unknown";
}

/**
 * prefix_text() - Write a prefix.
 * @buffer: PREFIX_TEXT_SIZE bytes for the result.
 * @address: Its address.
 * @length: Its length.
 *
 * Return: @buffer.
 */
const char *prefix_text(char *buffer, const struct in_addr *address,
			unsigned int length)
{
	inet_ntop(AF_INET, address, buffer, INET_ADDRSTRLEN);
	sprintf(buffer + strlen(buffer), "/%u", length & 0xff);
	return buffer;
}

/**
 * range_text() - Write a range, as a number where it is just one.
 * @buffer: RANGE_TEXT_SIZE bytes for the result.
 * @range: The range.
 *
 * Return: @buffer.
 */
const char *range_text(char *buffer, const struct range *range)
{
	int length = sprintf(buffer, "%u", range->min);

	if (range->max != range->min)
		sprintf(buffer + length, "-%u", range->max);
	return buffer;
}

/**
 * rule_print() - Print a rule as it may follow "rule add", without its index.
 * @out: Where to.
 * @rule: The rule.
 *
 * Return: false where there is no memory.
 */
bool rule_print(FILE *out, const struct rule *rule)
{
	char prefix[PREFIX_TEXT_SIZE], range[RANGE_TEXT_SIZE];
	char *cgroup;

	if (rule->matches & MATCH_TO)
		fprintf(out, "to %s ",
			prefix_text(prefix, &rule->to, rule->to_length));
	if (rule->matches & MATCH_PORT)
		fprintf(out, "port %s ", range_text(range, &rule->port));
	if (rule->matches & MATCH_UID)
		fprintf(out, "uid %s ", range_text(range, &rule->uid));
	if (rule->matches & MATCH_GID)
		fprintf(out, "gid %s ", range_text(range, &rule->gid));
	if (rule->matches & MATCH_CGROUP) {
		cgroup = quote_word(rule->cgroup);
		if (!cgroup)
			return false;
		fprintf(out, "cgroup %s ", cgroup);
		free(cgroup);
	}
	fputs(action_text(rule->action), out);
	if (rule->action == SOCKS_ACTION_VIA) {
		putc(' ', out);
		via_print(out, &rule->via);
	}
	if (rule->rbind_auto)
		fputs(" rbind auto", out);
	return true;
}
