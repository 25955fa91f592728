// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why a rule does not speak of a connection. The kernel decides; here its rules
 * are read, and compared with the connection once more, to say which words of
 * them do not match.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "explain.h"
#include "json.h"
#include "quote.h"

/* How often all is read again where the rules changed meanwhile. */
#define EXPLAIN_TRIES	100

/* What each word of a rule is called. */
static const struct {
	enum match match;
	const char *name;
} rule_words[] = {
	{ MATCH_TO, "to" },
	{ MATCH_PORT, "port" },
	{ MATCH_UID, "uid" },
	{ MATCH_GID, "gid" },
	{ MATCH_CGROUP, "cgroup" },
};

static bool in_range(const struct range *range, uint32_t number)
{
	return range->min <= number && number <= range->max;
}

static uint32_t mask_of(unsigned int length)
{
	return length ? UINT32_MAX << (32 - length) : 0;
}

static bool is_loopback(uint32_t address)
{
	return address >> 24 == 127;
}

/* The prefix holds the address, whether or not the rule speaks of it. */
static bool holds(const struct rule *rule, uint32_t address)
{
	if (!(rule->matches & MATCH_TO))
		return true;
	return !((ntohl(rule->to.s_addr) ^ address) & mask_of(rule->to_length));
}

static unsigned int prefix_length(const struct rule *rule)
{
	return rule->matches & MATCH_TO ? rule->to_length : 0;
}

/*
 * Is a cgroup, or one around it, the one with this path? Needless slashes do
 * not matter, as to the kernel.
 */
static bool is_below(const char *path, const char *top)
{
	for (;;) {
		size_t length;

		path += strspn(path, "/");
		top += strspn(top, "/");
		if (!*top)
			return true;
		length = strcspn(top, "/");
		if (strncmp(path, top, length) ||
		    (path[length] && path[length] != '/'))
			return false;
		path += length;
		top += length;
	}
}

/**
 * explain_differs() - Which words of a rule do not match a connection?
 * @rule: The rule.
 * @question: The connection. What is not given of it is taken to match.
 *
 * Return: Bits of enum match.
 */
unsigned int explain_differs(const struct rule *rule,
			     const struct question *question)
{
	unsigned int asked = rule->matches & (question->given | MATCH_PORT);
	uint32_t address = ntohl(question->address.s_addr);
	unsigned int differs = 0;

	/* Only a prefix within 127.0.0.0/8 speaks of loopback addresses. */
	if (!holds(rule, address) ||
	    (is_loopback(address) && prefix_length(rule) < 8))
		differs |= MATCH_TO;
	if (asked & MATCH_PORT && !in_range(&rule->port, question->port))
		differs |= MATCH_PORT;
	if (asked & MATCH_UID && !in_range(&rule->uid, question->uid))
		differs |= MATCH_UID;
	if (asked & MATCH_GID && !in_range(&rule->gid, question->gid))
		differs |= MATCH_GID;
	if (asked & MATCH_CGROUP && !is_below(question->cgroup, rule->cgroup))
		differs |= MATCH_CGROUP;
	return differs;
}

static bool range_covers(const struct rule *wide, const struct range *around,
			 const struct rule *rule, const struct range *range,
			 enum match match)
{
	if (!(wide->matches & match))
		return true;
	return rule->matches & match && around->min <= range->min &&
	       around->max >= range->max;
}

static bool prefix_covers(const struct rule *wide, const struct rule *rule)
{
	unsigned int length = prefix_length(rule);

	if (prefix_length(wide) > length)
		return false;
	/* Only a prefix within 127.0.0.0/8 speaks of loopback addresses. */
	if (length >= 8 && is_loopback(ntohl(rule->to.s_addr)) &&
	    prefix_length(wide) < 8)
		return false;
	return !length || holds(wide, ntohl(rule->to.s_addr));
}

/**
 * rule_covers() - Does a rule match all that another one matches?
 * @wide: The rule.
 * @rule: The other one.
 */
bool rule_covers(const struct rule *wide, const struct rule *rule)
{
	return prefix_covers(wide, rule) &&
	       range_covers(wide, &wide->port, rule, &rule->port, MATCH_PORT) &&
	       range_covers(wide, &wide->uid, rule, &rule->uid, MATCH_UID) &&
	       range_covers(wide, &wide->gid, rule, &rule->gid, MATCH_GID) &&
	       (!(wide->matches & MATCH_CGROUP) ||
		(rule->matches & MATCH_CGROUP &&
		 is_below(rule->cgroup, wide->cgroup)));
}

