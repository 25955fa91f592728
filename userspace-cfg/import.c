// SPDX-License-Identifier: GPL-2.0-only
/* Configurations of other programs, put into the language of "apply". */
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "import.h"
#include "parse.h"
#include "quote.h"
#include "save.h"
#include "values.h"

/**
 * import_trim() - Remove blanks around a text.
 * @text: The text.
 *
 * Return: Where it begins.
 */
char *import_trim(char *text)
{
	static const char blanks[] = " \t\r\n\f\v";
	size_t length;

	text += strspn(text, blanks);
	length = strlen(text);
	while (length && strchr(blanks, text[length - 1]))
		text[--length] = '\0';
	return text;
}

/**
 * import_line() - Read a line.
 * @import: From where, and where to.
 *
 * Return: Was there one? Else this is the end, or @import->error is set.
 */
bool import_line(struct import *import)
{
	if (import->error)
		return false;
	errno = 0;
	if (getline(&import->raw, &import->raw_size, import->in) < 0) {
		if (!feof(import->in) || ferror(import->in))
			import->error = errno ? errno : EIO;
		return false;
	}
	import->number++;
	import->line = import_trim(import->raw);
	return true;
}

/**
 * import_note_at() - Print a comment on something that has no equivalent.
 * @line: The line on which it stands.
 * @text: How it reads there.
 * @why: Why it has none.
 */
void import_note_at(unsigned int line, const char *text, const char *why)
{
	printf("# line %u: ", line);
	print_plain(stdout, text);
	printf(" -- %s\n", why);
}

/**
 * import_note() - Print a comment on the line which was read last.
 * @import: The file.
 * @why: Why it has no equivalent.
 */
void import_note(const struct import *import, const char *why)
{
	import_note_at(import->number, import->line, why);
}

/**
 * import_mask() - Read the mask of a prefix.
 * @text: Its length as a number, or four numbers such as 255.255.0.0.
 * @length: Where to put its length.
 *
 * Return: Was it one?
 */
bool import_mask(const char *text, uint8_t *length)
{
	struct in_addr mask;
	uint32_t number;

	if (parse_number(text, strlen(text), 32, &number)) {
		*length = number;
		return true;
	}
	if (!parse_address(text, strlen(text), &mask))
		return false;
	number = ntohl(mask.s_addr);
	/* Ones, then zeros. */
	if (~number & (~number + 1))
		return false;
	*length = __builtin_popcount(number);
	return true;
}

/**
 * import_port() - Read a port's number or name.
 * @text: The text.
 * @port: Where to put it.
 *
 * Return: Was it one?
 */
bool import_port(const char *text, uint32_t *port)
{
	const struct servent *service;

	if (parse_number(text, strlen(text), PORT_MAX, port))
		return true;
	service = getservbyname(text, "tcp");
	if (service)
		*port = ntohs(service->s_port);
	return service;
}

/**
 * import_prefix() - Read ADDRESS[:PORT[-PORT]][/MASK].
 * @text: The text; it is destroyed.
 * @rule: The rule which is to match it.
 *
 * Return: Was it such a prefix of IPv4?
 */
bool import_prefix(char *text, struct rule *rule)
{
	static const struct range limits = { 1, PORT_MAX };
	char *mask = strchr(text, '/');
	char *port;

	rule->to_length = 32;
	if (mask) {
		*mask++ = '\0';
		if (!import_mask(mask, &rule->to_length))
			return false;
	}
	port = strchr(text, ':');
	if (port) {
		*port++ = '\0';
		/* As in these files: 0 is all ports. */
		if (strcmp(port, "0")) {
			if (parse_range(port, &limits, &rule->port) != PARSED)
				return false;
			rule->matches |= MATCH_PORT;
		}
	}
	if (!parse_address(text, strlen(text), &rule->to))
		return false;
	if (rule->to_length) {
		rule->to.s_addr &= htonl(UINT32_MAX << (32 - rule->to_length));
		rule->matches |= MATCH_TO;
	}
	return true;
}

/**
 * import_rule() - Add a rule.
 * @import: The file.
 * @rules: Which rules to add it to.
 * @rule: The rule; the caller keeps what belongs to it.
 */
void import_rule(struct import *import, struct rule_list *rules,
		 const struct rule *rule)
{
	struct rule *room = rules_room(rules);

	if (room) {
		*room = *rule;
		if (!via_copy(&room->via, &rule->via)) {
			rules->count++;
			return;
		}
	}
	import->error = ENOMEM;
}

static struct server *same_server(struct server_list *servers,
				  const struct server *server)
{
	size_t i;

	for (i = 0; i < servers->count; i++) {
		struct server *other = &servers->list[i];

		if (other->address.s_addr == server->address.s_addr &&
		    other->port == server->port &&
		    other->timeout == server->timeout &&
		    !strcmp(other->userid, server->userid))
			return other;
	}
	return NULL;
}

static const char *read_server(const struct import_server *from,
			       struct server *server)
{
	uint32_t port;

	if (!*from->host)
		return "the server's address is missing";
	if (!parse_address(from->host, strlen(from->host), &server->address))
		return "names are not looked up, give the server's IPv4 address";
	if (!server_address_ok(&server->address))
		return "no server can have this address";
	if (!parse_number(from->port, strlen(from->port), PORT_MAX, &port) ||
	    !port)
		return "no server can have this port";
	server->port = port;
	return NULL;
}

