// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cred.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <net/inet_common.h>
#include <net/tcp.h>

#include "config.h"
#include "conn.h"
#include "event.h"
#include "pair.h"

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
	struct socks_conn *conn = container_of(rcu, struct socks_conn, rcu);

	put_pid(conn->thread);
	kmem_cache_free(socks_conn_cache, conn);
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
	call_rcu(&conn->rcu, socks_conn_free);
	module_put(THIS_MODULE);
}

static void socks_stats_begin(struct socks_stats *stats)
{
	atomic64_inc(&stats->tried);
	atomic_inc(&stats->in_progress);
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

/* An established connection is none any more, for its counters. */
static void socks_conn_closed(struct socks_conn *conn)
{
	atomic_dec(&conn->rule->stats.established);
	atomic_dec(&socks_conn_server(conn)->stats.established);
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
	socks_pair_drop(conn);
	if (conn->state == SOCKS_ESTABLISHED)
		socks_conn_closed(conn);
	else if (socks_conn_opening(conn))
		socks_conn_outcome(conn, SOCKS_OUTCOME_FAILED);
	/* Before @sk of it is gone, see socks_pair_get(). */
	socks_conn_enter(conn, SOCKS_ENDED, 0);
	conn->destruct(sk);
	socks_conn_put(conn);
	socks_conn_put(conn);
}

/*
 * What @started is read from: steps of 2^24 ns (17 ms), of which 32 bits last
 * for two years.
 */
#define SOCKS_CLOCK_SHIFT	24

static u32 socks_conn_clock(void)
{
	return ktime_get_boottime_ns() >> SOCKS_CLOCK_SHIFT;
}

/**
 * socks_conn_attach() - make a socket a redirected one
 * @sk: the socket, which has no connection yet
 * @daddr: destination that the program asks for
 * @dport: its port
 * @rule: the rule which sends it to a server
 * @server: number of that server in the rule
 * @rbind: for an inbound connection, to whom it belongs; NULL for one of the
 *	program's own, with which the current thread is then paired
 *
 * Process context, under the socket lock. Takes a module reference; the
 * caller has one.
 *
 * Return: the connection in state %SOCKS_CONNECTING, which stays until
 * socks_conn_detach() or the socket's end, or an ERR_PTR.
 */
struct socks_conn *socks_conn_attach(struct sock *sk, __be32 daddr,
				     __be16 dport, struct socks_rule *rule,
				     u8 server, struct socks_rbind *rbind)
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
	/* USERID is an id on this host, as those see it who configure it. */
	conn->uid = from_kuid_munged(sock_net(sk)->user_ns, current_euid());
	conn->rule = rule;
	conn->thread = get_pid(task_pid(current));
	conn->started = socks_conn_clock();
	conn->server = server;
	conn->tried = BIT(server);

	/* The pairing first: nobody but this thread can find it there. */
	if (rbind) {
		conn->bind = true;
		conn->rbind = rbind;
		err = 0;
	} else {
		err = socks_pair_set(conn);
	}
	if (!err)
		err = rhashtable_insert_fast(&socks_conns, &conn->node,
					     socks_conn_params);
	if (err) {
		socks_pair_drop(conn);
		call_rcu(&conn->rcu, socks_conn_free);
		/* Short of memory to grow a table, whatever it says. */
		return ERR_PTR(-ENOMEM);
	}

	__module_get(THIS_MODULE);
	socks_rule_get(rule);
	socks_stats_begin(&rule->stats);
	socks_stats_begin(&rule->servers[server]->stats);
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
		socks_conn_closed(conn);
		socks_conn_enter(conn, SOCKS_ENDED, 0);
	}
	sk->sk_destruct = conn->destruct;
	socks_pair_drop(conn);
	rhashtable_remove_fast(&socks_conns, &conn->node, socks_conn_params);
	socks_conn_put(conn);
}

/**
 * socks_conn_give_up_trial() - let others try the server, if it was for this one
 * @conn: the connection
 *
 * Called under the socket lock, or by the one who has the socket.
 */
void socks_conn_give_up_trial(struct socks_conn *conn)
{
	if (conn->trial)
		socks_health_given_up(socks_conn_server(conn));
	conn->trial = false;
}

/**
 * socks_conn_go_on() - a server has failed the connection, which goes to another
 * @conn: the connection
 * @server: number in its rule of the server to which it goes
 *
 * Called under the socket lock.
 */
void socks_conn_go_on(struct socks_conn *conn, u8 server)
{
	socks_conn_give_up_trial(conn);
	socks_stats_outcome(&socks_conn_server(conn)->stats,
			    SOCKS_OUTCOME_FAILED);
	conn->server = server;
	WRITE_ONCE(conn->tried, conn->tried | BIT(server));
	socks_stats_begin(&socks_conn_server(conn)->stats);
}

/**
 * socks_conn_outcome() - count how the handshake ended
 * @conn: the connection
 * @outcome: how
 */
void socks_conn_outcome(struct socks_conn *conn, enum socks_outcome outcome)
{
	socks_conn_give_up_trial(conn);
	socks_stats_outcome(&conn->rule->stats, outcome);
	socks_stats_outcome(&socks_conn_server(conn)->stats, outcome);
}

/**
 * socks_conn_age() - how old a connection is
 * @conn: the connection
 *
 * Any context.
 *
 * Return: milliseconds since connect() or Rbind().
 */
