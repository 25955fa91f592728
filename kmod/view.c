// SPDX-License-Identifier: GPL-2.0-only
/*
 * What others are shown of a connection: those who ask, and those who listen.
 */
#include <linux/uidgid.h>
#include <net/inet_sock.h>

#include "view.h"

/**
 * socks_view_make() - see what there is to be shown of a connection
 * @view: where to put it, all but @cookie
 * @conn: the connection
 * @state: its state, or that from which it just ends
 * @user_ns: where the reader's users are numbered
 * @pid_ns: where the reader's threads are numbered
 *
 * Any context, under the socket lock; or under rcu_read_lock(), and then the
 * socket may go meanwhile: see afterwards whether it is still there.
 */
void socks_view_make(struct socks_view *view, const struct socks_conn *conn,
		     enum socks_state state,
		     struct user_namespace *user_ns,
		     struct pid_namespace *pid_ns)
{
	const struct sock *sk = conn->sk;

	*view = (struct socks_view){
		.server = socks_conn_server(conn)->name,
		.age = socks_conn_age(conn),
		.state = SOCKS_CONNECTION_STATE_CONNECTING,
		.command = conn->bind ? SOCKS_CONNECTION_COMMAND_BIND :
					SOCKS_CONNECTION_COMMAND_CONNECT,
		.uid = from_kuid_munged(user_ns, READ_ONCE(sk->sk_uid)),
		.addr = READ_ONCE(conn->daddr),
		.port = READ_ONCE(conn->dport),
		.source_addr = READ_ONCE(inet_sk(sk)->inet_saddr),
		.source_port = READ_ONCE(inet_sk(sk)->inet_sport),
	};
	view->pid = socks_conn_program(conn, pid_ns, view->program);
	if (state == SOCKS_ESTABLISHED) {
		view->state = SOCKS_CONNECTION_STATE_ESTABLISHED;
		view->sent = socks_conn_sent(conn);
		view->received = socks_conn_received(conn);
	} else if (state == SOCKS_BOUND) {
		view->state = SOCKS_CONNECTION_STATE_LISTENING;
		view->port = 0;
	}
	if (conn->bind && view->state != SOCKS_CONNECTION_STATE_CONNECTING) {
		view->bound_addr = READ_ONCE(conn->saddr);
		view->bound_port = READ_ONCE(conn->lport);
	}
}

/**
 * socks_view_put() - put what is shown of a connection into a message
 * @skb: the message
 * @view: what to show
 *
 * Return: 0 or -EMSGSIZE.
 */
int socks_view_put(struct sk_buff *skb, const struct socks_view *view)
{
	if (nla_put_u32(skb, SOCKS_A_CONNECTION_STATE, view->state) ||
	    nla_put_u32(skb, SOCKS_A_CONNECTION_COMMAND, view->command) ||
	    nla_put_be32(skb, SOCKS_A_CONNECTION_ADDRESS, view->addr) ||
	    nla_put_be16(skb, SOCKS_A_CONNECTION_PORT, view->port) ||
	    nla_put_string(skb, SOCKS_A_CONNECTION_SERVER, view->server) ||
	    (view->bound_port &&
	     (nla_put_be32(skb, SOCKS_A_CONNECTION_BOUND_ADDRESS,
			   view->bound_addr) ||
	      nla_put_be16(skb, SOCKS_A_CONNECTION_BOUND_PORT,
			   view->bound_port))) ||
	    nla_put_u32(skb, SOCKS_A_CONNECTION_UID, view->uid) ||
	    (view->pid &&
	     nla_put_u32(skb, SOCKS_A_CONNECTION_PID, view->pid)) ||
	    nla_put_be32(skb, SOCKS_A_CONNECTION_SOURCE_ADDRESS,
			 view->source_addr) ||
	    nla_put_be16(skb, SOCKS_A_CONNECTION_SOURCE_PORT,
			 view->source_port) ||
	    nla_put_u64_64bit(skb, SOCKS_A_CONNECTION_COOKIE, view->cookie,
			      SOCKS_A_CONNECTION_PAD) ||
	    nla_put_u64_64bit(skb, SOCKS_A_CONNECTION_AGE, view->age,
			      SOCKS_A_CONNECTION_PAD) ||
	    nla_put_u64_64bit(skb, SOCKS_A_CONNECTION_SENT, view->sent,
			      SOCKS_A_CONNECTION_PAD) ||
	    nla_put_u64_64bit(skb, SOCKS_A_CONNECTION_RECEIVED,
			      view->received, SOCKS_A_CONNECTION_PAD) ||
	    (view->program[0] &&
	     nla_put_string(skb, SOCKS_A_CONNECTION_PROGRAM, view->program)))
		return -EMSGSIZE;
	return 0;
}
