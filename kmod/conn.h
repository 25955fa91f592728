/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A redirected connection: what the module knows of one socket.
 */
#ifndef _SOCKS_CONN_H
#define _SOCKS_CONN_H

#include <linux/net.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/sched.h>
#include <linux/workqueue.h>
#include <net/sock.h>

#include "codec.h"
#include "failover.h"
#include "table.h"

struct pid_namespace;
struct socks_rbind;

/**
 * enum socks_state - where a connection is
 * @SOCKS_CONNECTING: TCP connects to the server, or the request is not yet
 *	sent whole
 * @SOCKS_WAITING: the request is sent, the reply is awaited
 * @SOCKS_ABORTING: it has failed with @err of struct socks_conn; a work item is
 *	about to go on to the next server or, where there is none, to abort it
 * @SOCKS_CLOSING: a work item aborts it, without the socket lock; nobody but it
 *	says that the connection has failed, unless the program gives it up
 * @SOCKS_BOUND: only with @bind of struct socks_conn: the server listens, its
 *	second reply is awaited
 * @SOCKS_ESTABLISHED: the server granted it: the socket is a plain one
 * @SOCKS_ENDED: it failed, or the program gave it up
 * @SOCKS_NEW: no connection is in it: it is what the tracepoint says a new one
 *	comes from
 */
enum socks_state {
	SOCKS_CONNECTING,
	SOCKS_WAITING,
	SOCKS_ABORTING,
	SOCKS_CLOSING,
	SOCKS_BOUND,
	SOCKS_ESTABLISHED,
	SOCKS_ENDED,
	SOCKS_NEW,
};

/**
 * struct socks_conn - a redirected connection
 * @node: in the hash table over @sk
 * @sk: its socket. The connection holds no reference on it; but it is found by
 *	it, and forgotten when the socket is destroyed or disconnected
 * @ref: one for the socket, one while @work is queued or runs, one for each
 *	task which waits. The last one gives back the module reference
 * @state: one of enum socks_state
 * @reply_len: bytes in @reply
 * @odd: what the program has set on its socket may be why a server fails it
 * @trial: it tries a server that was passed over up to now
 * @sent: bytes of the request that TCP has taken
 * @reply: the reply, as far as it has come
 * @err: positive errno with which it has failed, from %SOCKS_ABORTING on
 * @expires: lower half of the jiffies at which the server's time is up, before
 * @daddr: destination that the program asked for; with @bind, the peer
 * @dport: its port
 * @tried: bitmap of the servers it has gone to, the present one among them
 * @server: number in @rule of the server it goes to
 * @bind: it asks the server for an inbound connection
 * @had_fasync: the program's SOCK_FASYNC, which is off until it is granted
 * @was_bound: the program has given the socket a port, with several servers
 * @port_kept: the socket's port is kept though TCP is closed: SOCK_BINDPORT_LOCK
 *	is ours
 * @quiet: its sk_error_report is ours, up to the last server or while it is aborted
 * @uid: user id for USERID, in the user namespace of the network namespace,
 *	until the request is sent
 * @saddr: later, what getsockname() is to say, or 0 for the socket's own
 *	address: where the server listens with @bind, or did for the last Rbind()
 *	that was paired with this connection
 * @state_change: the socket's own callback
 * @data_ready: the socket's own callback
 * @destruct: the socket's own destructor
 * @rcu: frees it
 * @rule: the rule which sends it to its server; a reference
 * @work: aborts it, when time is up or earlier; sends what is left of the
 *	request
 * @thread: the thread which called connect() or Rbind(); a reference
 * @pair_node: without @bind; see pair.c
 * @exec_id: without @bind, the thread's then, which execve() changes
 * @rbind: with @bind, to whom it belongs, until the program has it
 * @lport: with @bind, the port to @saddr; 0 until the server listens
 * @started: when that was; see socks_conn_age()
 * @window_clamp: the program's TCP_WINDOW_CLAMP, with several servers
 *
 * From attach to detach, all but @node, @pair_node, @ref and @rcu is guarded by
 * the socket lock, taken by a task or by softirq. @state, @server, @tried and
 * @saddr are also read without it, @saddr after a state of %SOCKS_ESTABLISHED,
 * in which @server does not change any more. @rule, @bind, @thread, @exec_id and
 * @started don't change, nor do @daddr and @dport without @bind.
 */
