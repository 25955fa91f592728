/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules, servers, and the table in which they are looked up.
 *
 * Rules, servers and tables never change once others can see them, save for
 * their counters: a new configuration is a new table, which shares with the
 * old one the rules and servers that stay.
 */
#ifndef _SOCKS_TABLE_H
#define _SOCKS_TABLE_H

#include <linux/atomic.h>
#include <linux/cgroup.h>
#include <linux/refcount.h>
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
 * struct socks_server - a SOCKS server
 * @ref: held by tables, drafts, rules and connections
 * @timeout: seconds from the start of connect() to the whole reply
 * @n_rules: how many rules of the configuration in use name it; written under
 *	the lock of struct socks_net
 * @addr: its address
 * @port: its port
 * @userid_mode: one of enum socks_userid_mode
 * @userid_len: bytes of @userid
 * @stats: counters
 * @name: name, NUL-terminated
 * @userid: USERID where @userid_mode is %SOCKS_USERID_MODE_FIXED, with a NUL
 */
struct socks_server {
	refcount_t		ref;
	u32			timeout;
	u32			n_rules;
	__be32			addr;
	__be16			port;
	u8			userid_mode;
	u8			userid_len;
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
 * @server: the server, where @action is %SOCKS_ACTION_VIA, else NULL
 * @cgroup_path: path of @match.cgroup as it was given, or NULL
 * @stats: counters
 */
struct socks_rule {
	struct socks_match	match;
	refcount_t		ref;
	u32			action;
	struct socks_server	*server;
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

struct socks_node;
struct socks_span;

/**
 * struct socks_table - a configuration, ready for look-ups
 * @free_work: frees the table after a grace period
 * @n_rules: how many rules
 * @n_servers: how many servers
 * @n_spans: how many spans
 * @uses_cgroup: some rule names a cgroup
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
