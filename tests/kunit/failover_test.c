// SPDX-License-Identifier: GPL-2.0-only
/* Which of several servers a connection goes to, and when one is passed over. */
#include <linux/slab.h>

#include "kunit.h"

#include "../../kmod/failover.c"

#define SERVERS	8

/* Longer than any case takes. */
#define RETRY	1000

/**
 * struct failover_fixture - what a case works with
 * @rule: names all servers
 * @list: the servers; nobody counts references on them
 */
struct failover_fixture {
	struct socks_rule	rule;
	struct socks_server	*list[SERVERS];
};

static int failover_init(struct kunit *test)
{
	struct failover_fixture *f;
	struct socks_server *server;
	u32 i;

	f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	for (i = 0; i < SERVERS; i++) {
		server = kunit_kzalloc(test, sizeof(*server), GFP_KERNEL);
		if (!server)
			return -ENOMEM;
		server->addr = htonl(SOCKS_IP(192, 0, 2, 10 + i));
		server->port = htons(1080);
		server->retry = RETRY;
		socks_health_init(&server->health);
		f->list[i] = server;
	}
	f->rule.servers = f->list;
	f->rule.n_servers = SERVERS;
	test->priv = f;
	return 0;
}

/* Its time is over. */
static void failover_expire(struct socks_server *server)
{
	server->health.until = jiffies;
}

/* A server fails a connection which has come to it just before. */
static void failover_fail(struct socks_server *server, int err)
{
	socks_health_failed(server, err, jiffies);
}

/* Choose, for a connection that may try a server which is passed over. */
static u8 failover_choose(const struct failover_fixture *f, __be32 daddr,
			  u8 tried)
{
	bool trial = false;

	return socks_failover_choose(&f->rule, daddr, tried, &trial);
}

/* In the order of the rule, whatever the destination. */
static void failover_in_order(struct kunit *test)
{
	struct failover_fixture *f = test->priv;
	u8 tried = 0, n;
	u32 i;

	for (n = 1; n <= SERVERS; n++) {
		f->rule.n_servers = n;
		for (i = 0, tried = 0; i < n; i++) {
			KUNIT_EXPECT_EQ(test, socks_failover_left(&f->rule, tried),
					n > 1);
			KUNIT_EXPECT_EQ(test,
					failover_choose(f, htonl(i), tried), i);
			tried |= BIT(i);
		}
		KUNIT_EXPECT_FALSE(test, socks_failover_left(&f->rule, tried));
	}
}

/* One that has failed is passed over, and tried when nothing else is left. */
static void failover_passed_over(struct kunit *test)
{
	struct failover_fixture *f = test->priv;

	f->rule.n_servers = 4;
	failover_fail(f->list[0], ECONNREFUSED);
	failover_fail(f->list[2], ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, failover_choose(f, 0, 0), 1);
	KUNIT_EXPECT_EQ(test, failover_choose(f, 0, 0b0010), 3);
	KUNIT_EXPECT_EQ(test, failover_choose(f, 0, 0b1010), 0);
	KUNIT_EXPECT_EQ(test, failover_choose(f, 0, 0b1011), 2);

	socks_health_answered(f->list[0]);
	KUNIT_EXPECT_EQ(test, failover_choose(f, 0, 0), 0);

	/* The only server is never passed over. */
	f->rule.n_servers = 1;
	failover_fail(f->list[0], EPROTO);
	KUNIT_EXPECT_EQ(test, failover_choose(f, 0, 0), 0);
}

