/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SOCKS_NETLINK_H
#define _SOCKS_NETLINK_H

#include <net/genetlink.h>

extern struct genl_family socks_nl_family;

int socks_netlink_init(void);
void socks_netlink_exit(void);

#endif /* _SOCKS_NETLINK_H */
