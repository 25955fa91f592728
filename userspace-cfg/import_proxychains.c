// SPDX-License-Identifier: GPL-2.0-only
/*
 * proxychains.conf and proxychains4.conf: a localnet is direct, all else goes
 * through the servers of the list, one behind the other.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "import.h"
#include "parse.h"

static const char chain_why[] =
	"a chain of more than one server can't be made, nor one chosen at random: " NO_SERVER_WHY;

static const struct {
	const char *word;
	const char *why;
} no_equivalents[] = {
	{ "random_chain", "a server is not chosen at random" },
	{ "round_robin_chain", "servers do not take turns" },
	{ "chain_len", "there are no chains" },
	{ "quiet_mode", "this program has no such messages" },
	{ "proxy_dns", "name look-ups are not redirected" },
	{ "proxy_dns_old", "name look-ups are not redirected" },
	{ "proxy_dns_daemon", "name look-ups are not redirected" },
	{ "remote_dns_subnet", "name look-ups are not redirected" },
	{ "dnat", "a connection can't be led to another destination" },
	{ NULL, "there is no such setting here" },
};

/**
 * struct chain - The list of servers.
 * @count: How many.
 * @first: The first of them.
 * @milliseconds: The time limits, added up.
 */
struct chain {
	size_t count;
	struct import_server first;
	uint64_t milliseconds;
};

static void take_time(struct import *import, struct chain *chain,
		      const char *text)
{
	uint32_t number;

	if (text && parse_number(text, strlen(text), UINT32_MAX, &number))
		chain->milliseconds += number;
	else
		import_note(import, "this is no number of milliseconds");
}

static void take_localnet(struct import *import, const char *text)
{
	struct rule rule = { .action = SOCKS_ACTION_DIRECT };
	char prefix[128];

	snprintf(prefix, sizeof(prefix), "%s", text ? text : "");
	if (import_prefix(prefix, &rule))
		import_rule(import, &import->first, &rule);
	else
		import_note(import, "this is no IPv4 network");
}

static void take_setting(struct import *import, struct chain *chain,
			 const char *word, char *rest)
{
	const char *value = strtok_r(NULL, " \t=", &rest);
	size_t i = 0;

	if (!strcmp(word, "strict_chain") || !strcmp(word, "dynamic_chain"))
		return;
	if (!strcmp(word, "tcp_read_time_out") ||
	    !strcmp(word, "tcp_connect_time_out")) {
		take_time(import, chain, value);
	} else if (!strcmp(word, "localnet")) {
		take_localnet(import, value);
	} else {
		while (no_equivalents[i].word &&
		       strcmp(no_equivalents[i].word, word))
			i++;
		import_note(import, no_equivalents[i].why);
	}
}

/* A line "TYPE ADDRESS PORT [USER [PASSWORD]]". */
static void take_server(struct import *import, struct chain *chain,
			const char *type, char *rest)
{
	const char *host = strtok_r(NULL, " \t", &rest);
	const char *port = strtok_r(NULL, " \t", &rest);
	const char *user = strtok_r(NULL, " \t", &rest);
	struct import_server *first = &chain->first;
	bool socks4 = !strcmp(type, "socks4");

	if (!host || !port) {
		import_note(import, "an address and a port are missing");
		return;
	}
	if (!socks4 && strcmp(type, "socks5")) {
		import_note(import, "this is no SOCKS server: " NO_SERVER_WHY);
		host = NULL;
	} else if (!socks4) {
		import_note(import, user ?
			    "the server must speak SOCKS4, too, which has no passwords" :
			    "the server must speak SOCKS4, too");
	}
	if (chain->count++ || !host)
		return;
	first->line = import->number;
	snprintf(first->host, sizeof(first->host), "%s", host);
	snprintf(first->port, sizeof(first->port), "%s", port);
	if (socks4 && user)
		snprintf(first->userid, sizeof(first->userid), "%s", user);
}

static uint32_t seconds(uint64_t milliseconds)
{
	uint64_t number = (milliseconds + 999) / 1000;

	return number > SOCKS_TIMEOUT_MAX ? SOCKS_TIMEOUT_MAX : number;
}

/**
 * import_proxychains() - Read proxychains.conf.
 * @import: The file.
 */
void import_proxychains(struct import *import)
{
	struct rule rest = { .action = SOCKS_ACTION_REJECT };
	struct chain chain = { .count = 0 };
	bool in_list = false;

	while (import_line(import)) {
		char *copy, *word, *save;

		if (!*import->line || *import->line == '#')
			continue;
		if (!strcasecmp(import->line, "[ProxyList]")) {
			in_list = true;
			continue;
		}
		copy = strdup(import->line);
		if (!copy) {
			import->error = ENOMEM;
			return;
		}
		word = strtok_r(copy, in_list ? " \t" : " \t=", &save);
		if (!word)
			import_note(import, "this is no setting");
		else if (in_list)
			take_server(import, &chain, word, save);
		else
			take_setting(import, &chain, word, save);
		free(copy);
	}
	chain.first.timeout = seconds(chain.milliseconds);
	if (chain.count > 1)
		printf("# There are %zu servers: %s\n", chain.count,
		       chain_why);
	else if (*chain.first.host)
		import_via(import, &chain.first, &rest);
	import_rule(import, &import->config.rules, &rest);
}
