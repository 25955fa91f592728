// SPDX-License-Identifier: GPL-2.0-only
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/socks.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink_gen.h"

#include <uapi/linux/socks.h>

/* SOCKS_CMD_SERVER_ADD - do */
const struct nla_policy socks_server_add_nl_policy[SOCKS_A_SERVER_RETRY + 1] = {
	[SOCKS_A_SERVER_NAME] = { .type = NLA_NUL_STRING, .len = SOCKS_NAME_MAX, },
	[SOCKS_A_SERVER_ADDRESS] = { .type = NLA_U32, },
	[SOCKS_A_SERVER_PORT] = { .type = NLA_U16, },
	[SOCKS_A_SERVER_USERID_MODE] = NLA_POLICY_MAX(NLA_U32, 2),
	[SOCKS_A_SERVER_USERID] = { .type = NLA_NUL_STRING, .len = SOCKS_USERID_MAX, },
	[SOCKS_A_SERVER_TIMEOUT] = NLA_POLICY_RANGE(NLA_U32, 1, SOCKS_TIMEOUT_MAX),
	[SOCKS_A_SERVER_ACCEPT_TIMEOUT] = NLA_POLICY_RANGE(NLA_U32, 1, SOCKS_ACCEPT_TIMEOUT_MAX),
	[SOCKS_A_SERVER_LOCAL_AUTO] = { .type = NLA_FLAG, },
	[SOCKS_A_SERVER_RETRY] = NLA_POLICY_RANGE(NLA_U32, 1, SOCKS_RETRY_MAX),
};

/* SOCKS_CMD_SERVER_DEL - do */
const struct nla_policy socks_server_del_nl_policy[SOCKS_A_SERVER_NAME + 1] = {
	[SOCKS_A_SERVER_NAME] = { .type = NLA_NUL_STRING, .len = SOCKS_NAME_MAX, },
};

/* SOCKS_CMD_SERVER_GET - do */
const struct nla_policy socks_server_get_nl_policy[SOCKS_A_SERVER_NAME + 1] = {
	[SOCKS_A_SERVER_NAME] = { .type = NLA_NUL_STRING, .len = SOCKS_NAME_MAX, },
};

