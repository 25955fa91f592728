/* SPDX-License-Identifier: GPL-2.0-only */
/* Random numbers which depend on nothing but a seed (splitmix64). */
#ifndef _RANDOM_H
#define _RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

static inline uint64_t random_u64(struct random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* From 0 to n - 1. */
static inline unsigned int random_below(struct random *random, unsigned int n)
{
	return random_u64(random) % n;
}

/* True once in n times. */
static inline bool random_once_in(struct random *random, unsigned int n)
{
	return !random_below(random, n);
}

/* Another sequence for each number. */
static inline struct random random_for(uint64_t seed, uint64_t number)
{
	struct random random = { seed };

	random.state = random_u64(&random) + number * 0xd1342543de82ef95;
	random.state = random_u64(&random);
	return random;
}

#endif /* _RANDOM_H */
