// SPDX-License-Identifier: GPL-2.0-only
/* What becomes of a connection, and why. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "lookup.h"
#include "rule.h"
#include "values.h"

/* How often it is asked again where the rules changed meanwhile. */
#define LOOKUP_TRIES	100

enum lookup_word {
	LOOKUP_UID,
	LOOKUP_GID,
	LOOKUP_CGROUP,
};

static const struct keyword lookup_words[] = {
	{ "uid", LOOKUP_UID, false },
	{ "gid", LOOKUP_GID, false },
	{ "cgroup", LOOKUP_CGROUP, false },
	{ NULL, 0, false },
};

/**
 * struct question - What is looked up.
 * @address: Destination.
 * @port: Its port, in host byte order.
 * @given: Bits of enum match for the following.
 * @uid: User.
 * @gid: Group.
 * @cgroup: Path of a cgroup.
 */
struct question {
	struct in_addr address;
	uint16_t port;
	unsigned int given;
	uint32_t uid;
	uint32_t gid;
	const char *cgroup;
};

/**
 * struct answer - What becomes of it.
 * @action: The action.
 * @reason: Why.
 * @index: The rule's place in the list; 0 where none decides.
 * @rule_hidden: The rule itself may not be read by this user.
 * @server: The server's name, or empty.
 */
struct answer {
	enum socks_action action;
	enum socks_reason reason;
	uint32_t index;
	bool rule_hidden;
	char server[SOCKS_NAME_MAX + 1];
};

/* Take what follows "lookup". */
static enum status take_question(struct words *words,
				 struct question *question)
{
	enum status status;
	unsigned int taken = 0;

	*question = (struct question){ .port = 0 };
	status = take_endpoint(words, "lookup", 0, &question->address,
			       &question->port);
	while (!status && words_left(words)) {
		int id = keyword_take(words, lookup_words, taken);

		switch (id) {
		case LOOKUP_UID:
			question->given |= MATCH_UID;
			status = take_id(words, ID_USER, &question->uid);
			break;
		case LOOKUP_GID:
			question->given |= MATCH_GID;
			status = take_id(words, ID_GROUP, &question->gid);
			break;
		case LOOKUP_CGROUP:
			question->given |= MATCH_CGROUP;
			status = take_cgroup(words, &question->cgroup);
			break;
		default:
			return STATUS_WRONG;
		}
		taken |= 1u << id;
	}
	return status;
}

static int take_answer(const struct nlmsghdr *message, void *data)
{
	static const struct attribute_types types = {
		.max = SOCKS_A_LOOKUP_MAX,
		.type = {
			[SOCKS_A_LOOKUP_ACTION] = MNL_TYPE_U32,
			[SOCKS_A_LOOKUP_REASON] = MNL_TYPE_U32,
			[SOCKS_A_LOOKUP_INDEX] = MNL_TYPE_U32,
			[SOCKS_A_LOOKUP_SERVER] = MNL_TYPE_NUL_STRING,
		},
	};
	struct answer *answer = data;
	struct attributes attributes = { .at = { NULL } };
	const struct nlattr *const *at = attributes.at;
	const char *server;
	int error;

	error = attributes_read(message, &types, &attributes);
	if (error)
		return error;
	if (!at[SOCKS_A_LOOKUP_ACTION] || !at[SOCKS_A_LOOKUP_REASON])
		return -EBADMSG;
	*answer = (struct answer){
		.action = mnl_attr_get_u32(at[SOCKS_A_LOOKUP_ACTION]),
		.reason = mnl_attr_get_u32(at[SOCKS_A_LOOKUP_REASON]),
	};
	if (at[SOCKS_A_LOOKUP_INDEX])
		answer->index = mnl_attr_get_u32(at[SOCKS_A_LOOKUP_INDEX]);
	if (at[SOCKS_A_LOOKUP_SERVER]) {
		server = mnl_attr_get_str(at[SOCKS_A_LOOKUP_SERVER]);
		if (strlen(server) > SOCKS_NAME_MAX)
			return -EBADMSG;
		snprintf(answer->server, sizeof(answer->server), "%s", server);
	}
	return 0;
}

static int take_rule(const struct nlmsghdr *message, void *data)
{
	struct rule *rule = data;

	rule_clear(rule);
	return rule_read(message, rule);
}

static int ask(struct session *session, const struct question *question,
	       struct answer *answer)
{
	struct messages messages = { .data = NULL };
	struct nlmsghdr *message;
	int error;

	message = message_start(&messages, SOCKS_CMD_LOOKUP, 0);
	if (!message) {
		messages_clear(&messages);
		return -ENOMEM;
	}
	mnl_attr_put_u32(message, SOCKS_A_LOOKUP_ADDRESS,
			 question->address.s_addr);
	mnl_attr_put_u16(message, SOCKS_A_LOOKUP_PORT, htons(question->port));
	if (question->given & MATCH_UID)
		mnl_attr_put_u32(message, SOCKS_A_LOOKUP_UID, question->uid);
	if (question->given & MATCH_GID)
		mnl_attr_put_u32(message, SOCKS_A_LOOKUP_GID, question->gid);
	if (question->given & MATCH_CGROUP)
		mnl_attr_put_strz(message, SOCKS_A_LOOKUP_CGROUP,
				  question->cgroup);
	message_end(&messages, message);
	error = netlink_talk(session->netlink, &messages, take_answer, answer);
	messages_clear(&messages);
	return error;
}

