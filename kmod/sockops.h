/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SOCKS_SOCKOPS_H
#define _SOCKS_SOCKOPS_H

#include <linux/net.h>
#include <net/sock.h>

const struct proto_ops *socks_sockops_for(const struct socket *sock);
const struct proto_ops *socks_sockops_stock(const struct sock *sk);
const struct proto_ops *socks_sockops_stock_inet(void);
bool socks_sockops_ours(const struct proto_ops *ops);

int socks_sockops_init(void);
void socks_sockops_exit(void);

#endif /* _SOCKS_SOCKOPS_H */
