// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rbind(): a SOCKS server listens on behalf of a socket here.
 *
 * An inner socket connects to the server and sends BIND. When the server
 * listens, the program's socket is bound to 255.255.255.255, where no segment
 * of TCP can be for it, and gets operations of ours (rbindops.c): to all else
 * it is an ordinary socket, which can listen. When the peer has come, accept()
 * makes the inner connection that of the new socket, which is a plain one then.
 *
 * Locks: the program's socket and the inner one are never held together; the
 * spinlock of struct socks_rbind is taken under either.
 */
#include <linux/cred.h>
#include <linux/module.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <net/inet_common.h>
#include <net/tcp.h>

#include "config.h"
#include "handshake.h"
#include "pair.h"
#include "rbind.h"
#include "rbindops.h"
#include "sockops.h"

static struct rhashtable socks_rbinds;

static const struct rhashtable_params socks_rbind_params = {
	.key_len		= sizeof(struct sock *),
	.key_offset		= offsetof(struct socks_rbind, sk),
	.head_offset		= offsetof(struct socks_rbind, node),
	.automatic_shrinking	= true,
};

/* Finding */

/**
 * socks_rbind_any() - does a server listen for any socket?
 *
 * Any context, no lock.
 *
 * Return: false where there surely is none.
 */
bool socks_rbind_any(void)
{
	return atomic_read(&socks_rbinds.nelems);
}

/* Under rcu_read_lock() or the socket lock. */
static struct socks_rbind *socks_rbind_find(const struct sock *sk)
{
	return rhashtable_lookup_fast(&socks_rbinds, &sk, socks_rbind_params);
}

/**
 * socks_rbind_is() - does a server listen for this socket?
 * @sk: the socket
 *
 * Any context, no lock.
 *
 * Return: true where one does.
 */
bool socks_rbind_is(const struct sock *sk)
{
	bool is;

	if (!socks_rbind_any())
		return false;
	rcu_read_lock();
	is = socks_rbind_find(sk);
	rcu_read_unlock();
	return is;
}

/**
 * socks_rbind_get() - find what belongs to a socket and take a reference
 * @sk: the socket
 *
 * Any context, no lock.
 *
 * Return: it, or NULL where no server listens for the socket.
 */
struct socks_rbind *socks_rbind_get(const struct sock *sk)
{
	struct socks_rbind *rbind;

	rcu_read_lock();
	rbind = socks_rbind_find(sk);
	if (rbind && !refcount_inc_not_zero(&rbind->ref))
		rbind = NULL;
	rcu_read_unlock();
	return rbind;
}

/**
 * socks_rbind_put() - drop a reference
 * @rbind: on this
 *
 * Process context. The last reference takes the module's with it.
 */
void socks_rbind_put(struct socks_rbind *rbind)
{
	if (!refcount_dec_and_test(&rbind->ref))
		return;
	WARN_ON_ONCE(rbind->inner);
	kfree_rcu(rbind, rcu);
	module_put(THIS_MODULE);
}

/* Limits */

static int socks_rbind_count(struct socks_rbind *rbind, struct socks_net *sn)
{
	const struct socks_limits limits = socks_net_limits(sn);
	const struct socks_rbind *other;
	int err = 0;
	u32 n = 0;

	spin_lock_bh(&sn->rbinds_lock);
	list_for_each_entry(other, &sn->rbinds, list)
		n += uid_eq(other->uid, rbind->uid);
	if (n >= limits.rbinds_per_user || sn->n_rbinds >= limits.rbinds) {
		err = -ENOBUFS;
	} else {
		rbind->sn = sn;
		list_add(&rbind->list, &sn->rbinds);
		sn->n_rbinds++;
	}
	spin_unlock_bh(&sn->rbinds_lock);
	return err;
}

/* While the network namespace is there: that is, before the inner socket goes. */
static void socks_rbind_uncount(struct socks_rbind *rbind)
{
	struct socks_net *sn = rbind->sn;

	spin_lock_bh(&sn->rbinds_lock);
	list_del(&rbind->list);
	sn->n_rbinds--;
	spin_unlock_bh(&sn->rbinds_lock);
}