/* When its time is over, one connection tries it, and no other. */
static void failover_one_tries(struct kunit *test)
{
	struct failover_fixture *f = test->priv;
	struct socks_health_report report;

	f->rule.n_servers = 2;
	failover_fail(f->list[0], ECONNREFUSED);
	failover_fail(f->list[0], ECONNRESET);
	socks_health_report(f->list[0], &report);
	KUNIT_EXPECT_EQ(test, report.failures, 2);
	KUNIT_EXPECT_EQ(test, report.err, ECONNRESET);
	KUNIT_EXPECT_GT(test, report.retry_in, (RETRY - 100) * HZ);
	KUNIT_EXPECT_LE(test, report.retry_in, RETRY * HZ);

	failover_expire(f->list[0]);
	socks_health_report(f->list[0], &report);
	KUNIT_EXPECT_EQ(test, report.failures, 2);
	KUNIT_EXPECT_EQ(test, report.retry_in, 0);
	KUNIT_EXPECT_EQ(test, failover_choose(f, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, failover_choose(f, 0, 0), 1);
	KUNIT_EXPECT_EQ(test, failover_choose(f, 0, 0), 1);

	/* If that one is given up, another one tries it later. */
	failover_expire(f->list[0]);
	KUNIT_EXPECT_EQ(test, failover_choose(f, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, failover_choose(f, 0, 0), 1);

	socks_health_answered(f->list[0]);
	socks_health_report(f->list[0], &report);
	KUNIT_EXPECT_EQ(test, report.failures, 0);
	KUNIT_EXPECT_EQ(test, failover_choose(f, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, failover_choose(f, 0, 0), 0);
}

/*
 * One which tries a server knows that it does, and when it comes to no result
 * another one tries. Some don't.
 */
static void failover_trial(struct kunit *test)
{
	struct failover_fixture *f = test->priv;
	bool trial = false;

	f->rule.n_servers = 2;
	KUNIT_EXPECT_EQ(test, socks_failover_choose(&f->rule, 0, 0, &trial), 0);
	KUNIT_EXPECT_FALSE(test, trial);

	failover_fail(f->list[0], ECONNREFUSED);
	failover_expire(f->list[0]);
	KUNIT_EXPECT_EQ(test, socks_failover_choose(&f->rule, 0, 0, NULL), 1);
	KUNIT_EXPECT_EQ(test, socks_failover_choose(&f->rule, 0, 0, &trial), 0);
	KUNIT_EXPECT_TRUE(test, trial);
	trial = false;
	KUNIT_EXPECT_EQ(test, socks_failover_choose(&f->rule, 0, 0, &trial), 1);
	KUNIT_EXPECT_FALSE(test, trial);
	socks_health_given_up(f->list[0]);
	KUNIT_EXPECT_EQ(test, socks_failover_choose(&f->rule, 0, 0, &trial), 0);
	KUNIT_EXPECT_TRUE(test, trial);

	/* Where all are passed over, nobody tries; and up is up. */
	failover_fail(f->list[1], ECONNREFUSED);
	trial = false;
	KUNIT_EXPECT_EQ(test, socks_failover_choose(&f->rule, 0, 0, &trial), 0);
	KUNIT_EXPECT_FALSE(test, trial);
	socks_health_answered(f->list[0]);
	socks_health_given_up(f->list[0]);
	KUNIT_EXPECT_EQ(test, socks_failover_choose(&f->rule, 0, 0, NULL), 0);
}

/* A failure counts unless the server has answered since the connection came. */
static void failover_answered_since(struct kunit *test)
{
	struct failover_fixture *f = test->priv;
	struct socks_health_report report;

	/* Nobody was answered yet. */
	socks_health_failed(f->list[0], ETIMEDOUT, jiffies);
	socks_health_report(f->list[0], &report);
	KUNIT_EXPECT_EQ(test, report.failures, 1);

	socks_health_answered(f->list[0]);
	socks_health_failed(f->list[0], ETIMEDOUT, jiffies - HZ);
	socks_health_report(f->list[0], &report);
	KUNIT_EXPECT_EQ(test, report.failures, 0);

	socks_health_failed(f->list[0], ETIMEDOUT, jiffies);
	socks_health_report(f->list[0], &report);
	KUNIT_EXPECT_EQ(test, report.failures, 1);
}

/* To look does not count as to try, and there are never too many failures. */
static void failover_order(struct kunit *test)
{
	struct failover_fixture *f = test->priv;
	u8 order[SOCKS_RULE_SERVERS_MAX];
	struct socks_health_report report;
	int i;

	f->rule.n_servers = 4;
	failover_fail(f->list[0], ECONNREFUSED);
	failover_fail(f->list[1], ECONNREFUSED);
	failover_expire(f->list[1]);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, socks_failover_order(&f->rule, 0, order), 4);
		KUNIT_EXPECT_EQ(test, order[0], 1);
		KUNIT_EXPECT_EQ(test, order[1], 2);
		KUNIT_EXPECT_EQ(test, order[2], 3);
		KUNIT_EXPECT_EQ(test, order[3], 0);
	}

	f->list[0]->health.failures = U32_MAX;
	failover_fail(f->list[0], ECONNREFUSED);
	socks_health_report(f->list[0], &report);
	KUNIT_EXPECT_EQ(test, report.failures, U32_MAX);
}

/* Each server has about the same share, each destination all servers in turn. */
static void failover_balance(struct kunit *test)
{
	const u32 destinations = 8000;
	struct failover_fixture *f = test->priv;
	u32 shares[SERVERS] = {}, seconds[SERVERS] = {};
	u8 order[SOCKS_RULE_SERVERS_MAX];
	struct rnd_state rnd;
	u8 tried, j;
	u32 i;

	socks_kunit_random(test, &rnd);
	f->rule.balance = true;
	for (i = 0; i < destinations; i++) {
		__be32 daddr = htonl(prandom_u32_state(&rnd));

		KUNIT_ASSERT_EQ(test,
				socks_failover_order(&f->rule, daddr, order),
				SERVERS);
		for (j = 0, tried = 0; j < SERVERS; j++) {
			KUNIT_ASSERT_FALSE(test, tried & BIT(order[j]));
			KUNIT_ASSERT_EQ(test,
					failover_choose(f, daddr, tried),
					order[j]);
			tried |= BIT(order[j]);
		}
		shares[order[0]]++;
		/* Where those of the first one would go. */
		if (!order[0])
			seconds[order[1]]++;
	}
	/* 1000 each and 143 each are expected; six standard deviations. */
	for (i = 0; i < SERVERS; i++) {
		KUNIT_EXPECT_GT(test, shares[i], 820);
		KUNIT_EXPECT_LT(test, shares[i], 1180);
		if (i)
			KUNIT_EXPECT_GT(test, seconds[i], 70);
	}
}

/* Other servers of the rule, and their order, don't matter to a destination. */
static void failover_balance_stable(struct kunit *test)
{
	struct failover_fixture *f = test->priv;
	struct socks_server *best, *again;
	struct rnd_state rnd;
	u32 i, gone;

	socks_kunit_random(test, &rnd);
	f->rule.balance = true;
	for (i = 0; i < 1000; i++) {
		__be32 daddr = htonl(prandom_u32_state(&rnd));

		f->rule.n_servers = SERVERS;
		best = f->list[failover_choose(f, daddr, 0)];
		gone = socks_kunit_below(&rnd, SERVERS);
		swap(f->list[gone], f->list[SERVERS - 1]);
		again = f->list[failover_choose(f, daddr, 0)];
		KUNIT_ASSERT_PTR_EQ(test, again, best);
		f->rule.n_servers--;
		again = f->list[failover_choose(f, daddr, 0)];
		if (best != f->list[SERVERS - 1])
			KUNIT_ASSERT_PTR_EQ(test, again, best);
		else
			KUNIT_ASSERT_PTR_NE(test, again, best);
	}
}

static struct kunit_case failover_cases[] = {
	KUNIT_CASE(failover_in_order),
	KUNIT_CASE(failover_passed_over),
	KUNIT_CASE(failover_one_tries),
	KUNIT_CASE(failover_trial),
	KUNIT_CASE(failover_answered_since),
	KUNIT_CASE(failover_order),
	KUNIT_CASE(failover_balance),
	KUNIT_CASE(failover_balance_stable),
	{}
};

static struct kunit_suite failover_suite = {
	.name = "socks_failover",
	.init = failover_init,
	.test_cases = failover_cases,
};

kunit_test_suite(failover_suite);
