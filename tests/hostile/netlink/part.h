/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the test, each of which runs in processes of its own. */
#ifndef _HOSTILE_PART_H
#define _HOSTILE_PART_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "netlink.h"

/* What all processes count together. */
struct totals {
	uint64_t	messages;
	/* Those of the owner of this world. */
	uint64_t	owners;
	uint64_t	mistakes;
	/* By command: what was taken, and what was refused. */
	uint64_t	taken[SOCKS_CMD_MAX + 1];
	uint64_t	refused[SOCKS_CMD_MAX + 1];
	uint64_t	commits;
	uint64_t	dumps;
	uint64_t	interrupted;
	uint64_t	denied;
	uint64_t	chaos;
	/* Those who come after are to end. */
	bool		over;
};

extern struct totals *totals;
extern uint64_t seed;

static inline void count(uint64_t *number)
{
	__atomic_fetch_add(number, 1, __ATOMIC_RELAXED);
}

/* Something is not as it has to be. */
void wrong(const char *who, uint64_t number, const struct message *message,
	   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Who may change the configuration, and knows what it is. */
void owner(const char *name, uint64_t stream, uint64_t messages);

/* Those who may not, each in a way of its own. */
enum stranger {
	STRANGER_NOBODY,	/* a user with no capabilities */
	STRANGER_POWERLESS,	/* root, without CAP_NET_ADMIN */
	STRANGER_NEW_USER,	/* root of a user namespace of its own */
	STRANGER_NEW_NOBODY,	/* the same, made by a user */
	STRANGER_OLD_SOCKET,	/* a user, with a socket made by root */
	STRANGER_LENT_SOCKET,	/* root, with a socket made by a user */
	N_STRANGERS,
};

void stranger(const char *name, uint64_t stream, enum stranger kind);

/* Many who change a configuration at once. */
void chaos(uint64_t stream, uint64_t messages);

/* The whole configuration; read by who may. */
struct config;
bool read_config(int fd, struct config *config, bool *interrupted,
		 const char **why);

#endif /* _HOSTILE_PART_H */
