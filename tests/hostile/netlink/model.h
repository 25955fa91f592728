/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the configuration has to be: the module says whether it takes a message,
 * the model what follows from that.
 */
#ifndef _HOSTILE_MODEL_H
#define _HOSTILE_MODEL_H

#include "netlink.h"

#define SERVERS_MAX	64
#define RULES_MAX	400
#define CGROUP_PATH_MAX	64

struct names {
	unsigned int	n;
	char		name[SOCKS_RULE_SERVERS_MAX][SOCKS_NAME_MAX + 1];
};

/* All names in attributes of this type, whether or not they end with a NUL. */
void names_read(struct names *names, const struct nlmsghdr *header,
		unsigned int type);
bool names_hold(const struct names *names, const char *name);

struct server {
	char		name[SOCKS_NAME_MAX + 1];
	uint32_t	address;
	uint16_t	port;
	uint32_t	mode;
	char		userid[SOCKS_USERID_MAX + 1];
	uint32_t	timeout;
};

struct rule {
	uint32_t	address;
	uint8_t		prefix_len;
	uint16_t	port_min;
	uint16_t	port_max;
	uint32_t	uid_min;
	uint32_t	uid_max;
	uint32_t	gid_min;
	uint32_t	gid_max;
	char		cgroup[CGROUP_PATH_MAX];
	uint32_t	action;
	bool		balance;
	bool		rbind_auto;
	struct names	servers;
};

struct config {
	unsigned int	n_servers;
	unsigned int	n_rules;
	struct server	servers[SERVERS_MAX];
	struct rule	rules[RULES_MAX];
};

/* A transaction, or none. */
struct draft {
	bool		open;
	bool		flush;
	bool		refused;
	uint64_t	generation;
	struct config	config;
};

/* True where it can be, given what there was; false with a reason. */
bool config_apply(struct config *config, const struct nlmsghdr *header,
		  const char **why);
/* Is a configuration in itself as the specification has it? */
bool config_sound(const struct config *config, const char **why);
bool config_equal(const struct config *a, const struct config *b,
		  const char **why);

/* Add what a message of a dump says; false where it says nonsense. */
bool config_read(struct config *config, const struct nlmsghdr *header,
		 const char **why);

/* The message which answers a "get" of this server or rule. */
bool server_says(const struct config *config, const struct nlmsghdr *header);
bool rule_says(const struct config *config, const struct nlmsghdr *header);

/* A look-up, without a rule that asks for a cgroup. */
struct verdict {
	uint32_t	action;
	uint32_t	reason;
	uint32_t	index;
	struct names	servers;
	/* The servers may come in any order. */
	bool		balance;
};

bool verdict_servers(const struct verdict *verdict,
		     const struct nlmsghdr *header);

bool config_lookup(const struct config *config, uint32_t address,
		   uint16_t port, uint32_t uid, uint32_t gid,
		   struct verdict *verdict);

#endif /* _HOSTILE_MODEL_H */
