// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which of a rule's servers a connection goes to, and which one next.
 *
 * They are tried in the order in which the rule names them or, with balance, in
 * an order that follows from the destination: each server's rank is a hash of
 * the destination's address and of the server's. So a destination keeps its
 * server as long as that is there, whatever else the rule names; those of a
 * server that has failed are spread over all others; and hosts which have the
 * same servers agree.
 *
 * A server that has failed a connection is passed over for a time, by those for
 * which there is another. Then one connection tries it, and the others go on
 * passing it over until that one has an answer. Where that one comes to no
 * result, the next one tries.
 *
 * A connection may also fail because of what was asked of the server: many say
 * nothing until they know that a destination can't be reached, which takes
 * longer than the time limit. So a failure does not count if the server has
 * answered another connection since this one came to it.
 */
#include <linux/bits.h>
#include <linux/jhash.h>
#include <linux/jiffies.h>

#include "failover.h"

/**
 * socks_health_init() - a server that nobody has tried yet
 * @health: to be set up, all zero
 */
void socks_health_init(struct socks_health *health)
{
	spin_lock_init(&health->lock);
	/* Jiffies begin shortly before 0, which would be in the future. */
	health->answered = jiffies;
}

/**
 * socks_health_failed() - a server has failed a connection
 * @server: the server
 * @err: positive errno, why
 * @began: when the connection has come to it, in jiffies
 *
 * Any context but hard interrupts.
 */
void socks_health_failed(struct socks_server *server, int err,
			 unsigned long began)
{
	struct socks_health *health = &server->health;

	if (time_after(READ_ONCE(health->answered), began))
		return;
	spin_lock_bh(&health->lock);
	if (!health->failures)
		health->since = jiffies;
	/* Not 0 again, which means something else. */
	if (health->failures != U32_MAX)
		WRITE_ONCE(health->failures, health->failures + 1);
	health->err = err;
	health->until = jiffies + server->retry * HZ;
	spin_unlock_bh(&health->lock);
}

/**
 * socks_health_answered() - a server has answered a connection
 * @server: the server
 *
 * Any context but hard interrupts.
 */
void socks_health_answered(struct socks_server *server)
{
	struct socks_health *health = &server->health;
	unsigned long now = jiffies;

	/* All processors read it. */
	if (READ_ONCE(health->answered) != now)
		WRITE_ONCE(health->answered, now);
	if (!READ_ONCE(health->failures))
		return;
	spin_lock_bh(&health->lock);
	WRITE_ONCE(health->failures, 0);
	spin_unlock_bh(&health->lock);
}

/**
 * socks_health_given_up() - a trial has come to no result
 * @server: the server, which the caller's connection was to try
 *
 * Any context but hard interrupts.
 */
void socks_health_given_up(struct socks_server *server)
{
	struct socks_health *health = &server->health;

	spin_lock_bh(&health->lock);
	if (health->failures)
		health->until = jiffies;
	spin_unlock_bh(&health->lock);
}

/*
 * May a connection go to this server, though there are others? Where that is to
 * try it, @trial is set; NULL means that this connection is not to.
 */
static bool socks_health_try(struct socks_server *server, bool *trial)
{
	struct socks_health *health = &server->health;
	bool try = true;

	if (!READ_ONCE(health->failures))
		return true;
	spin_lock_bh(&health->lock);
	if (health->failures) {
		try = trial && !time_before(jiffies, health->until);
		/* Others wait for what becomes of this one. */
		if (try) {
			health->until = jiffies + server->retry * HZ;
			*trial = true;
		}
	}
	spin_unlock_bh(&health->lock);
	return try;
}

/**
 * socks_health_report() - say whether a server answers
 * @server: the server
 * @report: where to put it
 *
 * Any context but hard interrupts.
 */
void socks_health_report(struct socks_server *server,
			 struct socks_health_report *report)
{
	struct socks_health *health = &server->health;

	*report = (struct socks_health_report){};
	spin_lock_bh(&health->lock);
	if (health->failures) {
		report->failures = health->failures;
		report->err = health->err;
		report->failing_for = jiffies - health->since;
		if (time_before(jiffies, health->until))
			report->retry_in = health->until - jiffies;
	}
	spin_unlock_bh(&health->lock);
}

static u32 socks_failover_rank(const struct socks_server *server, __be32 daddr)
{
	return jhash_3words((__force u32)daddr, (__force u32)server->addr,
			    (__force u32)server->port, 0);
}

/* The first server in the order for @daddr of those not in @without; there is one. */
static u8 socks_failover_first(const struct socks_rule *rule, __be32 daddr,
			       u8 without)
{
	u32 rank, highest = 0;
	u8 first = ffz(without), i;

	if (!rule->balance)
		return first;
	for (i = first; i < rule->n_servers; i++) {
		if (without & BIT(i))
			continue;
		rank = socks_failover_rank(rule->servers[i], daddr);
		if (rank > highest) {
			highest = rank;
			first = i;
		}
	}
	return first;
}

/**
 * socks_failover_choose() - say to which server a connection goes
 * @rule: the rule that sends it to one
 * @daddr: its destination
 * @tried: bitmap of the servers that have failed it; not all
 * @trial: set to true where the server was passed over up to now, and this
 *	connection is the one that tries it: socks_health_failed(),
 *	socks_health_answered() or socks_health_given_up() is to follow. NULL for
 *	one whose failure would say nothing of the server
 *
 * Any context but hard interrupts.
 *
 * Return: the server's number in the rule: the first one that is not passed
 * over, or just the first one where all are.
 */
u8 socks_failover_choose(const struct socks_rule *rule, __be32 daddr, u8 tried,
			 bool *trial)
{
	u8 first, i;

	if (rule->n_servers == 1)
		return 0;
	first = socks_failover_first(rule, daddr, tried);
	for (i = first;;) {
		if (socks_health_try(rule->servers[i], trial))
			return i;
		tried |= BIT(i);
		if (!socks_failover_left(rule, tried))
			return first;
		i = socks_failover_first(rule, daddr, tried);
	}
}

/**
 * socks_failover_order() - say in which order servers would be tried
 * @rule: the rule which names them
 * @daddr: the destination
 * @order: the servers' numbers in the rule, those that are passed over last
 *
 * Any context but hard interrupts.
 *
 * Return: how many servers there are.
 */
u8 socks_failover_order(const struct socks_rule *rule, __be32 daddr,
			u8 order[SOCKS_RULE_SERVERS_MAX])
{
	u8 over[SOCKS_RULE_SERVERS_MAX], n_over = 0, n = 0, tried = 0, i;
	struct socks_health_report report;

	while (n + n_over < rule->n_servers) {
		i = socks_failover_first(rule, daddr, tried);
		tried |= BIT(i);
		socks_health_report(rule->servers[i], &report);
		if (report.retry_in)
			over[n_over++] = i;
		else
			order[n++] = i;
	}
	for (i = 0; i < n_over; i++)
		order[n + i] = over[i];
	return n + n_over;
}
