// SPDX-License-Identifier: GPL-2.0-only
/* Connections through SOCKS servers, read from the kernel. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "connection.h"

static void read_endpoint(const struct nlattr *address,
			  const struct nlattr *port, struct endpoint *endpoint)
{
	if (address)
		endpoint->address.s_addr = mnl_attr_get_u32(address);
	if (port)
		endpoint->port = ntohs(mnl_attr_get_u16(port));
}

static void read_u64(const struct nlattr *attribute, uint64_t *number)
{
	if (attribute)
		*number = mnl_attr_get_u64(attribute);
}

/**
 * connection_read() - Read a connection from a message.
 * @message: The message.
 * @connection: Where to put it.
 *
 * Return: 0 or -EBADMSG.
 */
int connection_read(const struct nlmsghdr *message,
		    struct connection *connection)
{
	static const struct attribute_types types = {
		.max = SOCKS_A_CONNECTION_MAX,
		.type = {
			[SOCKS_A_CONNECTION_STATE] = MNL_TYPE_U32,
			[SOCKS_A_CONNECTION_COMMAND] = MNL_TYPE_U32,
			[SOCKS_A_CONNECTION_ADDRESS] = MNL_TYPE_U32,
			[SOCKS_A_CONNECTION_PORT] = MNL_TYPE_U16,
			[SOCKS_A_CONNECTION_SERVER] = MNL_TYPE_NUL_STRING,
			[SOCKS_A_CONNECTION_BOUND_ADDRESS] = MNL_TYPE_U32,
			[SOCKS_A_CONNECTION_BOUND_PORT] = MNL_TYPE_U16,
			[SOCKS_A_CONNECTION_UID] = MNL_TYPE_U32,
			[SOCKS_A_CONNECTION_PID] = MNL_TYPE_U32,
			[SOCKS_A_CONNECTION_SOURCE_ADDRESS] = MNL_TYPE_U32,
			[SOCKS_A_CONNECTION_SOURCE_PORT] = MNL_TYPE_U16,
			[SOCKS_A_CONNECTION_COOKIE] = MNL_TYPE_U64,
			[SOCKS_A_CONNECTION_AGE] = MNL_TYPE_U64,
			[SOCKS_A_CONNECTION_SENT] = MNL_TYPE_U64,
			[SOCKS_A_CONNECTION_RECEIVED] = MNL_TYPE_U64,
			[SOCKS_A_CONNECTION_PROGRAM] = MNL_TYPE_NUL_STRING,
		},
	};
	struct attributes attributes = { .at = { NULL } };
	const struct nlattr *const *at = attributes.at;
	int error;

	error = attributes_read(message, &types, &attributes);
	if (error)
		return error;
	if (!at[SOCKS_A_CONNECTION_STATE] || !at[SOCKS_A_CONNECTION_COMMAND] ||
	    !at[SOCKS_A_CONNECTION_ADDRESS] ||
	    !at[SOCKS_A_CONNECTION_SERVER] || !at[SOCKS_A_CONNECTION_UID])
		return -EBADMSG;
	*connection = (struct connection){
		.state = mnl_attr_get_u32(at[SOCKS_A_CONNECTION_STATE]),
		.command = mnl_attr_get_u32(at[SOCKS_A_CONNECTION_COMMAND]),
		.uid = mnl_attr_get_u32(at[SOCKS_A_CONNECTION_UID]),
	};
	if (at[SOCKS_A_CONNECTION_PID])
		connection->pid = mnl_attr_get_u32(at[SOCKS_A_CONNECTION_PID]);
	read_endpoint(at[SOCKS_A_CONNECTION_ADDRESS],
		      at[SOCKS_A_CONNECTION_PORT], &connection->peer);
	read_endpoint(at[SOCKS_A_CONNECTION_BOUND_ADDRESS],
		      at[SOCKS_A_CONNECTION_BOUND_PORT], &connection->bound);
	read_endpoint(at[SOCKS_A_CONNECTION_SOURCE_ADDRESS],
		      at[SOCKS_A_CONNECTION_SOURCE_PORT],
		      &connection->source);
	read_u64(at[SOCKS_A_CONNECTION_COOKIE], &connection->cookie);
	read_u64(at[SOCKS_A_CONNECTION_AGE], &connection->age);
	read_u64(at[SOCKS_A_CONNECTION_SENT], &connection->sent);
	read_u64(at[SOCKS_A_CONNECTION_RECEIVED], &connection->received);
	if (at[SOCKS_A_CONNECTION_PROGRAM])
		snprintf(connection->program, sizeof(connection->program),
			 "%s", mnl_attr_get_str(at[SOCKS_A_CONNECTION_PROGRAM]));
	return attribute_name(at[SOCKS_A_CONNECTION_SERVER],
			      connection->server);
}

