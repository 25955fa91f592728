/* SPDX-License-Identifier: GPL-2.0-only */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/socks.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_SOCKS_GEN_H
#define _LINUX_SOCKS_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/socks.h>

extern const struct nla_policy socks_server_add_nl_policy[SOCKS_A_SERVER_RETRY + 1];

extern const struct nla_policy socks_server_del_nl_policy[SOCKS_A_SERVER_NAME + 1];

extern const struct nla_policy socks_server_get_nl_policy[SOCKS_A_SERVER_NAME + 1];

extern const struct nla_policy socks_rule_add_nl_policy[SOCKS_A_RULE_BALANCE + 1];

extern const struct nla_policy socks_rule_del_nl_policy[SOCKS_A_RULE_INDEX + 1];

extern const struct nla_policy socks_rule_get_nl_policy[SOCKS_A_RULE_INDEX + 1];

extern const struct nla_policy socks_lookup_nl_policy[SOCKS_A_LOOKUP_CGROUP + 1];

extern const struct nla_policy socks_transaction_nl_policy[SOCKS_A_TRANSACTION_FLUSH + 1];

extern const struct nla_policy socks_limits_nl_policy[SOCKS_A_LIMITS_RBINDS_PER_USER + 1];

extern const struct nla_policy socks_connection_get_nl_policy[SOCKS_A_CONNECTION_SOURCE_PORT + 1];

extern const struct nla_policy socks_connection_abort_nl_policy[SOCKS_A_CONNECTION_COOKIES + 1];

/* Ops table for socks */
extern const struct genl_ops socks_nl_ops[11];

int socks_nl_server_add_doit(struct sk_buff *skb, struct genl_info *info);
int socks_nl_server_del_doit(struct sk_buff *skb, struct genl_info *info);
int socks_nl_server_get_doit(struct sk_buff *skb, struct genl_info *info);
int socks_nl_server_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int socks_nl_rule_add_doit(struct sk_buff *skb, struct genl_info *info);
int socks_nl_rule_del_doit(struct sk_buff *skb, struct genl_info *info);
int socks_nl_rule_get_doit(struct sk_buff *skb, struct genl_info *info);
int socks_nl_rule_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int socks_nl_lookup_doit(struct sk_buff *skb, struct genl_info *info);
int socks_nl_transaction_doit(struct sk_buff *skb, struct genl_info *info);
int socks_nl_limits_doit(struct sk_buff *skb, struct genl_info *info);
int socks_nl_connection_get_doit(struct sk_buff *skb, struct genl_info *info);
int socks_nl_connection_get_dumpit(struct sk_buff *skb,
				   struct netlink_callback *cb);
int socks_nl_connection_abort_doit(struct sk_buff *skb, struct genl_info *info);

enum {
	SOCKS_NLGRP_EVENTS,
};

#endif /* _LINUX_SOCKS_GEN_H */
