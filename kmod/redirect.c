// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the rules meet the sockets: what connect(), disconnect and
 * getpeername() do. hook.c sees to it that the kernel asks here.
 */
#include <linux/capability.h>
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/inetdevice.h>
#include <linux/module.h>
#include <net/inet_common.h>
#include <net/ipv6.h>
#include <net/mptcp.h>
#include <net/tcp.h>

#include "config.h"
#include "handshake.h"
#include "local.h"
#include "pair.h"
#include "rbind.h"
#include "redirect.h"

/* An IPv4 destination. */
struct socks_dest {
	__be32	addr;
	__be16	port;
};

/* The address which the device has to which the socket is bound, or 0. */
static __be32 socks_device_addr(const struct sock *sk)
{
	const struct net_device *dev;
	int index = READ_ONCE(sk->sk_bound_dev_if);
	__be32 addr = 0;

	if (!index)
		return 0;
	rcu_read_lock();
	dev = dev_get_by_index_rcu(sock_net(sk), index);
	if (dev)
		addr = inet_select_addr(dev, 0, RT_SCOPE_HOST);
	rcu_read_unlock();
	return addr;
}

/*
 * connect() to 0.0.0.0 goes to the address to which the socket is bound, or to
 * that of its device, or else to 127.0.0.1. See ip_route_output_key_hash_rcu().
 */
static void socks_dest_resolve(const struct sock *sk, struct socks_dest *dest)
{
	if (!dest->addr)
		dest->addr = inet_sk(sk)->inet_saddr;
	if (!dest->addr)
		dest->addr = socks_device_addr(sk);
	if (!dest->addr)
		dest->addr = htonl(INADDR_LOOPBACK);
}

/*
 * Take the IPv4 destination from an address that was given to connect(). False
 * where it is none, is not well formed, or is not for such a socket: TCP itself
 * has the errno for that.
 */
static bool socks_dest_parse(const struct sock *sk,
			     const struct sockaddr *uaddr, int addr_len,
			     struct socks_dest *dest)
{
	if (sk->sk_family == AF_INET) {
		const struct sockaddr_in *sin = (const void *)uaddr;

		if (addr_len < (int)sizeof(*sin) || sin->sin_family != AF_INET)
			return false;
		dest->addr = sin->sin_addr.s_addr;
		dest->port = sin->sin_port;
		socks_dest_resolve(sk, dest);
		return true;
	}
	if (sk->sk_family == AF_INET6) {
		const struct sockaddr_in6 *sin6 = (const void *)uaddr;

		if (addr_len < SIN6_LEN_RFC2133 ||
		    sin6->sin6_family != AF_INET6 || ipv6_only_sock(sk) ||
		    !ipv6_addr_v4mapped(&sin6->sin6_addr))
			return false;
		dest->addr = sin6->sin6_addr.s6_addr32[3];
		dest->port = sin6->sin6_port;
		socks_dest_resolve(sk, dest);
		return true;
	}
	return false;
}

/* Who connects, to be looked up. */
enum socks_whom {
	SOCKS_BY_TASK,		/* the current task */
	SOCKS_BY_OWNER,		/* who made the socket */
};

/*
 * Look up a connection. Under rcu_read_lock(), which also keeps the decision's
 * rule and server.
 */
static void socks_dest_decide(const struct sock *sk,
			      const struct socks_dest *dest,
			      enum socks_whom whom,
			      struct socks_decision *decision)
{
	struct socks_net *sn = socks_net(sock_net(sk));
	const struct socks_table *table = rcu_dereference(sn->table);
	struct socks_key key;

	if (!table || !table->n_rules) {
		*decision = (struct socks_decision){
			.action = SOCKS_ACTION_DIRECT,
		};
		return;
	}

	key.addr = ntohl(dest->addr);
	key.port = ntohs(dest->port);
	key.cgroup = NULL;
	if (whom == SOCKS_BY_TASK) {
		key.uid = __kuid_val(current_euid());
		key.gid = __kgid_val(current_egid());
		if (table->uses_cgroup)
			key.cgroup = task_dfl_cgroup(current);
	} else {
		const struct inode *inode = SOCK_INODE(sk->sk_socket);

		key.uid = __kuid_val(inode->i_uid);
		key.gid = __kgid_val(inode->i_gid);
		if (table->uses_cgroup)
			key.cgroup = sock_cgroup_ptr((struct sock_cgroup_data *)
						     &sk->sk_cgrp_data);
	}
	socks_decide(table, &key, decision);
	socks_local_exempt(sock_net(sk), decision);
}

static bool socks_is_smc(const struct sock *sk)
{
#if IS_ENABLED(CONFIG_SMC)
	return tcp_sk(sk)->syn_smc;
#else
	return false;
#endif
}

