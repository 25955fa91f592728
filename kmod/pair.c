// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which connection a thread made last: an Rbind() of the thread asks for an
 * inbound connection from where that one goes to, on the same server.
 *
 * Only a thread itself makes and breaks its pairing. It ends with the
 * connection, too, in any context.
 */
#include <linux/pid.h>
#include <linux/rhashtable.h>
#include <linux/sched.h>

#include "pair.h"

static struct rhashtable socks_pairs;

static const struct rhashtable_params socks_pair_params = {
	.key_len		= sizeof(struct pid *),
	.key_offset		= offsetof(struct socks_conn, thread),
	.head_offset		= offsetof(struct socks_conn, pair_node),
	.automatic_shrinking	= true,
};

/**
 * socks_pair_set() - pair the current thread with a connection
 * @conn: the connection, whose @bind is not set
 *
 * Process context. Takes the place of the thread's pairing up to now.
 *
 * Return: 0 or -ENOMEM; then the thread has no pairing.
 */
int socks_pair_set(struct socks_conn *conn)
{
	socks_pair_break();
	conn->exec_id = current->self_exec_id;
	return rhashtable_insert_fast(&socks_pairs, &conn->pair_node,
				      socks_pair_params) ? -ENOMEM : 0;
}

/**
 * socks_pair_break() - end the current thread's pairing, if it has one
 *
 * Process context; does not sleep.
 */
void socks_pair_break(void)
{
	struct pid *thread = task_pid(current);
	struct socks_conn *conn;

	if (!atomic_read(&socks_pairs.nelems))
		return;
	rcu_read_lock();
	conn = rhashtable_lookup_fast(&socks_pairs, &thread, socks_pair_params);
	if (conn)
		socks_pair_drop(conn);
	rcu_read_unlock();
}

/**
 * socks_pair_drop() - end the pairing of a connection, if it has one
 * @conn: the connection
 *
 * Any context but hard interrupts; more than once does no harm.
 */
void socks_pair_drop(struct socks_conn *conn)
{
	if (!conn->bind)
		rhashtable_remove_fast(&socks_pairs, &conn->pair_node,
				       socks_pair_params);
}

/**
 * socks_pair_get() - find the connection with which the current thread is paired
 * @net: the network namespace in which it must be
 *
 * Process context; does not sleep.
 *
 * Return: the connection, with a reference on it, or NULL where there is none
 * which the server has granted and which is still open; or where the thread has
 * executed another program since, perhaps with other rights.
 */
struct socks_conn *socks_pair_get(const struct net *net)
{
	struct pid *thread = task_pid(current);
	struct socks_conn *conn;
	bool here;

	rcu_read_lock();
	conn = rhashtable_lookup_fast(&socks_pairs, &thread, socks_pair_params);
	if (conn) {
		/* The socket may just go; its memory stays until RCU is done. */
		here = net_eq(sock_net(conn->sk), net);
		smp_rmb(); /* Only before the state changed is that true. */
		if (!here || conn->exec_id != current->self_exec_id ||
		    READ_ONCE(conn->state) != SOCKS_ESTABLISHED ||
		    !refcount_inc_not_zero(&conn->ref))
			conn = NULL;
	}
	rcu_read_unlock();
	return conn;
}

/**
 * socks_pair_init() - set up
 *
 * Return: 0 or a negative errno.
 */
int socks_pair_init(void)
{
	return rhashtable_init(&socks_pairs, &socks_pair_params);
}

/**
 * socks_pair_exit() - undo socks_pair_init()
 *
 * There is no connection left.
 */
void socks_pair_exit(void)
{
	rhashtable_destroy(&socks_pairs);
}