/* SOCKS_CMD_RULE_ADD - do */
const struct nla_policy socks_rule_add_nl_policy[SOCKS_A_RULE_BALANCE + 1] = {
	[SOCKS_A_RULE_INDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[SOCKS_A_RULE_ADDRESS] = { .type = NLA_U32, },
	[SOCKS_A_RULE_PREFIX_LEN] = NLA_POLICY_MAX(NLA_U8, 32),
	[SOCKS_A_RULE_PORT_MIN] = NLA_POLICY_MIN(NLA_U16, 1),
	[SOCKS_A_RULE_PORT_MAX] = NLA_POLICY_MIN(NLA_U16, 1),
	[SOCKS_A_RULE_UID_MIN] = { .type = NLA_U32, },
	[SOCKS_A_RULE_UID_MAX] = { .type = NLA_U32, },
	[SOCKS_A_RULE_GID_MIN] = { .type = NLA_U32, },
	[SOCKS_A_RULE_GID_MAX] = { .type = NLA_U32, },
	[SOCKS_A_RULE_CGROUP] = { .type = NLA_NUL_STRING, .len = SOCKS_CGROUP_MAX, },
	[SOCKS_A_RULE_ACTION] = NLA_POLICY_MAX(NLA_U32, 2),
	[SOCKS_A_RULE_SERVER] = { .type = NLA_STRING, .len = SOCKS_NAME_MAX, },
	[SOCKS_A_RULE_RBIND_AUTO] = { .type = NLA_FLAG, },
	[SOCKS_A_RULE_BALANCE] = { .type = NLA_FLAG, },
};

/* SOCKS_CMD_RULE_DEL - do */
const struct nla_policy socks_rule_del_nl_policy[SOCKS_A_RULE_INDEX + 1] = {
	[SOCKS_A_RULE_INDEX] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* SOCKS_CMD_RULE_GET - do */
const struct nla_policy socks_rule_get_nl_policy[SOCKS_A_RULE_INDEX + 1] = {
	[SOCKS_A_RULE_INDEX] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* SOCKS_CMD_LOOKUP - do */
const struct nla_policy socks_lookup_nl_policy[SOCKS_A_LOOKUP_CGROUP + 1] = {
	[SOCKS_A_LOOKUP_ADDRESS] = { .type = NLA_U32, },
	[SOCKS_A_LOOKUP_PORT] = { .type = NLA_U16, },
	[SOCKS_A_LOOKUP_UID] = { .type = NLA_U32, },
	[SOCKS_A_LOOKUP_GID] = { .type = NLA_U32, },
	[SOCKS_A_LOOKUP_CGROUP] = { .type = NLA_NUL_STRING, .len = SOCKS_CGROUP_MAX, },
};

/* SOCKS_CMD_TRANSACTION - do */
const struct nla_policy socks_transaction_nl_policy[SOCKS_A_TRANSACTION_FLUSH + 1] = {
	[SOCKS_A_TRANSACTION_STEP] = NLA_POLICY_MAX(NLA_U32, 2),
	[SOCKS_A_TRANSACTION_FLUSH] = { .type = NLA_FLAG, },
};

/* SOCKS_CMD_LIMITS - do */
const struct nla_policy socks_limits_nl_policy[SOCKS_A_LIMITS_RBINDS_PER_USER + 1] = {
	[SOCKS_A_LIMITS_RBINDS] = { .type = NLA_U32, },
	[SOCKS_A_LIMITS_RBINDS_PER_USER] = { .type = NLA_U32, },
};

/* SOCKS_CMD_CONNECTION_GET - do */
const struct nla_policy socks_connection_get_nl_policy[SOCKS_A_CONNECTION_SOURCE_PORT + 1] = {
	[SOCKS_A_CONNECTION_SOURCE_ADDRESS] = { .type = NLA_U32, },
	[SOCKS_A_CONNECTION_SOURCE_PORT] = { .type = NLA_U16, },
};

/* SOCKS_CMD_CONNECTION_ABORT - do */
const struct nla_policy socks_connection_abort_nl_policy[SOCKS_A_CONNECTION_COOKIES + 1] = {
	[SOCKS_A_CONNECTION_COOKIES] = { .type = NLA_BINARY, },
};

/* Ops table for socks */
const struct genl_ops socks_nl_ops[11] = {
	{
		.cmd		= SOCKS_CMD_SERVER_ADD,
		.doit		= socks_nl_server_add_doit,
		.policy		= socks_server_add_nl_policy,
		.maxattr	= SOCKS_A_SERVER_RETRY,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= SOCKS_CMD_SERVER_DEL,
		.doit		= socks_nl_server_del_doit,
		.policy		= socks_server_del_nl_policy,
		.maxattr	= SOCKS_A_SERVER_NAME,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= SOCKS_CMD_SERVER_GET,
		.doit		= socks_nl_server_get_doit,
		.dumpit		= socks_nl_server_get_dumpit,
		.policy		= socks_server_get_nl_policy,
		.maxattr	= SOCKS_A_SERVER_NAME,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= SOCKS_CMD_RULE_ADD,
		.doit		= socks_nl_rule_add_doit,
		.policy		= socks_rule_add_nl_policy,
		.maxattr	= SOCKS_A_RULE_BALANCE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= SOCKS_CMD_RULE_DEL,
		.doit		= socks_nl_rule_del_doit,
		.policy		= socks_rule_del_nl_policy,
		.maxattr	= SOCKS_A_RULE_INDEX,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= SOCKS_CMD_RULE_GET,
		.doit		= socks_nl_rule_get_doit,
		.dumpit		= socks_nl_rule_get_dumpit,
		.policy		= socks_rule_get_nl_policy,
		.maxattr	= SOCKS_A_RULE_INDEX,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= SOCKS_CMD_LOOKUP,
		.doit		= socks_nl_lookup_doit,
		.policy		= socks_lookup_nl_policy,
		.maxattr	= SOCKS_A_LOOKUP_CGROUP,
	},
	{
		.cmd		= SOCKS_CMD_TRANSACTION,
		.doit		= socks_nl_transaction_doit,
		.policy		= socks_transaction_nl_policy,
		.maxattr	= SOCKS_A_TRANSACTION_FLUSH,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= SOCKS_CMD_LIMITS,
		.doit		= socks_nl_limits_doit,
		.policy		= socks_limits_nl_policy,
		.maxattr	= SOCKS_A_LIMITS_RBINDS_PER_USER,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= SOCKS_CMD_CONNECTION_GET,
		.doit		= socks_nl_connection_get_doit,
		.dumpit		= socks_nl_connection_get_dumpit,
		.policy		= socks_connection_get_nl_policy,
		.maxattr	= SOCKS_A_CONNECTION_SOURCE_PORT,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= SOCKS_CMD_CONNECTION_ABORT,
		.doit		= socks_nl_connection_abort_doit,
		.policy		= socks_connection_abort_nl_policy,
		.maxattr	= SOCKS_A_CONNECTION_COOKIES,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
};
