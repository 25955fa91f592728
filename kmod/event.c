// SPDX-License-Identifier: GPL-2.0-only
/*
 * Telling those who listen: the multicast group "events", and the tracepoint.
 *
 * What becomes of a connection is told under its socket's lock, in softirq for
 * the most part; so nothing sleeps here. Where nobody listens, there is nothing
 * to be done but to see that. An event for which there is no memory is lost, and
 * each listener is told so, as if its receive buffer had been full.
 *
 * A connection has a socket of the network namespace, by which that, and its
 * netlink, stays.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/net.h>
#include <linux/pid_namespace.h>
#include <linux/timekeeping.h>
#include <linux/user_namespace.h>
#include <net/genetlink.h>

#include "compat.h"
#include "event.h"
#include "netlink.h"
#include "netlink_gen.h"
#include "view.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* More than the attributes of an event take. */
#define SOCKS_EVENT_SIZE	512

static bool socks_event_wanted(struct net *net)
{
	return genl_has_listeners(&socks_nl_family, net, SOCKS_NLGRP_EVENTS);
}

/*
 * Where threads are numbered for listeners, who may be anywhere: as on the host.
 * But who is master of a user namespace is told nothing of the host.
 */
static struct pid_namespace *socks_event_pid_ns(const struct net *net,
						struct pid *thread)
{
	return net->user_ns == &init_user_ns ? &init_pid_ns :
					       ns_of_pid(thread);
}

/*
 * Who may join the group is asked when a socket joins it. A number which no
 * family has yet anybody may join, though, and this family may get it then: see
 * socks_netlink_init(). Under the lock of the list of sockets: a socket which is
 * in that has a file.
 */
static int socks_event_withheld(struct sock *sk, struct sk_buff *skb, void *data)
{
	const struct socket *sock = sk->sk_socket;

	return !sock || !sock->file ||
	       !file_ns_capable(sock->file, sock_net(sk)->user_ns,
				CAP_NET_ADMIN);
}

/* Send what has been put together, or say that it is lost. */
static void socks_event_send(struct net *net, struct sk_buff *skb, void *hdr,
			     gfp_t gfp)
{
	if (hdr) {
		genlmsg_end(skb, hdr);
		socks_genl_multicast(&socks_nl_family, net, skb,
				     SOCKS_NLGRP_EVENTS, gfp,
				     socks_event_withheld);
		return;
	}
	nlmsg_free(skb);
	genl_set_err(&socks_nl_family, net, 0, SOCKS_NLGRP_EVENTS, -ENOBUFS);
}

static void *socks_event_begin(struct sk_buff *skb, u8 cmd)
{
	return skb ? genlmsg_put(skb, 0, 0, &socks_nl_family, 0, cmd) : NULL;
}

/* @state: of the connection, or that from which it ends; @err: with failed. */
static void socks_event_conn(const struct socks_conn *conn, u32 event,
			     enum socks_state state, int err)
{
	struct net *net = sock_net(conn->sk);
	struct socks_view view;
	struct sk_buff *skb;
	void *hdr;

	if (!socks_event_wanted(net))
		return;
	socks_view_make(&view, conn, state, net->user_ns,
			socks_event_pid_ns(net, conn->thread));
	view.cookie = socks_view_cookie(conn->sk);

	skb = genlmsg_new(SOCKS_EVENT_SIZE, GFP_ATOMIC);
	hdr = socks_event_begin(skb, SOCKS_CMD_CONNECTION_EVENT);
	if (hdr &&
	    (nla_put_u32(skb, SOCKS_A_CONNECTION_EVENT, event) ||
	     nla_put_u64_64bit(skb, SOCKS_A_CONNECTION_TIME, ktime_get_real_ns(),
			       SOCKS_A_CONNECTION_PAD) ||
	     (event == SOCKS_CONNECTION_EVENT_REJECTED &&
	      nla_put_u8(skb, SOCKS_A_CONNECTION_CODE, conn->reply[1])) ||
	     (event == SOCKS_CONNECTION_EVENT_FAILED && err &&
	      nla_put_u32(skb, SOCKS_A_CONNECTION_ERROR, err)) ||
	     socks_view_put(skb, &view)))
		hdr = NULL;
	socks_event_send(net, skb, hdr, GFP_ATOMIC);
}

