// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family. Documentation/netlink/specs/socks.yaml says what
 * each command does; policies and the table of operations are made from it.
 */
#include <linux/cred.h>
#include <linux/module.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "compat.h"
#include "config.h"
#include "failover.h"
#include "local.h"
#include "netlink.h"
#include "netlink_gen.h"

/* How often to begin anew where somebody listens before he may. */
#define SOCKS_NL_TRIES	8

static struct socks_net *socks_info_net(const struct genl_info *info)
{
	return socks_net(genl_info_net((struct genl_info *)info));
}

/*
 * A change that is refused before it comes to socks_change() spoils its
 * transaction, too.
 */
static int socks_refused(struct sk_buff *skb, int err)
{
	struct sock *owner = NETLINK_CB(skb).sk;

	socks_change_refused(socks_net(sock_net(owner)), owner);
	return err;
}

/* Optional attributes */

static const char *socks_nla_string(struct nlattr *attr)
{
	return attr ? nla_data(attr) : NULL;
}

static u32 socks_nla_u32(struct nlattr *attr, u32 otherwise)
{
	return attr ? nla_get_u32(attr) : otherwise;
}

static u16 socks_nla_u16(struct nlattr *attr, u16 otherwise)
{
	return attr ? nla_get_u16(attr) : otherwise;
}

/*
 * A range of ids is given in the caller's user namespace and kept in the
 * initial one. Both its ends must be mapped. An absent end is open.
 */
static int socks_nla_uid(struct nlattr *attr, u32 *uid,
			 struct netlink_ext_ack *extack)
{
	kuid_t kuid;

	if (!attr)
		return 0;
	kuid = make_kuid(current_user_ns(), nla_get_u32(attr));
	if (!uid_valid(kuid)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "socks: no user has this uid here");
		return -EINVAL;
	}
	*uid = __kuid_val(kuid);
	return 0;
}

static int socks_nla_gid(struct nlattr *attr, u32 *gid,
			 struct netlink_ext_ack *extack)
{
	kgid_t kgid;

	if (!attr)
		return 0;
	kgid = make_kgid(current_user_ns(), nla_get_u32(attr));
	if (!gid_valid(kgid)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "socks: no group has this gid here");
		return -EINVAL;
	}
	*gid = __kgid_val(kgid);
	return 0;
}

/* Counters */

static int socks_put_stats(struct sk_buff *skb, int attrtype,
			   struct socks_stats *stats)
{
	struct nlattr *nest = nla_nest_start(skb, attrtype);

	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u64_64bit(skb, SOCKS_A_STATS_TRIED,
			      atomic64_read(&stats->tried),
			      SOCKS_A_STATS_PAD) ||
	    nla_put_u64_64bit(skb, SOCKS_A_STATS_GRANTED,
			      atomic64_read(&stats->granted),
			      SOCKS_A_STATS_PAD) ||
	    nla_put_u64_64bit(skb, SOCKS_A_STATS_REJECTED,
			      atomic64_read(&stats->rejected),
			      SOCKS_A_STATS_PAD) ||
	    nla_put_u64_64bit(skb, SOCKS_A_STATS_FAILED,
			      atomic64_read(&stats->failed),
			      SOCKS_A_STATS_PAD) ||
	    nla_put_u32(skb, SOCKS_A_STATS_IN_PROGRESS,
			atomic_read(&stats->in_progress)) ||
	    nla_put_u32(skb, SOCKS_A_STATS_ESTABLISHED,
			atomic_read(&stats->established))) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/* Servers */

static int socks_server_add(struct socks_draft *draft, void *data,
			    struct netlink_ext_ack *extack)
{
	return socks_draft_add_server(draft, data, extack);
}

