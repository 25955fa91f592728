// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "plan.h"

/* One in so many plans has to wait for the server's time limit. */
#define SELDOM	64

/* Bytes which any window takes. */
#define FEW	64

static size_t draw_size(struct random *random, bool tiny)
{
	unsigned int kind = random_below(random, 1000);

	if (kind < 400)
		return 0;
	if (kind < 750)
		return 1 + random_below(random, 64);
	if (kind < 970 || tiny)
		return 1 + random_below(random, 1500);
	if (kind < 997)
		return 1 + random_below(random, 20000);
	return 1 + random_below(random, 300000);
}

static uint8_t draw_code(struct random *random)
{
	unsigned int kind = random_below(random, 100);

	if (kind < 60)
		return 90;
	if (kind < 85)
		return 91 + random_below(random, 3);
	return random_u64(random);
}

static uint8_t draw_version(struct random *random)
{
	unsigned int kind = random_below(random, 100);

	if (kind < 80)
		return 0;
	return kind < 92 ? 4 : random_u64(random);
}

/* What servers of other protocols say. */
static size_t draw_banner(struct random *random, uint8_t *bytes)
{
	static const struct {
		const char *text;
		size_t size;
	} banners[] = {
		{ "SSH-2.0-OpenSSH_9.2\r\n", 21 },
		{ "HTTP/1.1 400 Bad Request\r\n\r\n", 28 },
		{ "\x05\x00", 2 },
		{ "\x05\xff", 2 },
		{ "\x15\x03\x01\x00\x02\x02\x46", 7 },
		{ "\x00\x5a", 2 },
		{ "\x04\x5a\x00\x50", 4 },
	};
	unsigned int i = random_below(random, sizeof(banners) /
					      sizeof(*banners));

	memcpy(bytes, banners[i].text, banners[i].size);
	return banners[i].size;
}

static void draw_bytes(struct plan *plan, struct random *random)
{
	size_t payload = draw_size(random, plan->tiny), i, at;

	plan->bytes = malloc(2 * REPLY_SIZE + 64 + payload);
	if (!plan->bytes)
		abort();
	if (plan->direct) {
		plan->size = 0;
	} else if (random_once_in(random, 20)) {
		plan->size = draw_banner(random, plan->bytes);
	} else {
		plan->bytes[0] = draw_version(random);
		plan->bytes[1] = draw_code(random);
		for (i = 2; i < REPLY_SIZE; i++)
			plan->bytes[i] = random_u64(random);
		plan->size = REPLY_SIZE;
	}
	for (i = 0; i < payload; i++)
		plan->bytes[plan->size++] = random_u64(random);

	if (plan->direct)
		return;
	switch (random_below(random, 12)) {
	case 0: /* cut short */
		plan->size = random_below(random, REPLY_SIZE);
		break;
	case 1: /* bits wrong */
		for (i = 1 + random_below(random, 3); i && plan->size; i--) {
			at = random_below(random, plan->size < REPLY_SIZE ?
					  plan->size : REPLY_SIZE);
			plan->bytes[at] ^= 1 << random_below(random, 8);
		}
		break;
	case 2: /* a byte in front */
		memmove(plan->bytes + 1, plan->bytes, plan->size);
		plan->bytes[0] = random_below(random, 2) * 4;
		plan->size++;
		break;
	}
}

/* The protocol's table. Until enough has come: EINPROGRESS. */
static int verdict(const uint8_t *bytes, size_t size)
{
	static const int errnos[] = { 0, ECONNREFUSED, EACCES, EACCES };

	if (size >= 1 && bytes[0] != 0 && bytes[0] != 4)
		return EPROTO;
	if (size >= 2 && (bytes[1] < 90 || bytes[1] > 93))
		return EPROTO;
	return size < REPLY_SIZE ? EINPROGRESS : errnos[bytes[1] - 90];
}

static void foretell(struct plan *plan)
{
	size_t seen = plan->size < REPLY_SIZE ? plan->size : REPLY_SIZE;

	/* An urgent byte stops the reply. */
	if (plan->urgent >= 0 && (size_t)plan->urgent < seen)
		seen = plan->urgent;
	plan->payload = plan->direct ? 0 : REPLY_SIZE;
	plan->outcome = plan->direct ? 0 : verdict(plan->bytes, seen);
	if (plan->outcome)
		return;
	plan->readable = plan->size - plan->payload;
	if (plan->urgent >= (int)plan->payload && !plan->urgent_inline)
		plan->readable--;
}

