// SPDX-License-Identifier: GPL-2.0-only
/*
 * Socket operations during the handshake.
 *
 * To the program the socket is still connecting, so each operation does what
 * TCP does in SYN_SENT, though TCP is connected to the server. Operations that
 * look only at sock->state, which is SS_CONNECTING either way, are TCP's own:
 * bind, listen, connect (which is hooked), getname (hooked too). So are those
 * that only the kernel itself calls, on sockets that it has taken over
 * (read_sock, read_skb, sendmsg_locked, peek_len): nobody can take over a
 * socket during the handshake.
 *
 * A task may enter one of these operations just when the handshake ends, and
 * find no connection. It then needs a module reference of its own, as TCP's
 * operation may sleep and comes back here.
 */
#include <linux/kmemleak.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sockios.h>
#include <linux/uaccess.h>
#include <asm/ioctls.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "compat.h"
#include "handshake.h"
#include "sockops.h"

/* TCP's own operations, for AF_INET and AF_INET6. */
static const struct proto_ops *socks_stock_ops[2] __ro_after_init;

/*
 * Ours, made from them. accept() copies the pointer to a socket's operations
 * before it takes any lock, and may then sleep; so what is pointed to is never
 * freed, and has TCP's own operations again when the module has gone.
 */
static struct proto_ops *socks_ops __ro_after_init;

static int socks_family_index(const struct sock *sk)
{
	return sk->sk_family == AF_INET6;
}

/**
 * socks_sockops_for() - the operations for a socket during the handshake
 * @sock: the socket
 *
 * Return: the operations, or NULL where it has not those of a TCP socket.
 */
const struct proto_ops *socks_sockops_for(const struct socket *sock)
{
	int i = socks_family_index(sock->sk);

	return sock->ops == socks_stock_ops[i] ? &socks_ops[i] : NULL;
}

/**
 * socks_sockops_stock() - TCP's own operations
 * @sk: the socket
 *
 * Return: the operations for the socket's family.
 */
const struct proto_ops *socks_sockops_stock(const struct sock *sk)
{
	return socks_stock_ops[socks_family_index(sk)];
}

/**
 * socks_sockops_stock_inet() - TCP's own operations, for AF_INET
 *
 * Return: the operations.
 */
const struct proto_ops *socks_sockops_stock_inet(void)
{
	return socks_stock_ops[0];
}

/**
 * socks_sockops_ours() - are these the operations of the handshake?
 * @ops: the operations
 *
 * Return: true where they are.
 */
bool socks_sockops_ours(const struct proto_ops *ops)
{
	return ops == &socks_ops[0] || ops == &socks_ops[1];
}

/*
 * Each operation that may sleep begins and ends with these. The connection may
 * be NULL: the handshake is over.
 */
static int socks_op_begin(struct socket *sock, struct socks_conn **conn)
{
	*conn = socks_conn_get(sock->sk);
	if (!*conn && !try_module_get(THIS_MODULE))
		return -EINTR;
	return 0;
}

static void socks_op_end(struct socks_conn *conn)
{
	if (conn)
		socks_conn_put(conn);
	else
		module_put(THIS_MODULE);
}

/*
 * Wait until the handshake is over, as sendmsg() and recvmsg() wait for a
 * connection.
 */
static int socks_op_wait(struct socks_conn *conn, long timeo)
{
	struct sock *sk;
	int disconnects;
	int err = 0;

	if (!conn || !socks_conn_opening(conn))
		return 0;
	sk = conn->sk;

	lock_sock(sk);
	disconnects = sk->sk_disconnects;
	if (!socks_conn_opening(conn))
		goto out;
	if (!timeo)
		err = -EAGAIN;
	else if (signal_pending(current))
		err = sock_intr_errno(timeo);
	else if (!socks_handshake_wait(conn, SOCKS_ESTABLISHED, &timeo))
		err = timeo ? sock_intr_errno(timeo) : -EAGAIN;
	else if (disconnects != sk->sk_disconnects)
		err = -EPIPE;
out:
	release_sock(sk);
	return err;
}

static int socks_release(struct socket *sock)
{
	const struct proto_ops *stock;
	struct sock *sk = sock->sk;
	struct socks_conn *conn;
	int err;

	/* A socket for accept(), which failed. */
	if (!sk)
		return 0;
	stock = socks_sockops_stock(sk);
	/* Only where the module goes this very moment is there no reference. */
	if (socks_op_begin(sock, &conn))
		return stock->release(sock);

	/* A socket in SYN_SENT is gone as soon as it is closed. */
	if (conn) {
		lock_sock(sk);
		if (socks_conn_opening(conn)) {
			socks_handshake_cancel(conn);
			sk->sk_prot->disconnect(sk, 0);
		}
		release_sock(sk);
	}
	err = stock->release(sock);
	socks_op_end(conn);
	return err;
}

/* The new socket has got its operations from the listener. */
static int socks_accept(struct socket *sock, struct socket *newsock,
			SOCKS_ACCEPT_PARAMS)
{
	const struct proto_ops *stock = socks_sockops_stock(sock->sk);
	struct socks_conn *conn;
	int err;

	err = socks_op_begin(sock, &conn);
	if (err)
		return err;
	newsock->ops = stock;
	err = stock->accept(sock, newsock, SOCKS_ACCEPT_ARGS);
	socks_op_end(conn);
	return err;
}

