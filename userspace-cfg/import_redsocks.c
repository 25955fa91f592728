// SPDX-License-Identifier: GPL-2.0-only
/*
 * redsocks.conf: servers. Which connections go there is said by the firewall,
 * not here; so the first server is for all.
 */
#include <string.h>

#include "import_lexer.h"

/**
 * struct section - A section "NAME { KEY = VALUE; ... }".
 * @name: Its name.
 * @line: The line on which it begins.
 * @server: The server which it describes.
 * @login: The user's name, perhaps for the server.
 * @login_line: The line on which that stands.
 * @type: The server's type.
 */
struct section {
	char name[32];
	unsigned int line;
	struct import_server server;
	char login[SOCKS_USERID_MAX + 1];
	unsigned int login_line;
	char type[32];
};

/* A setting within "redsocks { ... }". */
static void take_setting(struct import *import, struct section *section,
			 const char *key, const char *value)
{
	struct import_server *server = &section->server;

	if (!strcmp(key, "ip")) {
		server->line = import->number;
		snprintf(server->host, sizeof(server->host), "%s", value);
	} else if (!strcmp(key, "port")) {
		snprintf(server->port, sizeof(server->port), "%s", value);
	} else if (!strcmp(key, "type")) {
		snprintf(section->type, sizeof(section->type), "%s", value);
		if (!strcmp(value, "socks5"))
			import_note(import, "the server must speak SOCKS4, too");
		else if (strcmp(value, "socks4"))
			import_note(import, "this is no SOCKS server: " NO_SERVER_WHY);
	} else if (!strcmp(key, "login")) {
		section->login_line = import->number;
		snprintf(section->login, sizeof(section->login), "%s", value);
	} else if (!strcmp(key, "password")) {
		import_note(import, "SOCKS4 has no passwords");
	} else if (!strcmp(key, "local_ip") || !strcmp(key, "local_port")) {
		import_note(import, "nothing listens on this host");
	} else {
		import_note(import, "there is no such setting here");
	}
}

static void end_section(struct import *import, struct section *section,
			size_t count)
{
	struct import_server *server = &section->server;
	struct rule rule = { .action = SOCKS_ACTION_REJECT };
	bool socks4 = !strcmp(section->type, "socks4");

	if (section->login_line && socks4)
		snprintf(server->userid, sizeof(server->userid), "%s",
			 section->login);
	else if (section->login_line)
		import_note_at(section->login_line, "login",
			       "SOCKS4 has no passwords; as a USERID it may stand behind userid");
	if (!server->line)
		server->line = section->line;
	if (socks4 || !strcmp(section->type, "socks5"))
		import_via(import, server, &rule);
	if (count > 1)
		import_note_at(section->line, section->name,
			       "the firewall said what is to go through this server, say it with rules before the last one");
	else
		import_rule(import, &import->config.rules, &rule);
}

static void take_key(struct import *import, struct section *section,
		     const char *key, const char *value)
{
	if (!strcmp(section->name, "redsocks"))
		take_setting(import, section, key, value);
	else if (!strcmp(section->name, "base"))
		import_note(import, "there is no daemon");
	else
		import_note(import, "UDP is not redirected");
}

/* Read a section, from behind "{". */
static void read_section(struct lexer *lexer, struct section *section)
{
	char key[64] = "";
	const char *word;
	bool in_value = false;

	while ((word = lexer_next(lexer)) && strcmp(word, "}")) {
		if (!strcmp(word, ";")) {
			in_value = false;
		} else if (!strcmp(word, "=")) {
			in_value = true;
		} else if (in_value) {
			take_key(lexer->import, section, key, word);
			in_value = false;
		} else {
			snprintf(key, sizeof(key), "%s", word);
		}
	}
}

/**
 * import_redsocks() - Read redsocks.conf.
 * @import: The file.
 */
void import_redsocks(struct import *import)
{
	struct lexer lexer = {
		.import = import,
		.slashes = true,
		.signs = "{}=;",
	};
	const char *word;
	size_t count = 0;

	while ((word = lexer_next(&lexer))) {
		struct section section = { .line = import->number };

		snprintf(section.name, sizeof(section.name), "%s", word);
		word = lexer_next(&lexer);
		if (!word || strcmp(word, "{")) {
			import_note(import, "this is no section");
			continue;
		}
		read_section(&lexer, &section);
		if (!strcmp(section.name, "redsocks"))
			end_section(import, &section, ++count);
	}
}