/* Bind to an address, and any port. Process context, no lock. */
static int socks_rbind_bind(struct socket *sock, __be32 addr)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = addr,
	};

	return kernel_bind(sock, (struct sockaddr *)&sin, sizeof(sin));
}

/* The inner connection */

/*
 * What a socket inherits from the one which listens. The inner socket gets it
 * when it is made, as far as it matters to the way to the server, and once more
 * when it is accepted. Under its lock.
 */
static void socks_rbind_inherit(struct sock *sk, const struct sock *from)
{
	const unsigned long flags = BIT(SOCK_URGINLINE) | BIT(SOCK_LINGER) |
				    BIT(SOCK_DBG) | BIT(SOCK_LOCALROUTE) |
				    BIT(SOCK_KEEPOPEN);
	const unsigned int locks = SOCK_SNDBUF_LOCK | SOCK_RCVBUF_LOCK;
	const struct tcp_sock *from_tp = tcp_sk(from);
	struct tcp_sock *tp = tcp_sk(sk);

	sk->sk_flags = (sk->sk_flags & ~flags) | (from->sk_flags & flags);
	sk->sk_lingertime = from->sk_lingertime;
	sk->sk_rcvtimeo = from->sk_rcvtimeo;
	sk->sk_sndtimeo = from->sk_sndtimeo;
	WRITE_ONCE(sk->sk_rcvlowat, READ_ONCE(from->sk_rcvlowat));
	WRITE_ONCE(sk->sk_mark, READ_ONCE(from->sk_mark));
	if (from->sk_userlocks & SOCK_SNDBUF_LOCK)
		WRITE_ONCE(sk->sk_sndbuf, READ_ONCE(from->sk_sndbuf));
	if (from->sk_userlocks & SOCK_RCVBUF_LOCK)
		WRITE_ONCE(sk->sk_rcvbuf, READ_ONCE(from->sk_rcvbuf));
	sk->sk_userlocks |= from->sk_userlocks & locks;

	WRITE_ONCE(inet_sk(sk)->tos, READ_ONCE(inet_sk(from)->tos));
	WRITE_ONCE(inet_sk(sk)->uc_ttl, READ_ONCE(inet_sk(from)->uc_ttl));

	tp->nonagle = from_tp->nonagle;
	tp->keepalive_time = from_tp->keepalive_time;
	tp->keepalive_intvl = from_tp->keepalive_intvl;
	tp->keepalive_probes = from_tp->keepalive_probes;
	tp->linger2 = from_tp->linger2;
	tp->notsent_lowat = from_tp->notsent_lowat;
	WRITE_ONCE(inet_csk(sk)->icsk_user_timeout,
		   READ_ONCE(inet_csk(from)->icsk_user_timeout));
}

/*
 * sk_state_change of the inner socket: wakes who waits for the server to listen
 * and, when the peer has come or will not come any more, the listener.
 */
static void socks_rbind_state_change(struct sock *sk)
{
	struct socks_conn *conn = socks_conn_find(sk);
	struct socks_rbind *rbind;

	if (!conn || !conn->rbind)
		return;
	rbind = conn->rbind;
	rbind->state_change(sk);
	if (socks_conn_opening(conn))
		return;

	spin_lock_bh(&rbind->lock);
	if (rbind->inner)
		WRITE_ONCE(rbind->ready, true);
	if (rbind->listener)
		rbind->listener->sk_data_ready(rbind->listener);
	spin_unlock_bh(&rbind->lock);
}

/* The inner socket has nothing to do with @rbind any more. Under its lock. */
static void socks_rbind_let_go(struct socks_rbind *rbind, struct sock *sk)
{
	write_lock_bh(&sk->sk_callback_lock);
	if (sk->sk_state_change == socks_rbind_state_change)
		sk->sk_state_change = rbind->state_change;
	write_unlock_bh(&sk->sk_callback_lock);
	rbind->conn->rbind = NULL;
}