int socks_nl_server_add_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *userid = info->attrs[SOCKS_A_SERVER_USERID];
	struct socks_server *server;
	u32 mode;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, SOCKS_A_SERVER_NAME) ||
	    GENL_REQ_ATTR_CHECK(info, SOCKS_A_SERVER_ADDRESS) ||
	    GENL_REQ_ATTR_CHECK(info, SOCKS_A_SERVER_PORT)) {
		NL_SET_ERR_MSG_MOD(info->extack,
				   "a server needs a name, an address and a port");
		return socks_refused(skb, -EINVAL);
	}

	mode = socks_nla_u32(info->attrs[SOCKS_A_SERVER_USERID_MODE],
			     userid ? SOCKS_USERID_MODE_FIXED :
				      SOCKS_USERID_MODE_NONE);
	server = socks_server_alloc(nla_data(info->attrs[SOCKS_A_SERVER_NAME]),
				    nla_get_be32(info->attrs[SOCKS_A_SERVER_ADDRESS]),
				    nla_get_be16(info->attrs[SOCKS_A_SERVER_PORT]),
				    mode, socks_nla_string(userid),
				    socks_nla_u32(info->attrs[SOCKS_A_SERVER_TIMEOUT],
						  SOCKS_TIMEOUT_DEFAULT),
				    info->extack);
	if (IS_ERR(server))
		return socks_refused(skb, PTR_ERR(server));
	server->accept_timeout =
		socks_nla_u32(info->attrs[SOCKS_A_SERVER_ACCEPT_TIMEOUT],
			      SOCKS_ACCEPT_TIMEOUT_DEFAULT);
	server->local_auto =
		nla_get_flag(info->attrs[SOCKS_A_SERVER_LOCAL_AUTO]);
	server->retry = socks_nla_u32(info->attrs[SOCKS_A_SERVER_RETRY],
				      SOCKS_RETRY_DEFAULT);

	err = socks_change(socks_info_net(info), NETLINK_CB(skb).sk,
			   socks_server_add, server, info->extack);
	socks_server_put(server);
	return err;
}

static int socks_server_del(struct socks_draft *draft, void *data,
			    struct netlink_ext_ack *extack)
{
	return socks_draft_del_server(draft, data, extack);
}

int socks_nl_server_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	if (GENL_REQ_ATTR_CHECK(info, SOCKS_A_SERVER_NAME)) {
		NL_SET_ERR_MSG_MOD(info->extack,
				   "name the server to remove");
		return socks_refused(skb, -EINVAL);
	}
	return socks_change(socks_info_net(info), NETLINK_CB(skb).sk,
			    socks_server_del,
			    nla_data(info->attrs[SOCKS_A_SERVER_NAME]),
			    info->extack);
}

static int socks_put_health(struct sk_buff *skb, struct socks_server *server)
{
	struct socks_health_report report;

	socks_health_report(server, &report);
	if (report.failures &&
	    (nla_put_u32(skb, SOCKS_A_SERVER_FAILURES, report.failures) ||
	     nla_put_u32(skb, SOCKS_A_SERVER_ERROR, report.err) ||
	     nla_put_u32(skb, SOCKS_A_SERVER_FAILING_FOR,
			 report.failing_for / HZ) ||
	     (report.retry_in &&
	      nla_put_u32(skb, SOCKS_A_SERVER_RETRY_IN,
			  DIV_ROUND_UP(report.retry_in, HZ)))))
		return -EMSGSIZE;
	return 0;
}

static int socks_put_server(struct sk_buff *skb, struct socks_server *server)
{
	if (nla_put_string(skb, SOCKS_A_SERVER_NAME, server->name) ||
	    nla_put_be32(skb, SOCKS_A_SERVER_ADDRESS, server->addr) ||
	    nla_put_be16(skb, SOCKS_A_SERVER_PORT, server->port) ||
	    nla_put_u32(skb, SOCKS_A_SERVER_USERID_MODE, server->userid_mode) ||
	    (server->userid_mode == SOCKS_USERID_MODE_FIXED &&
	     nla_put_string(skb, SOCKS_A_SERVER_USERID, server->userid)) ||
	    nla_put_u32(skb, SOCKS_A_SERVER_TIMEOUT, server->timeout) ||
	    nla_put_u32(skb, SOCKS_A_SERVER_ACCEPT_TIMEOUT,
			server->accept_timeout) ||
	    nla_put_u32(skb, SOCKS_A_SERVER_RULES,
			READ_ONCE(server->n_rules)) ||
	    (server->local_auto &&
	     nla_put_flag(skb, SOCKS_A_SERVER_LOCAL_AUTO)) ||
	    nla_put_u32(skb, SOCKS_A_SERVER_RETRY, server->retry) ||
	    socks_put_health(skb, server))
		return -EMSGSIZE;
	return socks_put_stats(skb, SOCKS_A_SERVER_STATS, &server->stats);
}

