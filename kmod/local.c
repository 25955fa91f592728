// SPDX-License-Identifier: GPL-2.0-only
/*
 * Servers of this host. A server's own connections must not be sent to itself;
 * with "local auto" they are known by this: the process has the socket open on
 * which the server listens.
 *
 * The socket must be the one that gets connections to the server's address, so
 * it is compared as TCP's look-up of listeners does. While the server runs, no
 * other user can have one: to bind an address twice takes SO_REUSEPORT on both
 * sockets, and the same user.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/inetdevice.h>
#include <linux/net.h>
#include <linux/sched.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/tcp_states.h>

#include "local.h"

/* Where a server listens. */
struct socks_local {
	struct net	*net;
	__be32		addr;
	u16		port;
};

/* Does the socket get connections by IPv4? */
static bool socks_local_ipv4(const struct sock *sk)
{
#if IS_ENABLED(CONFIG_IPV6)
	/* One bound to an IPv6 address has a stand-in where IPv4's would be. */
	if (sk->sk_family == AF_INET6)
		return !ipv6_only_sock(sk) &&
		       (ipv6_addr_any(&sk->sk_v6_rcv_saddr) ||
			ipv6_addr_v4mapped(&sk->sk_v6_rcv_saddr));
#endif
	return sk->sk_family == AF_INET;
}

/*
 * Would the socket get a connection to that address? Nothing is locked: a
 * listening socket's address does not change, and who starts or stops to listen
 * meanwhile gets either answer.
 */
static bool socks_local_listens(const struct sock *sk,
				const struct socks_local *local)
{
	__be32 addr;
	int dev;

	if (!socks_local_ipv4(sk) || sk->sk_type != SOCK_STREAM ||
	    (sk->sk_protocol != IPPROTO_TCP &&
	     sk->sk_protocol != IPPROTO_MPTCP))
		return false;
	if (inet_sk_state_load(sk) != TCP_LISTEN ||
	    !net_eq(sock_net(sk), local->net) ||
	    READ_ONCE(inet_sk(sk)->inet_num) != local->port)
		return false;

	/* Within the host, connections come in by the loopback device. */
	dev = READ_ONCE(sk->sk_bound_dev_if);
	if (dev && dev != LOOPBACK_IFINDEX)
		return false;

	addr = READ_ONCE(inet_sk(sk)->inet_rcv_saddr);
	return !addr || addr == local->addr;
}

static int socks_local_file(const void *data, struct file *file,
			    unsigned int fd)
{
	const struct socket *sock = sock_from_file(file);

	/* The file holds its socket. */
	return sock && sock->sk && socks_local_listens(sock->sk, data);
}

/**
 * socks_local_owner() - does the current task run the server at this address?
 * @net: where
 * @addr: the server's address
 * @port: its port
 *
 * Process context; does not sleep. Takes the lock of the task's table of files,
 * for as long as it takes to look at each.
 *
 * Return: true where the address is this host's own and the task has the socket
 * open which listens there.
 */
bool socks_local_owner(struct net *net, __be32 addr, __be16 port)
{
	const struct socks_local local = {
		.net = net,
		.addr = addr,
		.port = ntohs(port),
	};

	/* Or whoever listens on a port would be taken for a server elsewhere. */
	if (inet_addr_type(net, addr) != RTN_LOCAL)
		return false;
	return iterate_fd(current->files, 0, socks_local_file, &local);
}
