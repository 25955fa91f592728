/* SPDX-License-Identifier: GPL-2.0-only */
/* Connections through SOCKS servers, read from the kernel. */
#ifndef SOCKSCTL_CONNECTION_H
#define SOCKSCTL_CONNECTION_H

#include <linux/socks.h>
#include <netinet/in.h>

#include "session.h"

/* The longest name of a program that the kernel knows, in bytes. */
#define PROGRAM_MAX	15

/**
 * struct endpoint - An address with a port.
 * @address: The address.
 * @port: The port, in host byte order; 0 where any is meant.
 */
struct endpoint {
	struct in_addr address;
	uint16_t port;
};

/**
 * struct connection - A connection through a SOCKS server.
 * @state: Where it is.
 * @command: What is asked of the server.
 * @peer: The destination; with command bind the peer.
 * @bound: Where the server listens for the peer; port 0 where it does not.
 * @source: This host's end.
 * @server: Name of the server.
 * @uid: Owner of the socket.
 * @pid: The thread which called connect() or Rbind(); 0 where that is not known.
 * @program: Its name, or empty.
 * @cookie: The socket's cookie; 0 where that is not known.
 * @age: Milliseconds since that call.
 * @sent: Bytes that the program has sent.
 * @received: Bytes that it has received.
 */
struct connection {
	enum socks_connection_state state;
	enum socks_connection_command command;
	struct endpoint peer;
	struct endpoint bound;
	struct endpoint source;
	char server[SOCKS_NAME_MAX + 1];
	uint32_t uid;
	uint32_t pid;
	char program[PROGRAM_MAX + 1];
	uint64_t cookie;
	uint64_t age;
	uint64_t sent;
	uint64_t received;
};

/**
 * struct connection_list - Connections.
 * @list: The connections, in no order.
 * @count: How many.
 * @size: How many fit into @list.
 */
struct connection_list {
	struct connection *list;
	size_t count;
	size_t size;
};

/* A.B.C.D:N */
#define ENDPOINT_TEXT_SIZE	(INET_ADDRSTRLEN + 6)
/* Days of a number of milliseconds with 64 bits, and hours */
#define AGE_TEXT_SIZE		24

int connection_read(const struct nlmsghdr *message,
		    struct connection *connection);
enum status connections_get(struct session *session, const struct place *place,
			    struct connection_list *connections);
void connections_clear(struct connection_list *connections);

const char *connection_state_text(enum socks_connection_state state);
const char *connection_command_text(enum socks_connection_command command);
const char *endpoint_text(char *buffer, const struct endpoint *endpoint);
const char *age_text(char *buffer, uint64_t age);

#endif
