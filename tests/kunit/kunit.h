/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests have in common.
 *
 * Expected values in the tests are written down from the descriptions of the
 * protocol and of the rules, and never come from the code that is tested.
 */
#ifndef _SOCKS_KUNIT_H
#define _SOCKS_KUNIT_H

#include <kunit/test.h>
#include <linux/prandom.h>

struct cgroup;

/* 192.0.2.1 is SOCKS_IP(192, 0, 2, 1), in host byte order. */
#define SOCKS_IP(a, b, c, d) \
	((u32)(a) << 24 | (u32)(b) << 16 | (u32)(c) << 8 | (u32)(d))

void socks_kunit_random(struct kunit *test, struct rnd_state *rnd);
u32 socks_kunit_below(struct rnd_state *rnd, u32 limit);

struct cgroup *socks_kunit_cgroup(struct kunit *test, const char *path);

void socks_kunit_need_failures(struct kunit *test);
void socks_kunit_fail_nth(unsigned int n);
bool socks_kunit_failed(void);

#endif /* _SOCKS_KUNIT_H */
