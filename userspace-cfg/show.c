// SPDX-License-Identifier: GPL-2.0-only
/* The configuration, shown to people or as JSON. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "config.h"
#include "json.h"
#include "quote.h"
#include "show.h"
#include "table.h"
#include "values.h"

static void fill_stats(struct row *row, const struct stats *stats)
{
	int i;

	if (!stats->present) {
		for (i = 0; i < 6; i++)
			cell(row, "-");
		return;
	}
	cell(row, "%" PRIu64, stats->tried);
	cell(row, "%" PRIu64, stats->granted);
	cell(row, "%" PRIu64, stats->rejected);
	cell(row, "%" PRIu64, stats->failed);
	cell(row, "%" PRIu32, stats->in_progress);
	cell(row, "%" PRIu32, stats->established);
}

/* Add a cell with a text that was allocated for it. */
static void cell_free(struct row *row, char *text)
{
	if (text)
		cell(row, "%s", text);
	else
		row->failed = true;
	free(text);
}

static void fill_server(struct row *row, const void *items, size_t i)
{
	const struct server *server = (const struct server *)items + i;
	char address[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &server->address, address, sizeof(address));
	cell(row, "%s", server->name);
	cell(row, "%s:%u", address, server->port);
	cell_free(row, server_userid_text(server));
	cell(row, "%u", server->timeout);
	cell(row, "%u", server->rules);
	fill_stats(row, &server->stats);
}

static bool print_servers(const struct config *config)
{
	static const char *const heads[] = {
		"SERVER", "ADDRESS", "USERID", "TIMEOUT", "RULES", "TRIED",
		"GRANTED", "REJECTED", "FAILED", "OPENING", "OPEN", NULL,
	};

	return table_print(heads, config->servers.list, config->servers.count,
			   fill_server);
}

static void fill_range(struct row *row, bool present,
		       const struct range *range)
{
	char text[RANGE_TEXT_SIZE];

	cell(row, "%s", present ? range_text(text, range) : "any");
}

static void fill_rule(struct row *row, const void *items, size_t i)
{
	const struct rule *rule = (const struct rule *)items + i;
	unsigned int matches = rule->matches;
	char prefix[PREFIX_TEXT_SIZE];

	cell(row, "%u", rule->index);
	cell(row, "%s", matches & MATCH_TO ?
	     prefix_text(prefix, &rule->to, rule->to_length) : "any");
	fill_range(row, matches & MATCH_PORT, &rule->port);
	fill_range(row, matches & MATCH_UID, &rule->uid);
	fill_range(row, matches & MATCH_GID, &rule->gid);
	if (matches & MATCH_CGROUP)
		cell_free(row, quote_word(rule->cgroup));
	else
		cell(row, "any");
	cell(row, "%s", action_text(rule->action));
	cell(row, "%s", rule->action == SOCKS_ACTION_VIA ? rule->server : "-");
	fill_stats(row, &rule->stats);
}

static bool print_rules(const struct config *config)
{
	static const char *const heads[] = {
		"RULE", "TO", "PORT", "UID", "GID", "CGROUP", "ACTION",
		"SERVER", "TRIED", "GRANTED", "REJECTED", "FAILED", "OPENING",
		"OPEN", NULL,
	};

	return table_print(heads, config->rules.list, config->rules.count,
			   fill_rule);
}

static bool print_all(const struct config *config)
{
	if (!print_servers(config))
		return false;
	putchar('\n');
	return print_rules(config);
}

/**
 * show_all() - Carry out "show".
 * @session: The run.
 * @words: The words behind it.
 *
 * Return: What to exit with.
 */
enum status show_all(struct session *session, struct words *words)
{
	struct place place = words_start(words);
	struct config config = { .servers = { .list = NULL } };
	enum status status = words_end(words);

	if (!status)
		status = config_get(session, &place, &config);
	if (!status && !(session->json ? json_print_config(session, &config)
				       : print_all(&config)))
		status = no_memory(&place);
	config_clear(&config);
	return status;
}

/**
 * show_servers() - Carry out "server show".
 * @session: The run.
 * @words: The words behind it.
 *
 * Return: What to exit with.
 */
enum status show_servers(struct session *session, struct words *words)
{
	struct place place = words_start(words);
	struct config config = { .servers = { .list = NULL } };
	enum status status = STATUS_OK;
	const char *name = NULL;

	if (words_left(words))
		status = take_name(words, "server show", &name);
	if (!status)
		status = words_end(words);
	if (!status)
		status = name ?
			config_get_server(session, &place, name, &config) :
			config_get_servers(session, &place, &config);
	if (!status && !(session->json ? json_print_servers(session, &config)
				       : print_servers(&config)))
		status = no_memory(&place);
	config_clear(&config);
	return status;
}

/**
 * show_rules() - Carry out "rule show".
 * @session: The run.
 * @words: The words behind it.
 *
 * Return: What to exit with.
 */
enum status show_rules(struct session *session, struct words *words)
{
	struct place place = words_start(words);
	struct config config = { .servers = { .list = NULL } };
	enum status status = words_end(words);

	if (!status)
		status = config_get_rules(session, &place, &config);
	if (!status && !(session->json ? json_print_rules(session, &config)
				       : print_rules(&config)))
		status = no_memory(&place);
	config_clear(&config);
	return status;
}
