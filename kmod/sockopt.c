// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a program asks for Rbind(): a socket option of level SOL_IP, with the
 * registry by which netfilter has its own. See <socks/rbind.h>.
 */
#include <linux/module.h>
#include <linux/netfilter.h>
#include <linux/sockptr.h>
#include <net/sock.h>

#include <uapi/linux/socks.h>

#include "rbind.h"
#include "sockopt.h"

/* The caller has the socket's file, and took a module reference. */
static int socks_sockopt_set(struct sock *sk, int option, sockptr_t optval,
			     unsigned int len)
{
	struct sockaddr_in sin;

	if (!sk->sk_socket)
		return -EINVAL;
	/* As bind() has it. */
	if (len < sizeof(sin) || len > sizeof(struct sockaddr_storage))
		return -EINVAL;
	if (copy_from_sockptr(&sin, optval, sizeof(sin)))
		return -EFAULT;
	if (sk->sk_type == SOCK_STREAM && sk->sk_family == AF_INET &&
	    sin.sin_family != AF_INET &&
	    (sin.sin_family != AF_UNSPEC || sin.sin_addr.s_addr))
		return -EAFNOSUPPORT;
	return socks_rbind(sk->sk_socket, &sin);
}

static struct nf_sockopt_ops socks_sockopts = {
	.pf		= PF_INET,
	.set_optmin	= SOCKS_SO_RBIND,
	.set_optmax	= SOCKS_SO_RBIND + 1,
	.set		= socks_sockopt_set,
	.owner		= THIS_MODULE,
};

/**
 * socks_sockopt_init() - register the option
 *
 * Return: 0 or a negative errno.
 */
int socks_sockopt_init(void)
{
	return nf_register_sockopt(&socks_sockopts);
}

/**
 * socks_sockopt_exit() - undo socks_sockopt_init()
 */
void socks_sockopt_exit(void)
{
	nf_unregister_sockopt(&socks_sockopts);
}
