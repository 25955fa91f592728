/* SPDX-License-Identifier: GPL-2.0-only */
/* Configurations of other programs, put into the language of "apply". */
#ifndef SOCKSCTL_IMPORT_H
#define SOCKSCTL_IMPORT_H

#include <stdio.h>

#include "config.h"
#include "words.h"

/**
 * struct import - A file that is read, and what has become of it.
 * @in: The file.
 * @number: The line which was read last.
 * @line: That line, without blanks around it.
 * @raw: The memory in which it is.
 * @raw_size: The size of @raw.
 * @error: Why there is no use in going on, as errno; 0 where there is.
 * @first: Rules that come before all others.
 * @config: The servers, and the other rules.
 */
struct import {
	FILE *in;
	unsigned int number;
	char *line;
	char *raw;
	size_t raw_size;
	int error;
	struct rule_list first;
	struct config config;
};

/**
 * struct import_server - A server as it stands in a file.
 * @host: Its address, or its name.
 * @port: Its port.
 * @userid: What to send as USERID; empty is nothing.
 * @timeout: Its time limit in seconds; 0 where nothing is said.
 * @line: The line on which it stands.
 */
struct import_server {
	char host[256];
	char port[16];
	char userid[SOCKS_USERID_MAX + 1];
	uint32_t timeout;
	unsigned int line;
};

/* Rules for what is to go through a server which can't be had. */
#define NO_SERVER_WHY	"what was to go through it is rejected, so that it does not go directly"

enum status import(struct words *words);

char *import_trim(char *text);
bool import_line(struct import *import);
void import_note(const struct import *import, const char *why);
void import_note_at(unsigned int line, const char *text, const char *why);
bool import_prefix(char *text, struct rule *rule);
bool import_port(const char *text, uint32_t *port);
bool import_mask(const char *text, uint8_t *length);
void import_via(struct import *import, const struct import_server *server,
		struct rule *rule);
void import_via_list(struct import *import, struct import_server *server,
		     char *hosts, struct rule *rule);
void import_rule(struct import *import, struct rule_list *rules,
		 const struct rule *rule);

void import_tsocks(struct import *import);
void import_proxychains(struct import *import);
void import_redsocks(struct import *import);
void import_dante(struct import *import);
void import_client(struct import *import);

#endif
