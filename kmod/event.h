/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SOCKS_EVENT_H
#define _SOCKS_EVENT_H

#include "conn.h"

void socks_conn_enter(struct socks_conn *conn, enum socks_state state, int err);
void socks_event_started(const struct socks_conn *conn);
void socks_event_configuration(struct net *net, u32 servers, u32 rules);

#endif /* _SOCKS_EVENT_H */
