/* SPDX-License-Identifier: GPL-2.0-only */
/* The steps of a transaction. */
#ifndef SOCKSCTL_TRANSACTION_H
#define SOCKSCTL_TRANSACTION_H

#include <linux/socks.h>
#include <stdbool.h>

#include "netlink.h"

bool transaction_put(struct messages *messages, enum socks_step step,
		     bool flush);
int transaction_step(struct netlink *netlink, enum socks_step step,
		     bool flush);

#endif