/* End the inner connection. Process context, no lock. */
static void socks_rbind_close(struct socks_rbind *rbind, struct socket *inner)
{
	struct sock *sk = inner->sk;

	if (rbind->conn) {
		lock_sock(sk);
		/*
		 * The server is to see that its listener is not wanted, or the
		 * peer that nobody accepts it.
		 */
		socks_handshake_cancel(rbind->conn);
		sk->sk_prot->disconnect(sk, 0);
		socks_rbind_let_go(rbind, sk);
		release_sock(sk);
		socks_conn_put(rbind->conn);
		rbind->conn = NULL;
	}
	socks_rbind_uncount(rbind);
	sock_release(inner);
}

/* The same where @rbind never got into the hash table. */
static void socks_rbind_give_up(struct socks_rbind *rbind)
{
	socks_rbind_close(rbind, rbind->inner);
	rbind->inner = NULL;
}

/*
 * Connect to the server of the thread's last connection, and have it listen.
 * Waits for its first reply, and can be interrupted.
 */
static int socks_rbind_ask(struct socks_rbind *rbind, struct socks_conn *pair,
			   __be32 local)
{
	long timeo = MAX_SCHEDULE_TIMEOUT;
	struct sock *sk = rbind->inner->sk;
	struct socks_conn *conn;
	int err;

	if (local) {
		err = socks_rbind_bind(rbind->inner, local);
		if (err)
			return err;
	}

	lock_sock(sk);
	conn = socks_conn_attach(sk, pair->daddr, pair->dport, pair->rule,
				 pair->server, rbind);
	if (IS_ERR(conn)) {
		err = PTR_ERR(conn);
		goto out;
	}
	socks_conn_hold(conn);
	rbind->conn = conn;
	write_lock_bh(&sk->sk_callback_lock);
	rbind->state_change = sk->sk_state_change;
	sk->sk_state_change = socks_rbind_state_change;
	write_unlock_bh(&sk->sk_callback_lock);

	err = socks_handshake_start(rbind->inner, conn);
	if (err)
		goto out;
	if (!socks_handshake_wait(conn, SOCKS_BOUND, &timeo)) {
		err = sock_intr_errno(timeo);
	} else if (!conn->lport) {
		err = sock_error(sk) ?: -ECONNABORTED;
	} else {
		rbind->addr = conn->saddr;
		rbind->port = conn->lport;
	}
out:
	release_sock(sk);
	return err;
}

/* Make the inner connection, for a socket that is not yet ours. */
static struct socks_rbind *socks_rbind_start(const struct sock *listener,
					     struct socks_conn *pair,
					     __be32 local)
{
	struct net *net = sock_net(listener);
	struct socks_rbind *rbind;
	struct sock *sk;
	int err;

	rbind = kzalloc(sizeof(*rbind), GFP_KERNEL_ACCOUNT);
	if (!rbind)
		return ERR_PTR(-ENOMEM);
	refcount_set(&rbind->ref, 1);
	spin_lock_init(&rbind->lock);
	rbind->uid = current_euid();
	__module_get(THIS_MODULE);

	err = socks_rbind_count(rbind, socks_net(net));
	if (err)
		goto err_put;
	/* As the program's own: charged to it, and checked for it. */
	err = __sock_create(net, PF_INET, SOCK_STREAM, IPPROTO_TCP,
			    &rbind->inner, 0);
	if (err) {
		socks_rbind_uncount(rbind);
		goto err_put;
	}
	sk = rbind->inner->sk;
	lock_sock(sk);
	socks_rbind_inherit(sk, listener);
	sk->sk_bound_dev_if = READ_ONCE(listener->sk_bound_dev_if);
	release_sock(sk);

	err = socks_rbind_ask(rbind, pair, local);
	if (!err)
		return rbind;

	socks_rbind_give_up(rbind);
err_put:
	socks_rbind_put(rbind);
	return ERR_PTR(err);
}

/* The program's socket */

