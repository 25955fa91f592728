// SPDX-License-Identifier: GPL-2.0-only
/* The configuration, read from the kernel. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "quote.h"

/* How often all is read again where it changed meanwhile. */
#define READ_TRIES	100

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

static int take_server(const struct nlmsghdr *message, void *data)
{
	struct server_list *servers = data;
	int error;

	if (servers->count == servers->size) {
		size_t size = 2 * servers->size + 1;
		struct server *list;

		list = reallocarray(servers->list, size, sizeof(*list));
		if (!list)
			return -ENOMEM;
		servers->list = list;
		servers->size = size;
	}
	error = server_read(message, &servers->list[servers->count]);
	if (!error)
		servers->count++;
	return error;
}

static int take_rule(const struct nlmsghdr *message, void *data)
{
	struct rule_list *rules = data;
	int error;

	if (rules->count == rules->size) {
		size_t size = 2 * rules->size + 1;
		struct rule *list;

		list = reallocarray(rules->list, size, sizeof(*list));
		if (!list)
			return -ENOMEM;
		rules->list = list;
		rules->size = size;
	}
	error = rule_read(message, &rules->list[rules->count]);
	if (!error)
		rules->count++;
	return error;
}

/* Dump what a command gets into a list. */
static enum status dump(struct session *session, const struct place *place,
			uint8_t command, netlink_reset reset,
			netlink_take take, void *list)
{
	struct messages messages = { .data = NULL };
	enum status status;
	struct nlmsghdr *message;
	int error;

	status = session_connect(session, place);
	if (status)
		return status;
	message = message_start(&messages, command, 0);
	if (!message) {
		status = no_memory(place);
	} else {
		message_end(&messages, message);
		error = netlink_dump(session->netlink, &messages, reset, take,
				     list);
		if (error)
			status = refused(session->netlink, error, place,
					 "reading the configuration");
	}
	messages_clear(&messages);
	return status;
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
	return dump(session, place, SOCKS_CMD_SERVER_GET, forget_servers,
		    take_server, &config->servers);
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
	return dump(session, place, SOCKS_CMD_RULE_GET, forget_rules,
		    take_rule, &config->rules);
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
		    one->rules != other->rules)
			return false;
	}
	return true;
}

/**
 * config_get() - Read servers and rules that belong together.
 * @session: The run.
 * @place: Where the command stands.
 * @config: Where to put them; for config_clear(), whatever the result.
 *
 * The kernel gives servers and rules separately. So read the servers before
 * and after the rules, until they have not changed in between.
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

	status = config_get_servers(session, place, config);
	for (tries = 0; !status && !same && tries < READ_TRIES; tries++) {
		struct server_list before = config->servers;

		status = config_get_rules(session, place, config);
		if (!status)
			status = config_get_servers(session, place, &again);
		if (!status)
			same = same_servers(&before, &again.servers);
		config->servers = again.servers;
		again.servers = before;
	}
	if (!status && !same) {
		report(place, "reading the configuration: it keeps changing");
		status = STATUS_REFUSED;
	}
	config_clear(&again);
	return status;
}

/**
 * config_clear() - Free what belongs to a configuration.
 * @config: The configuration.
 */
void config_clear(struct config *config)
{
	forget_rules(&config->rules);
	free(config->rules.list);
	free(config->servers.list);
	*config = (struct config){ .servers = { .list = NULL } };
}
