// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "model.h"

#define SAY(...)	(*why = (__VA_ARGS__), false)

static void copy_string(char *to, size_t size, const struct nlattr *attribute)
{
	/* All bytes, so that structures can be compared. */
	memset(to, 0, size);
	snprintf(to, size, "%s", attribute_string(attribute));
}

void names_read(struct names *names, const struct nlmsghdr *header,
		unsigned int type)
{
	const struct nlattr *attribute = NULL;
	size_t size;

	memset(names, 0, sizeof(*names));
	while ((attribute = attribute_next(header, attribute))) {
		if ((attribute->nla_type & NLA_TYPE_MASK) != type)
			continue;
		if (names->n == SOCKS_RULE_SERVERS_MAX)
			return;
		size = attribute->nla_len - NLA_HDRLEN;
		if (size > SOCKS_NAME_MAX)
			size = SOCKS_NAME_MAX;
		strncpy(names->name[names->n++], (const char *)(attribute + 1),
			size);
	}
}

bool names_hold(const struct names *names, const char *name)
{
	unsigned int i;

	for (i = 0; i < names->n; i++)
		if (!strcmp(names->name[i], name))
			return true;
	return false;
}

static void read_server(struct server *server, const struct attributes *given)
{
	const struct nlattr *userid = given->at[SOCKS_A_SERVER_USERID];

	memset(server, 0, sizeof(*server));
	copy_string(server->name, sizeof(server->name),
		    given->at[SOCKS_A_SERVER_NAME]);
	server->address = ntohl(attribute_u32(given->at[SOCKS_A_SERVER_ADDRESS],
					      0));
	server->port = ntohs(attribute_u16(given->at[SOCKS_A_SERVER_PORT], 0));
	server->mode = attribute_u32(given->at[SOCKS_A_SERVER_USERID_MODE],
				     userid ? SOCKS_USERID_MODE_FIXED :
					      SOCKS_USERID_MODE_NONE);
	copy_string(server->userid, sizeof(server->userid), userid);
	server->timeout = attribute_u32(given->at[SOCKS_A_SERVER_TIMEOUT],
					SOCKS_TIMEOUT_DEFAULT);
}

static void read_rule(struct rule *rule, const struct nlmsghdr *header)
{
	const struct nlattr *const *at;
	struct attributes given;

	attributes_read(&given, header);
	at = given.at;
	/* All bytes, so that structures can be compared. */
	memset(rule, 0, sizeof(*rule));
	rule->address = ntohl(attribute_u32(at[SOCKS_A_RULE_ADDRESS], 0));
	rule->prefix_len = attribute_u8(at[SOCKS_A_RULE_PREFIX_LEN], 0);
	rule->port_min = attribute_u16(at[SOCKS_A_RULE_PORT_MIN],
				       !!at[SOCKS_A_RULE_PORT_MAX]);
	rule->port_max = attribute_u16(at[SOCKS_A_RULE_PORT_MAX], UINT16_MAX);
	rule->uid_min = attribute_u32(at[SOCKS_A_RULE_UID_MIN], 0);
	rule->uid_max = attribute_u32(at[SOCKS_A_RULE_UID_MAX], UINT32_MAX);
	rule->gid_min = attribute_u32(at[SOCKS_A_RULE_GID_MIN], 0);
	rule->gid_max = attribute_u32(at[SOCKS_A_RULE_GID_MAX], UINT32_MAX);
	copy_string(rule->cgroup, sizeof(rule->cgroup),
		    at[SOCKS_A_RULE_CGROUP]);
	rule->action = attribute_u32(at[SOCKS_A_RULE_ACTION], UINT32_MAX);
	rule->balance = at[SOCKS_A_RULE_BALANCE];
	rule->rbind_auto = at[SOCKS_A_RULE_RBIND_AUTO];
	names_read(&rule->servers, header, SOCKS_A_RULE_SERVER);
}

static struct server *find_server(const struct config *config, const char *name)
{
	unsigned int i;

	for (i = 0; i < config->n_servers; i++)
		if (!strcmp(config->servers[i].name, name))
			return (struct server *)&config->servers[i];
	return NULL;
}

static unsigned int count_rules(const struct config *config, const char *server)
{
	unsigned int i, n = 0;

	for (i = 0; i < config->n_rules; i++)
		n += names_hold(&config->rules[i].servers, server);
	return n;
}

static bool add_server(struct config *config, const struct attributes *given,
		       const char **why)
{
	struct server server;

	read_server(&server, given);
	if (find_server(config, server.name))
		return SAY("a server's name was taken twice");
	if (config->n_servers == SERVERS_MAX)
		return SAY("more servers than there are names");
	config->servers[config->n_servers++] = server;
	return true;
}

