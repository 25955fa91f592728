// SPDX-License-Identifier: GPL-2.0-only
/*
 * Socket operations of a socket for which a SOCKS server listens.
 *
 * To TCP it is a socket which is bound, and may listen, where nobody can reach
 * it. So what needs a connection to accept is ours: accept, poll; and what makes
 * it another socket: bind, connect, shutdown, release. All else is TCP's own;
 * getsockname() is hooked.
 *
 * A task may enter one of these operations just when another one makes the
 * socket an ordinary one. It then needs a module reference of its own, as TCP's
 * operation may sleep and comes back here.
 */
#include <linux/kmemleak.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <net/inet_common.h>
#include <net/tcp.h>

#include "compat.h"
#include "rbind.h"
#include "rbindops.h"
#include "sockops.h"

/* Never freed, and TCP's own when the module has gone: see sockops.c. */
static struct proto_ops *socks_rbind_ops __ro_after_init;

/**
 * socks_rbindops() - the operations of a socket for which a server listens
 *
 * Return: them.
 */
const struct proto_ops *socks_rbindops(void)
{
	return socks_rbind_ops;
}

/* Each operation begins and ends with these. @rbind may be NULL. */
static int socks_rbindop_begin(struct socket *sock, struct socks_rbind **rbind)
{
	*rbind = socks_rbind_get(sock->sk);
	if (!*rbind && !try_module_get(THIS_MODULE))
		return -EINTR;
	return 0;
}

static void socks_rbindop_end(struct socks_rbind *rbind)
{
	if (rbind)
		socks_rbind_put(rbind);
	else
		module_put(THIS_MODULE);
}

static int socks_rbindop_release(struct socket *sock)
{
	struct sock *sk = sock->sk;
	struct socks_rbind *rbind;
	const struct proto_ops *stock;
	int err;

	/* A socket for accept(), which failed. */
	if (!sk)
		return 0;
	stock = socks_sockops_stock(sk);
	/* Only where the module goes this very moment is there no reference. */
	if (socks_rbindop_begin(sock, &rbind))
		return stock->release(sock);

	if (rbind) {
		lock_sock(sk);
		socks_rbind_cancel(rbind, sock);
	}
	err = stock->release(sock);
	socks_rbindop_end(rbind);
	return err;
}

static int socks_rbindop_bind(struct socket *sock, struct sockaddr *uaddr,
			      int addr_len)
{
	struct socks_rbind *rbind;
	int err;

	err = socks_rbindop_begin(sock, &rbind);
	if (err)
		return err;
	/* With IP_BIND_ADDRESS_NO_PORT, TCP would let it bind once more. */
	if (rbind)
		err = -EINVAL;
	else
		err = socks_sockops_stock(sock->sk)->bind(sock, uaddr, addr_len);
	socks_rbindop_end(rbind);
	return err;
}

static int socks_rbindop_connect(struct socket *sock, struct sockaddr *uaddr,
				 int addr_len, int flags)
{
	struct sock *sk = sock->sk;
	struct socks_rbind *rbind;
	bool other;
	int err;

	do {
		err = socks_rbindop_begin(sock, &rbind);
		if (err)
			return err;
		lock_sock(sk);
		/*
		 * Before we had the lock, tasks may have made it an ordinary
		 * socket, and then one for which a server listens once more.
		 */
		other = sock->ops == socks_rbindops() &&
			!(rbind && socks_rbind_attached(rbind));
		if (other) {
			release_sock(sk);
			socks_rbindop_end(rbind);
		}
	} while (other);

	if (sock->ops != socks_rbindops()) {
		/* Another task was faster: it is an ordinary socket. */
		release_sock(sk);
	} else if (addr_len >= (int)sizeof(uaddr->sa_family) &&
		   uaddr->sa_family == AF_UNSPEC) {
		/* TCP stops to listen first. See __inet_stream_connect(). */
		sk->sk_disconnects++;
		err = sk->sk_prot->disconnect(sk, flags);
		sock->state = err ? SS_DISCONNECTING : SS_UNCONNECTED;
		socks_rbind_cancel(rbind, sock);
		goto out;
	} else if (!rbind->by_rule || sk->sk_state != TCP_CLOSE) {
		release_sock(sk);
		err = -EISCONN;
		goto out;
	} else {
		/* The program meant to connect() all along. */
		socks_rbind_cancel(rbind, sock);
		err = socks_rbind_rebind(rbind, sock);
		if (err)
			goto out;
	}
	err = inet_stream_connect(sock, uaddr, addr_len, flags);
out:
	socks_rbindop_end(rbind);
	return err;
}

