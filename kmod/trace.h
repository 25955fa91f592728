/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM socks

#if !defined(_SOCKS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _SOCKS_TRACE_H

#include <linux/pid.h>
#include <linux/tracepoint.h>
#include <net/inet_sock.h>

#include "conn.h"

TRACE_DEFINE_ENUM(SOCKS_CONNECTING);
TRACE_DEFINE_ENUM(SOCKS_WAITING);
TRACE_DEFINE_ENUM(SOCKS_ABORTING);
TRACE_DEFINE_ENUM(SOCKS_CLOSING);
TRACE_DEFINE_ENUM(SOCKS_BOUND);
TRACE_DEFINE_ENUM(SOCKS_ESTABLISHED);
TRACE_DEFINE_ENUM(SOCKS_ENDED);
TRACE_DEFINE_ENUM(SOCKS_NEW);

#define socks_show_state(state)				\
	__print_symbolic(state,				\
			 { SOCKS_CONNECTING,	"connecting" },	\
			 { SOCKS_WAITING,	"waiting" },	\
			 { SOCKS_ABORTING,	"aborting" },	\
			 { SOCKS_CLOSING,	"closing" },	\
			 { SOCKS_BOUND,		"bound" },	\
			 { SOCKS_ESTABLISHED,	"established" },	\
			 { SOCKS_ENDED,		"ended" },	\
			 { SOCKS_NEW,		"new" })

/*
 * A connection goes from one state to another; at first from "new". Under the
 * lock of its socket, before the state is changed.
 *
 * error: the errno which connect() gives, when it is aborted or ends unless it
 * was granted, or 0. code: of the server's last reply, or 0. sent, received: the
 * program's bytes, when a connection that was granted ends.
 */
TRACE_EVENT(socks_state,
	TP_PROTO(const struct socks_conn *conn, enum socks_state old,
		 enum socks_state new, int error),

	TP_ARGS(conn, old, new, error),

	TP_STRUCT__entry(
		__field(const void *, skaddr)
		__field(u64, sent)
		__field(u64, received)
		__field(int, old)
		__field(int, new)
		__field(int, error)
		__field(u32, pid)
		__field(u16, dport)
		__field(u16, sport)
		__array(u8, daddr, 4)
		__array(u8, saddr, 4)
		__field(u8, code)
		__field(u8, bind)
		__array(char, server, SOCKS_NAME_MAX + 1)
	),

	TP_fast_assign(
		const struct inet_sock *inet = inet_sk(conn->sk);
		bool closed = old == SOCKS_ESTABLISHED;

		__entry->skaddr = conn->sk;
		__entry->sent = closed ? socks_conn_sent(conn) : 0;
		__entry->received = closed ? socks_conn_received(conn) : 0;
		__entry->old = old;
		__entry->new = new;
		__entry->error = error;
		__entry->pid = pid_nr(conn->thread);
		__entry->dport = ntohs(conn->dport);
		__entry->sport = ntohs(inet->inet_sport);
		memcpy(__entry->daddr, &conn->daddr, 4);
		memcpy(__entry->saddr, &inet->inet_saddr, 4);
		__entry->code = conn->reply_len > 1 ? conn->reply[1] : 0;
		__entry->bind = conn->bind;
		memcpy(__entry->server, socks_conn_server(conn)->name,
		       sizeof(__entry->server));
	),

	TP_printk("%s -> %s %pI4:%u via %s source=%pI4:%u pid=%u bind=%u code=%u error=%d sent=%llu received=%llu sk=%p",
		  socks_show_state(__entry->old),
		  socks_show_state(__entry->new), __entry->daddr,
		  __entry->dport, __entry->server, __entry->saddr,
		  __entry->sport, __entry->pid, __entry->bind, __entry->code,
		  __entry->error, __entry->sent, __entry->received,
		  __entry->skaddr)
);

#endif /* _SOCKS_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH kmod
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
