/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Servers of this host: who runs one is not to be sent to it.
 */
#ifndef _SOCKS_LOCAL_H
#define _SOCKS_LOCAL_H

#include <net/net_namespace.h>

#include "config.h"

bool socks_local_owner(struct net *net, __be32 addr, __be16 port);

/**
 * socks_local_exempt() - let a server's own connections go direct
 * @net: where
 * @decision: what the rules say of a connection of the current task; corrected
 *	where they send it to a server that is local-auto and that the task runs,
 *	be it the first one of the rule or not
 *
 * Process context, under rcu_read_lock(). Costs something only where a
 * connection goes to such a server.
 */
static inline void socks_local_exempt(struct net *net,
				      struct socks_decision *decision)
{
	const struct socks_rule *rule = decision->rule;
	struct socks_server *server;
	u8 i;

	if (decision->action != SOCKS_ACTION_VIA)
		return;
	for (i = 0; i < rule->n_servers; i++) {
		server = rule->servers[i];
		if (!server->local_auto ||
		    !socks_local_owner(net, server->addr, server->port))
			continue;
		decision->action = SOCKS_ACTION_DIRECT;
		decision->reason = SOCKS_REASON_LOCAL;
		decision->server = server;
		return;
	}
}

#endif /* _SOCKS_LOCAL_H */