static bool del_server(struct config *config, const struct attributes *given,
		       const char **why)
{
	const char *name = attribute_string(given->at[SOCKS_A_SERVER_NAME]);
	struct server *server = find_server(config, name);

	if (!server)
		return SAY("a server was removed which there is not");
	if (count_rules(config, name))
		return SAY("a server was removed which rules name");
	memmove(server, server + 1,
		(char *)&config->servers[config->n_servers--] -
		(char *)(server + 1));
	return true;
}

static bool add_rule(struct config *config, const struct nlmsghdr *header,
		     const char **why)
{
	struct attributes given;
	struct rule rule, *at;
	uint32_t index;

	attributes_read(&given, header);
	index = attribute_u32(given.at[SOCKS_A_RULE_INDEX], 0);
	read_rule(&rule, header);
	if (!index)
		index = config->n_rules + 1;
	if (index > config->n_rules + 1)
		return SAY("a rule was added behind a gap");
	if (config->n_rules == RULES_MAX)
		return SAY("the model has no room");
	at = &config->rules[index - 1];
	memmove(at + 1, at,
		(char *)&config->rules[config->n_rules++] - (char *)at);
	*at = rule;
	return true;
}

static bool del_rule(struct config *config, const struct attributes *given,
		     const char **why)
{
	uint32_t index = attribute_u32(given->at[SOCKS_A_RULE_INDEX], 0);
	struct rule *rule;

	if (!index || index > config->n_rules)
		return SAY("a rule was removed which there is not");
	rule = &config->rules[index - 1];
	memmove(rule, rule + 1,
		(char *)&config->rules[config->n_rules--] -
		(char *)(rule + 1));
	return true;
}

bool config_apply(struct config *config, const struct nlmsghdr *header,
		  const char **why)
{
	struct attributes given;

	attributes_read(&given, header);
	switch (message_command(header)) {
	case SOCKS_CMD_SERVER_ADD:
		return add_server(config, &given, why);
	case SOCKS_CMD_SERVER_DEL:
		return del_server(config, &given, why);
	case SOCKS_CMD_RULE_ADD:
		return add_rule(config, header, why);
	default:
		return del_rule(config, &given, why);
	}
}

static bool name_sound(const char *name)
{
	const char *c;

	for (c = name; *c; c++)
		if (*c & 0x80 || (!isalnum((unsigned char)*c) && *c != '.' &&
				  *c != '_' && *c != '-'))
			return false;
	return *name && *name != '-';
}

static bool server_sound(const struct server *server)
{
	return name_sound(server->name) && server->address >> 8 &&
	       server->address >> 28 != 0xe && server->address != UINT32_MAX &&
	       server->port && server->timeout &&
	       server->timeout <= SOCKS_TIMEOUT_MAX && server->mode <= 2 &&
	       (server->mode == SOCKS_USERID_MODE_FIXED || !server->userid[0]);
}

static bool rule_servers_sound(const struct config *config,
			       const struct rule *rule)
{
	const struct names *names = &rule->servers;
	unsigned int i;

	if (rule->action != SOCKS_ACTION_VIA)
		return !names->n && !rule->balance && !rule->rbind_auto;
	for (i = 0; i < names->n; i++) {
		struct names before = { .n = i };

		memcpy(before.name, names->name, sizeof(before.name));
		if (!find_server(config, names->name[i]) ||
		    names_hold(&before, names->name[i]))
			return false;
	}
	return names->n > rule->balance;
}

static bool rule_sound(const struct config *config, const struct rule *rule)
{
	uint32_t mask = rule->prefix_len ? ~0U << (32 - rule->prefix_len) : 0;

	return rule->prefix_len <= 32 && !(rule->address & ~mask) &&
	       rule->port_min <= rule->port_max &&
	       rule->uid_min <= rule->uid_max &&
	       rule->gid_min <= rule->gid_max &&
	       rule->action <= SOCKS_ACTION_REJECT &&
	       rule_servers_sound(config, rule);
}

bool config_sound(const struct config *config, const char **why)
{
	unsigned int i;

	for (i = 0; i < config->n_servers; i++) {
		if (!server_sound(&config->servers[i]))
			return SAY("there is a server which should not be taken");
		if (find_server(config, config->servers[i].name) !=
		    &config->servers[i])
			return SAY("two servers have one name");
	}
	for (i = 0; i < config->n_rules; i++)
		if (!rule_sound(config, &config->rules[i]))
			return SAY("there is a rule which should not be taken");
	return true;
}

bool config_equal(const struct config *a, const struct config *b,
		  const char **why)
{
	if (a->n_servers != b->n_servers)
		return SAY("another number of servers");
	if (a->n_rules != b->n_rules)
		return SAY("another number of rules");
	if (memcmp(a->servers, b->servers,
		   a->n_servers * sizeof(*a->servers)))
		return SAY("other servers");
	if (memcmp(a->rules, b->rules, a->n_rules * sizeof(*a->rules)))
		return SAY("other rules");
	return true;
}

