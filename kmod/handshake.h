/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SOCKS_HANDSHAKE_H
#define _SOCKS_HANDSHAKE_H

#include "conn.h"

int socks_handshake_start(struct socket *sock, struct socks_conn *conn);
bool socks_handshake_wait(struct socks_conn *conn, long *timeo);
void socks_handshake_cancel(struct socks_conn *conn);

int socks_handshake_init(void);
void socks_handshake_exit(void);

#endif /* _SOCKS_HANDSHAKE_H */
