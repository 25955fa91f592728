// SPDX-License-Identifier: GPL-2.0-only
/* The configuration, read from the kernel. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "config.h"
#include "quote.h"

/* How often all is read again where it changed meanwhile. */
#define READ_TRIES	100

static const char reading[] = "reading the configuration";

static void forget_servers(void *data)
{
	struct server_list *servers = data;

	servers->count = 0;
}

static void forget_rules(void *data)
{
	struct rule_list *rules = data;

	while (rules->count)
		rule_clear(&rules->list[--rules->count]);
}

/**
 * servers_room() - Make room for one more server.
 * @servers: The servers.
 *
 * Return: The room, behind those which are counted; NULL without memory.
 */
struct server *servers_room(struct server_list *servers)
{
	struct server *list = array_room(servers->list, servers->count, &servers->size,
				      sizeof(*list));

	if (!list)
		return NULL;
	servers->list = list;
	return &servers->list[servers->count];
}

/**
 * rules_room() - Make room for one more rule.
 * @rules: The rules.
 *
 * Return: The room, behind those which are counted; NULL without memory.
 */
struct rule *rules_room(struct rule_list *rules)
{
	struct rule *list = array_room(rules->list, rules->count, &rules->size,
				      sizeof(*list));

	if (!list)
		return NULL;
	rules->list = list;
	return &rules->list[rules->count];
}

static int take_server(const struct nlmsghdr *message, void *data)
{
	struct server_list *servers = data;
	struct server *room = servers_room(servers);
	int error = room ? server_read(message, room) : -ENOMEM;

	if (!error)
		servers->count++;
	return error;
}

static int take_rule(const struct nlmsghdr *message, void *data)
{
	struct rule_list *rules = data;
	struct rule *room = rules_room(rules);
	int error = room ? rule_read(message, room) : -ENOMEM;

	if (!error)
		rules->count++;
	return error;
}

/**
 * config_get_server() - Read one server from the kernel.
 * @session: The run.
 * @place: Where the command stands.
 * @name: The server's name.
 * @config: Where to put it; for config_clear(), whatever the result.
 *
 * Return: STATUS_OK; another on an error, which has been reported.
 */
enum status config_get_server(struct session *session,
			      const struct place *place, const char *name,
			      struct config *config)
{
	struct messages messages = { .data = NULL };
	struct nlmsghdr *message;
	enum status status;

	message = message_start(&messages, SOCKS_CMD_SERVER_GET, 0);
	if (!message) {
		status = no_memory(place);
	} else {
		mnl_attr_put_strz(message, SOCKS_A_SERVER_NAME, name);
		message_end(&messages, message);
		status = session_talk(session, place, &messages, take_server,
				      &config->servers,
				      "reading the server %s", quoted(name));
	}
	messages_clear(&messages);
	return status;
}

/**
 * config_get_servers() - Read the servers from the kernel.
 * @session: The run.
 * @place: Where the command stands.
 * @config: Where to put them; for config_clear(), whatever the result.
 *
 * Return: STATUS_OK; another on an error, which has been reported.
 */
enum status config_get_servers(struct session *session,
			       const struct place *place,
			       struct config *config)
{
	return session_dump(session, place, SOCKS_CMD_SERVER_GET,
			    forget_servers, take_server, &config->servers,
			    reading);
}

/**
 * config_get_rules() - Read the rules from the kernel.
 * @session: The run.
 * @place: Where the command stands.
 * @config: Where to put them; for config_clear(), whatever the result.
 *
 * Return: STATUS_OK; another on an error, which has been reported.
 */
enum status config_get_rules(struct session *session,
			     const struct place *place,
			     struct config *config)
{
	return session_dump(session, place, SOCKS_CMD_RULE_GET,
			    forget_rules, take_rule, &config->rules,
			    reading);
}

static int take_limits(const struct nlmsghdr *message, void *data)
{
	return limits_read(message, data);
}

/**
 * config_get_limits() - Read the limits from the kernel.
 * @session: The run.
 * @place: Where the command stands.
 * @config: Where to put them; for config_clear(), whatever the result.
 *
 * Return: STATUS_OK; another on an error, which has been reported.
 */
enum status config_get_limits(struct session *session,
			      const struct place *place,
			      struct config *config)
{
	struct messages messages = { .data = NULL };
	struct nlmsghdr *message;
	enum status status;

	message = message_start(&messages, SOCKS_CMD_LIMITS, 0);
	if (!message) {
		status = no_memory(place);
	} else {
		message_end(&messages, message);
		status = session_talk(session, place, &messages, take_limits,
				      &config->limits, "%s", reading);
	}
	messages_clear(&messages);
	return status;
}

/* All but the rules. */
static enum status get_frame(struct session *session,
			     const struct place *place, struct config *config)
{
	enum status status = config_get_servers(session, place, config);

	return status ? status : config_get_limits(session, place, config);
}

static bool same_limits(const struct limits *a, const struct limits *b)
{
	return a->rbinds == b->rbinds &&
	       a->rbinds_per_user == b->rbinds_per_user;
}

/* Are they the same, but for what is counted? */
static bool same_servers(const struct server_list *a,
			 const struct server_list *b)
{
	size_t i;

	if (a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++) {
		const struct server *one = &a->list[i], *other = &b->list[i];

		if (strcmp(one->name, other->name) ||
		    one->address.s_addr != other->address.s_addr ||
		    one->port != other->port ||
		    one->userid_mode != other->userid_mode ||
		    strcmp(one->userid, other->userid) ||
		    one->timeout != other->timeout ||
		    one->accept_timeout != other->accept_timeout ||
		    one->local_auto != other->local_auto ||
		    one->rules != other->rules)
			return false;
	}
	return true;
}

/**
 * config_get() - Read servers, rules and limits that belong together.
 * @session: The run.
 * @place: Where the command stands.
 * @config: Where to put them; for config_clear(), whatever the result.
 *
 * The kernel gives each of them separately. So read the others before and
 * after the rules, until they have not changed in between.
 *
 * Return: STATUS_OK; another on an error, which has been reported.
 */
enum status config_get(struct session *session, const struct place *place,
		       struct config *config)
{
	struct config again = { .servers = { .list = NULL } };
	enum status status;
	bool same = false;
	int tries;

	status = get_frame(session, place, config);
	for (tries = 0; !status && !same && tries < READ_TRIES; tries++) {
		struct server_list before = config->servers;
		struct limits limits = config->limits;

		status = config_get_rules(session, place, config);
		if (!status)
			status = get_frame(session, place, &again);
		if (!status)
			same = same_servers(&before, &again.servers) &&
			       same_limits(&limits, &again.limits);
		config->servers = again.servers;
		config->limits = again.limits;
		again.servers = before;
	}
	if (!status && !same) {
		report(place, "%s: it keeps changing", reading);
		status = STATUS_REFUSED;
	}
	config_clear(&again);
	return status;
}

/**
 * rules_clear() - Free what belongs to rules.
 * @rules: The rules.
 */
void rules_clear(struct rule_list *rules)
{
	forget_rules(rules);
	free(rules->list);
	*rules = (struct rule_list){ .list = NULL };
}

/**
 * config_clear() - Free what belongs to a configuration.
 * @config: The configuration.
 */
void config_clear(struct config *config)
{
	rules_clear(&config->rules);
	free(config->servers.list);
	*config = (struct config){ .servers = { .list = NULL } };
}
