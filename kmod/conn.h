/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A redirected connection: what the module knows of one socket.
 */
#ifndef _SOCKS_CONN_H
#define _SOCKS_CONN_H

#include <linux/net.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/workqueue.h>
#include <net/sock.h>

#include "codec.h"
#include "table.h"

/**
 * enum socks_state - where a connection is
 * @SOCKS_CONNECTING: TCP connects to the server, or the request is not yet
 *	sent whole
 * @SOCKS_WAITING: the request is sent, the reply is awaited
 * @SOCKS_ABORTING: the connection will be aborted with @err of struct
 *	socks_conn; a work item is about to do so
 * @SOCKS_ESTABLISHED: the server granted it: the socket is a plain one
 * @SOCKS_ENDED: it failed, or the program gave it up
 */
enum socks_state {
	SOCKS_CONNECTING,
	SOCKS_WAITING,
	SOCKS_ABORTING,
	SOCKS_ESTABLISHED,
	SOCKS_ENDED,
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
 * @sent: bytes of the request that TCP has taken
 * @reply: the reply, as far as it has come
 * @err: positive errno with which it is aborted
 * @had_fasync: the program's SOCK_FASYNC, which is off until it is granted
 * @daddr: destination that the program asked for
 * @dport: its port
 * @uid: user id for USERID, in the user namespace of the network namespace
 * @expires: lower half of the jiffies at which the server's time is up
 * @state_change: the socket's own callback
 * @data_ready: the socket's own callback
 * @destruct: the socket's own destructor
 * @rcu: frees it
 * @server: the server; a reference
 * @rule: the rule which sent it there; a reference
 * @work: aborts it, when time is up or earlier; sends what is left of the
 *	request
 *
 * From attach to detach, all but @node, @ref and @rcu is guarded by the socket
 * lock, taken by a task or by softirq. @state is also read without it, by
 * poll(). @daddr, @dport, @server and @rule don't change.
 */
struct socks_conn {
	struct rhash_head	node;
	struct sock		*sk;
	refcount_t		ref;
	u8			state;
	u8			reply_len;
	u16			sent;
	u8			reply[SOCKS4_REPLY_LEN];
	int			err;
	__be32			daddr;
	__be16			dport;
	bool			had_fasync;
	u32			uid;
	u32			expires;
	union {
		struct {
			void	(*state_change)(struct sock *sk);
			void	(*data_ready)(struct sock *sk);
		};
		struct rcu_head	rcu;
	};
	void			(*destruct)(struct sock *sk);
	struct socks_server	*server;
	struct socks_rule	*rule;
	struct delayed_work	work;
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

bool socks_conn_any(void);
struct socks_conn *socks_conn_find(const struct sock *sk);
struct socks_conn *socks_conn_get(const struct sock *sk);
void socks_conn_hold(struct socks_conn *conn);
void socks_conn_put(struct socks_conn *conn);

struct socks_conn *socks_conn_attach(struct sock *sk, __be32 daddr,
				     __be16 dport, u32 uid,
				     struct socks_rule *rule);
void socks_conn_detach(struct socks_conn *conn);
void socks_conn_outcome(struct socks_conn *conn, enum socks_outcome outcome);

int socks_conn_init(void);
void socks_conn_exit(void);

#endif /* _SOCKS_CONN_H */