u64 socks_conn_age(const struct socks_conn *conn)
{
	u64 steps = socks_conn_clock() - conn->started;

	return div_u64(steps << SOCKS_CLOCK_SHIFT, NSEC_PER_MSEC);
}

/* @all but @less, which may have changed in between. */
static u64 socks_count_without(u64 all, u64 less)
{
	return all > less ? all - less : 0;
}

/**
 * socks_conn_sent() - how many bytes of the program the server's TCP has taken
 * @conn: a connection that was granted
 *
 * Any context. Without the socket lock the answer may be a little old; it means
 * nothing once the socket is not the connection's any more.
 *
 * Return: the count, without the bytes of the request.
 */
u64 socks_conn_sent(const struct socks_conn *conn)
{
	const struct tcp_sock *tp = tcp_sk(conn->sk);
	/* SYN counts as acknowledged, and so does FIN, but not as sent. */
	u64 acked = socks_count_without(READ_ONCE(tp->bytes_acked), 1);
	u64 sent = socks_count_without(READ_ONCE(tp->bytes_sent),
				       READ_ONCE(tp->bytes_retrans));

	return socks_count_without(min(acked, sent), conn->sent);
}

/**
 * socks_conn_received() - how many bytes have come for the program
 * @conn: a connection that was granted
 *
 * As for socks_conn_sent().
 *
 * Return: the count, without the bytes of the reply, or of both.
 */
u64 socks_conn_received(const struct socks_conn *conn)
{
	const struct sock *sk = conn->sk;
	u64 replies = conn->bind ? 2 * SOCKS4_REPLY_LEN : SOCKS4_REPLY_LEN;
	u64 fin = sock_flag(sk, SOCK_DONE);

	return socks_count_without(READ_ONCE(tcp_sk(sk)->bytes_received),
				   replies + fin);
}

/**
 * socks_conn_sock_get() - take a reference on a connection's socket
 * @conn: the connection, on which the caller has a reference
 *
 * Any context, under rcu_read_lock().
 *
 * Return: the socket, for sock_put(), or NULL where it is about to go or the
 * connection has ended.
 */
struct sock *socks_conn_sock_get(const struct socks_conn *conn)
{
	struct sock *sk = conn->sk;

	if (!refcount_inc_not_zero(&sk->sk_refcnt))
		return NULL;
	/*
	 * The memory stays that of a socket, but it may be another one by now.
	 * Then the state was changed before.
	 */
	smp_mb();
	if (READ_ONCE(conn->state) != SOCKS_ENDED)
		return sk;
	sock_put(sk);
	return NULL;
}

/**
 * socks_conn_program() - who called connect() or Rbind()
 * @conn: the connection
 * @pid_ns: as seen from where
 * @program: where to put the thread's name; empty where it is gone
 *
 * Any context.
 *
 * Return: number of the thread, or 0 where it can't be seen from there; then
 * there is no name, either.
 */
pid_t socks_conn_program(const struct socks_conn *conn,
			 struct pid_namespace *pid_ns,
			 char program[TASK_COMM_LEN])
{
	const struct task_struct *task;
	pid_t pid = pid_nr_ns(conn->thread, pid_ns);

	program[0] = '\0';
	if (!pid)
		return 0;
	rcu_read_lock();
	task = pid_task(conn->thread, PIDTYPE_PID);
	if (task) {
		/* Without task_lock(), which softirq must not take. */
		memcpy(program, task->comm, TASK_COMM_LEN);
		program[TASK_COMM_LEN - 1] = '\0';
	}
	rcu_read_unlock();
	return pid;
}

/**
 * socks_conn_walk() - visit all connections
 * @cursor: where to begin, all zero at first; later where @visit stopped
 * @visit: called for each, under rcu_read_lock(); stops with another value
 *	than 0, and is to be called anew for the same connection where negative
 * @data: passed to @visit
 *
 * Process context. Where the hash table is resized meanwhile, connections may
 * be visited twice or not at all; see socks_conn_generation().
 *
 * Return: 0 at the end, or what @visit returned.
 */
int socks_conn_walk(struct socks_conn_cursor *cursor, socks_conn_visit_t visit,
		    void *data)
{
	struct rhashtable_iter iter;
	struct socks_conn *conn;
	int ret = 0;

	rhashtable_walk_enter(&socks_conns, &iter);
	iter.slot = cursor->slot;
	iter.skip = cursor->skip;
	rhashtable_walk_start(&iter);
	for (;;) {
		cursor->slot = iter.slot;
		cursor->skip = iter.skip;
		conn = rhashtable_walk_next(&iter);
		if (!conn)
			break;
		/* The table is being resized; the walk goes on. */
		if (IS_ERR(conn) || !refcount_inc_not_zero(&conn->ref))
			continue;
		ret = visit(conn, data);
		socks_conn_put(conn);
		if (ret)
			break;
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
	return ret;
}

/**
 * socks_conn_generation() - has the hash table of connections been resized?
 *
 * Any context.
 *
 * Return: a number, not 0, that differs then.
 */
unsigned int socks_conn_generation(void)
{
	unsigned int generation;

	rcu_read_lock();
	generation = rht_dereference_rcu(socks_conns.tbl, &socks_conns)->size;
	rcu_read_unlock();
	return generation;
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
