/* SPDX-License-Identifier: GPL-2.0-only */
/* TCP connections of the tool's own, which are not waited for without end. */
#ifndef SOCKSCTL_TCP_H
#define SOCKSCTL_TCP_H

#include <stdint.h>

#include "connection.h"

int64_t tcp_clock(void);
int tcp_socket(void);
int tcp_await(int fd, short events, int64_t deadline);
int tcp_connect(int fd, const struct endpoint *endpoint, int64_t deadline);

#endif
