// SPDX-License-Identifier: GPL-2.0-only
/*
 * The configuration as JSON. Each server and rule becomes a value of its own,
 * which is printed and forgotten: there may be many.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "quote.h"

#define INDENT	4

/**
 * json_put() - Put a value into an object.
 * @object: The object.
 * @key: The key.
 * @value: The value, which then belongs to the object; NULL is an error.
 *
 * Return: Did it succeed?
 */
bool json_put(json_t *object, const char *key, json_t *value)
{
	return !json_object_set_new(object, key, value);
}

/**
 * json_text() - Make a string.
 * @text: The text; what is no UTF-8 in it becomes U+FFFD.
 *
 * Return: The string; NULL where there is no memory.
 */
json_t *json_text(const char *text)
{
	static const char replacement[] = "\xef\xbf\xbd";
	char *copy = malloc(strlen(text) * strlen(replacement) + 1);
	char *to = copy;
	json_t *value;

	if (!copy)
		return NULL;
	while (*text) {
		size_t length = utf8_length(text);

		if (length) {
			to = mempcpy(to, text, length);
			text += length;
		} else {
			to = stpcpy(to, replacement);
			text++;
		}
	}
	value = json_stringn(copy, to - copy);
	free(copy);
	return value;
}

/**
 * json_address() - Make a string of an address.
 * @address: The address.
 *
 * Return: The string; NULL where there is no memory.
 */
json_t *json_address(const struct in_addr *address)
{
	char text[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, address, text, sizeof(text));
	return json_string(text);
}

