// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SOCKS4 handshake, in the callbacks of the program's own socket.
 *
 * While it goes on, the socket has socket operations (see sockops.c) and two
 * callbacks of ours: sk_state_change sends the request as soon as TCP is
 * connected, and sk_data_ready takes the reply, and not a byte more. No task
 * runs in between: the one that waits in connect() sleeps once. Then the
 * socket's own operations and callbacks go back.
 *
 * Callbacks run under the socket lock: in softirq, or in a task that works off
 * the backlog while it owns the socket. Nothing in them sleeps. What can't be
 * done there, aborting a connection above all, is done by a work item.
 *
 * During the handshake sk_user_data is set, by which others who take over
 * callbacks (sockmap, KCM, espintcp) see that they can't. kTLS does not look; so
 * tcp_set_ulp() is hooked, and refuses. IPV6_ADDRFORM replaces the socket
 * operations: ours refuse it, but a call which began before connect() may still
 * get through. So each pointer goes back only where ours still stands, and where
 * one does not, the connection is aborted; and since somebody may have saved
 * ours, struct socks_conn, and with it the module, then stay until the socket is
 * destroyed.
 */
#include <linux/jiffies.h>
#include <linux/skbuff.h>
#include <net/inet_common.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "compat.h"
#include "handshake.h"
#include "sockops.h"

/* How soon what is left of a request is tried again. */
#define SOCKS_RESEND_DELAY	max(HZ / 50, 1)

static struct workqueue_struct *socks_wq;

/* Let the work item run after @delay jiffies. Under the socket lock. */
static void socks_work_queue(struct socks_conn *conn, unsigned long delay)
{
	if (!mod_delayed_work(socks_wq, &conn->work, delay)) {
		sock_hold(conn->sk);
		socks_conn_hold(conn);
	}
}

/*
 * Take back the work item, if it doesn't run yet. Under the socket lock, by a
 * caller who has references of its own.
 */
static void socks_work_cancel(struct socks_conn *conn)
{
	if (cancel_delayed_work(&conn->work)) {
		sock_put(conn->sk);
		socks_conn_put(conn);
	}
}

static void socks_state_change(struct sock *sk);
static void socks_data_ready(struct sock *sk);

static void socks_take_over(struct socks_conn *conn, struct socket *sock,
			    const struct proto_ops *ops)
{
	struct sock *sk = conn->sk;

	write_lock_bh(&sk->sk_callback_lock);
	__rcu_assign_sk_user_data_with_flags(sk, conn, SK_USER_DATA_NOCOPY);
	conn->state_change = sk->sk_state_change;
	conn->data_ready = sk->sk_data_ready;
	sk->sk_state_change = socks_state_change;
	sk->sk_data_ready = socks_data_ready;
	WRITE_ONCE(sock->ops, ops);
	write_unlock_bh(&sk->sk_callback_lock);

	/* sk_data_ready is to be called for each byte, whatever SO_RCVLOWAT. */
	sock_set_flag(sk, SOCK_DONE);
}

/*
 * Give the socket back what was its own. Return false where somebody else has
 * taken something over, and may have saved what was ours.
 */
static bool socks_give_back(struct socks_conn *conn)
{
	struct sock *sk = conn->sk;
	bool ours = true;

	write_lock_bh(&sk->sk_callback_lock);
	if (sk->sk_socket) {
		const struct proto_ops *ops = sk->sk_socket->ops;

		if (socks_sockops_ours(ops))
			WRITE_ONCE(sk->sk_socket->ops, socks_sockops_stock(sk));
		else
			ours = false;
	}
	if (sk->sk_state_change == socks_state_change)
		sk->sk_state_change = conn->state_change;
	else
		ours = false;
	if (sk->sk_data_ready == socks_data_ready)
		sk->sk_data_ready = conn->data_ready;
	else
		ours = false;
	if (rcu_access_pointer(__sk_user_data(sk)) ==
	    (void *)((uintptr_t)conn | SK_USER_DATA_NOCOPY))
		rcu_assign_sk_user_data(sk, NULL);
	else
		ours = false;
	write_unlock_bh(&sk->sk_callback_lock);

	/* Unless the server has closed. */
	if (!(sk->sk_shutdown & RCV_SHUTDOWN))
		sock_reset_flag(sk, SOCK_DONE);
	return ours;
}

/*
 * TCP signals POLL_OUT to the owner of a socket right after it is connected.
 * Hold that back until the server has granted the request.
 */
static void socks_fasync_hold(struct socks_conn *conn)
{
	if (sock_flag(conn->sk, SOCK_FASYNC)) {
		sock_reset_flag(conn->sk, SOCK_FASYNC);
		conn->had_fasync = true;
	}
}

