/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SOCKS_PAIR_H
#define _SOCKS_PAIR_H

#include "conn.h"

int socks_pair_set(struct socks_conn *conn);
void socks_pair_break(void);
void socks_pair_drop(struct socks_conn *conn);
struct socks_conn *socks_pair_get(const struct net *net);

int socks_pair_init(void);
void socks_pair_exit(void);

#endif /* _SOCKS_PAIR_H */
