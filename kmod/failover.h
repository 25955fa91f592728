/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SOCKS_FAILOVER_H
#define _SOCKS_FAILOVER_H

#include "table.h"

/**
 * struct socks_health_report - whether a server answers, to be shown
 * @failures: connections in a row for which it has failed
 * @err: positive errno of the last of these
 * @failing_for: jiffies since the first of these
 * @retry_in: jiffies for which it is passed over yet, or 0
 */
struct socks_health_report {
	u32		failures;
	int		err;
	unsigned long	failing_for;
	unsigned long	retry_in;
};

void socks_health_init(struct socks_health *health);
void socks_health_failed(struct socks_server *server, int err,
			 unsigned long began);
void socks_health_answered(struct socks_server *server);
void socks_health_given_up(struct socks_server *server);
void socks_health_report(struct socks_server *server,
			 struct socks_health_report *report);

u8 socks_failover_choose(const struct socks_rule *rule, __be32 daddr, u8 tried,
			 bool *trial);
u8 socks_failover_order(const struct socks_rule *rule, __be32 daddr,
			u8 order[SOCKS_RULE_SERVERS_MAX]);

/* Are there servers of a rule that are not among those in a bitmap? */
static inline bool socks_failover_left(const struct socks_rule *rule, u8 tried)
{
	return rule->n_servers > 1 && tried != (1U << rule->n_servers) - 1;
}

#endif /* _SOCKS_FAILOVER_H */
