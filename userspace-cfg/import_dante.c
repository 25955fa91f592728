// SPDX-License-Identifier: GPL-2.0-only
/*
 * dante.conf(5), the clients' configuration: routes. As there, those which are
 * direct come first.
 */
#include <string.h>

#include "import_lexer.h"
#include "values.h"

static const char source_why[] =
	"rules match no source: a direct route is left out, another is for all";
static const char to_why[] =
	"this is no IPv4 network with one range of ports: the route is left out";
static const char command_why[] =
	"the route is not for outbound TCP connections: it is left out";

/**
 * struct setting - "KEY: VALUE..."
 * @line: The line of the key.
 * @key: The key.
 * @count: How many values.
 * @value: The values.
 */
struct setting {
	unsigned int line;
	char key[64];
	size_t count;
	char value[8][64];
};

/**
 * struct route - A route.
 * @line: The line on which it begins.
 * @rule: What it matches.
 * @server: The server.
 * @direct: There is none.
 * @some_sources: It was only for some sources.
 * @reject: The server can't be had.
 * @drop: It has no equivalent.
 */
struct route {
	unsigned int line;
	struct rule rule;
	struct import_server server;
	bool direct;
	bool some_sources;
	bool reject;
	bool drop;
};

static void note(const struct setting *setting, const char *why)
{
	char text[640];
	size_t i;
	int used;

	used = snprintf(text, sizeof(text), "%s:", setting->key);
	for (i = 0; i < setting->count; i++)
		used += snprintf(text + used, sizeof(text) - used, " %s",
				 setting->value[i]);
	import_note_at(setting->line, text, why);
}

static bool has(const struct setting *setting, const char *value)
{
	size_t i;

	for (i = 0; i < setting->count; i++)
		if (!strcmp(setting->value[i], value))
			return true;
	return false;
}

/* "port OP N" or "port A - B", behind the address; false: not to be said. */
static bool read_ports(const struct setting *setting, struct range *range)
{
	const char *op, *number;
	uint32_t port;
	char text[4] = "";
	size_t i = 2;

	if (setting->count < 4 || strcmp(setting->value[1], "port"))
		return false;
	if (import_port(setting->value[2], &range->min))
		return !strcmp(setting->value[3], "-") &&
		       setting->count == 5 &&
		       import_port(setting->value[4], &range->max) &&
		       range->min && range->min <= range->max;
	/* Signs are words of their own, ">" and "="; but not within quotes. */
	while (i < setting->count && strlen(text) < 2 &&
	       strlen(setting->value[i]) == 1 &&
	       strchr("<>=!", setting->value[i][0]))
		strcat(text, setting->value[i++]);
	op = *text ? text : setting->value[i++];
	if (i + 1 != setting->count)
		return false;
	number = setting->value[i];
	if (!import_port(number, &port))
		return false;
	*range = (struct range){ port, port };
	if (!strcmp(op, "ge") || !strcmp(op, ">="))
		range->max = PORT_MAX;
	else if (!strcmp(op, "gt") || !strcmp(op, ">"))
		*range = (struct range){ port + 1, PORT_MAX };
	else if (!strcmp(op, "le") || !strcmp(op, "<="))
		range->min = 1;
	else if (!strcmp(op, "lt") || !strcmp(op, "<"))
		*range = (struct range){ 1, port - 1 };
	else if (strcmp(op, "eq") && strcmp(op, "="))
		return false;
	return range->min && range->min <= range->max &&
	       range->max <= PORT_MAX;
}

static void take_from(struct route *route, const struct setting *setting)
{
	if (setting->count == 1 && (!strcmp(setting->value[0], "0.0.0.0/0") ||
				    !strcmp(setting->value[0], "0/0")))
		return;
	note(setting, source_why);
	route->some_sources = true;
}

static void take_to(struct route *route, struct setting *setting)
{
	if (setting->count && import_prefix(setting->value[0], &route->rule)) {
		if (setting->count == 1)
			return;
		if (read_ports(setting, &route->rule.port)) {
			route->rule.matches |= MATCH_PORT;
			return;
		}
	}
	note(setting, to_why);
	route->drop = true;
}

