/* SPDX-License-Identifier: GPL-2.0-only */
/* Which connections are meant. */
#ifndef SOCKSCTL_FILTER_H
#define SOCKSCTL_FILTER_H

#include "connection.h"
#include "parse.h"
#include "words.h"

/**
 * struct filter - Which connections are meant.
 * @given: Which of the following are asked for, a bit for each word.
 * @server: Name of the server.
 * @to: The destination's prefix.
 * @to_length: The length of @to.
 * @port: The destination's ports.
 * @uid: Owners of the socket.
 * @pid: The thread which called connect().
 * @program: Its name.
 * @state: State.
 */
struct filter {
	unsigned int given;
	const char *server;
	struct in_addr to;
	uint8_t to_length;
	struct range port;
	struct range uid;
	uint32_t pid;
	const char *program;
	enum socks_connection_state state;
};

enum status filter_take(struct words *words, struct filter *filter);
enum status filter_take_some(struct words *words, struct filter *filter);
bool filter_match(const struct filter *filter,
		  const struct connection *connection);
void filter_list(const struct filter *filter,
		 struct connection_list *connections);

#endif
