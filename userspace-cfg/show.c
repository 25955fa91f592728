// SPDX-License-Identifier: GPL-2.0-only
/* The configuration and the connections, shown to people or as JSON. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "array.h"
#include "config.h"
#include "connection.h"
#include "filter.h"
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

/**
 * struct server_view - Servers, as a table.
 * @list: The servers.
 * @accept_timeouts: There is a column at the end for accept-timeout: one of
 *	them has another than the default.
 * @retries: There is one for retry, likewise.
 * @locals: There is a column at the end for local: one of them has it.
 * @states: There are columns at the end for their state: one of them is down.
 */
struct server_view {
	const struct server *list;
	bool accept_timeouts;
	bool locals;
	bool retries;
	bool states;
};

/**
 * struct rule_view - Rules, as a table.
 * @list: The rules.
 * @rbinds: There is a column for rbind: one of them has it.
 * @balances: There is a last column for balance: one of them has it.
 */
struct rule_view {
	const struct rule *list;
	bool rbinds;
	bool balances;
};

static void fill_state(struct row *row, const struct server *server)
{
	char error[32];
	int i;

	cell(row, "%s", server_state_text(server));
	if (!server->health.failures) {
		for (i = 0; i < 3; i++)
			cell(row, "-");
		return;
	}
	server_error_text(server, error, sizeof(error));
	cell(row, "%s", error);
	cell(row, "%u", server->health.failing_for);
	cell(row, "%u", server->health.retry_in);
}

static void fill_server(struct row *row, const void *items, size_t i)
{
	const struct server_view *view = items;
	const struct server *server = &view->list[i];
	char address[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &server->address, address, sizeof(address));
	cell(row, "%s", server->name);
	cell(row, "%s:%u", address, server->port);
	cell_free(row, server_userid_text(server));
	cell(row, "%u", server->timeout);
	cell(row, "%u", server->rules);
	fill_stats(row, &server->stats);
	if (view->accept_timeouts)
		cell(row, "%u", server->accept_timeout);
	if (view->locals)
		cell(row, "%s", server->local_auto ? "auto" : "-");
	if (view->retries)
		cell(row, "%u", server->retry);
	if (view->states)
		fill_state(row, server);
}

static bool any_accept_timeout(const struct server_list *servers)
{
	size_t i;

	for (i = 0; i < servers->count; i++)
		if (servers->list[i].accept_timeout !=
		    SOCKS_ACCEPT_TIMEOUT_DEFAULT)
			return true;
	return false;
}

static bool any_local(const struct server_list *servers)
{
	size_t i;

	for (i = 0; i < servers->count; i++)
		if (servers->list[i].local_auto)
			return true;
	return false;
}

static bool any_retry(const struct server_list *servers)
{
	size_t i;

	for (i = 0; i < servers->count; i++)
		if (servers->list[i].retry != SOCKS_RETRY_DEFAULT)
			return true;
	return false;
}

static bool any_down(const struct server_list *servers)
{
	size_t i;

	for (i = 0; i < servers->count; i++)
		if (servers->list[i].health.failures)
			return true;
	return false;
}

static bool print_servers(const struct config *config)
{
	const struct server_view view = {
		.list = config->servers.list,
		.accept_timeouts = any_accept_timeout(&config->servers),
		.locals = any_local(&config->servers),
		.retries = any_retry(&config->servers),
		.states = any_down(&config->servers),
	};
	const char *heads[TABLE_COLUMNS + 1] = {
		"SERVER", "ADDRESS", "USERID", "TIMEOUT", "RULES", "TRIED",
		"GRANTED", "REJECTED", "FAILED", "OPENING", "OPEN",
	};
	size_t count = 11;

	if (view.accept_timeouts)
		heads[count++] = "ACCEPT-TIMEOUT";
	if (view.locals)
		heads[count++] = "LOCAL";
	if (view.retries)
		heads[count++] = "RETRY";
	if (view.states) {
		heads[count++] = "STATE";
		heads[count++] = "ERROR";
		heads[count++] = "FAILING-FOR";
		heads[count++] = "RETRY-IN";
	}

	return table_print(heads, &view, config->servers.count, fill_server);
}

static void fill_range(struct row *row, bool present,
		       const struct range *range)
{
	char text[RANGE_TEXT_SIZE];

	cell(row, "%s", present ? range_text(text, range) : "any");
}

static void fill_rule(struct row *row, const void *items, size_t i)
{
	const struct rule_view *view = items;
	const struct rule *rule = &view->list[i];
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
	cell(row, "%s", *rule->via.name ? via_text(&rule->via) : "-");
	fill_stats(row, &rule->stats);
	if (view->rbinds)
		cell(row, "%s", rule->rbind_auto ? "auto" : "-");
	if (view->balances)
		cell(row, "%s", rule->via.balance ? "yes" : "-");
}

