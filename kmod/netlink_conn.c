// SPDX-License-Identifier: GPL-2.0-only
/*
 * Redirected connections, as netlink shows them.
 */
#include <linux/pid_namespace.h>
#include <net/genetlink.h>

#include "abort.h"
#include "conn.h"
#include "netlink.h"
#include "netlink_gen.h"
#include "view.h"

/*
 * Read a connection, without its socket's lock. False where it has ended or is
 * of another network namespace. Under rcu_read_lock().
 */
static bool socks_conn_look(const struct socks_conn *conn,
			    const struct net *net, struct socks_view *view)
{
	/* What a state has brought with it is read behind it. */
	u8 state = smp_load_acquire(&conn->state);
	struct sock *sk;

	if (!net_eq(sock_net(conn->sk), net))
		return false;
	socks_view_make(view, conn, state, current_user_ns(),
			task_active_pid_ns(current));
	/*
	 * The socket may have gone meanwhile; its memory stays until now. It has
	 * to be held for its cookie, which it gets when it is first asked for.
	 */
	sk = socks_conn_sock_get(conn);
	if (!sk)
		return false;
	view->cookie = socks_view_cookie(sk);
	sock_put(sk);
	return true;
}

struct socks_conn_search {
	struct genl_info	*info;
	struct sk_buff		*reply;
	__be32			addr;
	__be16			port;
};

static int socks_conn_match(struct socks_conn *conn, void *data)
{
	struct socks_conn_search *search = data;
	struct socks_view view;
	void *hdr;

	if (!socks_conn_look(conn, genl_info_net(search->info), &view) ||
	    view.source_addr != search->addr ||
	    view.source_port != search->port)
		return 0;
	hdr = genlmsg_put_reply(search->reply, search->info, &socks_nl_family,
				0, SOCKS_CMD_CONNECTION_GET);
	if (!hdr || socks_view_put(search->reply, &view))
		return -EMSGSIZE;
	genlmsg_end(search->reply, hdr);
	return 1;
}

int socks_nl_connection_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct socks_conn_search search = { .info = info };
	struct socks_conn_cursor cursor = {};
	int err;

	if (GENL_REQ_ATTR_CHECK(info, SOCKS_A_CONNECTION_SOURCE_ADDRESS) ||
	    GENL_REQ_ATTR_CHECK(info, SOCKS_A_CONNECTION_SOURCE_PORT)) {
		NL_SET_ERR_MSG_MOD(info->extack,
				   "give this host's address and port of the connection to read");
		return -EINVAL;
	}
	search.addr = nla_get_be32(info->attrs[SOCKS_A_CONNECTION_SOURCE_ADDRESS]);
	search.port = nla_get_be16(info->attrs[SOCKS_A_CONNECTION_SOURCE_PORT]);

	search.reply = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!search.reply)
		return -ENOMEM;
	err = socks_conn_walk(&cursor, socks_conn_match, &search);
	if (err > 0)
		return genlmsg_reply(search.reply, info);

	nlmsg_free(search.reply);
	if (!err) {
		NL_SET_ERR_MSG_MOD(info->extack,
				   "there is no redirected connection with this address and port");
		err = -ENOENT;
	}
	return err;
}

struct socks_conn_dump {
	struct sk_buff		*skb;
	struct netlink_callback	*cb;
};

static int socks_conn_dump(struct socks_conn *conn, void *data)
{
	struct socks_conn_dump *dump = data;
	struct netlink_callback *cb = dump->cb;
	struct socks_view view;
	void *hdr;

	if (!socks_conn_look(conn, sock_net(dump->skb->sk), &view))
		return 0;
	hdr = genlmsg_put(dump->skb, NETLINK_CB(cb->skb).portid,
			  cb->nlh->nlmsg_seq, &socks_nl_family, NLM_F_MULTI,
			  SOCKS_CMD_CONNECTION_GET);
	if (!hdr)
		return -EMSGSIZE;
	if (socks_view_put(dump->skb, &view)) {
		genlmsg_cancel(dump->skb, hdr);
		return -EMSGSIZE;
	}
	genl_dump_check_consistent(cb, hdr);
	genlmsg_end(dump->skb, hdr);
	return 0;
}

int socks_nl_connection_get_dumpit(struct sk_buff *skb,
				   struct netlink_callback *cb)
{
	struct socks_conn_dump dump = { .skb = skb, .cb = cb };
	struct socks_conn_cursor *cursor = (void *)cb->ctx;
	int err;

	BUILD_BUG_ON(sizeof(*cursor) > sizeof(cb->ctx));
	/* Where the table has grown in between, the reader is told so. */
	cb->seq = socks_conn_generation();
	err = socks_conn_walk(cursor, socks_conn_dump, &dump);
	/* An empty message would be taken for the end. */
	return err && !skb->len ? err : skb->len;
}

int socks_nl_connection_abort_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *cookies = info->attrs[SOCKS_A_CONNECTION_COOKIES];

	if (!cookies || !nla_len(cookies) || nla_len(cookies) % sizeof(u64) ||
	    nla_len(cookies) > SOCKS_COOKIES_MAX) {
		NL_SET_ERR_MSG_MOD(info->extack,
				   "give the cookies of the connections to abort, 8 bytes each, 1024 at most");
		return -EINVAL;
	}
	/* Many messages may come at once, and the last one alone is to wait. */
	return socks_abort_conns(genl_info_net(info), nla_data(cookies),
				 nla_len(cookies) / sizeof(u64),
				 skb->len <= NLMSG_ALIGN(info->nlhdr->nlmsg_len));
}
