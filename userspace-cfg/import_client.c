// SPDX-License-Identifier: GPL-2.0-only
/*
 * socks.conf of the first SOCKS4 clients:
 * "deny|direct|sockd [@=SERVERS] [*=USERS] ADDRESS MASK [OP PORT] [: COMMAND]".
 * The first line which matches decides; what none matches is denied.
 */
#include <pwd.h>
#include <string.h>

#include "import.h"
#include "values.h"

/**
 * struct client_line - A line.
 * @rule: What it matches and what becomes of it.
 * @range: Ranges of ports.
 * @ranges: How many; a rule is made for each.
 * @users: The users, with commas between them; NULL is all.
 */
struct client_line {
	struct rule rule;
	struct range range[2];
	size_t ranges;
	char *users;
};

static void add_range(struct client_line *line, uint32_t min, uint32_t max)
{
	if (min < 1)
		min = 1;
	if (max > PORT_MAX)
		max = PORT_MAX;
	if (min <= max)
		line->range[line->ranges++] = (struct range){ min, max };
}

static bool add_ranges(struct client_line *line, const char *op,
		       const char *text)
{
	uint32_t port;

	if (!text || !import_port(text, &port))
		return false;
	if (!strcmp(op, "eq")) {
		add_range(line, port, port);
	} else if (!strcmp(op, "ge")) {
		add_range(line, port, PORT_MAX);
	} else if (!strcmp(op, "gt")) {
		add_range(line, port + 1, PORT_MAX);
	} else if (!strcmp(op, "le")) {
		add_range(line, 1, port);
	} else if (!strcmp(op, "lt")) {
		add_range(line, 1, port ? port - 1 : 0);
	} else if (!strcmp(op, "neq")) {
		add_range(line, 1, port ? port - 1 : 0);
		add_range(line, port + 1, PORT_MAX);
	} else {
		return false;
	}
	return true;
}

static void add_rules(struct import *import, struct client_line *line)
{
	size_t i;

	if (!line->ranges) {
		import_rule(import, &import->config.rules, &line->rule);
		return;
	}
	line->rule.matches |= MATCH_PORT;
	for (i = 0; i < line->ranges; i++) {
		line->rule.port = line->range[i];
		import_rule(import, &import->config.rules, &line->rule);
	}
}

static void add_users(struct import *import, struct client_line *line)
{
	char *name, *save;

	if (!line->users) {
		add_rules(import, line);
		return;
	}
	line->rule.matches |= MATCH_UID;
	for (name = strtok_r(line->users, ",", &save); name;
	     name = strtok_r(NULL, ",", &save)) {
		const struct passwd *user = getpwnam(name);

		if (user && user->pw_uid <= ID_MAX) {
			line->rule.uid.min = user->pw_uid;
			line->rule.uid.max = user->pw_uid;
			add_rules(import, line);
		} else {
			import_note(import, *name == '/' ?
				    "users can't be named in another file" :
				    "there is no such user on this host");
		}
	}
}

static void take_server(struct import *import, struct client_line *line,
			char *list)
{
	struct import_server server = {
		.port = "1080",
		.line = import->number,
	};

	if (!list) {
		import_note(import, "the default server stands elsewhere: " NO_SERVER_WHY);
		line->rule.action = SOCKS_ACTION_REJECT;
		return;
	}
	if (strchr(list, ',')) {
		import_via_list(import, &server, list, &line->rule);
		return;
	}
	snprintf(server.host, sizeof(server.host), "%s", list);
	import_via(import, &server, &line->rule);
}

static bool read_destination(struct client_line *line, const char *address,
			     const char *mask)
{
	char text[64];

	if (!address || !mask)
		return false;
	snprintf(text, sizeof(text), "%s/%s", address, mask);
	return !strpbrk(text, ":") && import_prefix(text, &line->rule);
}

/* Read a line, which is taken apart. */
static void take_line(struct import *import, char *text)
{
	struct client_line line = { .ranges = 0 };
	char *servers = NULL, *save, *word;
	const char *action = strtok_r(text, " \t", &save);
	const char *mask, *op;

	if (!strcmp(action, "direct")) {
		line.rule.action = SOCKS_ACTION_DIRECT;
	} else if (!strcmp(action, "deny")) {
		line.rule.action = SOCKS_ACTION_REJECT;
	} else if (strcmp(action, "sockd")) {
		import_note(import, "the line begins with none of deny, direct and sockd");
		return;
	}
	word = strtok_r(NULL, " \t", &save);
	for (; word && word[0] && word[1] == '=';
	     word = strtok_r(NULL, " \t", &save)) {
		if (*word == '@')
			servers = word + 2;
		else
			line.users = word + 2;
	}
	mask = strtok_r(NULL, " \t", &save);
	op = strtok_r(NULL, " \t", &save);
	if (!read_destination(&line, word, mask) ||
	    (op && !add_ranges(&line, op, strtok_r(NULL, " \t", &save)))) {
		import_note(import, "this is no IPv4 network, with a mask and perhaps ports");
		return;
	}
	if (op && !line.ranges)
		return;
	if (!strcmp(action, "sockd"))
		take_server(import, &line, servers);
	add_users(import, &line);
	rule_clear(&line.rule);
}

/**
 * import_client() - Read socks.conf.
 * @import: The file.
 */
void import_client(struct import *import)
{
	struct rule rest = { .action = SOCKS_ACTION_REJECT };

	while (import_line(import)) {
		char text[1025];
		size_t end;

		if (!*import->line || *import->line == '#')
			continue;
		end = strcspn(import->line, ":");
		if (import->line[end])
			import_note(import, "commands are not run");
		if (end >= sizeof(text)) {
			import_note(import, "the line is too long");
			continue;
		}
		snprintf(text, sizeof(text), "%.*s", (int)end, import->line);
		if (*import_trim(text))
			take_line(import, import_trim(text));
	}
	printf("# What no line matches is denied.\n");
	import_rule(import, &import->config.rules, &rest);
}
