/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What will happen to one connection, all of it drawn from the seed and the
 * number of the connection; and what the program must then see.
 */
#ifndef _HOSTILE_PLAN_H
#define _HOSTILE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../include/random.h"

#define REPLY_SIZE	8

/* How the server ends its side. */
enum tail {
	TAIL_HOLD,	/* it keeps the connection open */
	TAIL_FINISH,	/* FIN, and goes on reading */
	TAIL_CLOSE,	/* close(): FIN, or RST where bytes were not read */
	TAIL_RESET,	/* RST */
	N_TAILS,
};

/* How much of the request the server reads before it sends. */
enum reading {
	READ_ALL,
	READ_PART,
	READ_NONE,
	N_READINGS,
};

/* How the program connects, and learns what came of it. */
enum how {
	HOW_BLOCKING,		/* connect() */
	HOW_TIMEOUT,		/* connect() with SO_SNDTIMEO, then poll() */
	HOW_SIGNALS,		/* connect() and signals, then poll() */
	HOW_POLL,
	HOW_SELECT,
	HOW_EPOLL,		/* edge-triggered */
	HOW_CONNECT_AGAIN,	/* poll(), then connect() tells */
	HOW_RECV,		/* a recv() which blocks */
	HOW_SEND,		/* a send() which blocks */
	N_HOWS,
};

/* How a program which does not want to wait gives up. */
enum give_up {
	GIVE_UP_NEVER,
	GIVE_UP_CLOSE,
	GIVE_UP_SHUTDOWN,
	GIVE_UP_DISCONNECT,
	N_GIVE_UPS,
};

struct plan {
	uint64_t	number;
	/* No module in between: shows that the oracle is right. */
	bool		direct;
	int		family;
	uint16_t	port;

	/* What the server sends: reply, payload. None is urgent: -1. */
	uint8_t		*bytes;
	size_t		size;
	int		urgent;
	enum reading	reading;
	enum tail	tail;
	/* The server ends its side after the program has seen the outcome. */
	bool		late;
	/* Which the server's timing is drawn from. */
	struct random	server;

	enum how	how;
	enum give_up	give_up;
	bool		tiny;
	bool		urgent_inline;
	size_t		ping;
	struct random	client;

	/* The oracle. An errno or 0. */
	int		outcome;
	/* Or ECONNRESET, where a RST may come before the program looks. */
	bool		race;
	/* Where the payload begins, and how much of it recv() gives. */
	size_t		payload;
	size_t		readable;
};

void plan_make(struct plan *plan, uint64_t seed, uint64_t number);
void plan_print(const struct plan *plan);

#endif /* _HOSTILE_PLAN_H */
