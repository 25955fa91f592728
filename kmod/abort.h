/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SOCKS_ABORT_H
#define _SOCKS_ABORT_H

#include <net/net_namespace.h>

int socks_abort_conns(const struct net *net, const void *cookies,
		      unsigned int n, bool wait);

int socks_abort_init(void);
void socks_abort_exit(void);

#endif /* _SOCKS_ABORT_H */
