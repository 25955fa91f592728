// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the parts which need no socket. tests/kunit/run runs them.
 *
 * Two modules can't share an object, so each test includes the source file
 * that it tests.
 */
#include <linux/cgroup.h>
#include <linux/jhash.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "kunit.h"

static unsigned int seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of what is random, to repeat a run; 0: a new one");

/**
 * socks_kunit_random() - start a case's own sequence of random numbers
 * @test: the case
 * @rnd: the sequence
 *
 * Depends on the seed and the case, and not on the cases before it.
 */
void socks_kunit_random(struct kunit *test, struct rnd_state *rnd)
{
	kunit_info(test, "seed=%u\n", seed);
	prandom_seed_state(rnd, jhash(test->name, strlen(test->name),
				      seed + test->param_index));
}

/**
 * socks_kunit_below() - a random number
 * @rnd: the sequence
 * @limit: above the highest, at least 1
 *
 * Return: 0 to @limit - 1.
 */
u32 socks_kunit_below(struct rnd_state *rnd, u32 limit)
{
	return (u64)prandom_u32_state(rnd) * limit >> 32;
}

KUNIT_DEFINE_ACTION_WRAPPER(socks_kunit_cgroup_put, cgroup_put,
			    struct cgroup *);

/**
 * socks_kunit_cgroup() - find a cgroup
 * @test: the case, which is skipped where there is no such cgroup
 * @path: its path; tests/kunit/run makes those below /socks_kunit
 *
 * Return: the cgroup; the reference is dropped at the end of the case.
 */
struct cgroup *socks_kunit_cgroup(struct kunit *test, const char *path)
{
	struct cgroup *cgroup = cgroup_get_from_path(path);

	if (IS_ERR(cgroup))
		kunit_skip(test, "no cgroup %s", path);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, socks_kunit_cgroup_put,
						  cgroup));
	return cgroup;
}

/**
 * socks_kunit_fail_nth() - let an allocation fail
 * @n: which one from now on, from 1, in this task; 0 for none
 */
void socks_kunit_fail_nth(unsigned int n)
{
#ifdef CONFIG_FAULT_INJECTION
	WRITE_ONCE(current->fail_nth, n);
#endif
}

/**
 * socks_kunit_failed() - has the allocation failed?
 *
 * None will fail afterwards.
 *
 * Return: false where there were not so many.
 */
bool socks_kunit_failed(void)
{
#ifdef CONFIG_FAULT_INJECTION
	unsigned int left = READ_ONCE(current->fail_nth);

	WRITE_ONCE(current->fail_nth, 0);
	return !left;
#else
	return false;
#endif
}

/**
 * socks_kunit_need_failures() - skip a case where no allocation can fail
 * @test: the case
 */
void socks_kunit_need_failures(struct kunit *test)
{
	void *memory;

	socks_kunit_fail_nth(1);
	memory = kmalloc(1, GFP_KERNEL);
	socks_kunit_failed();
	kfree(memory);
	if (memory)
		kunit_skip(test, "failslab spares GFP_KERNEL, or is missing");
}

static int __init socks_kunit_init(void)
{
	while (!seed)
		seed = get_random_u32();
	return 0;
}

static void __exit socks_kunit_exit(void)
{
}

module_init(socks_kunit_init);
module_exit(socks_kunit_exit);

MODULE_DESCRIPTION("KUnit tests of the transparent SOCKS4 client");
MODULE_LICENSE("GPL");