/* Rules */

struct socks_rule_change {
	struct socks_rule	*rule;
	u32			index;
	u32			n_names;
	char			names[SOCKS_RULE_SERVERS_MAX][SOCKS_NAME_MAX + 1];
};

static int socks_rule_add(struct socks_draft *draft, void *data,
			  struct netlink_ext_ack *extack)
{
	struct socks_rule_change *change = data;

	return socks_draft_add_rule(draft, change->rule, change->index,
				    change->names, change->n_names, extack);
}

/* A rule has one attribute for each server. */
static int socks_nla_servers(const struct genl_info *info,
			     struct socks_rule_change *change)
{
	struct nlattr *attr;
	int rem;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != SOCKS_A_RULE_SERVER)
			continue;
		if (change->n_names == SOCKS_RULE_SERVERS_MAX) {
			NL_SET_ERR_MSG_ATTR(info->extack, attr,
					    "socks: a rule names up to 8 servers");
			return -EINVAL;
		}
		nla_strscpy(change->names[change->n_names++], attr,
			    sizeof(*change->names));
	}
	return 0;
}

int socks_nl_rule_add_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	struct socks_match match = {
		/* Without any ports, port 0 matches as well. */
		.port_min = socks_nla_u16(attrs[SOCKS_A_RULE_PORT_MIN],
					  !!attrs[SOCKS_A_RULE_PORT_MAX]),
		.port_max = socks_nla_u16(attrs[SOCKS_A_RULE_PORT_MAX], U16_MAX),
		.uid_max = U32_MAX,
		.gid_max = U32_MAX,
	};
	struct socks_rule_change change = {
		.index = socks_nla_u32(attrs[SOCKS_A_RULE_INDEX], 0),
	};
	int err;

	if (GENL_REQ_ATTR_CHECK(info, SOCKS_A_RULE_ACTION)) {
		NL_SET_ERR_MSG_MOD(info->extack, "a rule needs an action");
		return socks_refused(skb, -EINVAL);
	}
	if (!attrs[SOCKS_A_RULE_ADDRESS] != !attrs[SOCKS_A_RULE_PREFIX_LEN]) {
		NL_SET_ERR_MSG_MOD(info->extack,
				   "an address and a prefix length go together");
		return socks_refused(skb, -EINVAL);
	}
	if (attrs[SOCKS_A_RULE_ADDRESS]) {
		match.addr = ntohl(nla_get_be32(attrs[SOCKS_A_RULE_ADDRESS]));
		match.prefix_len = nla_get_u8(attrs[SOCKS_A_RULE_PREFIX_LEN]);
	}
	err = socks_nla_uid(attrs[SOCKS_A_RULE_UID_MIN], &match.uid_min,
			    info->extack) ?:
	      socks_nla_uid(attrs[SOCKS_A_RULE_UID_MAX], &match.uid_max,
			    info->extack) ?:
	      socks_nla_gid(attrs[SOCKS_A_RULE_GID_MIN], &match.gid_min,
			    info->extack) ?:
	      socks_nla_gid(attrs[SOCKS_A_RULE_GID_MAX], &match.gid_max,
			    info->extack) ?:
	      socks_nla_servers(info, &change);
	if (err)
		return socks_refused(skb, err);

	change.rule = socks_rule_alloc(&match,
				       nla_get_u32(attrs[SOCKS_A_RULE_ACTION]),
				       socks_nla_string(attrs[SOCKS_A_RULE_CGROUP]),
				       info->extack);
	if (IS_ERR(change.rule))
		return socks_refused(skb, PTR_ERR(change.rule));
	change.rule->rbind_auto = nla_get_flag(attrs[SOCKS_A_RULE_RBIND_AUTO]);
	change.rule->balance = nla_get_flag(attrs[SOCKS_A_RULE_BALANCE]);

	err = socks_change(socks_info_net(info), NETLINK_CB(skb).sk,
			   socks_rule_add, &change, info->extack);
	socks_rule_put(change.rule);
	return err;
}

static int socks_rule_del(struct socks_draft *draft, void *data,
			  struct netlink_ext_ack *extack)
{
	return socks_draft_del_rule(draft, *(u32 *)data, extack);
}

