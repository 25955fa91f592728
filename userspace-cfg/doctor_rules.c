// SPDX-License-Identifier: GPL-2.0-only
/* Rules that can never match, and counters which tell of trouble. */
#include <stdint.h>
#include <stdio.h>

#include "doctor.h"
#include "explain.h"

/* With more rules, to compare each with each takes too long. */
#define RULES_MAX	5000
/* So many are told one by one. */
#define TOLD_MAX	10

/* The first rule that matches all which this one matches; NULL for none. */
static const struct rule *shadow_of(const struct rule_list *rules, size_t i)
{
	size_t before;

	for (before = 0; before < i; before++)
		if (rule_covers(&rules->list[before], &rules->list[i]))
			return &rules->list[before];
	return NULL;
}

static void check_shadows(struct doctor *doctor)
{
	const struct rule_list *rules = &doctor->config.rules;
	size_t i, shadowed = 0;

	if (rules->count > RULES_MAX) {
		found(doctor, FINDING_WARNING, "rules",
		      "there are more than %d: whether each of them can match was not looked at",
		      RULES_MAX);
		return;
	}
	for (i = 0; i < rules->count; i++) {
		const struct rule *shadow = shadow_of(rules, i);

		if (!shadow)
			continue;
		if (++shadowed <= TOLD_MAX)
			found(doctor, FINDING_WARNING, "rules",
			      "rule %u never matches, as rule %u before it matches all that it does: remove it, or put it first",
			      rules->list[i].index, shadow->index);
	}
	if (shadowed > TOLD_MAX)
		found(doctor, FINDING_WARNING, "rules",
		      "%zu more rules never match", shadowed - TOLD_MAX);
	if (!shadowed)
		found(doctor, FINDING_OK, "rules",
		      "no rule is hidden by one before it");
}

static void check_counters(struct doctor *doctor, const struct server *server)
{
	const struct stats *stats = &server->stats;

	if (stats->failed)
		found(doctor, FINDING_WARNING, "counters",
		      "of %ju connections by server %s %ju failed: it was out of reach, gave no proper reply, or was given up: try 'socksctl probe %s'",
		      (uintmax_t)stats->tried, server->name,
		      (uintmax_t)stats->failed, server->name);
	else if (stats->rejected && !stats->granted)
		found(doctor, FINDING_WARNING, "counters",
		      "server %s rejected all of %ju connections: does it want another userid?",
		      server->name, (uintmax_t)stats->rejected);
	else
		found(doctor, FINDING_OK, "counters",
		      "no connection by server %s failed", server->name);
}

/**
 * doctor_rules() - Look at the rules and the counters.
 * @doctor: The examination.
 */
void doctor_rules(struct doctor *doctor)
{
	const struct server_list *servers = &doctor->config.servers;
	size_t i;

	check_shadows(doctor);
	for (i = 0; i < servers->count; i++)
		check_counters(doctor, &servers->list[i]);
}
