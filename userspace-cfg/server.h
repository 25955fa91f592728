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
 * struct health - Whether a server answers.
 * @failures: Connections in a row for which it has failed; 0 where it has
 *	answered the last one.
 * @error: errno of the last of these.
 * @failing_for: Seconds since the first of these.
 * @retry_in: Seconds for which it is passed over yet.
 */
struct health {
	uint32_t failures;
	uint32_t error;
	uint32_t failing_for;
	uint32_t retry_in;
};

/**
 * struct server - A SOCKS server.
 * @name: Its name.
 * @address: Its address.
 * @port: Its port, in host byte order.
 * @userid_mode: What the USERID field of a request holds.
 * @userid: The fixed USERID, empty in another mode.
 * @timeout: Its time limit in seconds; 0 in a command without one.
 * @accept_timeout: For how many seconds an Rbind() waits for its peer; 0 in a
 *	command that does not say.
 * @local_auto: It runs on this host, and who listens there is exempt.
 * @retry: For how many seconds it is passed over when it has failed; 0 in a
 *	command that does not say.
 * @rules: How many rules name it.
 * @health: Whether it answers.
 * @stats: Its counters.
 */
struct server {
	char name[SOCKS_NAME_MAX + 1];
	struct in_addr address;
	uint16_t port;
	enum socks_userid_mode userid_mode;
	char userid[SOCKS_USERID_MAX + 1];
	uint32_t timeout;
	uint32_t accept_timeout;
	bool local_auto;
	uint32_t retry;
	uint32_t rules;
	struct health health;
	struct stats stats;
};

bool server_address_ok(const struct in_addr *address);
bool server_put(struct messages *messages, const struct server *server,
		unsigned int line);
bool server_put_del(struct messages *messages, const char *name,
		    unsigned int line);
enum status server_add_parse(struct words *words, struct messages *messages);
enum status server_add(struct session *session, struct words *words);
enum status server_del(struct session *session, struct words *words);
int server_read(const struct nlmsghdr *message, struct server *server);
const char *server_state_text(const struct server *server);
void server_error_text(const struct server *server, char *buffer,
		       size_t size);
char *server_userid_text(const struct server *server);

#endif