/* The caller's own cgroup of version 2; NULL where it can't be told. */
static char *own_cgroup(void)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char *line = NULL, *path = NULL;
	size_t size = 0;
	ssize_t length;

	if (!file)
		return NULL;
	while (!path && (length = getline(&line, &size, file)) > 0) {
		if (strncmp(line, "0::", 3))
			continue;
		if (line[length - 1] == '\n')
			line[length - 1] = '\0';
		path = strdup(line + 3);
	}
	free(line);
	fclose(file);
	return path;
}

/* What was not given is the caller's own. */
static void complete(struct explanation *explanation)
{
	struct question *question = &explanation->question;

	if (!(question->given & MATCH_UID))
		question->uid = geteuid();
	if (!(question->given & MATCH_GID))
		question->gid = getegid();
	if (!(question->given & MATCH_CGROUP)) {
		explanation->cgroup = own_cgroup();
		question->cgroup = explanation->cgroup;
	}
	question->given = MATCH_UID | MATCH_GID;
	if (question->cgroup)
		question->given |= MATCH_CGROUP;
	/* connect() to 0.0.0.0 goes to 127.0.0.1. */
	if (!question->address.s_addr)
		question->address.s_addr = htonl(INADDR_LOOPBACK);
}

static void forget(void *data)
{
	struct explanation *explanation = data;

	while (explanation->count)
		rule_clear(&explanation->list[--explanation->count].rule);
	rule_clear(&explanation->rule);
	explanation->found = false;
	explanation->elsewhere = 0;
}

/* Is it the rule at which the search ends? */
static bool is_last(const struct explanation *explanation,
		    const struct rule *rule, unsigned int differs)
{
	const struct answer *answer = &explanation->answer;

	if (answer->index)
		return rule->index == answer->index;
	/* Nothing but the rules was asked. */
	if (answer->reason == SOCKS_REASON_NO_RULE)
		return false;
	return !differs && rule->action != SOCKS_ACTION_DIRECT;
}

static int pass_over(struct explanation *explanation, struct rule *rule,
		     unsigned int differs)
{
	struct passed *list = array_room(explanation->list, explanation->count,
					 &explanation->size, sizeof(*list));

	if (!list)
		return -ENOMEM;
	explanation->list = list;
	explanation->list[explanation->count++] =
		(struct passed){ *rule, differs };
	return 0;
}

/* Only what is printed is kept: there may be many rules. */
static int take(const struct nlmsghdr *message, void *data)
{
	struct explanation *explanation = data;
	const struct question *question = &explanation->question;
	unsigned int differs;
	struct rule rule;
	int error;

	if (explanation->found)
		return 0;
	error = rule_read(message, &rule);
	if (error)
		return error;
	differs = explain_differs(&rule, question);
	if (is_last(explanation, &rule, differs)) {
		explanation->rule = rule;
		explanation->found = true;
		return 0;
	}
	if (holds(&rule, ntohl(question->address.s_addr))) {
		error = pass_over(explanation, &rule, differs);
		if (!error)
			return 0;
	} else {
		explanation->elsewhere++;
	}
	rule_clear(&rule);
	return error;
}

static int read_rules(struct session *session, struct explanation *explanation)
{
	struct messages messages = { .data = NULL };
	struct nlmsghdr *message;
	int error = -ENOMEM;

	message = message_start(&messages, SOCKS_CMD_RULE_GET, 0);
	if (message) {
		message_end(&messages, message);
		error = netlink_dump(session->netlink, &messages, forget, take,
				     explanation);
	}
	messages_clear(&messages);
	return error;
}

static bool same_answer(const struct answer *a, const struct answer *b)
{
	return a->action == b->action && a->reason == b->reason &&
	       a->index == b->index && !strcmp(a->server, b->server);
}

/* No rule was asked where nobody can connect to such an address. */
static bool rules_asked(const struct explanation *explanation)
{
	const struct answer *answer = &explanation->answer;

	return answer->reason != SOCKS_REASON_NOT_CONNECTABLE ||
	       answer->action != SOCKS_ACTION_DIRECT;
}

/**
 * explain() - Ask what becomes of a connection, and read the rules.
 * @session: The run, which is connected.
 * @question: The connection.
 * @explanation: Where to put it; for explain_clear(), whatever the result.
 *
 * The rules may change between the two; so ask once more, until the answer is
 * the same.
 *
 * Return: 0 or a negative errno, which refused() can report.
 */
int explain(struct session *session, const struct question *question,
	    struct explanation *explanation)
{
	struct answer again;
	int error, tries;