static __poll_t socks_poll(struct file *file, struct socket *sock,
			   struct poll_table_struct *wait)
{
	struct socks_conn *conn;
	__poll_t mask = 0;

	/* Without a reference nothing may sleep, and tcp_poll() might. */
	if (socks_op_begin(sock, &conn))
		return tcp_poll(file, sock, NULL);

	/* Before the state is read, or its change might be missed. */
	sock_poll_wait(file, sock, wait);
	if (!conn || !socks_conn_opening(conn))
		mask = tcp_poll(file, sock, NULL);
	else if (!socks_conn_can_go_on(conn) &&
		 !skb_queue_empty_lockless(&sock->sk->sk_error_queue))
		mask = EPOLLERR;
	socks_op_end(conn);
	return mask;
}

static int socks_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg)
{
	struct socks_conn *conn;
	int err;

	err = socks_op_begin(sock, &conn);
	if (err)
		return err;
	/* What is in the send queue is ours. */
	if (conn && socks_conn_opening(conn) &&
	    (cmd == SIOCOUTQ || cmd == SIOCOUTQNSD))
		err = put_user(0, (int __user *)arg);
	else
		err = socks_sockops_stock(sock->sk)->ioctl(sock, cmd, arg);
	socks_op_end(conn);
	return err;
}

static int socks_shutdown(struct socket *sock, int how)
{
	struct sock *sk = sock->sk;
	struct socks_conn *conn;
	int err;

	err = socks_op_begin(sock, &conn);
	if (err)
		return err;

	lock_sock(sk);
	if (conn && socks_conn_opening(conn) && how >= SHUT_RD &&
	    how <= SHUT_RDWR) {
		/* See inet_shutdown(): in SYN_SENT it disconnects. */
		socks_handshake_cancel(conn);
		err = sk->sk_prot->disconnect(sk, O_NONBLOCK);
		sock->state = err ? SS_DISCONNECTING : SS_UNCONNECTED;
		sk->sk_state_change(sk);
		release_sock(sk);
	} else {
		release_sock(sk);
		err = socks_sockops_stock(sk)->shutdown(sock, how);
	}
	socks_op_end(conn);
	return err;
}

static int socks_setsockopt(struct socket *sock, int level, int optname,
			    sockptr_t optval, unsigned int optlen)
{
	struct socks_conn *conn;
	int err;

	err = socks_op_begin(sock, &conn);
	if (err)
		return err;
	/* This asks for a connected socket, and TCP is one. */
	if (conn && socks_conn_opening(conn) && level == SOL_IPV6 &&
	    optname == IPV6_ADDRFORM && sock->sk->sk_family == AF_INET6)
		err = -ENOTCONN;
	/* The request and the reply could not be sent and taken. */
	else if (conn && socks_conn_opening(conn) && level == SOL_TCP &&
		 optname == TCP_REPAIR)
		err = -EPERM;
	else
		err = socks_sockops_stock(sock->sk)->setsockopt(sock, level,
								optname, optval,
								optlen);
	if (conn && socks_conn_opening(conn)) {
		lock_sock(sock->sk);
		if (socks_conn_opening(conn))
			socks_handshake_note_odd(conn);
		release_sock(sock->sk);
	}
	socks_op_end(conn);
	return err;
}

/* setsockopt(SO_RCVLOWAT): under the socket lock, does not sleep. */
static int socks_set_rcvlowat(struct sock *sk, int value)
{
	struct socks_conn *conn = socks_conn_find(sk);
	int err = socks_sockops_stock(sk)->set_rcvlowat(sk, value);

	if (conn && socks_conn_opening(conn))
		socks_handshake_rcvlowat(conn);
	return err;
}

static int socks_getsockopt(struct socket *sock, int level, int optname,
			    char __user *optval, int __user *optlen)
{
	struct socks_conn *conn;
	bool opening;
	int err, len;

	err = socks_op_begin(sock, &conn);
	if (err)
		return err;
	opening = conn && socks_conn_opening(conn);
	/* See socks_setsockopt(). */
	if (opening && level == SOL_IPV6 && optname == IPV6_ADDRFORM &&
	    sock->sk->sk_family == AF_INET6) {
		socks_op_end(conn);
		return -ENOTCONN;
	}
	err = socks_sockops_stock(sock->sk)->getsockopt(sock, level, optname,
							optval, optlen);
	/* The state is the first byte. */
	BUILD_BUG_ON(offsetof(struct tcp_info, tcpi_state) != 0);
	if (!err && opening && level == SOL_TCP && optname == TCP_INFO) {
		if (get_user(len, optlen) ||
		    (len > 0 && put_user((u8)TCP_SYN_SENT, (u8 __user *)optval)))
			err = -EFAULT;
	}
	socks_op_end(conn);
	return err;
}

