// SPDX-License-Identifier: GPL-2.0-only
/*
 * tsocks.conf(5): what is "local" is direct, what a path "reaches" goes through
 * that path's server, and all else through the default server.
 */
#include <string.h>

#include "import.h"

#define SOCKS5_WHY	"the server must speak SOCKS4, too"

/* The server of a path, or the default one, before anything is said of it. */
static const struct import_server no_server = { .port = "1080" };

/* Let the rules from the given one on lead through the path's server. */
static void end_path(struct import *import, struct import_server *server,
		     size_t first)
{
	struct rule_list *rules = &import->config.rules;
	struct rule via = { .index = 0 };

	if (first == rules->count)
		return;
	if (!server->line)
		server->line = import->number;
	import_via(import, server, &via);
	for (; first < rules->count; first++) {
		rules->list[first].action = via.action;
		rules->list[first].via = via.via;
	}
}

static void take_prefix(struct import *import, struct rule_list *rules,
			const char *value)
{
	struct rule rule = { .action = SOCKS_ACTION_DIRECT };
	char text[128];

	snprintf(text, sizeof(text), "%s", value);
	if (import_prefix(text, &rule))
		import_rule(import, rules, &rule);
	else
		import_note(import, "this is no IPv4 network");
}

/* A line "KEY = VALUE". */
static void take_setting(struct import *import, struct import_server *server,
			 bool in_path, const char *key, const char *value,
			 bool *fallback)
{
	if (!strcasecmp(key, "server")) {
		snprintf(server->host, sizeof(server->host), "%s", value);
		server->line = import->number;
	} else if (!strcasecmp(key, "server_port")) {
		snprintf(server->port, sizeof(server->port), "%s", value);
	} else if (!strcasecmp(key, "server_type")) {
		if (strcmp(value, "4"))
			import_note(import, SOCKS5_WHY);
	} else if (!strcasecmp(key, "default_user") ||
		   !strcasecmp(key, "default_pass")) {
		import_note(import, "SOCKS4 has no passwords");
	} else if (!strcasecmp(key, "local") && !in_path) {
		take_prefix(import, &import->first, value);
	} else if (!strcasecmp(key, "reaches") && in_path) {
		take_prefix(import, &import->config.rules, value);
	} else if (!strcasecmp(key, "fallback") && !in_path) {
		*fallback = !strcasecmp(value, "yes");
	} else {
		import_note(import, "there is no such setting here");
	}
}

/**
 * import_tsocks() - Read tsocks.conf.
 * @import: The file.
 */
void import_tsocks(struct import *import)
{
	struct import_server outside = no_server, path = no_server;
	struct rule rest = { .action = SOCKS_ACTION_REJECT };
	bool in_path = false, fallback = false;
	size_t first = 0;

	while (import_line(import)) {
		char *value, *comment = strchr(import->line, '#');

		if (comment)
			*comment = '\0';
		import->line = import_trim(import->line);
		value = strchr(import->line, '=');
		if (!*import->line)
			continue;
		if (!strncasecmp(import->line, "path", 4) && !value) {
			in_path = true;
			path = no_server;
			first = import->config.rules.count;
		} else if (*import->line == '}') {
			in_path = false;
			end_path(import, &path, first);
		} else if (value) {
			char key[64], text[256];

			/* The line stays whole, for a comment. */
			snprintf(key, sizeof(key), "%.*s",
				 (int)(value - import->line), import->line);
			snprintf(text, sizeof(text), "%s", value + 1);
			take_setting(import, in_path ? &path : &outside,
				     in_path, import_trim(key),
				     import_trim(text), &fallback);
		} else {
			import_note(import, "this is no setting");
		}
	}
	if (in_path)
		end_path(import, &path, first);
	if (*outside.host)
		import_via(import, &outside, &rest);
	else if (fallback)
		rest.action = SOCKS_ACTION_DIRECT;
	else
		printf("# There is no default server: all else is rejected.\n");
	import_rule(import, &import->config.rules, &rest);
}