/* Add a server, once; NULL where it can't be had, for which @why is the end. */
static const struct server *import_server(struct import *import,
					  const struct import_server *from,
					  const char *why)
{
	struct server_list *servers = &import->config.servers;
	struct server *room = servers_room(servers);
	struct server server = {
		.timeout = from->timeout,
		.accept_timeout = SOCKS_ACCEPT_TIMEOUT_DEFAULT,
		.retry = SOCKS_RETRY_DEFAULT,
	};
	const char *wrong = read_server(from, &server);
	struct server *known;
	char text[256];

	if (wrong) {
		snprintf(text, sizeof(text), "%s: %s", wrong, why);
		import_note_at(from->line, from->host, text);
		return NULL;
	}
	if (!room) {
		import->error = ENOMEM;
		return NULL;
	}
	server.userid_mode = *from->userid ? SOCKS_USERID_MODE_FIXED :
					     SOCKS_USERID_MODE_NONE;
	snprintf(server.userid, sizeof(server.userid), "%s", from->userid);
	known = same_server(servers, &server);
	if (known)
		return known;
	servers->count++;
	snprintf(server.name, sizeof(server.name), "server%zu", servers->count);
	*room = server;
	return room;
}

static void add_via(struct import *import, const struct server *server,
		    struct rule *rule)
{
	if (via_names(via_text(&rule->via), server->name))
		return;
	rule->action = SOCKS_ACTION_VIA;
	if (via_add(&rule->via, server->name))
		import->error = ENOMEM;
}

/**
 * import_via() - Let a rule lead through a server, which is added once.
 * @import: The file.
 * @from: The server as it stands there.
 * @rule: The rule. It rejects where the server can't be had.
 */
void import_via(struct import *import, const struct import_server *from,
		struct rule *rule)
{
	const struct server *server;

	rule->action = SOCKS_ACTION_REJECT;
	server = import_server(import, from, NO_SERVER_WHY);
	if (server)
		add_via(import, server, rule);
}

/**
 * import_via_list() - Let a rule lead through the first server which answers.
 * @import: The file.
 * @from: The servers as they stand there, on the present line, but their
 *	addresses.
 * @hosts: Their addresses or names, with "," between them; taken apart.
 * @rule: The rule, for via_clear(). It rejects where no server can be had.
 */
void import_via_list(struct import *import, struct import_server *from,
		     char *hosts, struct rule *rule)
{
	const struct server *server;
	unsigned int count = 0;
	char *host, *save;

	rule->action = SOCKS_ACTION_REJECT;
	for (host = strtok_r(hosts, ",", &save); host;
	     host = strtok_r(NULL, ",", &save)) {
		if (count == SOCKS_RULE_SERVERS_MAX) {
			import_note_at(from->line, host, "a rule can't have so many servers");
			continue;
		}
		snprintf(from->host, sizeof(from->host), "%s", host);
		server = import_server(import, from, "the rule does without it");
		if (!server)
			continue;
		add_via(import, server, rule);
		count++;
	}
	if (rule->action == SOCKS_ACTION_REJECT)
		import_note(import, "it has no server: " NO_SERVER_WHY);
}

typedef void (*import_format)(struct import *import);

static const struct keyword formats[] = {
	{ "tsocks", 0, false },
	{ "proxychains", 1, false },
	{ "redsocks", 2, false },
	{ "dante", 3, false },
	{ "socks.conf", 4, false },
	{ NULL, 0, false },
};

static const import_format readers[] = {
	import_tsocks,
	import_proxychains,
	import_redsocks,
	import_dante,
	import_client,
};

/* Print what was read: the rules which come first, and then the others. */
static bool print_import(struct import *import)
{
	struct rule_list *rest = &import->config.rules;
	size_t i;

	for (i = 0; i < rest->count; i++)
		import_rule(import, &import->first, &rest->list[i]);
	if (import->error)
		return false;
	rules_clear(rest);
	*rest = import->first;
	import->first = (struct rule_list){ .list = NULL };
	return config_print(&import->config);
}

static enum status run_import(import_format read_all, const char *file,
			      const struct place *place)
{
	struct import import = {
		.config.limits = {
			.rbinds = SOCKS_RBINDS_DEFAULT,
			.rbinds_per_user = SOCKS_RBINDS_PER_USER_DEFAULT,
		},
	};
	enum status status = STATUS_OK;

	import.in = strcmp(file, "-") ? fopen(file, "re") : stdin;
	if (!import.in) {
		report(place, "%s can't be opened: %s", quoted(file),
		       strerror(errno));
		return STATUS_WRONG;
	}
	read_all(&import);
	if (!import.error && !print_import(&import))
		import.error = ENOMEM;
	if (import.error) {
		report(place, "%s can't be read: %s", quoted(file),
		       strerror(import.error));
		status = STATUS_REFUSED;
	}
	if (import.in != stdin)
		fclose(import.in);
	free(import.raw);
	rules_clear(&import.first);
	config_clear(&import.config);
	return status;
}

/**
 * import() - Carry out "import".
 * @words: The words behind it.
 *
 * Return: What to exit with.
 */
enum status import(struct words *words)
{
	struct place place = words_start(words);
	const char *file;
	int format;

	format = keyword_take(words, formats, 0);
	if (format < 0)
		return STATUS_WRONG;
	file = take_value(words, "import",
			  "a file name, or - for standard input");
	if (!file || words_end(words))
		return STATUS_WRONG;
	return run_import(readers[format], file, &place);
}