/**
 * socks_conn_enter() - let a connection enter a state, and tell of it
 * @conn: the connection
 * @state: the state
 * @err: where that is %SOCKS_ABORTING or %SOCKS_ENDED, the errno which
 *	connect() gives, or 0 where the program has given the connection up
 *
 * Under the socket lock, or by the one who has the socket. Any context, does
 * not sleep.
 */
void socks_conn_enter(struct socks_conn *conn, enum socks_state state, int err)
{
	enum socks_state old = conn->state;

	if (state != old)
		trace_socks_state(conn, old, state, err);
	/* Who reads the state without the lock may read what came before, too. */
	smp_store_release(&conn->state, state);
	if (state == old)
		return;
	if (state == SOCKS_BOUND)
		socks_event_conn(conn, SOCKS_CONNECTION_EVENT_LISTENING, state,
				 0);
	else if (state == SOCKS_ESTABLISHED)
		socks_event_conn(conn, SOCKS_CONNECTION_EVENT_GRANTED, state,
				 0);
	else if (state == SOCKS_ENDED && old == SOCKS_ESTABLISHED)
		socks_event_conn(conn, SOCKS_CONNECTION_EVENT_CLOSED, old, 0);
	else if (state == SOCKS_ENDED && socks_conn_rejected(conn))
		socks_event_conn(conn, SOCKS_CONNECTION_EVENT_REJECTED, old, 0);
	else if (state == SOCKS_ENDED)
		socks_event_conn(conn, SOCKS_CONNECTION_EVENT_FAILED, old, err);
}

/**
 * socks_event_started() - tell that a connection begins
 * @conn: the connection
 *
 * As for socks_conn_enter(); before its state changes.
 */
void socks_event_started(const struct socks_conn *conn)
{
	trace_socks_state(conn, SOCKS_NEW, SOCKS_CONNECTING, 0);
	socks_event_conn(conn, SOCKS_CONNECTION_EVENT_STARTED,
			 SOCKS_CONNECTING, 0);
}

/**
 * socks_event_configuration() - tell that the configuration was changed
 * @net: of which network namespace
 * @servers: how many servers it has
 * @rules: how many rules
 *
 * Process context, by the task which has changed it.
 */
void socks_event_configuration(struct net *net, u32 servers, u32 rules)
{
	struct pid *thread = task_pid(current);
	char program[TASK_COMM_LEN];
	struct sk_buff *skb;
	void *hdr;

	if (!socks_event_wanted(net))
		return;
	get_task_comm(program, current);
	skb = genlmsg_new(SOCKS_EVENT_SIZE, GFP_KERNEL);
	hdr = socks_event_begin(skb, SOCKS_CMD_CONFIGURATION_EVENT);
	if (hdr &&
	    (nla_put_u64_64bit(skb, SOCKS_A_CONFIGURATION_TIME,
			       ktime_get_real_ns(),
			       SOCKS_A_CONFIGURATION_PAD) ||
	     nla_put_u32(skb, SOCKS_A_CONFIGURATION_SERVERS, servers) ||
	     nla_put_u32(skb, SOCKS_A_CONFIGURATION_RULES, rules) ||
	     nla_put_u32(skb, SOCKS_A_CONFIGURATION_UID,
			 from_kuid_munged(net->user_ns, current_euid())) ||
	     nla_put_u32(skb, SOCKS_A_CONFIGURATION_PID,
			 pid_nr_ns(thread, socks_event_pid_ns(net, thread))) ||
	     nla_put_string(skb, SOCKS_A_CONFIGURATION_PROGRAM, program)))
		hdr = NULL;
	socks_event_send(net, skb, hdr, GFP_KERNEL);
}