/* Could it be bound? Under the socket lock. */
static bool socks_rbind_unbound(const struct socket *sock)
{
	const struct sock *sk = sock->sk;

	return sock->state == SS_UNCONNECTED && sk->sk_state == TCP_CLOSE &&
	       !inet_sk(sk)->inet_num &&
	       sock->ops == socks_sockops_stock(sk);
}

/* Take back what bind() did. Under the socket lock, in TCP_CLOSE. */
static void socks_rbind_unbind(struct sock *sk)
{
	struct inet_sock *inet = inet_sk(sk);

	if (inet_csk(sk)->icsk_bind_hash)
		inet_put_port(sk);
	inet->inet_num = 0;
	inet->inet_sport = 0;
	inet->inet_saddr = 0;
	inet->inet_rcv_saddr = 0;
	sk->sk_userlocks &= ~SOCK_BINDADDR_LOCK;
}

/*
 * The program's socket, which is unbound, gets its place where nobody can reach
 * it, and our operations. On an error it is unbound again, unless another thread
 * has done something else with it.
 */
static int socks_rbind_attach(struct socks_rbind *rbind, struct socket *sock)
{
	struct sock *sk = sock->sk;
	bool ready;
	int err;

	err = socks_rbind_bind(sock, htonl(INADDR_BROADCAST));
	if (err)
		return err;

	lock_sock(sk);
	if ((sk->sk_state != TCP_CLOSE && sk->sk_state != TCP_LISTEN) ||
	    inet_sk(sk)->inet_rcv_saddr != htonl(INADDR_BROADCAST) ||
	    sock->ops != socks_sockops_stock(sk)) {
		err = -EINVAL;
		goto out;
	}
	rbind->sk = sk;
	if (rhashtable_insert_fast(&socks_rbinds, &rbind->node,
				   socks_rbind_params)) {
		err = -ENOMEM;
		goto out;
	}
	refcount_inc(&rbind->ref);
	WRITE_ONCE(sock->ops, socks_rbindops());

	spin_lock_bh(&rbind->lock);
	rbind->listener = sk;
	spin_unlock_bh(&rbind->lock);
	ready = socks_rbind_ready(rbind);
out:
	if (err && sk->sk_state == TCP_CLOSE &&
	    sock->ops == socks_sockops_stock(sk))
		socks_rbind_unbind(sk);
	release_sock(sk);
	/* Another thread may listen and poll already. */
	if (!err && ready)
		sk->sk_data_ready(sk);
	return err;
}

/* Let getsockname() of the paired connection tell where the server listens. */
static void socks_rbind_tell(struct socks_conn *pair, __be32 addr)
{
	WRITE_ONCE(pair->saddr, addr);
}

/**
 * socks_rbind() - have the server of the thread's last connection listen
 * @sock: the program's socket
 * @addr: the address that bind() would be given; the port means nothing
 *
 * Process context, no lock; sleeps until the server has answered. The caller
 * holds the socket's file, and a module reference.
 *
 * Return: 0 or a negative errno: those of bind() and connect(), -ENOTCONN where
 * the thread's last connection is not a redirected one which is still open,
 * and -ENOBUFS beyond a limit.
 */
int socks_rbind(struct socket *sock, const struct sockaddr_in *addr)
{
	struct sock *sk = sock->sk;
	struct socks_rbind *rbind;
	struct socks_conn *pair;
	int err;

	if (sk->sk_type != SOCK_STREAM)
		return -EOPNOTSUPP;
	if (sk->sk_family != AF_INET)
		return -EAFNOSUPPORT;
	if (sk->sk_protocol != IPPROTO_TCP || sk->sk_kern_sock)
		return -EOPNOTSUPP;
	lock_sock(sk);
	err = socks_rbind_unbound(sock) ? 0 : -EINVAL;
	release_sock(sk);
	if (err)
		return err;

	pair = socks_pair_get(sock_net(sk));
	if (!pair)
		return -ENOTCONN;
	rbind = socks_rbind_start(sk, pair, addr->sin_addr.s_addr);
	if (IS_ERR(rbind)) {
		err = PTR_ERR(rbind);
		goto out;
	}
	err = socks_rbind_attach(rbind, sock);
	if (err)
		socks_rbind_give_up(rbind);
	socks_rbind_put(rbind);
out:
	socks_conn_put(pair);
	return err;
}