struct socks_conn {
	struct rhash_head	node;
	struct sock		*sk;
	refcount_t		ref;
	u8			state;
	u8			reply_len:4;
	u8			odd:1;
	u8			trial:1;
	u16			sent;
	u8			reply[SOCKS4_REPLY_LEN];
	union {
		int		err;
		u32		expires;
	};
	__be32			daddr;
	__be16			dport;
	u8			tried;
	u8			server:3;
	u8			bind:1;
	u8			had_fasync:1;
	u8			was_bound:1;
	u8			port_kept:1;
	u8			quiet:1;
	union {
		u32		uid;
		__be32		saddr;
	};
	union {
		struct {
			void	(*state_change)(struct sock *sk);
			void	(*data_ready)(struct sock *sk);
		};
		struct rcu_head	rcu;
	};
	void			(*destruct)(struct sock *sk);
	struct socks_rule	*rule;
	struct delayed_work	work;
	struct pid		*thread;
	union {
		struct {
			struct rhash_head	pair_node;
			u64			exec_id;
		};
		struct {
			struct socks_rbind	*rbind;
			__be16			lport;
		};
	};
	u32			started;
	u32			window_clamp;
};

/* What a connection can end as, for its counters. */
enum socks_outcome {
	SOCKS_OUTCOME_GRANTED,
	SOCKS_OUTCOME_REJECTED,
	SOCKS_OUTCOME_FAILED,
};

static inline bool socks_conn_opening(const struct socks_conn *conn)
{
	return READ_ONCE(conn->state) < SOCKS_ESTABLISHED;
}

/* The server it goes to. Any context. */
static inline struct socks_server *
socks_conn_server(const struct socks_conn *conn)
{
	return conn->rule->servers[conn->server];
}

/* Is there a server to which it could go on from this one? Any context. */
static inline bool socks_conn_can_go_on(const struct socks_conn *conn)
{
	return !conn->bind &&
	       socks_failover_left(conn->rule, READ_ONCE(conn->tried));
}

/* Has the server refused it? Under the socket lock. */
static inline bool socks_conn_rejected(const struct socks_conn *conn)
{
	int verdict = socks4_reply(conn->reply, conn->reply_len);

	return verdict == -ECONNREFUSED || verdict == -EACCES;
}

/* What getsockname() is to say, or 0. Any context. */
static inline __be32 socks_conn_saddr(const struct socks_conn *conn)
{
	/* Before this state, there is USERID's user id in its place. */
	if (smp_load_acquire(&conn->state) != SOCKS_ESTABLISHED)
		return 0;
	return READ_ONCE(conn->saddr);
}

bool socks_conn_any(void);
struct socks_conn *socks_conn_find(const struct sock *sk);
struct socks_conn *socks_conn_get(const struct sock *sk);
void socks_conn_hold(struct socks_conn *conn);
void socks_conn_put(struct socks_conn *conn);

struct socks_conn *socks_conn_attach(struct sock *sk, __be32 daddr,
				     __be16 dport, struct socks_rule *rule,
				     u8 server, struct socks_rbind *rbind);
void socks_conn_give_up_trial(struct socks_conn *conn);
void socks_conn_go_on(struct socks_conn *conn, u8 server);
void socks_conn_detach(struct socks_conn *conn);
void socks_conn_outcome(struct socks_conn *conn, enum socks_outcome outcome);

u64 socks_conn_age(const struct socks_conn *conn);
u64 socks_conn_sent(const struct socks_conn *conn);
u64 socks_conn_received(const struct socks_conn *conn);
struct sock *socks_conn_sock_get(const struct socks_conn *conn);
pid_t socks_conn_program(const struct socks_conn *conn,
			 struct pid_namespace *pid_ns,
			 char program[TASK_COMM_LEN]);

/**
 * struct socks_conn_cursor - how far socks_conn_walk() has come
 * @slot: bucket of the hash table
 * @skip: connections of it that were seen
 */
struct socks_conn_cursor {
	unsigned int	slot;
	unsigned int	skip;
};

typedef int (*socks_conn_visit_t)(struct socks_conn *conn, void *data);
int socks_conn_walk(struct socks_conn_cursor *cursor, socks_conn_visit_t visit,
		    void *data);
unsigned int socks_conn_generation(void);

int socks_conn_init(void);
void socks_conn_exit(void);

#endif /* _SOCKS_CONN_H */