static void socks_fasync_release(struct socks_conn *conn)
{
	struct sock *sk = conn->sk;
	struct socket_wq *wq;

	if (!conn->had_fasync)
		return;
	rcu_read_lock();
	wq = rcu_dereference(sk->sk_wq);
	if (wq && wq->fasync_list)
		sock_set_flag(sk, SOCK_FASYNC);
	rcu_read_unlock();
}

static int socks_drain_actor(read_descriptor_t *desc, struct sk_buff *skb,
			     unsigned int offset, size_t len)
{
	return len;
}

/*
 * A program must read neither what a server sent behind a refusal, nor that it
 * closed then: recv() is to give the error.
 */
static void socks_drain(struct sock *sk)
{
	read_descriptor_t desc = { .count = 1 };

	/* tcp_read_sock() stops at urgent data. */
	WRITE_ONCE(tcp_sk(sk)->urg_data, 0);
	tcp_read_sock(sk, &desc, socks_drain_actor);
	sock_reset_flag(sk, SOCK_DONE);
}

/*
 * The handshake has failed, and TCP is closed or about to be. Under the socket
 * lock. The caller must not use @conn any more unless it has a reference.
 */
static void socks_end(struct socks_conn *conn)
{
	int verdict = socks4_reply(conn->reply, conn->reply_len);
	bool ours;

	WRITE_ONCE(conn->state, SOCKS_ENDED);
	socks_conn_outcome(conn, verdict == -ECONNREFUSED || verdict == -EACCES ?
			   SOCKS_OUTCOME_REJECTED : SOCKS_OUTCOME_FAILED);
	socks_fasync_release(conn);
	ours = socks_give_back(conn);
	socks_work_cancel(conn);
	if (ours)
		socks_conn_detach(conn);
}

/* Let the connection end with @err, soon. Under the socket lock. */
static void socks_abort(struct socks_conn *conn, int err)
{
	conn->err = err;
	WRITE_ONCE(conn->state, SOCKS_ABORTING);
	socks_work_queue(conn, 0);
}

/* The server has granted the request: the socket is the program's own. */
static void socks_grant(struct socks_conn *conn)
{
	struct sock *sk = conn->sk;

	if (!socks_give_back(conn)) {
		socks_abort(conn, ECONNABORTED);
		return;
	}
	socks_conn_outcome(conn, SOCKS_OUTCOME_GRANTED);
	WRITE_ONCE(conn->state, SOCKS_ESTABLISHED);
	socks_work_cancel(conn);

	/* What TCP does when it is connected, and when data has come. */
	sk->sk_state_change(sk);
	socks_fasync_release(conn);
	sk_wake_async(sk, SOCK_WAKE_IO, POLL_OUT);
	if (!skb_queue_empty(&sk->sk_receive_queue))
		sk->sk_data_ready(sk);
}

/*
 * Send the request, or what is left of it. Where TCP does not take it all, for
 * want of memory, the work item will try again. Under the socket lock; does
 * not sleep.
 */
static void socks_send_request(struct socks_conn *conn)
{
	const struct socks_server *server = conn->server;
	const char *userid = server->userid;
	size_t userid_len = server->userid_len;
	struct sock *sk = conn->sk;
	struct tcp_sock *tp = tcp_sk(sk);
	typeof(sk->sk_tsflags) tsflags = sk->sk_tsflags;
	char uid[sizeof("4294967295")];
	gfp_t allocation;
	size_t len;
	u8 nonagle;
	void *buf;
	int sent;

	buf = netdev_alloc_frag(SOCKS4_REQUEST_HEAD +
				max(userid_len, sizeof(uid)) + 1);
	if (!buf)
		goto later;
	if (server->userid_mode == SOCKS_USERID_MODE_UID) {
		userid_len = scnprintf(uid, sizeof(uid), "%u", conn->uid);
		userid = uid;
	}
	len = socks4_request(buf, SOCKS4_CONNECT, conn->daddr, conn->dport,
			     userid, userid_len);

	/* TCP_CORK and SO_TIMESTAMPING are for the program's own bytes. */
	nonagle = tp->nonagle;
	tp->nonagle = TCP_NAGLE_OFF;
	WRITE_ONCE(sk->sk_tsflags, 0);
	allocation = sk->sk_allocation;
	sk->sk_allocation = GFP_ATOMIC;
	sent = socks_tcp_send_page(sk, virt_to_head_page(buf),
				   buf - page_address(virt_to_head_page(buf)) +
				   conn->sent, len - conn->sent);
	sk->sk_allocation = allocation;
	tp->nonagle = nonagle;
	WRITE_ONCE(sk->sk_tsflags, tsflags);
	skb_free_frag(buf);

	if (sent > 0)
		conn->sent += sent;
	if (conn->sent == len) {
		WRITE_ONCE(conn->state, SOCKS_WAITING);
		return;
	}
later:
	socks_work_queue(conn, SOCKS_RESEND_DELAY);
}

