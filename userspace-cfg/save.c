// SPDX-License-Identifier: GPL-2.0-only
/* The configuration in the language of "apply". */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "config.h"
#include "save.h"

static bool print_server(const struct server *server)
{
	char *userid = server_userid_text(server);
	char address[INET_ADDRSTRLEN];

	if (!userid)
		return false;
	inet_ntop(AF_INET, &server->address, address, sizeof(address));
	printf("server add %s %s:%u userid %s", server->name, address,
	       server->port, userid);
	if (server->timeout)
		printf(" timeout %u", server->timeout);
	if (server->accept_timeout != SOCKS_ACCEPT_TIMEOUT_DEFAULT)
		printf(" accept-timeout %u", server->accept_timeout);
	if (server->local_auto)
		fputs(" local auto", stdout);
	if (server->retry != SOCKS_RETRY_DEFAULT)
		printf(" retry %u", server->retry);
	putchar('\n');
	free(userid);
	return true;
}

static bool print_rule(const struct rule *rule)
{
	bool done;

	fputs("rule add ", stdout);
	done = rule_print(stdout, rule);
	putchar('\n');
	return done;
}

static void print_limits(const struct limits *limits)
{
	printf("limit rbind %u rbind-per-user %u\n", limits->rbinds,
	       limits->rbinds_per_user);
}

/**
 * config_print() - Print a configuration.
 * @config: The configuration.
 *
 * Return: Was there memory?
 */
bool config_print(const struct config *config)
{
	bool done = true;
	size_t i;

	if (!limits_default(&config->limits))
		print_limits(&config->limits);
	for (i = 0; done && i < config->servers.count; i++)
		done = print_server(&config->servers.list[i]);
	for (i = 0; done && i < config->rules.count; i++)
		done = print_rule(&config->rules.list[i]);
	return done;
}

/**
 * save() - Carry out "save".
 * @session: The run.
 * @words: The words behind it.
 *
 * Return: What to exit with.
 */
enum status save(struct session *session, struct words *words)
{
	struct place place = words_start(words);
	struct config config = { .servers = { .list = NULL } };
	enum status status = words_end(words);

	if (!status)
		status = config_get(session, &place, &config);
	if (!status && !config_print(&config))
		status = no_memory(&place);
	config_clear(&config);
	return status;
}