int socks_nl_rule_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	u32 index;

	if (GENL_REQ_ATTR_CHECK(info, SOCKS_A_RULE_INDEX)) {
		NL_SET_ERR_MSG_MOD(info->extack,
				   "give the index of the rule to remove");
		return socks_refused(skb, -EINVAL);
	}
	index = nla_get_u32(info->attrs[SOCKS_A_RULE_INDEX]);
	return socks_change(socks_info_net(info), NETLINK_CB(skb).sk,
			    socks_rule_del, &index, info->extack);
}

/*
 * Ranges of ids go out as the reader's user namespace has them, an open end as
 * absent.
 */
static int socks_put_ids(struct sk_buff *skb, const struct socks_match *match,
			 struct user_namespace *user_ns)
{
	if ((match->uid_min &&
	     nla_put_u32(skb, SOCKS_A_RULE_UID_MIN,
			 from_kuid_munged(user_ns, KUIDT_INIT(match->uid_min)))) ||
	    (match->uid_max != U32_MAX &&
	     nla_put_u32(skb, SOCKS_A_RULE_UID_MAX,
			 from_kuid_munged(user_ns, KUIDT_INIT(match->uid_max)))) ||
	    (match->gid_min &&
	     nla_put_u32(skb, SOCKS_A_RULE_GID_MIN,
			 from_kgid_munged(user_ns, KGIDT_INIT(match->gid_min)))) ||
	    (match->gid_max != U32_MAX &&
	     nla_put_u32(skb, SOCKS_A_RULE_GID_MAX,
			 from_kgid_munged(user_ns, KGIDT_INIT(match->gid_max)))))
		return -EMSGSIZE;
	return 0;
}

static int socks_put_rule_servers(struct sk_buff *skb,
				  const struct socks_rule *rule)
{
	u8 i;

	for (i = 0; i < rule->n_servers; i++)
		if (nla_put_string(skb, SOCKS_A_RULE_SERVER,
				   rule->servers[i]->name))
			return -EMSGSIZE;
	return 0;
}

static int socks_put_rule(struct sk_buff *skb, struct socks_rule *rule,
			  u32 index, struct user_namespace *user_ns)
{
	const struct socks_match *match = &rule->match;

	if (nla_put_u32(skb, SOCKS_A_RULE_INDEX, index + 1) ||
	    (match->prefix_len &&
	     (nla_put_be32(skb, SOCKS_A_RULE_ADDRESS, htonl(match->addr)) ||
	      nla_put_u8(skb, SOCKS_A_RULE_PREFIX_LEN, match->prefix_len))) ||
	    ((match->port_min || match->port_max != U16_MAX) &&
	     (nla_put_u16(skb, SOCKS_A_RULE_PORT_MIN, match->port_min) ||
	      nla_put_u16(skb, SOCKS_A_RULE_PORT_MAX, match->port_max))) ||
	    socks_put_ids(skb, match, user_ns) ||
	    (rule->cgroup_path &&
	     nla_put_string(skb, SOCKS_A_RULE_CGROUP, rule->cgroup_path)) ||
	    nla_put_u32(skb, SOCKS_A_RULE_ACTION, rule->action) ||
	    socks_put_rule_servers(skb, rule) ||
	    (rule->balance && nla_put_flag(skb, SOCKS_A_RULE_BALANCE)) ||
	    (rule->rbind_auto && nla_put_flag(skb, SOCKS_A_RULE_RBIND_AUTO)))
		return -EMSGSIZE;
	return socks_put_stats(skb, SOCKS_A_RULE_STATS, &rule->stats);
}

/* Reading: one by one, or all */

/* The largest message is a rule with a cgroup's path and many servers. */
#define SOCKS_NL_MSG_SIZE	(GENL_HDRLEN + SOCKS_CGROUP_MAX + 1024 + \
				 SOCKS_RULE_SERVERS_MAX *		  \
				 nla_total_size(SOCKS_NAME_MAX + 1))

typedef int (*socks_put_t)(struct sk_buff *skb, const struct socks_table *table,
			   u32 i);

static int socks_put_server_at(struct sk_buff *skb,
			       const struct socks_table *table, u32 i)
{
	return socks_put_server(skb, table->servers[i]);
}