static void take_via(struct route *route, const struct setting *setting)
{
	struct import_server *server = &route->server;
	struct range ports = { PORT_DEFAULT, PORT_DEFAULT };

	server->line = setting->line;
	if (!setting->count)
		return;
	if (!strcmp(setting->value[0], "direct")) {
		route->direct = true;
		return;
	}
	snprintf(server->host, sizeof(server->host), "%s", setting->value[0]);
	if (setting->count > 1 && !read_ports(setting, &ports))
		ports.min = 0;
	snprintf(server->port, sizeof(server->port), "%u", ports.min);
}

static void take_protocols(struct route *route, const struct setting *setting)
{
	if (has(setting, "socks_v4"))
		return;
	if (has(setting, "socks_v5")) {
		note(setting, "the server must speak SOCKS4, too");
		return;
	}
	note(setting, "this is no SOCKS server: " NO_SERVER_WHY);
	route->reject = true;
}

static void take_setting(struct route *route, struct setting *setting)
{
	const char *key = setting->key;

	if (!strcmp(key, "from")) {
		take_from(route, setting);
	} else if (!strcmp(key, "to")) {
		take_to(route, setting);
	} else if (!strcmp(key, "via")) {
		take_via(route, setting);
	} else if (!strcmp(key, "proxyprotocol")) {
		take_protocols(route, setting);
	} else if (!strcmp(key, "command")) {
		if (!has(setting, "connect")) {
			note(setting, command_why);
			route->drop = true;
		}
	} else if (!strcmp(key, "protocol")) {
		if (has(setting, "udp"))
			note(setting, "UDP is not redirected");
		route->drop |= !has(setting, "tcp");
	} else if (!strcmp(key, "method") || !strcmp(key, "socksmethod")) {
		if (setting->count != 1 || !has(setting, "none"))
			note(setting, "SOCKS4 has neither users nor passwords");
	} else {
		note(setting, "there is no such setting here");
	}
}

static void end_route(struct import *import, struct route *route)
{
	if (route->drop || (route->direct && route->some_sources))
		return;
	if (route->direct) {
		route->rule.action = SOCKS_ACTION_DIRECT;
		import_rule(import, &import->first, &route->rule);
		return;
	}
	if (route->reject)
		route->rule.action = SOCKS_ACTION_REJECT;
	else
		import_via(import, &route->server, &route->rule);
	import_rule(import, &import->config.rules, &route->rule);
}

static void end_setting(struct route *route, bool in_route,
			struct setting *setting)
{
	if (!*setting->key)
		return;
	if (in_route)
		take_setting(route, setting);
	else
		note(setting, "there is no such setting here");
	*setting = (struct setting){ .line = 0 };
}

/**
 * struct pending - The word before the present one, which may be a key.
 * @text: The word; empty where there is none.
 * @line: Its line.
 */
struct pending {
	char text[64];
	unsigned int line;
};

static void keep_value(struct setting *setting, struct pending *pending)
{
	if (*pending->text && *setting->key && setting->count < 8)
		snprintf(setting->value[setting->count++],
			 sizeof(setting->value[0]), "%s", pending->text);
	*pending = (struct pending){ .line = 0 };
}

/**
 * import_dante() - Read dante.conf.
 * @import: The file.
 */
void import_dante(struct import *import)
{
	struct lexer lexer = { .import = import, .signs = "{}:=<>!" };
	struct setting setting = { .line = 0 };
	struct pending pending = { .line = 0 };
	struct route route = { .line = 0 };
	bool in_route = false;
	const char *word;

	while ((word = lexer_next(&lexer))) {
		if (!strcmp(word, ":")) {
			end_setting(&route, in_route, &setting);
			setting.line = pending.line;
			snprintf(setting.key, sizeof(setting.key), "%s",
				 pending.text);
			pending = (struct pending){ .line = 0 };
		} else if (!strcmp(word, "{")) {
			end_setting(&route, in_route, &setting);
			in_route = !strcmp(pending.text, "route");
			route = (struct route){ .line = pending.line };
			if (!in_route)
				import_note(import, "there is no such block here");
			pending = (struct pending){ .line = 0 };
		} else if (!strcmp(word, "}")) {
			keep_value(&setting, &pending);
			end_setting(&route, in_route, &setting);
			if (in_route)
				end_route(import, &route);
			in_route = false;
		} else {
			keep_value(&setting, &pending);
			snprintf(pending.text, sizeof(pending.text), "%s",
				 word);
			pending.line = import->number;
		}
	}
	keep_value(&setting, &pending);
	end_setting(&route, in_route, &setting);
}