/*
 * Sockets which the kernel makes for itself go direct (NFS, NVMe over TCP). But
 * MPTCP and SMC make them for a program's connection. SMC's are marked, until
 * it falls back to TCP; then they are told by their having a file, or by who
 * connects: not the kernel, and nobody who may change the rules.
 */
static bool socks_kernel_own(const struct sock *sk)
{
	if (!sk->sk_kern_sock || sk_is_mptcp(sk) || socks_is_smc(sk))
		return false;
	if (current->flags & PF_KTHREAD)
		return true;
	return !(sk->sk_socket && sk->sk_socket->file) &&
	       ns_capable_noaudit(sock_net(sk)->user_ns, CAP_NET_ADMIN);
}

/**
 * socks_redirect_wanted() - is a connect() for socks_redirect_connect()?
 * @sock: the socket
 * @uaddr: address given to connect(), in kernel memory
 * @addr_len: its length
 *
 * Called at the entry of inet_stream_connect(), without the socket lock and
 * without sleeping. Most connections of a host go no further than this, so
 * rules which let one go direct are counted here.
 *
 * Return: false where TCP's own connect() does the right thing.
 */
bool socks_redirect_wanted(const struct socket *sock,
			   const struct sockaddr *uaddr, int addr_len)
{
	struct socks_decision decision;
	const struct sock *sk = sock->sk;
	struct socks_dest dest;
	bool wanted;

	if (sk->sk_protocol != IPPROTO_TCP || sk->sk_type != SOCK_STREAM ||
	    sk->sk_kern_sock)
		return false;

	if (READ_ONCE(sock->state) != SS_UNCONNECTED)
		return socks_redirect_opening(sk);

	if (!socks_dest_parse(sk, uaddr, addr_len, &dest)) {
		if (addr_len >= SIN6_LEN_RFC2133 &&
		    uaddr->sa_family == AF_INET6)
			socks_pair_break();
		return false;
	}
	rcu_read_lock();
	socks_dest_decide(sk, &dest, SOCKS_BY_TASK, &decision);
	wanted = decision.action != SOCKS_ACTION_DIRECT;
	if (!wanted && decision.rule)
		atomic64_inc(&decision.rule->stats.tried);
	rcu_read_unlock();
	if (!wanted)
		socks_pair_break();
	return wanted;
}

/*
 * Wait as inet_stream_connect() does for a connection in progress, and end as
 * it does. @err is the answer of a call which does not wait.
 */
static int socks_connect_wait(struct socket *sock, struct socks_conn *conn,
			      int flags, int err)
{
	struct sock *sk = sock->sk;
	long timeo = sock_sndtimeo(sk, flags & O_NONBLOCK);
	int disconnects = sk->sk_disconnects;

	if (socks_conn_opening(conn)) {
		if (!timeo)
			return err;
		socks_handshake_wait(conn, SOCKS_ESTABLISHED, &timeo);
		if (!timeo)
			return err;
		if (signal_pending(current))
			return sock_intr_errno(timeo);
	}
	if (disconnects != sk->sk_disconnects)
		return -EPIPE;

	if (sk->sk_state == TCP_CLOSE) {
		err = sock_error(sk) ?: -ECONNABORTED;
		sock->state = SS_UNCONNECTED;
		sk->sk_disconnects++;
		socks_redirect_disconnect(sk);
		if (sk->sk_prot->disconnect(sk, flags))
			sock->state = SS_DISCONNECTING;
		return err;
	}
	/* Another task has shut it down, and connects anew. */
	if (conn->state != SOCKS_ESTABLISHED)
		return -EPIPE;
	sock->state = SS_CONNECTED;
	return 0;
}

static int socks_connect_via(struct socket *sock, const struct socks_dest *dest,
			     struct socks_rule *rule, int flags)
{
	struct sock *sk = sock->sk;
	bool odd = socks_handshake_odd(sk);
	struct socks_conn *conn;
	bool trial = false;
	u8 server;
	int err;

	server = socks_failover_choose(rule, dest->addr, 0,
				       odd ? NULL : &trial);
	conn = socks_conn_attach(sk, dest->addr, dest->port, rule, server,
				 NULL);
	if (IS_ERR(conn)) {
		if (trial)
			socks_health_given_up(rule->servers[server]);
		return PTR_ERR(conn);
	}
	conn->odd = odd;
	conn->trial = trial;
	socks_conn_hold(conn);
	err = socks_handshake_start(sock, conn);
	if (!err)
		err = socks_connect_wait(sock, conn, flags, -EINPROGRESS);
	socks_conn_put(conn);
	return err;
}