static int socks_put_rule_at(struct sk_buff *skb,
			     const struct socks_table *table, u32 i)
{
	return socks_put_rule(skb, table->rules[i], i, current_user_ns());
}

static int socks_nl_get(struct genl_info *info, u8 cmd,
			const struct socks_table *table, u32 i, socks_put_t put)
{
	struct sk_buff *reply;
	void *hdr;

	reply = genlmsg_new(SOCKS_NL_MSG_SIZE, GFP_ATOMIC);
	if (!reply)
		return -ENOMEM;
	hdr = genlmsg_put_reply(reply, info, &socks_nl_family, 0, cmd);
	if (!hdr || put(reply, table, i)) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

static int socks_nl_dump(struct sk_buff *skb, struct netlink_callback *cb,
			 u8 cmd, bool servers, socks_put_t put)
{
	struct socks_net *sn = socks_net(sock_net(skb->sk));
	const struct socks_table *table;
	u32 i, count;

	rcu_read_lock();
	/* A reader of half this configuration, half that is told so. */
	cb->seq = smp_load_acquire(&sn->generation);
	table = rcu_dereference(sn->table);
	count = !table ? 0 : servers ? table->n_servers : table->n_rules;
	for (i = cb->args[0]; i < count; i++) {
		void *hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
					cb->nlh->nlmsg_seq, &socks_nl_family,
					NLM_F_MULTI, cmd);

		if (!hdr)
			break;
		if (put(skb, table, i)) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genl_dump_check_consistent(cb, hdr);
		genlmsg_end(skb, hdr);
	}
	rcu_read_unlock();
	cb->args[0] = i;
	/* An empty message would be taken for the end. */
	return i < count && !skb->len ? -EMSGSIZE : skb->len;
}

int socks_nl_server_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct socks_table *table;
	const char *name;
	int err = -ENOENT;
	u32 i;

	if (GENL_REQ_ATTR_CHECK(info, SOCKS_A_SERVER_NAME)) {
		NL_SET_ERR_MSG_MOD(info->extack, "name the server to read");
		return -EINVAL;
	}
	name = nla_data(info->attrs[SOCKS_A_SERVER_NAME]);

	rcu_read_lock();
	table = rcu_dereference(socks_info_net(info)->table);
	for (i = 0; table && i < table->n_servers; i++) {
		if (!strcmp(table->servers[i]->name, name)) {
			err = socks_nl_get(info, SOCKS_CMD_SERVER_GET, table, i,
					   socks_put_server_at);
			break;
		}
	}
	rcu_read_unlock();
	if (err == -ENOENT)
		NL_SET_ERR_MSG_MOD(info->extack,
				   "there is no server with this name");
	return err;
}

int socks_nl_server_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return socks_nl_dump(skb, cb, SOCKS_CMD_SERVER_GET, true,
			     socks_put_server_at);
}

int socks_nl_rule_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct socks_table *table;
	int err = -ENOENT;
	u32 index;

	if (GENL_REQ_ATTR_CHECK(info, SOCKS_A_RULE_INDEX)) {
		NL_SET_ERR_MSG_MOD(info->extack,
				   "give the index of the rule to read");
		return -EINVAL;
	}
	index = nla_get_u32(info->attrs[SOCKS_A_RULE_INDEX]);

	rcu_read_lock();
	table = rcu_dereference(socks_info_net(info)->table);
	if (table && index <= table->n_rules)
		err = socks_nl_get(info, SOCKS_CMD_RULE_GET, table, index - 1,
				   socks_put_rule_at);
	rcu_read_unlock();
	if (err == -ENOENT)
		NL_SET_ERR_MSG_MOD(info->extack,
				   "there is no rule with this index");
	return err;
}

int socks_nl_rule_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return socks_nl_dump(skb, cb, SOCKS_CMD_RULE_GET, false,
			     socks_put_rule_at);
}

/* Look-up */

