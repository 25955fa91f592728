/* SPDX-License-Identifier: GPL-2.0-only */
/* SOCKS servers: in a command, and in netlink messages. */
#ifndef SOCKSCTL_SERVER_H
#define SOCKSCTL_SERVER_H

#include <linux/socks.h>
#include <netinet/in.h>

#include "message.h"
#include "session.h"
#include "stats.h"
#include "words.h"

/**
 * struct server - A SOCKS server.
 * @name: Its name.
 * @address: Its address.
 * @port: Its port, in host byte order.
 * @userid_mode: What the USERID field of a request holds.
 * @userid: The fixed USERID, empty in another mode.
 * @timeout: Its time limit in seconds; 0 in a command without one.
 * @rules: How many rules name it.
 * @stats: Its counters.
 */
struct server {
	char name[SOCKS_NAME_MAX + 1];
	struct in_addr address;
	uint16_t port;
	enum socks_userid_mode userid_mode;
	char userid[SOCKS_USERID_MAX + 1];
	uint32_t timeout;
	uint32_t rules;
	struct stats stats;
};

enum status server_add_parse(struct words *words, struct messages *messages);
enum status server_add(struct session *session, struct words *words);
enum status server_del(struct session *session, struct words *words);
int server_read(const struct nlmsghdr *message, struct server *server);
char *server_userid_text(const struct server *server);

#endif