/*
 * Programs of BPF attached to a cgroup may forbid a connection, or change where
 * it goes. They are asked about the destination, not only about the server.
 */
static int socks_connect_bpf(struct sock *sk, struct sockaddr *uaddr,
			     int addr_len)
{
	if (!BPF_CGROUP_PRE_CONNECT_ENABLED(sk))
		return 0;
	return sk->sk_prot->pre_connect(sk, uaddr, addr_len);
}

/* What a rule with action reject, or an address that can't be asked for, gives. */
static int socks_reject_errno(const struct socks_decision *decision)
{
	return decision->rule ? -EACCES : -ENETUNREACH;
}

static int socks_connect_locked(struct socket *sock, struct sockaddr *uaddr,
				int addr_len, int flags)
{
	struct socks_decision decision;
	struct sock *sk = sock->sk;
	struct socks_rule *rule;
	struct socks_conn *conn;
	struct socks_dest dest;
	bool asked = false;
	int err;

	conn = socks_conn_get(sk);
	if (conn && socks_conn_opening(conn) &&
	    addr_len >= (int)sizeof(uaddr->sa_family) &&
	    uaddr->sa_family != AF_UNSPEC) {
		err = socks_connect_wait(sock, conn, flags, -EALREADY);
		socks_conn_put(conn);
		return err;
	}
	if (conn)
		socks_conn_put(conn);

	/* All else but a new connection TCP has the answer for. */
	if (sock->state != SS_UNCONNECTED || sk->sk_state != TCP_CLOSE ||
	    !socks_dest_parse(sk, uaddr, addr_len, &dest))
		return __inet_stream_connect(sock, uaddr, addr_len, flags, 0);

again:
	rcu_read_lock();
	socks_dest_decide(sk, &dest, SOCKS_BY_TASK, &decision);
	rule = decision.rule;
	switch (decision.action) {
	case SOCKS_ACTION_VIA:
		if (!asked && BPF_CGROUP_PRE_CONNECT_ENABLED(sk)) {
			rcu_read_unlock();
			err = socks_connect_bpf(sk, uaddr, addr_len);
			if (err)
				return err;
			asked = true;
			if (socks_dest_parse(sk, uaddr, addr_len, &dest))
				goto again;
			return -EAFNOSUPPORT;
		}
		/* The table holds a reference as long as RCU keeps it. */
		socks_rule_get(rule);
		rcu_read_unlock();
		err = socks_connect_via(sock, &dest, rule, flags);
		socks_rule_put(rule);
		return err;
	case SOCKS_ACTION_REJECT:
		if (rule) {
			atomic64_inc(&rule->stats.tried);
			atomic64_inc(&rule->stats.rejected);
		}
		rcu_read_unlock();
		socks_pair_break();
		return socks_reject_errno(&decision);
	default:
		rcu_read_unlock();
		socks_pair_break();
		return __inet_stream_connect(sock, uaddr, addr_len, flags, 0);
	}
}

/**
 * socks_redirect_connect() - connect() of a socket that is not to go direct
 * @sock: the socket
 * @uaddr: address given to connect(), in kernel memory
 * @addr_len: its length
 * @flags: the file's flags
 *
 * Stands in for inet_stream_connect(), on a module reference which it gives
 * back. Process context.
 *
 * Return: what connect() returns.
 */
int socks_redirect_connect(struct socket *sock, struct sockaddr *uaddr,
			   int addr_len, int flags)
{
	int err;

	lock_sock(sock->sk);
	err = socks_connect_locked(sock, uaddr, addr_len, flags);
	release_sock(sock->sk);
	module_put(THIS_MODULE);
	return err;
}

/* With source routing, packets go to the first hop, not to the destination. */
static bool socks_source_route(const struct sock *sk, __be32 *hop)
{
	const struct ip_options_rcu *opt = rcu_dereference(inet_sk(sk)->inet_opt);

	if (!opt || !opt->opt.srr)
		return false;
	*hop = opt->opt.faddr;
	return true;
}

/**
 * socks_redirect_guard() - may TCP connect directly?
 * @sk: the socket
 * @uaddr: address to connect to
 * @addr_len: its length
 *
 * Called at the entry of tcp_v4_connect(), through which every active open of
 * IPv4 goes, under the socket lock and without sleeping. What comes here to a
 * destination that is not direct came by another way than connect(), or rules
 * changed just now.
 *
 * Return: 0, or the errno with which it is to fail.
 */