static int take_connection(const struct nlmsghdr *message, void *data)
{
	struct connection_list *connections = data;
	struct connection *list = array_room(connections->list,
					     connections->count,
					     &connections->size, sizeof(*list));
	int error;

	if (!list)
		return -ENOMEM;
	connections->list = list;
	error = connection_read(message,
				&connections->list[connections->count]);
	if (!error)
		connections->count++;
	return error;
}

static void forget_connections(void *data)
{
	struct connection_list *connections = data;

	connections->count = 0;
}

/**
 * connections_get() - Read the connections from the kernel.
 * @session: The run.
 * @place: Where the command stands.
 * @connections: Where to put them; for connections_clear(), whatever the
 *	result.
 *
 * Return: STATUS_OK; another on an error, which has been reported.
 */
enum status connections_get(struct session *session, const struct place *place,
			    struct connection_list *connections)
{
	return session_dump(session, place, SOCKS_CMD_CONNECTION_GET,
			    forget_connections, take_connection, connections,
			    "reading the connections");
}

/**
 * connections_clear() - Free connections.
 * @connections: The connections.
 */
void connections_clear(struct connection_list *connections)
{
	free(connections->list);
	*connections = (struct connection_list){ .list = NULL };
}

/**
 * connection_state_text() - The word for a state.
 * @state: The state.
 */
const char *connection_state_text(enum socks_connection_state state)
{
	switch (state) {
	case SOCKS_CONNECTION_STATE_CONNECTING:
		return "connecting";
	case SOCKS_CONNECTION_STATE_LISTENING:
		return "listening";
	case SOCKS_CONNECTION_STATE_ESTABLISHED:
		return "established";
	}
	return "unknown";
}

/**
 * connection_command_text() - The word for a command.
 * @command: The command.
 */
const char *connection_command_text(enum socks_connection_command command)
{
	switch (command) {
	case SOCKS_CONNECTION_COMMAND_CONNECT:
		return "connect";
	case SOCKS_CONNECTION_COMMAND_BIND:
		return "bind";
	}
	return "unknown";
}

/**
 * endpoint_text() - Write an address and a port.
 * @buffer: ENDPOINT_TEXT_SIZE bytes for the result.
 * @endpoint: The address and the port.
 *
 * Return: @buffer.
 */
const char *endpoint_text(char *buffer, const struct endpoint *endpoint)
{
	inet_ntop(AF_INET, &endpoint->address, buffer, INET_ADDRSTRLEN);
	if (endpoint->port)
		sprintf(buffer + strlen(buffer), ":%u", endpoint->port);
	else
		strcat(buffer, ":*");
	return buffer;
}

/**
 * age_text() - Write how old something is, in two units at most.
 * @buffer: AGE_TEXT_SIZE bytes for the result.
 * @age: Milliseconds.
 *
 * Return: @buffer.
 */
const char *age_text(char *buffer, uint64_t age)
{
	uint64_t seconds = age / 1000, minutes = seconds / 60;
	uint64_t hours = minutes / 60, days = hours / 24;

	if (days)
		sprintf(buffer, "%" PRIu64 "d%02uh", days,
			(unsigned int)(hours % 24));
	else if (hours)
		sprintf(buffer, "%uh%02um", (unsigned int)hours,
			(unsigned int)(minutes % 60));
	else if (minutes)
		sprintf(buffer, "%um%02us", (unsigned int)minutes,
			(unsigned int)(seconds % 60));
	else
		sprintf(buffer, "%u.%us", (unsigned int)seconds,
			(unsigned int)(age % 1000 / 100));
	return buffer;
}
