/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What others are shown of a connection.
 */
#ifndef _SOCKS_VIEW_H
#define _SOCKS_VIEW_H

#include <linux/sock_diag.h>
#include <net/netlink.h>

#include "conn.h"

/**
 * struct socks_view - what is shown of a connection
 * @server: name of its server; stays as long as the connection
 * @cookie: its socket's
 * @age: milliseconds since it was begun
 * @sent: bytes of the program that were sent
 * @received: bytes that have come for the program
 * @state: one of enum socks_connection_state
 * @command: one of enum socks_connection_command
 * @uid: owner of the socket, for the reader
 * @pid: the thread which has begun it, for the reader, or 0
 * @addr: destination, or peer
 * @bound_addr: where the server listens
 * @source_addr: this host's end
 * @port: port to @addr, or 0
 * @bound_port: port to @bound_addr, or 0
 * @source_port: port to @source_addr
 * @program: name of the thread, or empty
 *
 * The attributes of set "connection" have the same names.
 */
struct socks_view {
	const char	*server;
	u64		cookie;
	u64		age;
	u64		sent;
	u64		received;
	u32		state;
	u32		command;
	u32		uid;
	u32		pid;
	__be32		addr;
	__be32		bound_addr;
	__be32		source_addr;
	__be16		port;
	__be16		bound_port;
	__be16		source_port;
	char		program[TASK_COMM_LEN];
};

void socks_view_make(struct socks_view *view, const struct socks_conn *conn,
		     enum socks_state state,
		     struct user_namespace *user_ns,
		     struct pid_namespace *pid_ns);
int socks_view_put(struct sk_buff *skb, const struct socks_view *view);

/* A socket's cookie, which ss(8) and SO_COOKIE show as well. */
static inline u64 socks_view_cookie(struct sock *sk)
{
	u32 halves[2];

	sock_diag_save_cookie(sk, halves);
	return (u64)halves[1] << 32 | halves[0];
}

#endif /* _SOCKS_VIEW_H */