bool config_read(struct config *config, const struct nlmsghdr *header,
		 const char **why)
{
	struct attributes given;

	attributes_read(&given, header);
	if (message_command(header) == SOCKS_CMD_SERVER_GET) {
		if (config->n_servers == SERVERS_MAX)
			return SAY("a dump has too many servers");
		read_server(&config->servers[config->n_servers++], &given);
		return true;
	}
	if (message_command(header) != SOCKS_CMD_RULE_GET)
		return SAY("a dump has other messages");
	if (config->n_rules == RULES_MAX)
		return SAY("a dump has too many rules");
	read_rule(&config->rules[config->n_rules++], header);
	if (attribute_u32(given.at[SOCKS_A_RULE_INDEX], 0) != config->n_rules)
		return SAY("a dump's rules are numbered otherwise");
	return true;
}

bool server_says(const struct config *config, const struct nlmsghdr *header)
{
	struct attributes given;
	struct server *server, said;

	if (message_command(header) != SOCKS_CMD_SERVER_GET)
		return false;
	attributes_read(&given, header);
	read_server(&said, &given);
	server = find_server(config, said.name);
	return server && !memcmp(server, &said, sizeof(said)) &&
	       attribute_u32(given.at[SOCKS_A_SERVER_RULES], UINT32_MAX) ==
	       count_rules(config, said.name);
}

bool rule_says(const struct config *config, const struct nlmsghdr *header)
{
	struct attributes given;
	struct rule said;
	uint32_t index;

	if (message_command(header) != SOCKS_CMD_RULE_GET)
		return false;
	attributes_read(&given, header);
	read_rule(&said, header);
	index = attribute_u32(given.at[SOCKS_A_RULE_INDEX], 0);
	return index && index <= config->n_rules &&
	       !memcmp(&config->rules[index - 1], &said, sizeof(said));
}

static bool speaks_of(const struct rule *rule, uint32_t address, uint16_t port,
		      uint32_t uid, uint32_t gid)
{
	uint64_t last = rule->address + (1ULL << (32 - rule->prefix_len)) - 1;

	if (address < rule->address || address > last)
		return false;
	/* Only rules which name loopback addresses speak of them. */
	if (address >> 24 == 127 && rule->prefix_len < 8)
		return false;
	return port >= rule->port_min && port <= rule->port_max &&
	       uid >= rule->uid_min && uid <= rule->uid_max &&
	       gid >= rule->gid_min && gid <= rule->gid_max;
}

bool config_lookup(const struct config *config, uint32_t address,
		   uint16_t port, uint32_t uid, uint32_t gid,
		   struct verdict *verdict)
{
	const struct rule *rule = NULL;
	unsigned int i;

	memset(verdict, 0, sizeof(*verdict));
	if (!address)
		address = 0x7f000001;
	for (i = 0; i < config->n_rules; i++) {
		if (!speaks_of(&config->rules[i], address, port, uid, gid))
			continue;
		if (config->rules[i].cgroup[0])
			return false;
		rule = &config->rules[i];
		break;
	}
	if (address >> 28 == 0xe || address == UINT32_MAX) {
		if (config->n_rules || config->n_servers)
			verdict->reason = SOCKS_REASON_NOT_CONNECTABLE;
		return true;
	}
	if (!rule)
		return true;
	for (unsigned int s = 0; s < config->n_servers; s++) {
		const struct server *server = &config->servers[s];

		if (rule->action != SOCKS_ACTION_DIRECT &&
		    server->address == address && server->port == port) {
			verdict->reason = SOCKS_REASON_SERVER;
			verdict->servers.n = 1;
			memcpy(verdict->servers.name[0], server->name,
			       sizeof(server->name));
			return true;
		}
	}
	if (!(address >> 8) && rule->action == SOCKS_ACTION_VIA) {
		verdict->action = SOCKS_ACTION_REJECT;
		verdict->reason = SOCKS_REASON_NOT_CONNECTABLE;
		return true;
	}
	verdict->action = rule->action;
	verdict->reason = SOCKS_REASON_RULE;
	verdict->index = i + 1;
	verdict->servers = rule->servers;
	verdict->balance = rule->balance;
	return true;
}

bool verdict_servers(const struct verdict *verdict,
		     const struct nlmsghdr *header)
{
	struct names said;
	unsigned int i;

	names_read(&said, header, SOCKS_A_LOOKUP_SERVER);
	if (!verdict->balance)
		return !memcmp(&said, &verdict->servers, sizeof(said));
	for (i = 0; i < said.n; i++)
		if (!names_hold(&verdict->servers, said.name[i]))
			return false;
	return said.n == verdict->servers.n;
}