/* Wait as inet_csk_accept() does. Under the socket lock. */
static int socks_rbindop_wait(struct socks_rbind *rbind, struct sock *sk,
			      long timeo)
{
	DEFINE_WAIT(wait);
	int err;

	if (socks_rbind_ready(rbind))
		return 0;
	if (!timeo)
		return -EAGAIN;

	for (;;) {
		prepare_to_wait_exclusive(sk_sleep(sk), &wait,
					  TASK_INTERRUPTIBLE);
		release_sock(sk);
		if (!socks_rbind_ready(rbind))
			timeo = schedule_timeout(timeo);
		sched_annotate_sleep();
		lock_sock(sk);
		err = -EINVAL;
		if (sk->sk_state != TCP_LISTEN || !socks_rbind_attached(rbind))
			break;
		err = 0;
		if (socks_rbind_ready(rbind))
			break;
		err = sock_intr_errno(timeo);
		if (signal_pending(current))
			break;
		err = -EAGAIN;
		if (!timeo)
			break;
	}
	finish_wait(sk_sleep(sk), &wait);
	return err;
}

/* The new socket has got its operations from the one which listens. */
static int socks_rbindop_accept(struct socket *sock, struct socket *newsock,
				SOCKS_ACCEPT_PARAMS)
{
	const struct proto_ops *stock = socks_sockops_stock(sock->sk);
	struct sock *sk = sock->sk;
	struct socks_rbind *rbind;
	int err;

	err = socks_rbindop_begin(sock, &rbind);
	if (err)
		return err;
	newsock->ops = stock;
	if (!rbind) {
		err = stock->accept(sock, newsock, SOCKS_ACCEPT_ARGS);
		goto out;
	}

	lock_sock(sk);
	if (sk->sk_state != TCP_LISTEN || !socks_rbind_attached(rbind))
		err = -EINVAL;
	else
		err = socks_rbindop_wait(rbind, sk,
					 sock_rcvtimeo(sk, SOCKS_ACCEPT_FLAGS &
							   O_NONBLOCK));
	if (!err)
		err = socks_rbind_accept(rbind, newsock);
	else
		release_sock(sk);
out:
	socks_rbindop_end(rbind);
	return err;
}

static __poll_t socks_rbindop_poll(struct file *file, struct socket *sock,
				   struct poll_table_struct *wait)
{
	struct socks_rbind *rbind;
	__poll_t mask;

	/* Without a reference nothing may sleep, and tcp_poll() might. */
	if (socks_rbindop_begin(sock, &rbind))
		return tcp_poll(file, sock, NULL);

	mask = tcp_poll(file, sock, wait);
	if (rbind && READ_ONCE(sock->sk->sk_state) == TCP_LISTEN &&
	    socks_rbind_ready(rbind))
		mask |= EPOLLIN | EPOLLRDNORM;
	socks_rbindop_end(rbind);
	return mask;
}

static int socks_rbindop_shutdown(struct socket *sock, int how)
{
	struct sock *sk = sock->sk;
	struct socks_rbind *rbind;
	bool listened;
	int err;

	err = socks_rbindop_begin(sock, &rbind);
	if (err)
		return err;
	listened = READ_ONCE(sk->sk_state) == TCP_LISTEN;
	err = socks_sockops_stock(sk)->shutdown(sock, how);
	/* It may have stopped to listen. */
	if (rbind && listened) {
		lock_sock(sk);
		if (sk->sk_state == TCP_CLOSE)
			socks_rbind_cancel(rbind, sock);
		else
			release_sock(sk);
	}
	socks_rbindop_end(rbind);
	return err;
}

/**
 * socks_rbindops_init() - make our operations from TCP's
 *
 * After socks_sockops_init().
 *
 * Return: 0 or a negative errno.
 */
int __init socks_rbindops_init(void)
{
	struct proto_ops *ops;

	ops = kmemdup(socks_sockops_stock_inet(), sizeof(*ops), GFP_KERNEL);
	if (!ops)
		return -ENOMEM;
	kmemleak_not_leak(ops);
	ops->release = socks_rbindop_release;
	ops->bind = socks_rbindop_bind;
	ops->connect = socks_rbindop_connect;
	ops->accept = socks_rbindop_accept;
	ops->poll = socks_rbindop_poll;
	ops->shutdown = socks_rbindop_shutdown;
	socks_rbind_ops = ops;
	return 0;
}

/**
 * socks_rbindops_exit() - undo socks_rbindops_init(), but for what must stay
 */
void socks_rbindops_exit(void)
{
	*socks_rbind_ops = *socks_sockops_stock_inet();
}
