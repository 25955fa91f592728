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
 *
 * Where the rule names several servers and one has failed, the work item goes on
 * to the next: it disconnects the socket and connects it again, under one hold
 * of the socket lock, so that the program sees a socket which is connecting all
 * the time. Up to the last server sk_error_report is ours as well, since TCP
 * tells by it of its end, and sk_err is cleared. The port stays the same, so that
 * the socket can't be bound meanwhile.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/jiffies.h>
#include <linux/skbuff.h>
#include <net/inet_common.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "compat.h"
#include "event.h"
#include "failover.h"
#include "handshake.h"
#include "sockops.h"

/* How soon what is left of a request is tried again. */
#define SOCKS_RESEND_DELAY	max(HZ / 50, 1)

static struct workqueue_struct *socks_wq;

/* That of all TCP sockets, unless somebody has put another in its place. */
static void (*socks_stock_error_report)(struct sock *sk) __ro_after_init;

/*
 * For work items: take the lock of a socket, but where a task has it. A task may
 * hold it for as long as it likes, asleep in a page fault, and so may those who
 * wait for it. No worker is to sleep with them: others wait for workers, too.
 * Otherwise as lock_sock(); release_sock() gives it back.
 */
static bool socks_lock_if_free(struct sock *sk)
{
	bool free;

	spin_lock_bh(&sk->sk_lock.slock);
	free = !sock_owned_by_user_nocheck(sk);
	if (free)
		sk->sk_lock.owned = 1;
	spin_unlock_bh(&sk->sk_lock.slock);
	if (free)
		mutex_acquire(&sk->sk_lock.dep_map, 0, 1, _RET_IP_);
	return free;
}

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
static void socks_error_report(struct sock *sk);

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
	if (socks_conn_can_go_on(conn) &&
	    sk->sk_error_report == socks_stock_error_report) {
		sk->sk_error_report = socks_error_report;
		conn->quiet = true;
	}
	WRITE_ONCE(sock->ops, ops);
	write_unlock_bh(&sk->sk_callback_lock);
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
	if (sk->sk_error_report == socks_error_report)
		sk->sk_error_report = socks_stock_error_report;
	else if (conn->quiet)
		ours = false;
	conn->quiet = false;
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
 * TCP signals POLL_OUT to the owner of a socket right after it is connected, and
 * POLL_IN right after the server has closed. Hold that back until the server has
 * granted the request, or the connection has failed.
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

/*
 * TCP gives up the socket's port when it is closed, unless bind() has asked for
 * it. Let it stay as long as the connection may go on to another server.
 */
static void socks_port_keep(struct socks_conn *conn)
{
	struct sock *sk = conn->sk;

	if (inet_sk(sk)->inet_num && !(sk->sk_userlocks & SOCK_BINDPORT_LOCK)) {
		sk->sk_userlocks |= SOCK_BINDPORT_LOCK;
		conn->port_kept = true;
	}
}

static void socks_port_unlock(struct socks_conn *conn)
{
	if (conn->port_kept)
		conn->sk->sk_userlocks &= ~SOCK_BINDPORT_LOCK;
	conn->port_kept = false;
}