/* What a sendmsg() which can't wait any longer gives. */
static int socks_send_errno(const struct sock *sk, int flags, int err)
{
	if (!(flags & MSG_FASTOPEN) || err != -EAGAIN)
		return err;
	/* See tcp_sendmsg_fastopen(). */
	return READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_fastopen) &
	       TFO_CLIENT_ENABLE ? -EALREADY : -EOPNOTSUPP;
}

static int socks_sendmsg(struct socket *sock, struct msghdr *msg, size_t size)
{
	struct sock *sk = sock->sk;
	struct socks_conn *conn;
	int err;

	err = socks_op_begin(sock, &conn);
	if (err)
		return err;
	err = socks_op_wait(conn,
			    sock_sndtimeo(sk, msg->msg_flags & MSG_DONTWAIT));
	err = socks_send_errno(sk, msg->msg_flags, err);
	if (err)
		err = sk_stream_error(sk, msg->msg_flags, err);
	else
		err = socks_sockops_stock(sk)->sendmsg(sock, msg, size);
	socks_op_end(conn);
	return err;
}

#ifdef SOCKS_HAVE_SENDPAGE
static ssize_t socks_sendpage(struct socket *sock, struct page *page,
			      int offset, size_t size, int flags)
{
	struct sock *sk = sock->sk;
	struct socks_conn *conn;
	ssize_t err;

	err = socks_op_begin(sock, &conn);
	if (err)
		return err;
	err = socks_op_wait(conn, sock_sndtimeo(sk, flags & MSG_DONTWAIT));
	if (err)
		err = sk_stream_error(sk, flags, err);
	else
		err = socks_sockops_stock(sk)->sendpage(sock, page, offset,
							size, flags);
	socks_op_end(conn);
	return err;
}
#endif

static int socks_recvmsg(struct socket *sock, struct msghdr *msg, size_t size,
			 int flags)
{
	struct sock *sk = sock->sk;
	struct socks_conn *conn;
	int err;

	err = socks_op_begin(sock, &conn);
	if (err)
		return err;
	if (!(flags & MSG_ERRQUEUE)) {
		if ((flags & MSG_OOB) && conn && socks_conn_opening(conn))
			err = -EINVAL;
		else
			err = socks_op_wait(conn,
					    sock_rcvtimeo(sk, flags &
							      MSG_DONTWAIT));
	}
	if (!err)
		err = socks_sockops_stock(sk)->recvmsg(sock, msg, size, flags);
	socks_op_end(conn);
	return err;
}

static ssize_t socks_splice_read(struct socket *sock, loff_t *ppos,
				 struct pipe_inode_info *pipe, size_t len,
				 unsigned int flags)
{
	struct sock *sk = sock->sk;
	struct socks_conn *conn;
	ssize_t err;

	err = socks_op_begin(sock, &conn);
	if (err)
		return err;
	err = socks_op_wait(conn, sock_rcvtimeo(sk, sock->file->f_flags &
						    O_NONBLOCK));
	if (!err)
		err = socks_sockops_stock(sk)->splice_read(sock, ppos, pipe,
							   len, flags);
	socks_op_end(conn);
	return err;
}

static int __init socks_sockops_make(int i, int family)
{
	struct proto_ops *ops = &socks_ops[i];
	struct socket *sock;
	int err;

	err = sock_create_kern(&init_net, family, SOCK_STREAM, IPPROTO_TCP,
			       &sock);
	if (err)
		return err;
	socks_stock_ops[i] = sock->ops;
	sock_release(sock);

	*ops = *socks_stock_ops[i];
	ops->release = socks_release;
	ops->accept = socks_accept;
	ops->poll = socks_poll;
	ops->ioctl = socks_ioctl;
	ops->shutdown = socks_shutdown;
	ops->setsockopt = socks_setsockopt;
	ops->getsockopt = socks_getsockopt;
	ops->set_rcvlowat = socks_set_rcvlowat;
	ops->sendmsg = socks_sendmsg;
#ifdef SOCKS_HAVE_SENDPAGE
	ops->sendpage = socks_sendpage;
#endif
	ops->recvmsg = socks_recvmsg;
	ops->splice_read = socks_splice_read;
	return 0;
}

/**
 * socks_sockops_init() - make our operations from TCP's
 *
 * Return: 0 or a negative errno.
 */
int __init socks_sockops_init(void)
{
	int err;

	socks_ops = kcalloc(2, sizeof(*socks_ops), GFP_KERNEL);
	if (!socks_ops)
		return -ENOMEM;
	err = socks_sockops_make(0, AF_INET);
	if (!err)
		err = socks_sockops_make(1, AF_INET6);
	/* With IPv6 switched off there are no sockets which need them. */
	if (err && err != -EAFNOSUPPORT) {
		kfree(socks_ops);
		return err;
	}
	kmemleak_not_leak(socks_ops);
	return 0;
}

/**
 * socks_sockops_exit() - undo socks_sockops_init(), but for what must stay
 *
 * No socket has our operations any more, but somebody may still hold a pointer
 * to them.
 */
void socks_sockops_exit(void)
{
	int i;

	for (i = 0; i < 2; i++)
		if (socks_stock_ops[i])
			socks_ops[i] = *socks_stock_ops[i];
}