/* Where building an object failed, make NULL of it. */
static json_t *finish(json_t *object, bool done)
{
	if (done)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *json_stats(const struct stats *stats)
{
	json_t *object = json_object();
	bool done;

	done = json_put(object, "tried", json_integer(stats->tried)) &&
	       json_put(object, "granted", json_integer(stats->granted)) &&
	       json_put(object, "rejected", json_integer(stats->rejected)) &&
	       json_put(object, "failed", json_integer(stats->failed)) &&
	       json_put(object, "in_progress",
			json_integer(stats->in_progress)) &&
	       json_put(object, "established",
			json_integer(stats->established));
	return finish(object, done);
}

static bool put_health(json_t *object, const struct server *server)
{
	const struct health *health = &server->health;
	char error[32];

	if (!json_put(object, "state", json_string(server_state_text(server))))
		return false;
	if (!health->failures)
		return true;
	server_error_text(server, error, sizeof(error));
	return json_put(object, "failures", json_integer(health->failures)) &&
	       json_put(object, "error", json_string(error)) &&
	       json_put(object, "failing_for",
			json_integer(health->failing_for)) &&
	       json_put(object, "retry_in", json_integer(health->retry_in));
}

static json_t *json_server(const struct server *server)
{
	static const char *const modes[] = {
		[SOCKS_USERID_MODE_NONE] = "none",
		[SOCKS_USERID_MODE_FIXED] = "fixed",
		[SOCKS_USERID_MODE_UID] = "uid",
	};
	const char *mode = server->userid_mode <= SOCKS_USERID_MODE_UID ?
		modes[server->userid_mode] : "unknown";
	json_t *object = json_object();
	bool done;

	done = json_put(object, "name", json_text(server->name)) &&
	       json_put(object, "address", json_address(&server->address)) &&
	       json_put(object, "port", json_integer(server->port)) &&
	       json_put(object, "userid_mode", json_string(mode));
	if (done && server->userid_mode == SOCKS_USERID_MODE_FIXED)
		done = json_put(object, "userid", json_text(server->userid));
	done = done &&
	       json_put(object, "timeout", json_integer(server->timeout)) &&
	       json_put(object, "accept_timeout",
			json_integer(server->accept_timeout)) &&
	       json_put(object, "retry", json_integer(server->retry)) &&
	       json_put(object, "rules", json_integer(server->rules)) &&
	       put_health(object, server);
	if (done && server->local_auto)
		done = json_put(object, "local", json_string("auto"));
	if (done && server->stats.present)
		done = json_put(object, "stats", json_stats(&server->stats));
	return finish(object, done);
}

static bool put_range(json_t *object, const char *min, const char *max,
		      const struct range *range)
{
	return json_put(object, min, json_integer(range->min)) &&
	       json_put(object, max, json_integer(range->max));
}

static bool put_matches(json_t *object, const struct rule *rule)
{
	char prefix[PREFIX_TEXT_SIZE];
	bool done = true;

	if (rule->matches & MATCH_TO) {
		prefix_text(prefix, &rule->to, rule->to_length);
		done = json_put(object, "to", json_string(prefix));
	}
	if (done && rule->matches & MATCH_PORT)
		done = put_range(object, "port_min", "port_max", &rule->port);
	if (done && rule->matches & MATCH_UID)
		done = put_range(object, "uid_min", "uid_max", &rule->uid);
	if (done && rule->matches & MATCH_GID)
		done = put_range(object, "gid_min", "gid_max", &rule->gid);
	if (done && rule->matches & MATCH_CGROUP)
		done = json_put(object, "cgroup", json_text(rule->cgroup));
	return done;
}

/**
 * json_rule() - Make an object of a rule.
 * @rule: The rule.
 *
 * Return: The object; NULL where there is no memory.
 */
json_t *json_rule(const struct rule *rule)
{
	json_t *object = json_object();
	bool done;

	done = json_put(object, "index", json_integer(rule->index)) &&
	       put_matches(object, rule) &&
	       json_put(object, "action",
			json_string(action_text(rule->action)));
	if (done && rule->action == SOCKS_ACTION_VIA)
		done = json_put(object, "server", via_json(via_text(&rule->via)));
	if (done && rule->via.balance)
		done = json_put(object, "balance", json_true());
	if (done && rule->rbind_auto)
		done = json_put(object, "rbind", json_string("auto"));
	if (done && rule->stats.present)
		done = json_put(object, "stats", json_stats(&rule->stats));
	return finish(object, done);
}

static json_t *json_limits(const struct limits *limits)
{
	json_t *object = json_object();
	bool done;

	done = json_put(object, "rbind", json_integer(limits->rbinds)) &&
	       json_put(object, "rbind_per_user",
			json_integer(limits->rbinds_per_user));
	return finish(object, done);
}

static bool put_endpoint(json_t *object, const char *address,
			 const char *port, const struct endpoint *endpoint)
{
	return json_put(object, address, json_address(&endpoint->address)) &&
	       (!endpoint->port ||
		json_put(object, port, json_integer(endpoint->port)));
}

/**
 * json_put_connection() - Put all that is known of a connection into an object.
 * @object: The object.
 * @connection: The connection.
 *
 * Return: Did it succeed?
 */
bool json_put_connection(json_t *object, const struct connection *connection)
{
	const char *command = connection_command_text(connection->command);
	const char *state = connection_state_text(connection->state);
	bool done;

	done = json_put(object, "state", json_string(state)) &&
	       json_put(object, "command", json_string(command)) &&
	       put_endpoint(object, "address", "port", &connection->peer);
	if (done && connection->bound.port)
		done = put_endpoint(object, "bound_address", "bound_port",
				    &connection->bound);
	done = done &&
	       json_put(object, "server", json_text(connection->server)) &&
	       json_put(object, "uid", json_integer(connection->uid));
	if (done && connection->pid)
		done = json_put(object, "pid", json_integer(connection->pid));
	if (done && *connection->program)
		done = json_put(object, "program",
				json_text(connection->program));
	done = done &&
	       json_put(object, "age_ms", json_integer(connection->age)) &&
	       json_put(object, "sent", json_integer(connection->sent)) &&
	       json_put(object, "received",
			json_integer(connection->received));
	if (done && connection->cookie)
		done = json_put(object, "cookie",
				json_integer(connection->cookie));
	return done && put_endpoint(object, "source_address", "source_port",
				    &connection->source);
}

static json_t *json_connection(const struct connection *connection)
{
	json_t *object = json_object();

	return finish(object, json_put_connection(object, connection));
}

/* Begin a new line within something that is printed on several. */
static void new_line(const struct session *session, int depth)
{
	if (session->pretty)
		printf("\n%*s", INDENT * depth, "");
}

/* Print a value, and drop it. */
static bool print_value(const struct session *session, json_t *value,
			int depth)
{
	size_t flags = session->pretty ? JSON_INDENT(INDENT) : JSON_COMPACT;
	char *text = json_dumps(value, flags);
	const char *from = text;

	json_decref(value);
	if (!text)
		return false;
	while (*from) {
		size_t length = strcspn(from, "\n");

		fwrite(from, 1, length, stdout);
		from += length;
		if (*from) {
			new_line(session, depth);
			from++;
		}
	}
	free(text);
	return true;
}

static bool print_server(const struct session *session, const void *list,
			 size_t i, int depth)
{
	const struct server_list *servers = list;

	return print_value(session, json_server(&servers->list[i]), depth);
}

static bool print_rule(const struct session *session, const void *list,
		       size_t i, int depth)
{
	const struct rule_list *rules = list;

	return print_value(session, json_rule(&rules->list[i]), depth);
}

static bool print_connection(const struct session *session, const void *list,
			     size_t i, int depth)
{
	const struct connection_list *connections = list;

	return print_value(session, json_connection(&connections->list[i]),
			   depth);
}

static bool print_array(const struct session *session, const void *list,
			size_t count, int depth,
			bool (*print)(const struct session *session,
				      const void *list, size_t i, int depth))
{
	size_t i;

	putchar('[');
	for (i = 0; i < count; i++) {
		if (i)
			putchar(',');
		new_line(session, depth + 1);
		if (!print(session, list, i, depth + 1))
			return false;
	}
	if (count)
		new_line(session, depth);
	putchar(']');
	return true;
}

static bool print_servers(const struct session *session,
			  const struct config *config, int depth)
{
	return print_array(session, &config->servers, config->servers.count,
			   depth, print_server);
}

static bool print_rules(const struct session *session,
			const struct config *config, int depth)
{
	return print_array(session, &config->rules, config->rules.count, depth,
			   print_rule);
}

/**
 * json_print() - Print a value on a line, or lines, of its own.
 * @session: The run.
 * @value: The value, which then is dropped; NULL is an error.
 *
 * Return: false where there was no memory.
 */
bool json_print(const struct session *session, json_t *value)
{
	bool done = print_value(session, value, 0);

	putchar('\n');
	return done;
}

/**
 * json_print_servers() - Print an array of the servers.
 * @session: The run.
 * @config: The configuration.
 *
 * Return: false where there was no memory.
 */
bool json_print_servers(const struct session *session,
			const struct config *config)
{
	bool done = print_servers(session, config, 0);

	putchar('\n');
	return done;
}

/**
 * json_print_rules() - Print an array of the rules.
 * @session: The run.
 * @config: The configuration.
 *
 * Return: false where there was no memory.
 */
bool json_print_rules(const struct session *session,
		      const struct config *config)
{
	bool done = print_rules(session, config, 0);

	putchar('\n');
	return done;
}

/**
 * json_print_limits() - Print an object of the limits.
 * @session: The run.
 * @config: The configuration.
 *
 * Return: false where there was no memory.
 */
bool json_print_limits(const struct session *session,
		       const struct config *config)
{
	return json_print(session, json_limits(&config->limits));
}

/**
 * json_print_connections() - Print an array of connections.
 * @session: The run.
 * @connections: The connections.
 *
 * Return: false where there was no memory.
 */
bool json_print_connections(const struct session *session,
			    const struct connection_list *connections)
{
	bool done = print_array(session, connections, connections->count, 0,
				print_connection);

	putchar('\n');
	return done;
}

/**
 * json_print_config() - Print an object of all of the configuration.
 * @session: The run.
 * @config: The configuration.
 *
 * Return: false where there was no memory.
 */
bool json_print_config(const struct session *session,
		       const struct config *config)
{
	const char *colon = session->pretty ? ": " : ":";
	bool done;

	putchar('{');
	new_line(session, 1);
	printf("\"servers\"%s", colon);
	done = print_servers(session, config, 1);
	putchar(',');
	new_line(session, 1);
	printf("\"rules\"%s", colon);
	done = done && print_rules(session, config, 1);
	putchar(',');
	new_line(session, 1);
	printf("\"limits\"%s", colon);
	done = done && print_value(session, json_limits(&config->limits), 1);
	new_line(session, 0);
	puts("}");
	return done;
}