/* Do what TCP would have done. */
static void socks_port_release(struct socks_conn *conn)
{
	struct sock *sk = conn->sk;

	if (conn->port_kept && sk->sk_state == TCP_CLOSE &&
	    inet_csk(sk)->icsk_bind_hash)
		inet_put_port(sk);
	socks_port_unlock(conn);
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
 * The handshake has failed, and TCP is closed or about to be. @err is the errno
 * which the program sees, or 0 where it has given the connection up. Under the
 * socket lock. The caller must not use @conn any more unless it has a reference.
 */
static void socks_end(struct socks_conn *conn, int err)
{
	bool ours;

	socks_conn_enter(conn, SOCKS_ENDED, err);
	socks_conn_outcome(conn, socks_conn_rejected(conn) ?
			   SOCKS_OUTCOME_REJECTED : SOCKS_OUTCOME_FAILED);
	socks_fasync_release(conn);
	socks_port_release(conn);
	ours = socks_give_back(conn);
	socks_work_cancel(conn);
	/* One for Rbind() is still to be found, by the callback below ours. */
	if (ours && !conn->bind)
		socks_conn_detach(conn);
}

/* Is an error one which another server may not have? */
static bool socks_err_of_server(int err)
{
	switch (err) {
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENETDOWN:
	case ENETUNREACH:
	case ENONET:
	case ENOPROTOOPT:
	case ECONNREFUSED:
	case ECONNRESET:
	case ETIMEDOUT:
	case EPROTO:
		return true;
	}
	return false;
}

static bool socks_source_routed(const struct sock *sk)
{
	const struct ip_options_rcu *opt;

	opt = rcu_dereference_protected(inet_sk(sk)->inet_opt,
					lockdep_sock_is_held(sk));
	return opt && opt->opt.srr;
}

/*
 * Will the connection, which has failed with @err, go on to another server?
 * Under the socket lock. The guard of tcp_v4_connect() asks for whom a source
 * route is allowed, and a work item is somebody else.
 */
static bool socks_goes_on(const struct socks_conn *conn, int err)
{
	const struct sock *sk = conn->sk;

	return socks_conn_can_go_on(conn) && socks_err_of_server(err) &&
	       !socks_conn_rejected(conn) && sk->sk_socket && conn->quiet &&
	       !socks_source_routed(sk);
}

/**
 * socks_handshake_odd() - may the program be to blame if a server fails it?
 * @sk: its socket
 *
 * Under the socket lock.
 *
 * Return: true where it has asked for something by which it may itself have made
 * the server look dead. Nobody is to do that for others.
 */
bool socks_handshake_odd(const struct sock *sk)
{
	const struct inet_sock *inet = inet_sk(sk);

	return sk->sk_bound_dev_if || sk->sk_userlocks & SOCK_BINDADDR_LOCK ||
	       sock_flag(sk, SOCK_LOCALROUTE) ||
	       rcu_access_pointer(sk->sk_filter) ||
	       rcu_access_pointer(inet->inet_opt) || inet->uc_ttl >= 0 ||
	       inet->min_ttl || inet->tos ||
#ifdef CONFIG_TCP_MD5SIG
	       rcu_access_pointer(tcp_sk(sk)->md5sig_info) ||
#endif
#ifdef CONFIG_TCP_AO
	       rcu_access_pointer(tcp_sk(sk)->ao_info) ||
#endif
	       tcp_sk(sk)->tcp_tx_delay ||
	       inet_csk(sk)->icsk_syn_retries ||
	       inet_csk(sk)->icsk_user_timeout;
}

/**
 * socks_handshake_note_odd() - remember whether the program may be to blame
 * @conn: a connection in the handshake
 *
 * Under the socket lock. Called before it connects to a server, and when the
 * program has set something, which it may set back before the server fails.
 */
void socks_handshake_note_odd(struct socks_conn *conn)
{
	if (conn->odd || !socks_handshake_odd(conn->sk))
		return;
	conn->odd = true;
	socks_conn_give_up_trial(conn);
}

/* When the connection has come to its server; while something is awaited of it. */
static unsigned long socks_began(const struct socks_conn *conn)
{
	s32 left = conn->expires - (u32)jiffies;

	return jiffies + left - socks_conn_server(conn)->timeout * HZ;
}

/*
 * The server has failed the connection with @err, or has refused it; what
 * becomes of it is still to be done. Under the socket lock.
 */
static void socks_fail(struct socks_conn *conn, int err)
{
	unsigned long began = socks_began(conn);

	conn->err = err;
	socks_conn_enter(conn, SOCKS_ABORTING, err);
	socks_handshake_note_odd(conn);
	if (!conn->bind && socks_err_of_server(err) &&
	    !socks_conn_rejected(conn) && !conn->odd) {
		socks_health_failed(socks_conn_server(conn), err, began);
		conn->trial = false;
	}
}

/* Let the connection go on or end with @err, soon. Under the socket lock. */
static void socks_abort(struct socks_conn *conn, int err)
{
	socks_fail(conn, err);
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
	/* With IP_RECVERR, that of an ICMP message of which nobody was told. */
	if (socks_conn_can_go_on(conn))
		WRITE_ONCE(sk->sk_err, 0);
	socks_port_release(conn);
	socks_conn_outcome(conn, SOCKS_OUTCOME_GRANTED);
	if (!conn->bind)
		conn->saddr = 0;
	/* Who reads this state without the lock may read @saddr as well. */
	socks_conn_enter(conn, SOCKS_ESTABLISHED, 0);
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
	const struct socks_server *server = socks_conn_server(conn);
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
	len = socks4_request(buf, conn->bind ? SOCKS4_BIND : SOCKS4_CONNECT,
			     conn->daddr, conn->dport, userid, userid_len);

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
		socks_conn_enter(conn, SOCKS_WAITING, 0);
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

/*
 * The first reply to BIND: the server listens. Wake who waits for that, and
 * await the second reply.
 */
static void socks_bound(struct socks_conn *conn)
{
	const struct socks_server *server = socks_conn_server(conn);
	unsigned long timeout = server->accept_timeout * HZ;

	socks4_reply_address(conn->reply, &conn->saddr, &conn->lport);
	if (!conn->lport) {
		socks_abort(conn, EPROTO);
		return;
	}
	if (!conn->saddr)
		conn->saddr = server->addr;
	conn->reply_len = 0;
	conn->expires = (u32)(jiffies + timeout);
	/* Who reads this state without the lock may read the address as well. */
	socks_conn_enter(conn, SOCKS_BOUND, 0);
	socks_work_queue(conn, timeout);
	conn->state_change(conn->sk);
}

/* The second reply: only the peer that was asked for may have connected. */
static void socks_bind_accepted(struct socks_conn *conn)
{
	__be32 addr;
	__be16 port;

	socks4_reply_address(conn->reply, &addr, &port);
	if (addr && addr != conn->daddr) {
		socks_abort(conn, ECONNABORTED);
		return;
	}
	conn->dport = port;
	socks_grant(conn);
}

/* Take what has come of one reply, and return socks4_reply()'s verdict. */
static int socks_read_reply(struct socks_conn *conn)
{
	read_descriptor_t desc = {
		.arg.data = conn,
		.count = SOCKS4_REPLY_LEN - conn->reply_len,
	};

	tcp_read_sock(conn->sk, &desc, socks_reply_actor);
	return socks4_reply(conn->reply, conn->reply_len);
}

/* Take what has come of the replies. Under the socket lock. */
static void socks_receive_reply(struct socks_conn *conn)
{
	int verdict;

	/* No server answers a request which it does not have. */
	if (conn->state == SOCKS_CONNECTING) {
		if (!skb_queue_empty(&conn->sk->sk_receive_queue))
			socks_abort(conn, EPROTO);
		return;
	}

	verdict = socks_read_reply(conn);
	if (!verdict || socks_conn_rejected(conn)) {
		socks_health_answered(socks_conn_server(conn));
		conn->trial = false;
	}
	if (!verdict && conn->bind && conn->state == SOCKS_WAITING) {
		socks_bound(conn);
		if (conn->state != SOCKS_BOUND)
			return;
		verdict = socks_read_reply(conn);
	}
	if (!verdict && conn->bind)
		socks_bind_accepted(conn);
	else if (!verdict)
		socks_grant(conn);
	else if (verdict != -EINPROGRESS)
		socks_abort(conn, -verdict);
}

/* Is something awaited of the server? */
static bool socks_awaiting(const struct socks_conn *conn)
{
	return conn->state == SOCKS_CONNECTING ||
	       conn->state == SOCKS_WAITING || conn->state == SOCKS_BOUND;
}

/**
 * socks_handshake_rcvlowat() - be told of each byte, whatever SO_RCVLOWAT
 * @conn: a connection in the handshake
 *
 * Called under the socket lock when TCP is connected, and resets the flag no
 * more, and when SO_RCVLOWAT changes. The flag is not set without need: with it,
 * TCP_ZEROCOPY_RECEIVE fails where there is nothing to receive.
 */
void socks_handshake_rcvlowat(struct socks_conn *conn)
{
	if (conn->sk->sk_rcvlowat > 1)
		sock_set_flag(conn->sk, SOCK_DONE);
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
		socks_handshake_rcvlowat(conn);
		socks_fasync_hold(conn);
		if (conn->state == SOCKS_CONNECTING && !conn->sent)
			socks_send_request(conn);
		break;
	case TCP_SYN_SENT:
	case TCP_SYN_RECV:
		break;
	case TCP_CLOSE:
		/* See socks_abort_now(). */
		if (conn->state == SOCKS_CLOSING) {
			WRITE_ONCE(sk->sk_err, 0);
			break;
		}
		/*
		 * Before TCP was connected, sk_err is what connect() to the
		 * server gives: it is out of reach. Later it is for us to say.
		 */
		if (conn->state != SOCKS_ABORTING)
			socks_abort(conn, sk->sk_err == EPIPE ? ECONNRESET :
								sk->sk_err);
		if (socks_goes_on(conn, conn->err)) {
			/* The work item does it; see tcp_done() for these. */
			WRITE_ONCE(sk->sk_err, 0);
			WRITE_ONCE(sk->sk_shutdown, 0);
			break;
		}
		WRITE_ONCE(sk->sk_err, conn->err);
		socks_end(conn, conn->err);
		socks_drain(sk);
		state_change(sk);
		break;
	default:
		/* The server has closed; it may have replied before that. */
		socks_fasync_hold(conn);
		if (conn->state == SOCKS_WAITING || conn->state == SOCKS_BOUND)
			socks_receive_reply(conn);
		if (socks_awaiting(conn))
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
	else if (socks_awaiting(conn))
		socks_receive_reply(conn);
}

/*
 * sk_error_report while a work item aborts a connection, which tells the program
 * of it at the end; and, where the rule names several servers, up to the last one:
 * that TCP has come to an end, or the way to the server is disturbed, is nothing
 * for the program then. Any context, with or without the socket lock.
 */
static void socks_error_report(struct sock *sk)
{
	struct socks_conn *conn = socks_conn_get(sk);
	bool hide = false;

	if (conn && socks_conn_opening(conn)) {
		hide = READ_ONCE(conn->state) == SOCKS_CLOSING;
		if (socks_conn_can_go_on(conn)) {
			hide = true;
			skb_queue_purge(&sk->sk_error_queue);
		}
	}
	if (conn)
		socks_conn_put(conn);
	if (!hide)
		socks_stock_error_report(sk);
}

static int socks_connect_server(struct socks_conn *conn);

/*
 * Forget the connection to a server that has failed, and begin one to the next.
 * Process context, under the socket lock, which is not released meanwhile. It is
 * the next one only when the old one is disconnected: see socks_error_report().
 */
static int socks_reconnect(struct socks_conn *conn)
{
	struct sock *sk = conn->sk;
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct inet_sock *inet = inet_sk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u8 pingpong = icsk->icsk_ack.pingpong;
	int peek_off = READ_ONCE(sk->sk_peek_off);
	u16 user_mss = tp->rx_opt.user_mss;
	bool trial = false;
	u8 server;
	int err;

	tcp_disconnect(sk, O_NONBLOCK);

	/* What the program has set, and what the server has left. */
	tp->rx_opt.user_mss = user_mss;
	WRITE_ONCE(tp->window_clamp, conn->window_clamp);
	WRITE_ONCE(sk->sk_peek_off, peek_off);
	icsk->icsk_ack.pingpong = pingpong;
	skb_queue_purge(&sk->sk_error_queue);
	WRITE_ONCE(sk->sk_err, 0);
	WRITE_ONCE(sk->sk_err_soft, 0);
	/* The failed server knows the sequence numbers; TCP takes others then. */
	WRITE_ONCE(tp->write_seq, 0);
	conn->sent = 0;
	conn->reply_len = 0;

	socks_handshake_note_odd(conn);
	server = socks_failover_choose(conn->rule, conn->daddr, conn->tried,
				       conn->odd ? NULL : &trial);
	socks_conn_go_on(conn, server);
	conn->trial = trial;
	/* For want of memory tcp_disconnect() may have given up the port. */
	if (conn->was_bound && !inet->inet_num)
		return -ENOMEM;
	err = socks_connect_server(conn);
	if (err == -EADDRNOTAVAIL && !conn->was_bound && inet->inet_num) {
		/* It was chosen with the other server in mind. */
		socks_port_release(conn);
		inet->inet_sport = 0;
		err = socks_connect_server(conn);
	}
	if (!err)
		socks_port_keep(conn);
	return err;
}

/*
 * Go on to the next server, and to those behind it where that can't even be
 * tried. Process context, under the socket lock, when TCP is closed. Return 0, or
 * the last one's error, in state %SOCKS_ABORTING.
 */
static int socks_go_on(struct socks_conn *conn)
{
	int err;

	do {
		err = socks_reconnect(conn);
		if (!err)
			return 0;
		socks_fail(conn, -err);
	} while (socks_goes_on(conn, -err));
	return err;
}

/*
 * The same in a work item. BPF programs of the socket's cgroup may ask who
 * connects: not the worker, which may do anything.
 */
static void socks_go_on_for(struct socks_conn *conn)
{
	const struct file *file = conn->sk->sk_socket->file;
	const struct cred *cred = NULL;

	if (file)
		cred = override_creds(file->f_cred);
	socks_go_on(conn);
	if (cred)
		revert_creds(cred);
}

/*
 * Abort a connection in state %SOCKS_ABORTING, or go on to the next server.
 * Process context, under the socket lock, which is released meanwhile.
 *
 * A program that was told of the end before tcp_abort() has had the lock could
 * connect the socket anew, and it would be that connection which is aborted. So
 * nobody but this function tells.
 */
static void socks_abort_now(struct socks_conn *conn)
{
	int err = socks_goes_on(conn, conn->err) ? 0 : conn->err;
	struct sock *sk = conn->sk;

	/* socks_give_back() undoes it, whoever ends the connection. */
	write_lock_bh(&sk->sk_callback_lock);
	if (!socks_conn_can_go_on(conn) &&
	    sk->sk_error_report == socks_stock_error_report) {
		sk->sk_error_report = socks_error_report;
		conn->quiet = true;
	}
	write_unlock_bh(&sk->sk_callback_lock);
	socks_conn_enter(conn, SOCKS_CLOSING, conn->err);

	release_sock(sk);
	tcp_abort(sk, err);
	lock_sock(sk);

	/* Unless the program has disconnected it. */
	if (conn->state != SOCKS_CLOSING)
		return;
	if (socks_goes_on(conn, conn->err)) {
		socks_go_on_for(conn);
		if (conn->state == SOCKS_CONNECTING)
			return;
	}
	WRITE_ONCE(sk->sk_err, conn->err);
	WRITE_ONCE(sk->sk_shutdown, SHUTDOWN_MASK);
	socks_end(conn, conn->err);
	socks_drain(sk);
	if (!sock_flag(sk, SOCK_DEAD)) {
		sk->sk_state_change(sk);
		sk_error_report(sk);
	}
}

/**
 * socks_handshake_abort() - abort a connection, in the handshake or behind it
 * @conn: the connection; the caller has a reference on it and on its socket
 *
 * Process context, no lock.
 *
 * The program sees ECONNABORTED. A socket that was granted is a plain one
 * afterwards, though the program may keep it: the module can go.
 *
 * Return: false where a task has the socket, which may take as long as it likes
 * (see socks_lock_if_free()); then nothing is done.
 */
bool socks_handshake_abort(struct socks_conn *conn)
{
	struct sock *sk = conn->sk;

	if (!socks_lock_if_free(sk))
		return false;

	if (socks_awaiting(conn)) {
		conn->err = ECONNABORTED;
		socks_conn_enter(conn, SOCKS_ABORTING, ECONNABORTED);
	} else if (socks_conn_opening(conn) && socks_goes_on(conn, conn->err)) {
		/* It was about to go on to the next server. */
		conn->err = ECONNABORTED;
	}
	if (conn->state == SOCKS_ABORTING) {
		socks_abort_now(conn);
	} else if (conn->state == SOCKS_ESTABLISHED) {
		release_sock(sk);
		tcp_abort(sk, ECONNABORTED);
		lock_sock(sk);
		/* That of an Rbind() goes with accept(). */
		if (conn->state == SOCKS_ESTABLISHED &&
		    sk->sk_state == TCP_CLOSE && !(conn->bind && conn->rbind))
			socks_conn_detach(conn);
	}
	release_sock(sk);
	return true;
}

static void socks_work(struct work_struct *work)
{
	struct socks_conn *conn = container_of(to_delayed_work(work),
					       struct socks_conn, work);
	struct sock *sk = conn->sk;

	if (!socks_lock_if_free(sk)) {
		spin_lock_bh(&sk->sk_lock.slock);
		socks_work_queue(conn, 1);
		spin_unlock_bh(&sk->sk_lock.slock);
		goto out;
	}

	if (socks_awaiting(conn)) {
		s32 left = conn->expires - (u32)jiffies;

		if (left <= 0) {
			socks_fail(conn, ETIMEDOUT);
		} else {
			socks_work_queue(conn, left);
			if (conn->state == SOCKS_CONNECTING &&
			    sk->sk_state == TCP_ESTABLISHED)
				socks_send_request(conn);
		}
	}
	if (conn->state == SOCKS_ABORTING)
		socks_abort_now(conn);
	release_sock(sk);
out:
	sock_put(sk);
	socks_conn_put(conn);
}

/*
 * Begin to connect to the server. Process context, under the socket lock; does
 * not wait. What __inet_stream_connect() does, but whatever sock->state: in a
 * work item it is SS_CONNECTING already, and stays so.
 */
static int socks_connect_server(struct socks_conn *conn)
{
	const struct socks_server *server = socks_conn_server(conn);
	unsigned long timeout = server->timeout * HZ;
	struct sock *sk = conn->sk;
	struct tcp_sock *tp = tcp_sk(sk);
	bool fastopen = tp->fastopen_connect;
	union {
		struct sockaddr		sa;
		struct sockaddr_in	sin;
		struct sockaddr_in6	sin6;
	} addr = {};
	int addr_len, err = 0;

	if (sk->sk_family == AF_INET) {
		addr_len = sizeof(addr.sin);
		addr.sin.sin_family = AF_INET;
		addr.sin.sin_addr.s_addr = server->addr;
		addr.sin.sin_port = server->port;
	} else {
		addr_len = sizeof(addr.sin6);
		addr.sin6.sin6_family = AF_INET6;
		ipv6_addr_set_v4mapped(server->addr, &addr.sin6.sin6_addr);
		addr.sin6.sin6_port = server->port;
	}

	conn->expires = (u32)(jiffies + timeout);
	socks_conn_enter(conn, SOCKS_CONNECTING, 0);
	socks_work_queue(conn, timeout);

	/* TCP_FASTOPEN_CONNECT would put off the connection until write(). */
	tp->fastopen_connect = 0;
	if (BPF_CGROUP_PRE_CONNECT_ENABLED(sk))
		err = sk->sk_prot->pre_connect(sk, &addr.sa, addr_len);
	if (!err)
		err = sk->sk_prot->connect(sk, &addr.sa, addr_len);
	if (!err)
		sk->sk_socket->state = SS_CONNECTING;
	tp->fastopen_connect = fastopen;
	return err;
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
	const struct proto_ops *ops = socks_sockops_for(sock);
	int err;

	INIT_DELAYED_WORK(&conn->work, socks_work);

	/*
	 * A socket under repair would be connected with no packet sent; one
	 * with foreign operations or user data is not the program's alone.
	 */
	if (!ops || tp->repair || READ_ONCE(sk->sk_user_data)) {
		socks_event_started(conn);
		socks_conn_enter(conn, SOCKS_ENDED, EOPNOTSUPP);
		socks_conn_outcome(conn, SOCKS_OUTCOME_FAILED);
		socks_conn_detach(conn);
		return -EOPNOTSUPP;
	}

	socks_take_over(conn, sock, ops);
	if (conn->quiet) {
		conn->window_clamp = tp->window_clamp;
		conn->was_bound = !!inet_sk(sk)->inet_num;
		socks_port_keep(conn);
	}
	err = socks_connect_server(conn);
	socks_event_started(conn);
	if (!err) {
		if (conn->quiet)
			socks_port_keep(conn);
		return 0;
	}

	socks_fail(conn, -err);
	if (socks_goes_on(conn, -err))
		err = socks_go_on(conn);
	if (err) {
		/* A port from bind() stays where nothing was sent. */
		socks_port_unlock(conn);
		socks_end(conn, -err);
	}
	return err;
}

/**
 * socks_handshake_wait() - wait until the handshake has come so far
 * @conn: the connection; the caller has a reference
 * @until: %SOCKS_ESTABLISHED for its end, or %SOCKS_BOUND
 * @timeo: how long at most, in jiffies; what is left of it is written back
 *
 * Process context, under the socket lock, which is released meanwhile. The
 * caller holds the socket's file, or owns the socket, so that its wait queue
 * stays.
 *
 * Return: false where a signal or the end of the time came first.
 */
bool socks_handshake_wait(struct socks_conn *conn, enum socks_state until,
			  long *timeo)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	struct sock *sk = conn->sk;

	add_wait_queue(sk_sleep(sk), &wait);
	while (conn->state < until) {
		release_sock(sk);
		*timeo = wait_woken(&wait, TASK_INTERRUPTIBLE, *timeo);
		lock_sock(sk);
		if (signal_pending(current) || !*timeo)
			break;
	}
	remove_wait_queue(sk_sleep(sk), &wait);
	return conn->state >= until;
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
		socks_end(conn, 0);
	else
		socks_conn_detach(conn);
}

/**
 * socks_handshake_init() - set up
 *
 * Return: 0 or a negative errno.
 */
int __init socks_handshake_init(void)
{
	struct socket *sock;
	int err;

	err = sock_create_kern(&init_net, AF_INET, SOCK_STREAM, IPPROTO_TCP,
			       &sock);
	if (err)
		return err;
	socks_stock_error_report = sock->sk->sk_error_report;
	sock_release(sock);
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
