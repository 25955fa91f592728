// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <net/inet_common.h>

#include "config.h"
#include "conn.h"

static struct rhashtable socks_conns;
static struct kmem_cache *socks_conn_cache;

static const struct rhashtable_params socks_conn_params = {
	.key_len		= sizeof(struct sock *),
	.key_offset		= offsetof(struct socks_conn, sk),
	.head_offset		= offsetof(struct socks_conn, node),
	.automatic_shrinking	= true,
};

/**
 * socks_conn_any() - is any connection redirected?
 *
 * Any context, no lock.
 *
 * Return: false where there surely is none.
 */
bool socks_conn_any(void)
{
	return atomic_read(&socks_conns.nelems);
}

/**
 * socks_conn_find() - find a socket's connection
 * @sk: the socket
 *
 * Any context, under rcu_read_lock() or the socket lock: the answer is good as
 * long as either is held.
 *
 * Return: the connection, or NULL where the socket is not redirected.
 */
struct socks_conn *socks_conn_find(const struct sock *sk)
{
	return rhashtable_lookup_fast(&socks_conns, &sk, socks_conn_params);
}

/**
 * socks_conn_get() - find a socket's connection and take a reference
 * @sk: the socket
 *
 * Any context, no lock.
 *
 * Return: the connection, or NULL where the socket is not redirected.
 */
struct socks_conn *socks_conn_get(const struct sock *sk)
{
	struct socks_conn *conn;

	rcu_read_lock();
	conn = socks_conn_find(sk);
	if (conn && !refcount_inc_not_zero(&conn->ref))
		conn = NULL;
	rcu_read_unlock();
	return conn;
}

/**
 * socks_conn_hold() - take a reference
 * @conn: the connection, on which somebody has one
 */
void socks_conn_hold(struct socks_conn *conn)
{
	refcount_inc(&conn->ref);
}

static void socks_conn_free(struct rcu_head *rcu)
{
	kmem_cache_free(socks_conn_cache,
			container_of(rcu, struct socks_conn, rcu));
}

/**
 * socks_conn_put() - drop a reference
 * @conn: the connection
 *
 * Any context but hard interrupts. The last reference takes the module's with
 * it. The caller may go on for a few instructions: module exit waits for
 * that, see socks_hook_remove().
 */
void socks_conn_put(struct socks_conn *conn)
{
	if (!refcount_dec_and_test(&conn->ref))
		return;
	socks_rule_put(conn->rule);
	socks_server_put(conn->server);
	call_rcu(&conn->rcu, socks_conn_free);
	module_put(THIS_MODULE);
}

/*
 * The socket is gone for good. Softirq or process context, without the socket
 * lock: nobody else has the socket.
 */
static void socks_sk_destruct(struct sock *sk)
{
	struct socks_conn *conn = socks_conn_get(sk);

	/*
	 * A listener has no connection of ours (see socks_conn_detach()), so
	 * its children don't come here.
	 */
	if (WARN_ON_ONCE(!conn)) {
		inet_sock_destruct(sk);
		return;
	}

	rhashtable_remove_fast(&socks_conns, &conn->node, socks_conn_params);
	if (conn->state == SOCKS_ESTABLISHED) {
		atomic_dec(&conn->rule->stats.established);
		atomic_dec(&conn->server->stats.established);
	} else if (socks_conn_opening(conn)) {
		socks_conn_outcome(conn, SOCKS_OUTCOME_FAILED);
	}
	conn->destruct(sk);
	socks_conn_put(conn);
	socks_conn_put(conn);
}

/**
 * socks_conn_attach() - make a socket a redirected one
 * @sk: the socket, which has no connection yet
 * @daddr: destination that the program asks for
 * @dport: its port
 * @uid: user id for USERID
 * @rule: the rule which sends it to a server
 *
 * Process context, under the socket lock. Takes a module reference; the
 * caller has one.
 *
 * Return: the connection in state %SOCKS_CONNECTING, which stays until
 * socks_conn_detach() or the socket's end, or an ERR_PTR.
 */
