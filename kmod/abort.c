// SPDX-License-Identifier: GPL-2.0-only
/*
 * Aborting connections for an administrator.
 *
 * A task may hold the lock of its socket for as long as it likes, asleep in a
 * page fault. Who asks must not be held up by that: netlink families can't be
 * registered or removed while a command is being carried out. So a work item
 * aborts; where a socket is locked it comes again a little later. The command
 * waits for it only a while.
 */
#include <linux/bsearch.h>
#include <linux/completion.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/workqueue.h>

#include "abort.h"
#include "conn.h"
#include "handshake.h"

/* How often connections are looked for, where their table is resized meanwhile. */
#define SOCKS_ABORT_TRIES	10
/* How long the command waits, each second only where the last one has helped. */
#define SOCKS_ABORT_SECONDS	10

static struct workqueue_struct *socks_abort_wq;

/**
 * struct socks_abort_target - a connection to be aborted
 * @cookie: its socket's
 * @conn: the connection; a reference, and one on its socket. NULL before it is
 *	found and when it is done
 */
struct socks_abort_target {
	u64			cookie;
	struct socks_conn	*conn;
};

/**
 * struct socks_abort_list - connections to be aborted together
 * @work: aborts them
 * @done: completed when all are
 * @ref: one for the work item, one for who waits
 * @n: how many
 * @left: how many of them @work has not done; read without a lock
 * @targets: they, in the order of their cookies
 *
 * Belongs to who makes it until @work is queued, then to @work alone.
 */
struct socks_abort_list {
	struct delayed_work		work;
	struct completion		done;
	refcount_t			ref;
	unsigned int			n;
	unsigned int			left;
	struct socks_abort_target	targets[];
};

static void socks_abort_list_put(struct socks_abort_list *list)
{
	if (refcount_dec_and_test(&list->ref))
		kvfree(list);
}

static void socks_abort_work(struct work_struct *work)
{
	struct socks_abort_list *list = container_of(to_delayed_work(work),
						     struct socks_abort_list,
						     work);
	unsigned int i, left = 0;

	for (i = 0; i < list->n; i++) {
		struct socks_conn *conn = list->targets[i].conn;

		if (!conn)
			continue;
		if (!socks_handshake_abort(conn)) {
			left++;
			continue;
		}
		list->targets[i].conn = NULL;
		WRITE_ONCE(list->left, list->left - 1);
		sock_put(conn->sk);
		socks_conn_put(conn);
		cond_resched();
	}
	if (left) {
		queue_delayed_work(socks_abort_wq, &list->work, 1);
		return;
	}
	complete(&list->done);
	socks_abort_list_put(list);
}

static int socks_abort_compare(const void *a, const void *b)
{
	const struct socks_abort_target *x = a, *y = b;

	return x->cookie < y->cookie ? -1 : x->cookie > y->cookie;
}

/**
 * struct socks_abort_search - connections being looked for
 * @net: in which network namespace
 * @list: which
 */
struct socks_abort_search {
	const struct net	*net;
	struct socks_abort_list	*list;
};

static int socks_abort_visit(struct socks_conn *conn, void *data)
{
	struct socks_abort_search *search = data;
	struct socks_abort_target key, *target = NULL;
	struct sock *sk = socks_conn_sock_get(conn);

	if (!sk)
		return 0;
	/* Nobody can have asked for one that has no cookie yet. */
	key.cookie = atomic64_read(&sk->sk_cookie);
	if (key.cookie && net_eq(sock_net(sk), search->net))
		target = bsearch(&key, search->list->targets, search->list->n,
				 sizeof(key), socks_abort_compare);
	if (!target || target->conn) {
		sock_put(sk);
		return 0;
	}
	socks_conn_hold(conn);
	target->conn = conn;
	search->list->left++;
	return 0;
}

/* Wait until all are aborted, or for as long as there is hope for that. */
static void socks_abort_wait(struct socks_abort_list *list)
{
	unsigned int left, second;

	for (second = 0; second < SOCKS_ABORT_SECONDS; second++) {
		left = READ_ONCE(list->left);
		if (wait_for_completion_interruptible_timeout(&list->done, HZ) ||
		    READ_ONCE(list->left) == left)
			return;
	}
}

/**
 * socks_abort_conns() - abort connections
 * @net: network namespace in which they are
 * @cookies: their sockets' cookies, each of 64 bits
 * @n: how many
 * @wait: wait until they are aborted, but not for long
 *
 * Process context.
 *
 * Return: 0 or -ENOMEM; those that are not there are no error.
 */
int socks_abort_conns(const struct net *net, const void *cookies,
		      unsigned int n, bool wait)
{
	struct socks_abort_search search = { .net = net };
	struct socks_abort_list *list;
	unsigned int i, generation;
	int tries = 0;

	list = kvzalloc(struct_size(list, targets, n), GFP_KERNEL_ACCOUNT);
	if (!list)
		return -ENOMEM;
	INIT_DELAYED_WORK(&list->work, socks_abort_work);
	init_completion(&list->done);
	refcount_set(&list->ref, 2);
	list->n = n;
	for (i = 0; i < n; i++)
		memcpy(&list->targets[i].cookie, cookies + i * sizeof(u64),
		       sizeof(u64));
	sort(list->targets, n, sizeof(*list->targets), socks_abort_compare,
	     NULL);

	search.list = list;
	do {
		struct socks_conn_cursor cursor = {};

		generation = socks_conn_generation();
		socks_conn_walk(&cursor, socks_abort_visit, &search);
	} while (generation != socks_conn_generation() &&
		 ++tries < SOCKS_ABORT_TRIES);

	queue_delayed_work(socks_abort_wq, &list->work, 0);
	if (wait)
		socks_abort_wait(list);
	socks_abort_list_put(list);
	return 0;
}

/**
 * socks_abort_init() - set up
 *
 * Return: 0 or a negative errno.
 */
int socks_abort_init(void)
{
	socks_abort_wq = alloc_workqueue("socks_abort", WQ_UNBOUND, 0);
	return socks_abort_wq ? 0 : -ENOMEM;
}

/**
 * socks_abort_exit() - undo socks_abort_init()
 *
 * There is no connection left, but a work item may still be in its last
 * instructions.
 */
void socks_abort_exit(void)
{
	destroy_workqueue(socks_abort_wq);
}
