/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules, servers, and the table in which they are looked up.
 *
 * Rules, servers and tables never change once others can see them, save for
 * their counters and the health of a server: a new configuration is a new table,
 * which shares with the old one the rules and servers that stay.
 */
#ifndef _SOCKS_TABLE_H
#define _SOCKS_TABLE_H

#include <linux/atomic.h>
#include <linux/cgroup.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include <uapi/linux/socks.h>

/* Counters of a rule or a server. See "stats" in the netlink specification. */
struct socks_stats {
	atomic64_t	tried;
	atomic64_t	granted;
	atomic64_t	rejected;
	atomic64_t	failed;
	atomic_t	in_progress;
	atomic_t	established;
};

/**
 * struct socks_health - whether a server answers; see failover.c
 * @lock: guards what follows; taken in softirq, under the lock of a socket
 * @failures: connections in a row for which it has failed; 0 where it has
 *	answered the last one. Also read without @lock
 * @err: positive errno of the last of these
 * @since: the first of these, in jiffies
 * @until: up to when it is passed over, in jiffies
 * @answered: when it has last answered a connection, in jiffies; without @lock
 */
struct socks_health {
	spinlock_t	lock; /* see above */
	u32		failures;
	int		err;
	unsigned long	since;
	unsigned long	until;
	unsigned long	answered;
};

/**
 * struct socks_server - a SOCKS server
 * @ref: held by tables, drafts and rules
 * @timeout: seconds from the start of connect() to the whole reply
 * @accept_timeout: seconds from the first reply to BIND to the second
 * @retry: seconds for which it is passed over when it has failed
 * @n_rules: how many rules of the configuration in use name it; written under
 *	the lock of struct socks_net
 * @addr: its address
 * @port: its port
 * @userid_mode: one of enum socks_userid_mode
 * @local_auto: the processes which listen there are exempt, see local.c
 * @userid_len: bytes of @userid
 * @health: whether it answers
 * @stats: counters
 * @name: name, NUL-terminated
 * @userid: USERID where @userid_mode is %SOCKS_USERID_MODE_FIXED, with a NUL
 */
struct socks_server {
	refcount_t		ref;
	u32			timeout;
	u32			accept_timeout;
	u32			retry;
	u32			n_rules;
	__be32			addr;
	__be16			port;
	u8			userid_mode;
	bool			local_auto;
	u8			userid_len;
	struct socks_health	health;
	struct socks_stats	stats;
	char			name[SOCKS_NAME_MAX + 1];
	char			userid[];
};

/**
 * struct socks_match - what a rule asks of a connection
 * @addr: destination prefix, in host byte order
 * @prefix_len: its length
 * @port_min: lowest destination port, in host byte order
 * @port_max: highest destination port
 * @uid_min: lowest user id, as in the initial user namespace
 * @uid_max: highest user id
 * @gid_min: lowest group id, as in the initial user namespace
 * @gid_max: highest group id
 * @cgroup: root of the subtree in which the caller must be, or NULL for any
 */
struct socks_match {
	u32		addr;
	u8		prefix_len;
	u16		port_min;
	u16		port_max;
	u32		uid_min;
	u32		uid_max;
	u32		gid_min;
	u32		gid_max;
	struct cgroup	*cgroup;
};

/**
 * struct socks_rule - a rule
 * @match: the connections it speaks of
 * @ref: held by tables, drafts and connections
 * @action: one of enum socks_action
 * @rbind_auto: connections which it sends to a server take bind() and listen()
 *	of the same thread for Rbind()
 * @balance: each destination has an order of its own in which they are tried
 * @n_servers: how many servers; none unless @action is %SOCKS_ACTION_VIA
 * @servers: the servers in the order in which they are tried; a reference on
 *	each
 * @only_server: room for @servers where that is one
 * @cgroup_path: path of @match.cgroup as it was given, or NULL
 * @stats: counters
 */
struct socks_rule {
	struct socks_match	match;
	refcount_t		ref;
	u32			action;
	bool			rbind_auto;
	bool			balance;
	u8			n_servers;
	struct socks_server	**servers;
	struct socks_server	*only_server;
	char			*cgroup_path;
	struct socks_stats	stats;
};

/**
 * struct socks_key - a connection to look up
 * @addr: destination, in host byte order
 * @port: destination port, in host byte order
 * @uid: user id, as in the initial user namespace
 * @gid: group id, as in the initial user namespace
 * @cgroup: cgroup v2 of the caller; may be NULL where no rule names one
 */
struct socks_key {
	u32		addr;
	u16		port;
	u32		uid;
	u32		gid;
	struct cgroup	*cgroup;
};

/**
 * struct socks_limits - how much a network namespace may have
 * @rbinds: sockets for which a server listens
 * @rbinds_per_user: … of one user
 */
struct socks_limits {
	u32	rbinds;
	u32	rbinds_per_user;
};

struct socks_node;
struct socks_span;

/**
 * struct socks_table - a configuration, ready for look-ups
 * @free_work: frees the table after a grace period
 * @n_rules: how many rules
 * @n_servers: how many servers
 * @n_spans: how many spans
 * @uses_cgroup: some rule names a cgroup
 * @limits: of the network namespace
 * @rules: rules in the order in which they are tried
 * @servers: servers in the order in which they were added
 * @order: rule numbers by prefix, ascending for each prefix
 * @nodes: the prefixes, see struct socks_node
 * @spans: the address space cut at the prefixes' edges, see struct socks_span
 * @index: for each value of an address's upper 16 bits, the span in which it
 *	begins; NULL for a small table
 */
struct socks_table {
	struct rcu_work		free_work;
	u32			n_rules;
	u32			n_servers;
	u32			n_spans;
	bool			uses_cgroup;
	struct socks_limits	limits;
	struct socks_rule	**rules;
	struct socks_server	**servers;
	u32			*order;
	struct socks_node	*nodes;
	struct socks_span	*spans;
	u32			*index;
};

/* No rule, no node. */
#define SOCKS_NONE	U32_MAX

struct socks_table *socks_table_build(struct socks_rule **rules, u32 n_rules,
				      struct socks_server **servers,
				      u32 n_servers);
void socks_table_destroy(struct socks_table *table);
u32 socks_table_find(const struct socks_table *table,
		     const struct socks_key *key);
struct socks_server *socks_table_server_at(const struct socks_table *table,
					   __be32 addr, __be16 port);
bool socks_match_ok(const struct socks_match *match,
		    const struct socks_key *key);

static inline u32 socks_prefix_mask(u8 prefix_len)
{
	return prefix_len ? ~0U << (32 - prefix_len) : 0;
}

#endif /* _SOCKS_TABLE_H */