static int get_rule(struct session *session, uint32_t index, struct rule *rule)
{
	struct messages messages = { .data = NULL };
	struct nlmsghdr *message;
	int error;

	message = message_start(&messages, SOCKS_CMD_RULE_GET, 0);
	if (!message) {
		messages_clear(&messages);
		return -ENOMEM;
	}
	mnl_attr_put_u32(message, SOCKS_A_RULE_INDEX, index);
	message_end(&messages, message);
	error = netlink_talk(session->netlink, &messages, take_rule, rule);
	messages_clear(&messages);
	return error;
}

static bool same_answer(const struct answer *a, const struct answer *b)
{
	return a->action == b->action && a->reason == b->reason &&
	       a->index == b->index && !strcmp(a->server, b->server);
}

/*
 * Ask, and read the rule which decides. The rules may change between the two;
 * so ask once more, until the answer is the same.
 */
static int find(struct session *session, const struct question *question,
		struct answer *answer, struct rule *rule)
{
	struct answer again;
	int error, missing, tries;

	error = ask(session, question, answer);
	for (tries = 0; !error && answer->index && tries < LOOKUP_TRIES;
	     tries++) {
		missing = get_rule(session, answer->index, rule);
		error = ask(session, question, &again);
		if (!error && same_answer(answer, &again)) {
			/* Anybody may ask, but not read the rules. */
			answer->rule_hidden = missing == -EPERM;
			return answer->rule_hidden ? 0 : missing;
		}
		*answer = again;
	}
	return error || !answer->index ? error : -EAGAIN;
}

static const char *reason_text(enum socks_reason reason)
{
	switch (reason) {
	case SOCKS_REASON_NO_RULE:
		return "no rule matches";
	case SOCKS_REASON_RULE:
		return "this rule is the first one that matches";
	case SOCKS_REASON_SERVER:
		return "the address and port are those of a SOCKS server";
	case SOCKS_REASON_NOT_CONNECTABLE:
		return "no TCP connection can be made to such an address";
	}
	return "unknown";
}

static bool print_answer(const struct answer *answer, const struct rule *rule)
{
	printf("action: %s", action_text(answer->action));
	if (answer->action == SOCKS_ACTION_VIA)
		printf(" %s", answer->server);
	if (answer->index) {
		printf("\nrule %u", answer->index);
		if (!answer->rule_hidden) {
			printf(": ");
			if (!rule_print(stdout, rule))
				return false;
		}
	}
	printf("\nreason: %s", reason_text(answer->reason));
	if (answer->reason == SOCKS_REASON_SERVER && *answer->server)
		printf(", %s", answer->server);
	putchar('\n');
	return true;
}

static bool print_json(const struct session *session,
		       const struct answer *answer, const struct rule *rule)
{
	static const char *const reasons[] = {
		[SOCKS_REASON_NO_RULE] = "no-rule",
		[SOCKS_REASON_RULE] = "rule",
		[SOCKS_REASON_SERVER] = "server",
		[SOCKS_REASON_NOT_CONNECTABLE] = "not-connectable",
	};
	const char *reason = answer->reason <= SOCKS_REASON_NOT_CONNECTABLE ?
		reasons[answer->reason] : "unknown";
	json_t *object = json_object();
	bool done;

	done = json_put(object, "action",
			json_string(action_text(answer->action))) &&
	       json_put(object, "reason", json_string(reason));
	if (done && *answer->server)
		done = json_put(object, "server", json_text(answer->server));
	if (done && answer->index)
		done = json_put(object, "index",
				json_integer(answer->index));
	if (done && answer->index && !answer->rule_hidden)
		done = json_put(object, "rule", json_rule(rule));
	if (done)
		return json_print(session, object);
	json_decref(object);
	return false;
}

/**
 * lookup() - Carry out "lookup".
 * @session: The run.
 * @words: The words behind it.
 *
 * Return: What to exit with.
 */
enum status lookup(struct session *session, struct words *words)
{
	struct place place = words_start(words);
	struct rule rule = { .index = 0 };
	struct question question;
	struct answer answer;
	enum status status;
	int error;

	status = take_question(words, &question);
	if (!status)
		status = session_connect(session, &place);
	if (status)
		return status;
	error = find(session, &question, &answer, &rule);
	if (error)
		status = refused(session->netlink, error, &place,
				 "looking up");
	else if (!(session->json ? print_json(session, &answer, &rule)
				 : print_answer(&answer, &rule)))
		status = no_memory(&place);
	rule_clear(&rule);
	return status;
}
