/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The configuration of each network namespace, and how it is changed.
 */
#ifndef _SOCKS_CONFIG_H
#define _SOCKS_CONFIG_H

#include <linux/bits.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/rcupdate.h>
#include <net/net_namespace.h>

#include "table.h"

/* Enough for anybody, and few enough for 32-bit sums. */
#define SOCKS_RULES_MAX		BIT(20)
#define SOCKS_SERVERS_MAX	BIT(12)

/**
 * struct socks_net - what a network namespace has of this module
 * @net: the namespace
 * @table: its configuration; NULL until the first change. Read under RCU,
 *	written under @lock
 * @lock: serialises changes; guards @generation and @transactions
 * @generation: grows with each change
 * @transactions: those which are open
 * @rbinds_lock: guards @rbinds and @n_rbinds; taken with BH on
 * @rbinds: sockets for which a server listens
 * @n_rbinds: how many
 */
struct socks_net {
	struct net			*net;
	struct socks_table __rcu	*table;
	struct mutex			lock; /* see above */
	u32				generation;
	struct list_head		transactions;
	spinlock_t			rbinds_lock; /* see above */
	struct list_head		rbinds;
	u32				n_rbinds;
};

/**
 * struct socks_draft - a configuration that is being written
 * @rules: rules in order; a reference on each
 * @servers: servers in order; a reference on each
 * @n_rules: how many rules
 * @n_servers: how many servers
 * @max_rules: for how many @rules has room
 * @max_servers: for how many @servers has room
 * @limits: limits
 *
 * Belongs to one writer; no lock.
 */
struct socks_draft {
	struct socks_rule	**rules;
	struct socks_server	**servers;
	u32			n_rules;
	u32			n_servers;
	u32			max_rules;
	u32			max_servers;
	struct socks_limits	limits;
};

/**
 * struct socks_transaction - changes that will take effect together
 * @list: in struct socks_net
 * @owner: the netlink socket to which it belongs, with a reference. Another one
 *	may have its port number as soon as it is being closed
 * @generation: of the configuration with which it began
 * @flush: it began with an empty one
 * @failed: some change of it could not be made; commit will refuse
 * @draft: what will be the configuration
 */
struct socks_transaction {
	struct list_head	list;
	struct sock		*owner;
	u32			generation;
	bool			flush;
	bool			failed;
	struct socks_draft	draft;
};

struct socks_net *socks_net(const struct net *net);
struct socks_limits socks_net_limits(const struct socks_net *sn);

struct socks_server *socks_server_alloc(const char *name, __be32 addr,
					__be16 port, u32 userid_mode,
					const char *userid, u32 timeout,
					struct netlink_ext_ack *extack);
void socks_server_get(struct socks_server *server);
void socks_server_put(struct socks_server *server);

struct socks_rule *socks_rule_alloc(const struct socks_match *match,
				    u32 action, const char *cgroup_path,
				    struct netlink_ext_ack *extack);
void socks_rule_get(struct socks_rule *rule);
void socks_rule_put(struct socks_rule *rule);

int socks_draft_init(struct socks_draft *draft,
		     const struct socks_table *table);
void socks_draft_destroy(struct socks_draft *draft);
int socks_draft_add_server(struct socks_draft *draft,
			   struct socks_server *server,
			   struct netlink_ext_ack *extack);
int socks_draft_del_server(struct socks_draft *draft, const char *name,
			   struct netlink_ext_ack *extack);
struct socks_server *socks_draft_find_server(const struct socks_draft *draft,
					     const char *name);
int socks_draft_add_rule(struct socks_draft *draft, struct socks_rule *rule,
			 u32 index, const char names[][SOCKS_NAME_MAX + 1],
			 u32 n_names, struct netlink_ext_ack *extack);
int socks_draft_del_rule(struct socks_draft *draft, u32 index,
			 struct netlink_ext_ack *extack);

int socks_transaction_begin(struct socks_net *sn, struct sock *owner, bool flush,
			    struct netlink_ext_ack *extack);
int socks_transaction_commit(struct socks_net *sn, struct sock *owner,
			     struct netlink_ext_ack *extack);
int socks_transaction_abort(struct socks_net *sn, struct sock *owner,
			    struct netlink_ext_ack *extack);

typedef int (*socks_change_t)(struct socks_draft *draft, void *data,
			      struct netlink_ext_ack *extack);
int socks_change(struct socks_net *sn, struct sock *owner, socks_change_t change,
		 void *data, struct netlink_ext_ack *extack);
void socks_change_refused(struct socks_net *sn, struct sock *owner);

/**
 * struct socks_decision - what becomes of a connection
 * @action: one of enum socks_action
 * @reason: one of enum socks_reason
 * @index: number of the rule in the table, from 0, with %SOCKS_REASON_RULE and
 *	%SOCKS_REASON_LOCAL
 * @rule: that rule, or NULL
 * @server: the first server of the rule, or the one whose address was looked
 *	up
 */
struct socks_decision {
	u32			action;
	u32			reason;
	u32			index;
	struct socks_rule	*rule;
	struct socks_server	*server;
};

void socks_decide(const struct socks_table *table, const struct socks_key *key,
		  struct socks_decision *decision);

int socks_config_init(void);
void socks_config_exit(void);

#endif /* _SOCKS_CONFIG_H */