/**
 * socks_rbind_by_rule_wanted() - may this socket be one for a rule's rbind auto?
 * @sock: the socket
 *
 * Process context, no lock; does not sleep. For most sockets of a host the
 * answer is quick.
 *
 * Return: true where it is bound to port 0, and the thread's last connection
 * went through such a rule.
 */
bool socks_rbind_by_rule_wanted(const struct socket *sock)
{
	const struct sock *sk = sock->sk;
	struct socks_conn *pair;
	bool wanted;

	if (!socks_conn_any() || sk->sk_family != AF_INET ||
	    sk->sk_type != SOCK_STREAM || sk->sk_protocol != IPPROTO_TCP ||
	    sk->sk_kern_sock || READ_ONCE(sk->sk_state) != TCP_CLOSE ||
	    READ_ONCE(sock->state) != SS_UNCONNECTED ||
	    READ_ONCE(sock->ops) != socks_sockops_stock(sk) ||
	    !READ_ONCE(inet_sk(sk)->inet_num) ||
	    sk->sk_userlocks & SOCK_BINDPORT_LOCK ||
	    ipv4_is_loopback(READ_ONCE(inet_sk(sk)->inet_rcv_saddr)))
		return false;
	pair = socks_pair_get(sock_net(sk));
	if (!pair)
		return false;
	wanted = pair->rule->rbind_auto;
	socks_conn_put(pair);
	return wanted;
}

/**
 * socks_rbind_by_rule() - Rbind() for a program that knows nothing of it
 * @sock: a socket of which socks_rbind_by_rule_wanted() was true
 *
 * Process context, no lock; sleeps until the server has answered. The caller
 * holds the socket's file, and a module reference.
 *
 * Return: 0, also where the socket is to stay as it is, or a negative errno.
 */
int socks_rbind_by_rule(struct socket *sock)
{
	struct sock *sk = sock->sk;
	struct socks_rbind *rbind;
	struct socks_conn *pair;
	bool mine;
	int err = 0;

	pair = socks_pair_get(sock_net(sk));
	if (!pair)
		return 0;
	rbind = socks_rbind_start(sk, pair, inet_sk(sk)->inet_saddr);
	if (IS_ERR(rbind)) {
		err = PTR_ERR(rbind);
		goto out;
	}
	rbind->by_rule = true;

	lock_sock(sk);
	mine = socks_rbind_by_rule_wanted(sock);
	if (mine) {
		rbind->local = inet_sk(sk)->inet_rcv_saddr;
		socks_rbind_unbind(sk);
	}
	release_sock(sk);
	if (mine) {
		err = socks_rbind_attach(rbind, sock);
		if (err)
			socks_rbind_bind(sock, rbind->local);
		else
			socks_rbind_tell(pair, rbind->addr);
	}
	if (err || !mine)
		socks_rbind_give_up(rbind);
	socks_rbind_put(rbind);
out:
	socks_conn_put(pair);
	return err;
}

/**
 * socks_rbind_accept() - give the inner connection to a new socket
 * @rbind: of the socket which listens, and ready
 * @newsock: the new socket
 *
 * Process context, under the lock of the socket which listens; releases it.
 *
 * Return: 0, or -ECONNABORTED where the peer will not come any more.
 */
