/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SOCKS_SOCKOPT_H
#define _SOCKS_SOCKOPT_H

#ifdef CONFIG_NETFILTER
int socks_sockopt_init(void);
void socks_sockopt_exit(void);
#else
static inline int socks_sockopt_init(void)
{
	return 0;
}

static inline void socks_sockopt_exit(void)
{
}
#endif

#endif /* _SOCKS_SOCKOPT_H */
