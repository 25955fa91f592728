/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SOCKS_RBIND_H
#define _SOCKS_RBIND_H

#include <linux/in.h>
#include <linux/net.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <net/sock.h>

#include "conn.h"

/**
 * struct socks_rbind - a socket for which a SOCKS server listens
 * @node: in the hash table over @sk
 * @sk: the program's socket; to find this by. No reference: the entry is
 *	removed before the socket is released
 * @ref: one while it is in the hash table, one for each task that uses it. The
 *	last one gives back the module reference
 * @addr: where the server listens
 * @port: its port
 * @by_rule: the program does not know of Rbind(): a rule says so
 * @local: with @by_rule, the address to which the program bound the socket
 * @lock: guards @listener, @inner and @ready; taken in softirq, under the lock of
 *	@inner's socket
 * @listener: @sk, to be woken; NULL when it is in the hash table no more
 * @inner: the connection to the server, until accept() has made it the
 *	program's. Written under the lock of @sk as well, once that is in the hash
 *	table
 * @conn: what the module knows of @inner's socket; a reference, as long as there
 *	is @inner
 * @ready: the peer has come, or will not come any more, and nobody has been
 *	told by accept()
 * @state_change: the callback of @inner's socket, while ours is in its place
 * @sn: whose limits it counts for, as long as there is @inner
 * @list: in @sn; guarded by its lock
 * @uid: the user for whom it counts
 * @rcu: frees it
 */
struct socks_rbind {
	struct rhash_head	node;
	struct sock		*sk;
	refcount_t		ref;
	__be32			addr;
	__be16			port;
	bool			by_rule;
	bool			ready;
	__be32			local;
	spinlock_t		lock; /* see above */
	struct sock		*listener;
	struct socket		*inner;
	struct socks_conn	*conn;
	void			(*state_change)(struct sock *sk);
	struct socks_net	*sn;
	struct list_head	list;
	kuid_t			uid;
	struct rcu_head		rcu;
};

bool socks_rbind_any(void);
bool socks_rbind_is(const struct sock *sk);
struct socks_rbind *socks_rbind_get(const struct sock *sk);
void socks_rbind_put(struct socks_rbind *rbind);

int socks_rbind(struct socket *sock, const struct sockaddr_in *addr);
int socks_rbind_by_rule(struct socket *sock);
bool socks_rbind_by_rule_wanted(const struct socket *sock);
static inline bool socks_rbind_ready(const struct socks_rbind *rbind)
{
	return READ_ONCE(rbind->ready);
}

/* Does the program's socket still listen by it? Under the socket lock. */
static inline bool socks_rbind_attached(const struct socks_rbind *rbind)
{
	return READ_ONCE(rbind->listener);
}

int socks_rbind_accept(struct socks_rbind *rbind, struct socket *newsock);
void socks_rbind_cancel(struct socks_rbind *rbind, struct socket *sock);
int socks_rbind_rebind(struct socks_rbind *rbind, struct socket *sock);
bool socks_rbind_name(const struct sock *sk, struct sockaddr_in *sin);

int socks_rbind_init(void);
void socks_rbind_exit(void);

#endif /* _SOCKS_RBIND_H */