int socks_rbind_accept(struct socks_rbind *rbind, struct socket *newsock)
{
	struct socket *inner = rbind->inner;
	struct sock *sk = inner->sk;
	struct sock *listener = rbind->sk;
	bool granted, keepalive;

	spin_lock_bh(&rbind->lock);
	rbind->inner = NULL;
	WRITE_ONCE(rbind->ready, false);
	spin_unlock_bh(&rbind->lock);
	release_sock(listener);

	lock_sock(sk);
	granted = rbind->conn->state == SOCKS_ESTABLISHED;
	if (granted) {
		socks_rbind_let_go(rbind, sk);
		/* TCP sets the timer only where the flag is not set yet. */
		socks_rbind_inherit(sk, listener);
		keepalive = sock_flag(sk, SOCK_KEEPOPEN);
		sock_reset_flag(sk, SOCK_KEEPOPEN);
		sk->sk_prot->keepalive(sk, keepalive);
		if (keepalive)
			sock_set_flag(sk, SOCK_KEEPOPEN);
		if (test_bit(SOCK_SUPPORT_ZC, &inner->flags))
			set_bit(SOCK_SUPPORT_ZC, &newsock->flags);
		inner->sk = NULL;
		sock_graft(sk, newsock);
		newsock->state = SS_CONNECTED;
	}
	release_sock(sk);
	if (!granted) {
		socks_rbind_close(rbind, inner);
		return -ECONNABORTED;
	}
	socks_conn_put(rbind->conn);
	rbind->conn = NULL;
	socks_rbind_uncount(rbind);
	sock_release(inner);
	return 0;
}

/**
 * socks_rbind_cancel() - make the program's socket an ordinary one again
 * @rbind: what belongs to it; the caller has a reference
 * @sock: the socket
 *
 * Process context, under the socket lock; releases it. A socket that does not
 * listen is not bound to anything afterwards.
 */
void socks_rbind_cancel(struct socks_rbind *rbind, struct socket *sock)
{
	struct socket *inner = NULL;
	struct sock *sk = sock->sk;

	if (!rhashtable_remove_fast(&socks_rbinds, &rbind->node,
				    socks_rbind_params)) {
		spin_lock_bh(&rbind->lock);
		rbind->listener = NULL;
		inner = rbind->inner;
		rbind->inner = NULL;
		WRITE_ONCE(rbind->ready, false);
		spin_unlock_bh(&rbind->lock);
		WRITE_ONCE(sock->ops, socks_sockops_stock(sk));
		if (sk->sk_state == TCP_CLOSE &&
		    inet_sk(sk)->inet_rcv_saddr == htonl(INADDR_BROADCAST))
			socks_rbind_unbind(sk);
		refcount_dec(&rbind->ref);
	}
	release_sock(sk);
	if (inner)
		socks_rbind_close(rbind, inner);
}

/**
 * socks_rbind_rebind() - bind a socket again to what the program bound it
 * @rbind: what belonged to it, with @by_rule; cancelled
 * @sock: the socket
 *
 * Process context, no lock.
 *
 * Return: 0 or a negative errno.
 */
int socks_rbind_rebind(struct socks_rbind *rbind, struct socket *sock)
{
	return socks_rbind_bind(sock, rbind->local);
}

/**
 * socks_rbind_name() - what getsockname() says of a socket
 * @sk: the socket
 * @sin: where to put it
 *
 * Any context, no lock.
 *
 * Return: true where a server listens for the socket.
 */
bool socks_rbind_name(const struct sock *sk, struct sockaddr_in *sin)
{
	const struct socks_rbind *rbind;
	int state = READ_ONCE(sk->sk_state);

	if (state != TCP_CLOSE && state != TCP_LISTEN)
		return false;
	rcu_read_lock();
	rbind = socks_rbind_find(sk);
	if (rbind) {
		sin->sin_addr.s_addr = rbind->addr;
		sin->sin_port = rbind->port;
	}
	rcu_read_unlock();
	return rbind;
}

/* Start and end */

/**
 * socks_rbind_init() - set up
 *
 * Return: 0 or a negative errno.
 */
int socks_rbind_init(void)
{
	return rhashtable_init(&socks_rbinds, &socks_rbind_params);
}

/**
 * socks_rbind_exit() - undo socks_rbind_init()
 *
 * No socket has our operations any more.
 */
void socks_rbind_exit(void)
{
	rcu_barrier();
	rhashtable_destroy(&socks_rbinds);
}
