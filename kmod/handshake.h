/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SOCKS_HANDSHAKE_H
#define _SOCKS_HANDSHAKE_H

#include "conn.h"

int socks_handshake_start(struct socket *sock, struct socks_conn *conn);
bool socks_handshake_wait(struct socks_conn *conn, enum socks_state until,
			  long *timeo);
bool socks_handshake_odd(const struct sock *sk);
void socks_handshake_note_odd(struct socks_conn *conn);
void socks_handshake_rcvlowat(struct socks_conn *conn);
void socks_handshake_cancel(struct socks_conn *conn);
bool socks_handshake_abort(struct socks_conn *conn);

int socks_handshake_init(void);
void socks_handshake_exit(void);

#endif /* _SOCKS_HANDSHAKE_H */
