// SPDX-License-Identifier: GPL-2.0-only
/*
 * A server on this host, whose own connections a rule would send to itself. For
 * each rule that leads to it, and each process which listens for it, the kernel
 * is asked what becomes of a connection that the rule speaks of.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "listener.h"
#include "lookup.h"
#include "quote.h"

/* So many of the rules which lead to a server are tried. */
#define RULES_MAX	100
/* Of each rule so many addresses are tried. */
#define ADDRESSES	2
/* A port which every program may connect to, for those of any port. */
#define SOME_PORT	443

/* Addresses of which the rule speaks, far from each other. */
static uint32_t make_address(const struct rule *rule, int number)
{
	/* For rules that speak of any address; nothing is sent there. */
	static const uint32_t somewhere[ADDRESSES] = {
		0xcb007101,	/* 203.0.113.1 */
		0x08080808,	/* 8.8.8.8 */
	};
	uint32_t first, rest;

	if (!(rule->matches & MATCH_TO) || !rule->to_length)
		return somewhere[number];
	first = ntohl(rule->to.s_addr);
	rest = rule->to_length < 32 ? UINT32_MAX >> rule->to_length : 0;
	/* The first and the last address of a network are nobody's. */
	if (number)
		return rest > 1 ? first + rest - 1 : first + rest;
	return rest > 1 ? first + 1 : first;
}

/* A connection which the rule speaks of. */
static void make_question(const struct rule *rule, const struct owner *owner,
			  int number, struct question *question)
{
	*question = (struct question){
		.address.s_addr = htonl(make_address(rule, number)),
		.port = SOME_PORT,
		.given = MATCH_UID | MATCH_GID,
		.uid = owner->uid,
		.gid = owner->gid,
	};
	if (rule->matches & MATCH_PORT)
		question->port = rule->port.min;
	if (*owner->cgroup) {
		question->given |= MATCH_CGROUP;
		question->cgroup = owner->cgroup;
	}
}

/* The rule by which a connection of which @rule speaks comes back, or 0. */
static uint32_t comes_back(struct doctor *doctor, const struct rule *rule,
			   const struct server *server,
			   const struct owner *owner)
{
	struct question question;
	struct answer answer;
	int number;

	for (number = 0; number < ADDRESSES; number++) {
		make_question(rule, owner, number, &question);
		if (!lookup_ask(doctor->session, &question, &answer) &&
		    answer.action == SOCKS_ACTION_VIA &&
		    via_names(answer.server, server->name))
			return answer.index;
	}
	return 0;
}

/* The number of a rule by which it is sent its own connections, or 0. */
static uint32_t find_loop(struct doctor *doctor, const struct server *server,
			  const struct owner *owner)
{
	const struct rule_list *rules = &doctor->config.rules;
	size_t i, tried = 0;

	for (i = 0; i < rules->count && tried < RULES_MAX; i++) {
		const struct rule *rule = &rules->list[i];
		uint32_t index;

		if (rule->action != SOCKS_ACTION_VIA ||
		    !via_names(via_text(&rule->via), server->name))
			continue;
		tried++;
		index = comes_back(doctor, rule, server, owner);
		if (index)
			return index;
	}
	return 0;
}

static void tell_loop(struct doctor *doctor, const struct server *server,
		      const struct owner *owner, uint32_t index)
{
	/* That of all processes is none to make a rule for. */
	bool cgroup = owner->cgroup[strspn(owner->cgroup, "/")];

	found(doctor, FINDING_PROBLEM, "loops",
	      "rule %u sends the own connections of server %s (%s, process %d) to itself: add the server with 'local auto', or before that rule 'rule add index %u uid %u direct'%s%s",
	      index, server->name, plain(owner->name), owner->pid, index,
	      owner->uid, cgroup ? ", or the same with cgroup " : "",
	      cgroup ? quoted(owner->cgroup) : "");
}

static void check_owners(struct doctor *doctor, const struct server *server,
			 const struct owner *owners, size_t count)
{
	bool loop = false;
	size_t i;

	for (i = 0; i < count; i++) {
		uint32_t index = find_loop(doctor, server, &owners[i]);

		if (!index)
			continue;
		loop = true;
		if (server->local_auto)
			found(doctor, FINDING_OK, "loops",
			      "rule %u does not send the own connections of server %s (%s, process %d) to itself, as it is local auto",
			      index, server->name, plain(owners[i].name),
			      owners[i].pid);
		else
			tell_loop(doctor, server, &owners[i], index);
	}
	if (!loop)
		found(doctor, FINDING_OK, "loops",
		      "no rule sends the own connections of server %s (%s, process %d) to itself",
		      server->name, plain(owners[0].name), owners[0].pid);
}

/**
 * doctor_loops() - Look at who listens for a server on this host.
 * @doctor: The examination.
 * @server: The server.
 */
void doctor_loops(struct doctor *doctor, const struct server *server)
{
	struct listeners listeners = {
		.address = server->address,
		.port = server->port,
	};
	struct owner *owners = NULL;
	size_t count;
	int error;

	error = listeners_get(&listeners);
	if (error) {
		found(doctor, FINDING_WARNING, "loops",
		      "who listens for server %s can't be read: %s",
		      server->name, strerror(-error));
		return;
	}
	if (!listeners.count) {
		found(doctor, FINDING_PROBLEM, "loops",
		      "nobody listens for server %s, which is on this host: is it started?",
		      server->name);
		return;
	}
	owners = calloc(OWNERS_MAX, sizeof(*owners));
	if (!owners) {
		doctor->failed = true;
		return;
	}
	count = owners_get(&listeners, owners);
	if (count)
		check_owners(doctor, server, owners, count);
	else
		found(doctor, FINDING_WARNING, "loops",
		      "who listens for server %s can't be seen from here: it takes root, and the same PID namespace",
		      server->name);
	free(owners);
}