static bool any_rbind(const struct rule_list *rules)
{
	size_t i;

	for (i = 0; i < rules->count; i++)
		if (rules->list[i].rbind_auto)
			return true;
	return false;
}

static bool any_balance(const struct rule_list *rules)
{
	size_t i;

	for (i = 0; i < rules->count; i++)
		if (rules->list[i].via.balance)
			return true;
	return false;
}

static bool print_rules(const struct config *config)
{
	const struct rule_view view = {
		.list = config->rules.list,
		.rbinds = any_rbind(&config->rules),
		.balances = any_balance(&config->rules),
	};
	const char *heads[TABLE_COLUMNS + 1] = {
		"RULE", "TO", "PORT", "UID", "GID", "CGROUP", "ACTION",
		"SERVER", "TRIED", "GRANTED", "REJECTED", "FAILED", "OPENING",
		"OPEN",
	};
	size_t count = 14;

	if (view.rbinds)
		heads[count++] = "RBIND";
	if (view.balances)
		heads[count++] = "BALANCE";

	return table_print(heads, &view, config->rules.count, fill_rule);
}

/**
 * struct limit_row - A limit, as a row of a table.
 * @word: Its word behind "limit".
 * @value: Its value.
 */
struct limit_row {
	const char *word;
	uint32_t value;
};

static void fill_limit(struct row *row, const void *items, size_t i)
{
	const struct limit_row *limit = (const struct limit_row *)items + i;

	cell(row, "%s", limit->word);
	cell(row, "%u", limit->value);
}

static bool print_limits(const struct config *config)
{
	static const char *const heads[] = { "LIMIT", "VALUE", NULL };
	const struct limit_row rows[] = {
		{ "rbind", config->limits.rbinds },
		{ "rbind-per-user", config->limits.rbinds_per_user },
	};

	return table_print(heads, rows, ARRAY_SIZE(rows), fill_limit);
}

static void fill_connection(struct row *row, const void *items, size_t i)
{
	const struct connection *connection =
		(const struct connection *)items + i;
	char text[ENDPOINT_TEXT_SIZE], age[AGE_TEXT_SIZE];

	cell(row, "%s", connection_state_text(connection->state));
	cell(row, "%s", connection_command_text(connection->command));
	cell(row, "%s", endpoint_text(text, &connection->peer));
	cell(row, "%s", connection->bound.port ?
	     endpoint_text(text, &connection->bound) : "-");
	cell(row, "%s", connection->server);
	cell(row, "%u", connection->uid);
	if (connection->pid)
		cell(row, "%u", connection->pid);
	else
		cell(row, "-");
	if (*connection->program)
		cell_free(row, quote_word(connection->program));
	else
		cell(row, "-");
	cell(row, "%s", age_text(age, connection->age));
	cell(row, "%" PRIu64, connection->sent);
	cell(row, "%" PRIu64, connection->received);
	cell(row, "%s", endpoint_text(text, &connection->source));
}

/**
 * print_connections() - Print connections, as a table or JSON.
 * @session: The run.
 * @connections: The connections.
 *
 * Return: false where there was no memory.
 */
bool print_connections(const struct session *session,
		       const struct connection_list *connections)
{
	static const char *const heads[] = {
		"STATE", "COMMAND", "DESTINATION", "BOUND", "SERVER", "UID",
		"PID", "PROGRAM", "AGE", "SENT", "RECEIVED", "SOURCE", NULL,
	};

	if (session->json)
		return json_print_connections(session, connections);
	return table_print(heads, connections->list, connections->count,
			   fill_connection);
}

static bool print_all(const struct config *config)
{
	if (!print_servers(config))
		return false;
	putchar('\n');
	if (!print_rules(config))
		return false;
	if (limits_default(&config->limits))
		return true;
	putchar('\n');
	return print_limits(config);
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

/**
 * show_limits() - Carry out "limit" with nothing behind it.
 * @session: The run.
 * @words: The words behind it.
 *
 * Return: What to exit with.
 */
enum status show_limits(struct session *session, struct words *words)
{
	struct place place = words_start(words);
	struct config config = { .servers = { .list = NULL } };
	enum status status = words_end(words);

	if (!status)
		status = config_get_limits(session, &place, &config);
	if (!status && !(session->json ? json_print_limits(session, &config)
				       : print_limits(&config)))
		status = no_memory(&place);
	config_clear(&config);
	return status;
}

/**
 * show_connections() - Carry out "show connections".
 * @session: The run.
 * @words: The words behind it.
 *
 * Return: What to exit with.
 */
enum status show_connections(struct session *session, struct words *words)
{
	struct place place = words_start(words);
	struct connection_list connections = { .list = NULL };
	struct filter filter;
	enum status status = filter_take(words, &filter);

	if (!status)
		status = connections_get(session, &place, &connections);
	filter_list(&filter, &connections);
	if (!status && !print_connections(session, &connections))
		status = no_memory(&place);
	connections_clear(&connections);
	return status;
}