/**
 * plan_make() - draw a plan
 * @plan: the plan; its bytes are the caller's to free
 * @seed: of the run
 * @number: of the connection
 */
void plan_make(struct plan *plan, uint64_t seed, uint64_t number)
{
	struct random random = random_for(seed, number);

	memset(plan, 0, sizeof(*plan));
	plan->number = number;
	plan->server = random_for(seed ^ 1, number);
	plan->client = random_for(seed ^ 2, number);
	plan->direct = random_once_in(&random, 16);
	plan->family = random_below(&random, 2) ? AF_INET : AF_INET6;
	plan->port = 1 + random_below(&random, 65535);
	plan->tiny = random_once_in(&random, 6);
	plan->how = random_below(&random, N_HOWS);
	plan->reading = random_once_in(&random, 3) ?
			random_below(&random, N_READINGS) : READ_ALL;
	plan->tail = random_below(&random, N_TAILS);
	plan->late = random_below(&random, 2);
	plan->ping = 1 + random_below(&random, 300);
	plan->urgent_inline = random_below(&random, 2);
	if (random_once_in(&random, 12))
		plan->give_up = 1 + random_below(&random, N_GIVE_UPS - 1);
	draw_bytes(plan, &random);
	plan->urgent = -1;
	if (plan->size && random_once_in(&random, 12))
		plan->urgent = random_below(&random, plan->size < 40 ?
					    plan->size : 40);
	foretell(plan);

	if (plan->outcome == EINPROGRESS) {
		/*
		 * Nobody reads what comes behind such a reply. The server's end
		 * must not wait for that.
		 */
		if (plan->size > FEW)
			plan->size = FEW;
		plan->late = false;
		if (plan->tail == TAIL_HOLD && !random_once_in(&random, SELDOM))
			plan->tail = 1 + random_below(&random, N_TAILS - 1);
		plan->outcome = plan->tail == TAIL_HOLD ? ETIMEDOUT : ECONNRESET;
	}
	/* The bytes which a send() asks to be taken must be read. */
	if (plan->how == HOW_SEND && (plan->tail > TAIL_FINISH ||
				      plan->outcome))
		plan->how = HOW_POLL;
	/* A recv() which is never answered would wait for ever. */
	if (plan->how == HOW_RECV && !plan->outcome &&
	    plan->tail == TAIL_HOLD && !plan->readable)
		plan->how = HOW_SELECT;
	if (plan->how == HOW_RECV && plan->late)
		plan->how = HOW_EPOLL;
	if (plan->give_up)
		plan->late = false;

	plan->race = plan->tail > TAIL_FINISH && !plan->late &&
		     (!plan->outcome || plan->tiny);
}

/**
 * plan_print() - say what a plan is, for somebody who has to find a mistake
 * @plan: the plan
 */
void plan_print(const struct plan *plan)
{
	static const char *const hows[] = {
		"blocking", "timeout", "signals", "poll", "select", "epoll",
		"connect again", "recv", "send",
	};
	static const char *const tails[] = { "hold", "FIN", "close", "RST" };
	static const char *const readings[] = { "all", "part", "nothing" };
	size_t i;

	printf("    %s, %s, %s%s%s; server reads %s first, sends %zu bytes",
	       plan->direct ? "direct" : "via",
	       plan->family == AF_INET ? "IPv4" : "IPv6", hows[plan->how],
	       plan->tiny ? ", tiny" : "",
	       plan->give_up ? ", gives up" : "", readings[plan->reading],
	       plan->size);
	for (i = 0; i < plan->size && i < 16; i++)
		printf(" %02x", plan->bytes[i]);
	printf("%s, ends by %s%s", plan->size > 16 ? " ..." : "",
	       tails[plan->tail], plan->late ? " after the outcome" : "");
	if (plan->urgent >= 0)
		printf(", urgent byte at %d%s", plan->urgent,
		       plan->urgent_inline ? " (inline)" : "");
	printf("; must be %s%s\n",
	       plan->outcome ? strerrorname_np(plan->outcome) : "granted",
	       plan->race ? " or ECONNRESET" : "");
}
