/* SPDX-License-Identifier: GPL-2.0-only */
/* Why a rule does not speak of a connection. */
#ifndef SOCKSCTL_EXPLAIN_H
#define SOCKSCTL_EXPLAIN_H

#include <jansson.h>
#include <stdio.h>

#include "lookup.h"
#include "rule.h"

/**
 * struct passed - A rule that was passed over.
 * @rule: The rule.
 * @differs: By which of its words, bits of enum match; none where it should
 *	have matched, as far as can be seen from here.
 */
struct passed {
	struct rule rule;
	unsigned int differs;
};

/**
 * struct explanation - How the rules lead to an answer.
 * @question: The question, with all that was not given filled in.
 * @answer: The kernel's answer.
 * @hidden: The rules may not be read by this user.
 * @found: There is a @rule.
 * @rule: The rule which decides; or which matches, where the answer is another
 *	for the server's sake or because of the address.
 * @list: The rules before it which speak of the address, in their order.
 * @count: How many.
 * @size: How many fit into @list.
 * @elsewhere: How many rules before it speak of other addresses.
 * @cgroup: Memory for @question's cgroup, or NULL.
 */
struct explanation {
	struct question question;
	struct answer answer;
	bool hidden;
	bool found;
	struct rule rule;
	struct passed *list;
	size_t count;
	size_t size;
	size_t elsewhere;
	char *cgroup;
};

unsigned int explain_differs(const struct rule *rule,
			     const struct question *question);
bool rule_covers(const struct rule *wide, const struct rule *rule);
int explain(struct session *session, const struct question *question,
	    struct explanation *explanation);
void explain_clear(struct explanation *explanation);
bool explain_print(const struct explanation *explanation);
bool explain_json(json_t *object, const struct explanation *explanation);

#endif