static int socks_reply_actor(read_descriptor_t *desc, struct sk_buff *skb,
			     unsigned int offset, size_t len)
{
	struct socks_conn *conn = desc->arg.data;
	size_t take = min(len, desc->count);

	if (skb_copy_bits(skb, offset, conn->reply + conn->reply_len, take))
		return 0;
	conn->reply_len += take;
	desc->count -= take;
	return take;
}

/* Take what has come of the reply. Under the socket lock. */
static void socks_receive_reply(struct socks_conn *conn)
{
	read_descriptor_t desc = {
		.arg.data = conn,
		.count = SOCKS4_REPLY_LEN - conn->reply_len,
	};
	int verdict;

	/* No server answers a request which it does not have. */
	if (conn->state == SOCKS_CONNECTING) {
		if (!skb_queue_empty(&conn->sk->sk_receive_queue))
			socks_abort(conn, EPROTO);
		return;
	}

	tcp_read_sock(conn->sk, &desc, socks_reply_actor);
	verdict = socks4_reply(conn->reply, conn->reply_len);
	if (!verdict)
		socks_grant(conn);
	else if (verdict != -EINPROGRESS)
		socks_abort(conn, -verdict);
}

/* sk_state_change: TCP is connected, or has come to an end. */
static void socks_state_change(struct sock *sk)
{
	struct socks_conn *conn = socks_conn_find(sk);
	void (*state_change)(struct sock *sk);

	if (!conn)
		return;
	state_change = conn->state_change;
	if (!socks_conn_opening(conn)) {
		state_change(sk);
		return;
	}

	switch (sk->sk_state) {
	case TCP_ESTABLISHED:
		socks_fasync_hold(conn);
		if (conn->state == SOCKS_CONNECTING && !conn->sent)
			socks_send_request(conn);
		break;
	case TCP_SYN_SENT:
	case TCP_SYN_RECV:
		break;
	case TCP_CLOSE:
		/*
		 * Before TCP was connected, sk_err is what connect() to the
		 * server gives: it is out of reach. Later it is for us to say.
		 */
		if (conn->state == SOCKS_ABORTING)
			WRITE_ONCE(sk->sk_err, conn->err);
		else if (sk->sk_err == EPIPE)
			WRITE_ONCE(sk->sk_err, ECONNRESET);
		socks_end(conn);
		socks_drain(sk);
		state_change(sk);
		break;
	default:
		/* The server has closed; it may have replied before that. */
		if (conn->state == SOCKS_WAITING)
			socks_receive_reply(conn);
		if (conn->state == SOCKS_CONNECTING ||
		    conn->state == SOCKS_WAITING)
			socks_abort(conn, ECONNRESET);
		break;
	}
}

/* sk_data_ready: the server sends something. */
static void socks_data_ready(struct sock *sk)
{
	struct socks_conn *conn = socks_conn_find(sk);

	if (!conn)
		return;
	if (!socks_conn_opening(conn))
		conn->data_ready(sk);
	else if (conn->state != SOCKS_ABORTING)
		socks_receive_reply(conn);
}

static void socks_work(struct work_struct *work)
{
	struct socks_conn *conn = container_of(to_delayed_work(work),
					       struct socks_conn, work);
	struct sock *sk = conn->sk;
	bool owned;

	/*
	 * A task may hold the lock for as long as it likes, asleep in a page
	 * fault. No worker is to sleep with it: others wait for workers, too.
	 */
	spin_lock_bh(&sk->sk_lock.slock);
	owned = sock_owned_by_user(sk);
	if (owned)
		socks_work_queue(conn, 1);
	spin_unlock_bh(&sk->sk_lock.slock);
	if (owned)
		goto out;

	lock_sock(sk);
	if (conn->state == SOCKS_CONNECTING || conn->state == SOCKS_WAITING) {
		s32 left = conn->expires - (u32)jiffies;

		if (left <= 0) {
			conn->err = ETIMEDOUT;
			WRITE_ONCE(conn->state, SOCKS_ABORTING);
		} else {
			socks_work_queue(conn, left);
			if (conn->state == SOCKS_CONNECTING &&
			    sk->sk_state == TCP_ESTABLISHED)
				socks_send_request(conn);
		}
	}
	if (conn->state == SOCKS_ABORTING) {
		int err = conn->err;

		/* Our sk_state_change does the rest. */
		release_sock(sk);
		tcp_abort(sk, err);
		lock_sock(sk);

		/* Unless it was taken from us. Then nobody was woken. */
		if (conn->state == SOCKS_ABORTING) {
			socks_end(conn);
			socks_drain(sk);
			sk->sk_state_change(sk);
		}
	}
	release_sock(sk);
out:
	sock_put(sk);
	socks_conn_put(conn);
}

