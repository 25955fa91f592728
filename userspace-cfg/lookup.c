// SPDX-License-Identifier: GPL-2.0-only
/* What becomes of a connection, and why. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "explain.h"
#include "json.h"
#include "lookup.h"
#include "rule.h"
#include "values.h"

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
	struct via via;
	struct attributes attributes = { .at = { NULL } };
	const struct nlattr *const *at = attributes.at;
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
	error = via_read(message, SOCKS_A_LOOKUP_SERVER, &via);
	if (!error) {
		snprintf(answer->server, sizeof(answer->server), "%s",
			 via_text(&via));
		via_clear(&via);
	}
	return error;
}

/**
 * lookup_ask() - Ask the kernel what becomes of a connection.
 * @session: The run, which is connected.
 * @question: The connection.
 * @answer: Where to put the answer.
 *
 * Return: 0 or a negative errno, which refused() can report.
 */
int lookup_ask(struct session *session, const struct question *question,
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
	case SOCKS_REASON_LOCAL:
		return "the caller runs the server, which is local auto";
	}
	return "unknown";
}

static bool print_answer(const struct explanation *explanation)
{
	const struct answer *answer = &explanation->answer;

	printf("action: %s", action_text(answer->action));
	if (answer->action == SOCKS_ACTION_VIA)
		printf(" %s", answer->server);
	if (answer->index)
		printf("\nrule %u", answer->index);
	else if (explanation->found)
		printf("\nin place of rule %u", explanation->rule.index);
	if (explanation->found) {
		printf(": ");
		if (!rule_print(stdout, &explanation->rule))
			return false;
	}
	printf("\nreason: %s", reason_text(answer->reason));
	if (answer->action != SOCKS_ACTION_VIA && *answer->server)
		printf(", %s", answer->server);
	putchar('\n');
	return explain_print(explanation);
}

static bool print_json(const struct session *session,
		       const struct explanation *explanation)
{
	static const char *const reasons[] = {
		[SOCKS_REASON_NO_RULE] = "no-rule",
		[SOCKS_REASON_RULE] = "rule",
		[SOCKS_REASON_SERVER] = "server",
		[SOCKS_REASON_NOT_CONNECTABLE] = "not-connectable",
		[SOCKS_REASON_LOCAL] = "local",
	};
	const struct answer *answer = &explanation->answer;
	const char *reason = answer->reason <= SOCKS_REASON_LOCAL ?
		reasons[answer->reason] : "unknown";
	json_t *object = json_object();
	bool done;

	done = json_put(object, "action",
			json_string(action_text(answer->action))) &&
	       json_put(object, "reason", json_string(reason));
	if (done && *answer->server)
		done = json_put(object, "server", via_json(answer->server));
	if (done && answer->index)
		done = json_put(object, "index",
				json_integer(answer->index));
	if (done && explanation->found)
		done = json_put(object, answer->index ? "rule" : "overruled",
				json_rule(&explanation->rule));
	if (done)
		done = explain_json(object, explanation);
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
	struct explanation explanation;
	struct question question;
	enum status status;
	int error;

	status = take_question(words, &question);
	if (!status)
		status = session_connect(session, &place);
	if (status)
		return status;
	error = explain(session, &question, &explanation);
	if (error)
		status = refused(session->netlink, error, &place,
				 "looking up");
	else if (!(session->json ? print_json(session, &explanation)
				 : print_answer(&explanation)))
		status = no_memory(&place);
	explain_clear(&explanation);
	return status;
}