	*explanation = (struct explanation){ .question = *question };
	complete(explanation);
	error = lookup_ask(session, question, &explanation->answer);
	for (tries = 0; !error && tries < EXPLAIN_TRIES; tries++) {
		if (!rules_asked(explanation)) {
			forget(explanation);
			return 0;
		}
		error = read_rules(session, explanation);
		/* Anybody may ask, but not read the rules. */
		explanation->hidden = error == -EPERM;
		if (explanation->hidden)
			forget(explanation);
		else if (error)
			return error;
		error = lookup_ask(session, question, &again);
		if (!error && same_answer(&explanation->answer, &again) &&
		    (explanation->found || !again.index ||
		     explanation->hidden))
			return 0;
		explanation->answer = again;
	}
	return error ? error : -EAGAIN;
}

/**
 * explain_clear() - Free what belongs to an explanation.
 * @explanation: The explanation.
 */
void explain_clear(struct explanation *explanation)
{
	forget(explanation);
	free(explanation->list);
	free(explanation->cgroup);
	*explanation = (struct explanation){ .found = false };
}

static void print_range(const char *word, const struct range *range,
			uint32_t number)
{
	char text[RANGE_TEXT_SIZE];

	range_text(text, range);
	if (range->min == range->max)
		printf("    %s %s: it is %u\n", word, text, number);
	else
		printf("    %s %s: %u is not in it\n", word, text, number);
}

static bool print_cgroup(const char *top, const char *path)
{
	char *quoted_top = quote_word(top), *quoted_path = quote_word(path);
	bool done = quoted_top && quoted_path;

	if (done)
		printf("    cgroup %s: %s is not in it\n", quoted_top,
		       quoted_path);
	free(quoted_top);
	free(quoted_path);
	return done;
}

static bool print_passed(const struct passed *passed,
			 const struct question *question)
{
	const struct rule *rule = &passed->rule;
	unsigned int differs = passed->differs;

	printf("  rule %u: ", rule->index);
	if (!rule_print(stdout, rule))
		return false;
	putchar('\n');
	if (differs & MATCH_TO)
		puts("    it does not name 127.0.0.0/8, or a part of it");
	if (differs & MATCH_PORT)
		print_range("port", &rule->port, question->port);
	if (differs & MATCH_UID)
		print_range("uid", &rule->uid, question->uid);
	if (differs & MATCH_GID)
		print_range("gid", &rule->gid, question->gid);
	if (differs & MATCH_CGROUP &&
	    !print_cgroup(rule->cgroup, question->cgroup))
		return false;
	if (!differs)
		printf("    the kernel says so%s\n",
		       rule->matches & MATCH_CGROUP ?
		       ": its cgroup may be another one of this name, which was removed" :
		       "; from here no difference can be seen");
	return true;
}

/**
 * explain_print() - Print the rules that were passed over.
 * @explanation: The explanation.
 *
 * Return: false where there is no memory.
 */
bool explain_print(const struct explanation *explanation)
{
	size_t i;

	if (explanation->hidden) {
		puts("passed over: not shown; to read the rules takes CAP_NET_ADMIN");
		return true;
	}
	if (!explanation->count && !explanation->elsewhere)
		return true;
	puts("passed over:");
	for (i = 0; i < explanation->count; i++)
		if (!print_passed(&explanation->list[i],
				  &explanation->question))
			return false;
	if (explanation->elsewhere)
		printf("  %zu %s to other addresses\n", explanation->elsewhere,
		       explanation->elsewhere == 1 ? "rule" : "rules");
	return true;
}

static json_t *json_differs(unsigned int differs)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; array && i < ARRAY_SIZE(rule_words); i++) {
		if (!(differs & rule_words[i].match))
			continue;
		if (json_array_append_new(array,
					  json_string(rule_words[i].name))) {
			json_decref(array);
			array = NULL;
		}
	}
	return array;
}

static json_t *json_passed(const struct explanation *explanation)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; array && i < explanation->count; i++) {
		const struct passed *passed = &explanation->list[i];
		json_t *rule = json_rule(&passed->rule);
		bool done;

		done = rule && json_put(rule, "differs",
					json_differs(passed->differs));
		if (!done) {
			json_decref(rule);
			rule = NULL;
		}
		if (json_array_append_new(array, rule)) {
			json_decref(array);
			array = NULL;
		}
	}
	return array;
}

/**
 * explain_json() - Put the rules that were passed over into an object.
 * @object: The object.
 * @explanation: The explanation.
 *
 * Return: Did it succeed?
 */
bool explain_json(json_t *object, const struct explanation *explanation)
{
	if (explanation->hidden)
		return true;
	return json_put(object, "passed_over", json_passed(explanation)) &&
	       json_put(object, "other_addresses",
			json_integer(explanation->elsewhere));
}