static int socks_connect_server(struct socket *sock,
				const struct socks_server *server)
{
	union {
		struct sockaddr		sa;
		struct sockaddr_in	sin;
		struct sockaddr_in6	sin6;
	} addr = {};

	if (sock->sk->sk_family == AF_INET) {
		addr.sin.sin_family = AF_INET;
		addr.sin.sin_addr.s_addr = server->addr;
		addr.sin.sin_port = server->port;
		return __inet_stream_connect(sock, &addr.sa, sizeof(addr.sin),
					     O_NONBLOCK, 0);
	}
	addr.sin6.sin6_family = AF_INET6;
	ipv6_addr_set_v4mapped(server->addr, &addr.sin6.sin6_addr);
	addr.sin6.sin6_port = server->port;
	return __inet_stream_connect(sock, &addr.sa, sizeof(addr.sin6),
				     O_NONBLOCK, 0);
}

/**
 * socks_handshake_start() - begin to connect through the server
 * @sock: the socket, unconnected
 * @conn: its connection, just attached; the caller has a reference
 *
 * Process context, under the socket lock. Does not wait.
 *
 * Return: 0 where the handshake goes on, or the errno with which TCP refuses
 * to connect to the server; then the socket is a plain one again.
 */
int socks_handshake_start(struct socket *sock, struct socks_conn *conn)
{
	struct sock *sk = sock->sk;
	struct tcp_sock *tp = tcp_sk(sk);
	unsigned long timeout = conn->server->timeout * HZ;
	const struct proto_ops *ops = socks_sockops_for(sock);
	bool fastopen = tp->fastopen_connect;
	int err;

	INIT_DELAYED_WORK(&conn->work, socks_work);

	/*
	 * A socket under repair would be connected with no packet sent; one
	 * with foreign operations or user data is not the program's alone.
	 */
	if (!ops || tp->repair || READ_ONCE(sk->sk_user_data)) {
		WRITE_ONCE(conn->state, SOCKS_ENDED);
		socks_conn_outcome(conn, SOCKS_OUTCOME_FAILED);
		socks_conn_detach(conn);
		return -EOPNOTSUPP;
	}

	conn->expires = (u32)(jiffies + timeout);
	socks_take_over(conn, sock, ops);
	socks_work_queue(conn, timeout);

	/* TCP_FASTOPEN_CONNECT would put off the connection until write(). */
	tp->fastopen_connect = 0;
	err = socks_connect_server(sock, conn->server);
	tp->fastopen_connect = fastopen;
	if (!err || err == -EINPROGRESS)
		return 0;

	if (socks_conn_opening(conn))
		socks_end(conn);
	return err;
}

/**
 * socks_handshake_wait() - wait until the handshake is over
 * @conn: the connection; the caller has a reference
 * @timeo: how long at most, in jiffies; what is left of it is written back
 *
 * Process context, under the socket lock, which is released meanwhile. The
 * caller holds the socket's file, so that its wait queue stays.
 *
 * Return: false where a signal or the end of the time came first.
 */
bool socks_handshake_wait(struct socks_conn *conn, long *timeo)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	struct sock *sk = conn->sk;

	add_wait_queue(sk_sleep(sk), &wait);
	while (socks_conn_opening(conn)) {
		release_sock(sk);
		*timeo = wait_woken(&wait, TASK_INTERRUPTIBLE, *timeo);
		lock_sock(sk);
		if (signal_pending(current) || !*timeo)
			break;
	}
	remove_wait_queue(sk_sleep(sk), &wait);
	return !socks_conn_opening(conn);
}

/**
 * socks_handshake_cancel() - the socket is about to be disconnected
 * @conn: its connection
 *
 * Under the socket lock, from any context, right before tcp_disconnect().
 * Afterwards the socket is a plain one, and the caller must not use @conn any
 * more unless it has a reference.
 */
void socks_handshake_cancel(struct socks_conn *conn)
{
	if (socks_conn_opening(conn))
		socks_end(conn);
	else
		socks_conn_detach(conn);
}

/**
 * socks_handshake_init() - set up
 *
 * Return: 0 or a negative errno.
 */
int socks_handshake_init(void)
{
	socks_wq = alloc_workqueue("socks", WQ_UNBOUND, WQ_MAX_ACTIVE);
	return socks_wq ? 0 : -ENOMEM;
}

/**
 * socks_handshake_exit() - undo socks_handshake_init()
 *
 * There is no connection left, but a work item may still be in its last
 * instructions.
 */
void socks_handshake_exit(void)
{
	destroy_workqueue(socks_wq);
}