static int socks_put_decision_servers(struct sk_buff *skb,
				      const struct socks_decision *decision,
				      __be32 daddr)
{
	u8 order[SOCKS_RULE_SERVERS_MAX], n, i;

	if (!decision->rule || decision->reason == SOCKS_REASON_LOCAL)
		return decision->server &&
		       nla_put_string(skb, SOCKS_A_LOOKUP_SERVER,
				      decision->server->name) ? -EMSGSIZE : 0;
	n = socks_failover_order(decision->rule, daddr, order);
	for (i = 0; i < n; i++)
		if (nla_put_string(skb, SOCKS_A_LOOKUP_SERVER,
				   decision->rule->servers[order[i]]->name))
			return -EMSGSIZE;
	return 0;
}

static int socks_put_decision(struct sk_buff *skb,
			      const struct socks_decision *decision,
			      __be32 daddr)
{
	if (nla_put_u32(skb, SOCKS_A_LOOKUP_ACTION, decision->action) ||
	    nla_put_u32(skb, SOCKS_A_LOOKUP_REASON, decision->reason) ||
	    ((decision->reason == SOCKS_REASON_RULE ||
	      decision->reason == SOCKS_REASON_LOCAL) &&
	     nla_put_u32(skb, SOCKS_A_LOOKUP_INDEX, decision->index + 1)) ||
	    socks_put_decision_servers(skb, decision, daddr))
		return -EMSGSIZE;
	return 0;
}

/* With @own, the question is about the asking process itself. */
static int socks_nl_lookup(struct genl_info *info, const struct socks_key *key,
			   bool own)
{
	struct socks_decision decision;
	struct sk_buff *reply;
	void *hdr;
	int err;

	reply = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;
	hdr = genlmsg_put_reply(reply, info, &socks_nl_family, 0,
				SOCKS_CMD_LOOKUP);
	if (!hdr)
		goto err;

	rcu_read_lock();
	socks_decide(rcu_dereference(socks_info_net(info)->table), key,
		     &decision);
	if (own)
		socks_local_exempt(genl_info_net(info), &decision);
	err = socks_put_decision(reply, &decision, htonl(key->addr));
	rcu_read_unlock();
	if (err)
		goto err;

	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);

err:
	nlmsg_free(reply);
	return -EMSGSIZE;
}

int socks_nl_lookup_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *path = info->attrs[SOCKS_A_LOOKUP_CGROUP];
	struct socks_key key = {
		.uid = __kuid_val(current_euid()),
		.gid = __kgid_val(current_egid()),
	};
	int err;

	if (GENL_REQ_ATTR_CHECK(info, SOCKS_A_LOOKUP_ADDRESS) ||
	    GENL_REQ_ATTR_CHECK(info, SOCKS_A_LOOKUP_PORT)) {
		NL_SET_ERR_MSG_MOD(info->extack,
				   "give the address and port to look up");
		return -EINVAL;
	}
	key.addr = ntohl(nla_get_be32(info->attrs[SOCKS_A_LOOKUP_ADDRESS]));
	key.port = ntohs(nla_get_be16(info->attrs[SOCKS_A_LOOKUP_PORT]));
	err = socks_nla_uid(info->attrs[SOCKS_A_LOOKUP_UID], &key.uid,
			    info->extack) ?:
	      socks_nla_gid(info->attrs[SOCKS_A_LOOKUP_GID], &key.gid,
			    info->extack);
	if (err)
		return err;

	if (path) {
		key.cgroup = cgroup_get_from_path(nla_data(path));
		if (IS_ERR(key.cgroup)) {
			NL_SET_ERR_MSG_ATTR(info->extack, path,
					    "socks: no such cgroup in the version 2 hierarchy");
			return PTR_ERR(key.cgroup);
		}
	} else {
		rcu_read_lock();
		do {
			key.cgroup = task_dfl_cgroup(current);
		} while (!cgroup_tryget(key.cgroup));
		rcu_read_unlock();
	}

	err = socks_nl_lookup(info, &key,
			      !path && !info->attrs[SOCKS_A_LOOKUP_UID] &&
			      !info->attrs[SOCKS_A_LOOKUP_GID]);
	cgroup_put(key.cgroup);
	return err;
}

/* Limits */

struct socks_limits_change {
	const struct genl_info	*info;
	struct socks_limits	limits;
};

static int socks_limits_change(struct socks_draft *draft, void *data,
			       struct netlink_ext_ack *extack)
{
	struct socks_limits_change *change = data;
	struct nlattr **attrs = change->info->attrs;
	struct socks_limits *limits = &draft->limits;