int socks_redirect_guard(const struct sock *sk, const struct sockaddr *uaddr,
			 int addr_len)
{
	const struct sockaddr_in *sin = (const void *)uaddr;
	struct socks_decision decision;
	struct socks_dest dest;
	int err = 0;

	if (socks_kernel_own(sk) || addr_len < (int)sizeof(*sin) ||
	    sin->sin_family != AF_INET)
		return 0;
	dest.addr = sin->sin_addr.s_addr;
	dest.port = sin->sin_port;
	socks_dest_resolve(sk, &dest);

	rcu_read_lock();
	socks_dest_decide(sk, &dest, SOCKS_BY_TASK, &decision);
	if (decision.action != SOCKS_ACTION_DIRECT) {
		/* Our own connection, to a server that was just removed? */
		struct socks_conn *conn = socks_conn_find(sk);

		if (conn && socks_conn_opening(conn) &&
		    socks_conn_server(conn)->addr == dest.addr &&
		    socks_conn_server(conn)->port == dest.port)
			decision.action = SOCKS_ACTION_DIRECT;
	}
	/* MPTCP opens further subflows from a kernel thread or a daemon. */
	if (decision.action == SOCKS_ACTION_DIRECT && sk_is_mptcp(sk) &&
	    sk->sk_socket)
		socks_dest_decide(sk, &dest, SOCKS_BY_OWNER, &decision);
	if (decision.action == SOCKS_ACTION_DIRECT &&
	    socks_source_route(sk, &dest.addr)) {
		socks_dest_resolve(sk, &dest);
		socks_dest_decide(sk, &dest, SOCKS_BY_TASK, &decision);
	}
	if (decision.action == SOCKS_ACTION_REJECT)
		err = socks_reject_errno(&decision);
	else if (decision.action == SOCKS_ACTION_VIA)
		err = -EOPNOTSUPP;
	rcu_read_unlock();
	return err;
}

/**
 * socks_redirect_opening() - is the socket in the handshake?
 * @sk: the socket
 *
 * Any context.
 *
 * Return: true where it is; to others it must look as if in SYN_SENT.
 */
bool socks_redirect_opening(const struct sock *sk)
{
	struct socks_conn *conn;
	bool opening;

	if (!socks_conn_any())
		return false;
	rcu_read_lock();
	conn = socks_conn_find(sk);
	opening = conn && socks_conn_opening(conn);
	rcu_read_unlock();
	return opening;
}

/**
 * socks_redirect_disconnect() - a socket is about to be disconnected
 * @sk: the socket
 *
 * Called before tcp_disconnect(), under the socket lock.
 */
void socks_redirect_disconnect(const struct sock *sk)
{
	struct socks_conn *conn;

	conn = socks_conn_find(sk);
	if (conn)
		socks_handshake_cancel(conn);
}

static void socks_name(struct sockaddr *uaddr, __be32 addr, __be16 port)
{
	if (uaddr->sa_family == AF_INET) {
		struct sockaddr_in *sin = (struct sockaddr_in *)uaddr;

		sin->sin_addr.s_addr = addr;
		sin->sin_port = port;
	} else {
		struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)uaddr;

		ipv6_addr_set_v4mapped(addr, &sin6->sin6_addr);
		sin6->sin6_port = port;
	}
}

/* The port is at the same place in both. */
static __be16 socks_name_port(const struct sockaddr *uaddr)
{
	BUILD_BUG_ON(offsetof(struct sockaddr_in, sin_port) !=
		     offsetof(struct sockaddr_in6, sin6_port));
	return ((const struct sockaddr_in *)uaddr)->sin_port;
}

/**
 * socks_redirect_getname() - correct what getpeername() or getsockname() found
 * @sk: the socket
 * @uaddr: the address, to be corrected
 * @peer: 1, or 2 where the destination counts even if not connected, or 0 for
 *	getsockname()
 * @len: length of the address, or a negative errno
 *
 * No lock.
 *
 * Return: length of the address, or a negative errno.
 */
int socks_redirect_getname(const struct sock *sk, struct sockaddr *uaddr,
			   int peer, int len)
{
	struct socks_conn *conn;

	if (len < 0)
		return len;

	if (!peer && sk->sk_family == AF_INET &&
	    socks_rbind_name(sk, (struct sockaddr_in *)uaddr))
		return len;

	rcu_read_lock();
	conn = socks_conn_find(sk);
	if (conn && peer) {
		if (socks_conn_opening(conn) && peer == 1)
			len = -ENOTCONN;
		else
			socks_name(uaddr, conn->daddr, conn->dport);
	} else if (conn) {
		__be32 saddr = socks_conn_saddr(conn);

		if (saddr)
			socks_name(uaddr, saddr, conn->bind ? conn->lport :
						 socks_name_port(uaddr));
	}
	rcu_read_unlock();
	return len;
}