struct socks_conn *socks_conn_attach(struct sock *sk, __be32 daddr,
				     __be16 dport, u32 uid,
				     struct socks_rule *rule)
{
	struct socks_conn *conn;
	int err;

	conn = kmem_cache_zalloc(socks_conn_cache, GFP_KERNEL);
	if (!conn)
		return ERR_PTR(-ENOMEM);
	refcount_set(&conn->ref, 1);
	conn->sk = sk;
	conn->daddr = daddr;
	conn->dport = dport;
	conn->uid = uid;
	conn->rule = rule;
	conn->server = rule->server;

	err = rhashtable_insert_fast(&socks_conns, &conn->node,
				     socks_conn_params);
	if (err) {
		kmem_cache_free(socks_conn_cache, conn);
		/* Short of memory to grow the table, whatever it says. */
		return ERR_PTR(-ENOMEM);
	}

	__module_get(THIS_MODULE);
	socks_rule_get(rule);
	socks_server_get(conn->server);
	atomic64_inc(&rule->stats.tried);
	atomic64_inc(&conn->server->stats.tried);
	atomic_inc(&rule->stats.in_progress);
	atomic_inc(&conn->server->stats.in_progress);
	conn->destruct = sk->sk_destruct;
	sk->sk_destruct = socks_sk_destruct;
	return conn;
}

/**
 * socks_conn_detach() - make a socket a plain one again
 * @conn: its connection, not in the handshake any more
 *
 * Called under the socket lock, from any context, when the connection has
 * failed or the program has disconnected it. From here on the socket may
 * listen, and its children would inherit the destructor.
 *
 * Where somebody else has put a destructor on top of ours, the connection has
 * to stay. That is the case of kTLS in hardware, and a kTLS socket can neither
 * be disconnected nor listen.
 */
void socks_conn_detach(struct socks_conn *conn)
{
	struct sock *sk = conn->sk;

	if (sk->sk_destruct != socks_sk_destruct)
		return;
	if (conn->state == SOCKS_ESTABLISHED) {
		atomic_dec(&conn->rule->stats.established);
		atomic_dec(&conn->server->stats.established);
		WRITE_ONCE(conn->state, SOCKS_ENDED);
	}
	sk->sk_destruct = conn->destruct;
	rhashtable_remove_fast(&socks_conns, &conn->node, socks_conn_params);
	socks_conn_put(conn);
}

static void socks_stats_outcome(struct socks_stats *stats,
				enum socks_outcome outcome)
{
	atomic_dec(&stats->in_progress);
	switch (outcome) {
	case SOCKS_OUTCOME_GRANTED:
		atomic64_inc(&stats->granted);
		atomic_inc(&stats->established);
		break;
	case SOCKS_OUTCOME_REJECTED:
		atomic64_inc(&stats->rejected);
		break;
	case SOCKS_OUTCOME_FAILED:
		atomic64_inc(&stats->failed);
		break;
	}
}

/**
 * socks_conn_outcome() - count how the handshake ended
 * @conn: the connection
 * @outcome: how
 */
void socks_conn_outcome(struct socks_conn *conn, enum socks_outcome outcome)
{
	socks_stats_outcome(&conn->rule->stats, outcome);
	socks_stats_outcome(&conn->server->stats, outcome);
}

/**
 * socks_conn_init() - set up
 *
 * Return: 0 or a negative errno.
 */
int socks_conn_init(void)
{
	int err;

	socks_conn_cache = KMEM_CACHE(socks_conn, SLAB_ACCOUNT);
	if (!socks_conn_cache)
		return -ENOMEM;
	err = rhashtable_init(&socks_conns, &socks_conn_params);
	if (err)
		kmem_cache_destroy(socks_conn_cache);
	return err;
}

/**
 * socks_conn_exit() - undo socks_conn_init()
 *
 * There is no connection left, but some may wait to be freed.
 */
void socks_conn_exit(void)
{
	rcu_barrier();
	rhashtable_destroy(&socks_conns);
	kmem_cache_destroy(socks_conn_cache);
}
