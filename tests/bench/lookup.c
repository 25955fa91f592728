// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a look-up costs, with tables of different sizes: a module that measures
 * when it is loaded, prints to the kernel log, and does not stay.
 *
 * Half of the addresses looked up lie in the prefix of some rule, the others
 * anywhere.
 */
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/slab.h>

#include "../../kmod/table.c"

#define LOOKUPS	100000
#define KEYS	4096

static struct socks_rule *bench_rule(struct rnd_state *rnd)
{
	struct socks_rule *rule = kzalloc(sizeof(*rule), GFP_KERNEL);

	if (!rule)
		return NULL;
	rule->match = (struct socks_match){
		.prefix_len = 16 + prandom_u32_state(rnd) % 17,
		.port_max = U16_MAX,
		.uid_max = U32_MAX,
		.gid_max = U32_MAX,
	};
	rule->match.addr = prandom_u32_state(rnd) &
			   socks_prefix_mask(rule->match.prefix_len);
	return rule;
}

static int bench(u32 n_rules, struct socks_key *keys)
{
	struct rnd_state rnd;
	struct socks_rule **rules;
	struct socks_table *table;
	u64 build, find, bytes;
	u32 i, found = 0;

	prandom_seed_state(&rnd, n_rules);
	rules = kvcalloc(n_rules, sizeof(*rules), GFP_KERNEL);
	if (!rules)
		return -ENOMEM;
	for (i = 0; i < n_rules; i++) {
		rules[i] = bench_rule(&rnd);
		if (!rules[i])
			goto err;
	}
	for (i = 0; i < KEYS; i++) {
		keys[i] = (struct socks_key){ .port = 80 };
		keys[i].addr = prandom_u32_state(&rnd);
		if (i % 2) {
			const struct socks_match *match =
				&rules[keys[i].addr % n_rules]->match;

			keys[i].addr &= ~socks_prefix_mask(match->prefix_len);
			keys[i].addr |= match->addr;
		}
	}

	build = ktime_get_ns();
	table = socks_table_build(rules, n_rules, NULL, 0);
	build = ktime_get_ns() - build;
	if (!table)
		goto err;

	find = ktime_get_ns();
	for (i = 0; i < LOOKUPS; i++)
		found += socks_table_find(table, &keys[i % KEYS]) != SOCKS_NONE;
	find = ktime_get_ns() - find;

	bytes = sizeof(*table) + (u64)n_rules *
		(sizeof(*rules) + roundup_pow_of_two(sizeof(struct socks_rule)) + sizeof(u32) +
		 sizeof(struct socks_node)) +
		(u64)table->n_spans * sizeof(struct socks_span) +
		(table->index ? SOCKS_INDEX_SIZE * sizeof(u32) : 0);
	pr_info("socks_bench: rules %u lookup %llu build %llu bytes %llu found %u\n",
		n_rules, div_u64(find, LOOKUPS), build, bytes, found);

	for (i = 0; i < n_rules; i++)
		kfree(rules[i]);
	socks_table_destroy(table);
	return 0;

err:
	for (i = 0; i < n_rules; i++)
		kfree(rules[i]);
	kvfree(rules);
	return -ENOMEM;
}

static int __init bench_init(void)
{
	struct socks_key *keys = kcalloc(KEYS, sizeof(*keys), GFP_KERNEL);
	u32 n_rules;
	int err = keys ? 0 : -ENOMEM;

	for (n_rules = 10; !err && n_rules <= 100000; n_rules *= 10)
		err = bench(n_rules, keys);
	kfree(keys);
	/* All is said: it need not stay loaded. */
	return err ?: -EAGAIN;
}
module_init(bench_init);

MODULE_DESCRIPTION("Cost of rule look-ups of the transparent SOCKS4 client");
MODULE_LICENSE("GPL");
