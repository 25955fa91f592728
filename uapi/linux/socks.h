/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/socks.yaml */
/* YNL-GEN uapi header */

#ifndef _UAPI_LINUX_SOCKS_H
#define _UAPI_LINUX_SOCKS_H

#define SOCKS_FAMILY_NAME	"socks"
#define SOCKS_FAMILY_VERSION	1

#define SOCKS_NAME_MAX		63
#define SOCKS_USERID_MAX	255
#define SOCKS_CGROUP_MAX	2047
#define SOCKS_TIMEOUT_MAX	3600
#define SOCKS_TIMEOUT_DEFAULT	120

/**
 * enum socks_userid_mode - What the USERID field of a request holds.
 * @SOCKS_USERID_MODE_NONE: Nothing, the field is empty.
 * @SOCKS_USERID_MODE_FIXED: The string given for the server.
 * @SOCKS_USERID_MODE_UID: The numeric effective user id of the caller of
 *   connect(), as seen in the user namespace which owns the network namespace.
 */
enum socks_userid_mode {
	SOCKS_USERID_MODE_NONE,
	SOCKS_USERID_MODE_FIXED,
	SOCKS_USERID_MODE_UID,
};

/**
 * enum socks_action - What becomes of a connection.
 * @SOCKS_ACTION_DIRECT: It is made directly.
 * @SOCKS_ACTION_VIA: It is made through a SOCKS server.
 * @SOCKS_ACTION_REJECT: connect() fails with EACCES.
 */
enum socks_action {
	SOCKS_ACTION_DIRECT,
	SOCKS_ACTION_VIA,
	SOCKS_ACTION_REJECT,
};

/**
 * enum socks_reason - Why a look-up came to its action.
 * @SOCKS_REASON_NO_RULE: No rule matches.
 * @SOCKS_REASON_RULE: The first rule that matches decides.
 * @SOCKS_REASON_SERVER: The address and port are those of a SOCKS server
 *   itself.
 * @SOCKS_REASON_NOT_CONNECTABLE: No TCP connection can be made to such an
 *   address; or it is 0.0.0.x, which SOCKS4A uses as a mark, and a rule says
 *   via.
 */
enum socks_reason {
	SOCKS_REASON_NO_RULE,
	SOCKS_REASON_RULE,
	SOCKS_REASON_SERVER,
	SOCKS_REASON_NOT_CONNECTABLE,
};

/**
 * enum socks_step - A step of a transaction.
 */
enum socks_step {
	SOCKS_STEP_BEGIN,
	SOCKS_STEP_COMMIT,
	SOCKS_STEP_ABORT,
};

enum {
	SOCKS_A_STATS_PAD = 1,
	SOCKS_A_STATS_TRIED,
	SOCKS_A_STATS_GRANTED,
	SOCKS_A_STATS_REJECTED,
	SOCKS_A_STATS_FAILED,
	SOCKS_A_STATS_IN_PROGRESS,
	SOCKS_A_STATS_ESTABLISHED,

	__SOCKS_A_STATS_MAX,
	SOCKS_A_STATS_MAX = (__SOCKS_A_STATS_MAX - 1)
};

enum {
	SOCKS_A_SERVER_NAME = 1,
	SOCKS_A_SERVER_ADDRESS,
	SOCKS_A_SERVER_PORT,
	SOCKS_A_SERVER_USERID_MODE,
	SOCKS_A_SERVER_USERID,
	SOCKS_A_SERVER_TIMEOUT,
	SOCKS_A_SERVER_STATS,
	SOCKS_A_SERVER_RULES,

	__SOCKS_A_SERVER_MAX,
	SOCKS_A_SERVER_MAX = (__SOCKS_A_SERVER_MAX - 1)
};

enum {
	SOCKS_A_RULE_INDEX = 1,
	SOCKS_A_RULE_ADDRESS,
	SOCKS_A_RULE_PREFIX_LEN,
	SOCKS_A_RULE_PORT_MIN,
	SOCKS_A_RULE_PORT_MAX,
	SOCKS_A_RULE_UID_MIN,
	SOCKS_A_RULE_UID_MAX,
	SOCKS_A_RULE_GID_MIN,
	SOCKS_A_RULE_GID_MAX,
	SOCKS_A_RULE_CGROUP,
	SOCKS_A_RULE_ACTION,
	SOCKS_A_RULE_SERVER,
	SOCKS_A_RULE_STATS,

	__SOCKS_A_RULE_MAX,
	SOCKS_A_RULE_MAX = (__SOCKS_A_RULE_MAX - 1)
};

enum {
	SOCKS_A_LOOKUP_ADDRESS = 1,
	SOCKS_A_LOOKUP_PORT,
	SOCKS_A_LOOKUP_UID,
	SOCKS_A_LOOKUP_GID,
	SOCKS_A_LOOKUP_CGROUP,
	SOCKS_A_LOOKUP_ACTION,
	SOCKS_A_LOOKUP_REASON,
	SOCKS_A_LOOKUP_INDEX,
	SOCKS_A_LOOKUP_SERVER,

	__SOCKS_A_LOOKUP_MAX,
	SOCKS_A_LOOKUP_MAX = (__SOCKS_A_LOOKUP_MAX - 1)
};

enum {
	SOCKS_A_TRANSACTION_STEP = 1,
	SOCKS_A_TRANSACTION_FLUSH,

	__SOCKS_A_TRANSACTION_MAX,
	SOCKS_A_TRANSACTION_MAX = (__SOCKS_A_TRANSACTION_MAX - 1)
};

enum {
	SOCKS_CMD_SERVER_ADD = 1,
	SOCKS_CMD_SERVER_DEL,
	SOCKS_CMD_SERVER_GET,
	SOCKS_CMD_RULE_ADD,
	SOCKS_CMD_RULE_DEL,
	SOCKS_CMD_RULE_GET,
	SOCKS_CMD_LOOKUP,
	SOCKS_CMD_TRANSACTION,

	__SOCKS_CMD_MAX,
	SOCKS_CMD_MAX = (__SOCKS_CMD_MAX - 1)
};

#endif /* _UAPI_LINUX_SOCKS_H */