	limits->rbinds = socks_nla_u32(attrs[SOCKS_A_LIMITS_RBINDS],
				       limits->rbinds);
	limits->rbinds_per_user =
		socks_nla_u32(attrs[SOCKS_A_LIMITS_RBINDS_PER_USER],
			      limits->rbinds_per_user);
	change->limits = *limits;
	return 0;
}

int socks_nl_limits_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct socks_limits_change change = { .info = info };
	struct sk_buff *reply;
	void *hdr;
	int err;

	/* Before the change: nothing may fail behind it. */
	reply = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;

	if (!info->attrs[SOCKS_A_LIMITS_RBINDS] &&
	    !info->attrs[SOCKS_A_LIMITS_RBINDS_PER_USER]) {
		change.limits = socks_net_limits(socks_info_net(info));
		err = 0;
	} else {
		err = socks_change(socks_info_net(info), NETLINK_CB(skb).sk,
				   socks_limits_change, &change, info->extack);
	}
	if (err)
		goto err;

	err = -EMSGSIZE;
	hdr = genlmsg_put_reply(reply, info, &socks_nl_family, 0,
				SOCKS_CMD_LIMITS);
	if (!hdr ||
	    nla_put_u32(reply, SOCKS_A_LIMITS_RBINDS, change.limits.rbinds) ||
	    nla_put_u32(reply, SOCKS_A_LIMITS_RBINDS_PER_USER,
			change.limits.rbinds_per_user))
		goto err;
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);

err:
	nlmsg_free(reply);
	return err;
}

/* Transactions */

int socks_nl_transaction_doit(struct sk_buff *skb, struct genl_info *info)
{
	bool flush = nla_get_flag(info->attrs[SOCKS_A_TRANSACTION_FLUSH]);
	struct socks_net *sn = socks_info_net(info);

	if (GENL_REQ_ATTR_CHECK(info, SOCKS_A_TRANSACTION_STEP)) {
		NL_SET_ERR_MSG_MOD(info->extack,
				   "give the step of the transaction: begin, commit or abort");
		return -EINVAL;
	}

	switch (nla_get_u32(info->attrs[SOCKS_A_TRANSACTION_STEP])) {
	case SOCKS_STEP_BEGIN:
		return socks_transaction_begin(sn, NETLINK_CB(skb).sk, flush,
					       info->extack);
	case SOCKS_STEP_COMMIT:
		return socks_transaction_commit(sn, NETLINK_CB(skb).sk,
						info->extack);
	default:
		return socks_transaction_abort(sn, NETLINK_CB(skb).sk,
					       info->extack);
	}
}

static const struct genl_multicast_group socks_nl_groups[] = {
	[SOCKS_NLGRP_EVENTS] = {
		.name	= SOCKS_MCGRP_EVENTS,
		.flags	= SOCKS_MCAST_ADMIN,
	},
};

struct genl_family socks_nl_family __ro_after_init = {
	.name		= SOCKS_FAMILY_NAME,
	.version	= SOCKS_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.ops		= socks_nl_ops,
	.n_ops		= ARRAY_SIZE(socks_nl_ops),
	.mcgrps		= socks_nl_groups,
	.n_mcgrps	= ARRAY_SIZE(socks_nl_groups),
};

/**
 * socks_netlink_init() - make the netlink family known
 *
 * Anybody may join a multicast group which no family has yet, and "events" may be
 * the next one to be given away. To remove the family throws all out of its
 * groups, so it is made known once more where somebody is in them. That is as
 * much as can be done before 6.8; from then on, socks_event_withheld() sees to
 * those who come in just between.
 *
 * Return: 0 or a negative errno.
 */
int socks_netlink_init(void)
{
	int tries, err;

	for (tries = 0; tries < SOCKS_NL_TRIES; tries++) {
		err = genl_register_family(&socks_nl_family);
		if (err || !genl_has_listeners(&socks_nl_family, &init_net,
					       SOCKS_NLGRP_EVENTS))
			return err;
		genl_unregister_family(&socks_nl_family);
	}
	return genl_register_family(&socks_nl_family);
}

/**
 * socks_netlink_exit() - take the netlink family away
 */
void socks_netlink_exit(void)
{
	genl_unregister_family(&socks_nl_family);
}
