/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SOCKS_REDIRECT_H
#define _SOCKS_REDIRECT_H

#include <linux/net.h>
#include <net/sock.h>

bool socks_redirect_wanted(const struct socket *sock,
			   const struct sockaddr *uaddr, int addr_len);
int socks_redirect_connect(struct socket *sock, struct sockaddr *uaddr,
			   int addr_len, int flags);
int socks_redirect_guard(const struct sock *sk, const struct sockaddr *uaddr,
			 int addr_len);
bool socks_redirect_opening(const struct sock *sk);
void socks_redirect_disconnect(const struct sock *sk);
int socks_redirect_getname(const struct sock *sk, struct sockaddr *uaddr,
			   int peer, int len);

#endif /* _SOCKS_REDIRECT_H */
