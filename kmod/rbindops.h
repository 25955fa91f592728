/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SOCKS_RBINDOPS_H
#define _SOCKS_RBINDOPS_H

#include <linux/net.h>

const struct proto_ops *socks_rbindops(void);

int socks_rbindops_init(void);
void socks_rbindops_exit(void);

#endif /* _SOCKS_RBINDOPS_H */
