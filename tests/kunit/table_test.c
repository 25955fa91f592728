// SPDX-License-Identifier: GPL-2.0-only
/*
 * First match, against a search through all the rules one after another.
 */
#include <linux/slab.h>

#include "kunit.h"

#include "../../kmod/table.c"

#define NONE	U32_MAX

/*
 * The reference. A prefix is the addresses from its first to its last here,
 * so that masks and shifts of the table's own kind have no part in it.
 */

static u32 prefix_last(u32 addr, u8 len)
{
	return addr + ((1ULL << (32 - len)) - 1);
}

static bool is_loopback(u32 addr)
{
	return addr >= SOCKS_IP(127, 0, 0, 0) &&
	       addr <= SOCKS_IP(127, 255, 255, 255);
}

static bool reference_prefix(const struct socks_match *match, u32 addr)
{
	u32 first = match->addr;
	u32 last = prefix_last(match->addr, match->prefix_len);

	/* Loopback addresses want to be named as such. */
	if (is_loopback(addr) && !(is_loopback(first) && is_loopback(last)))
		return false;
	return first <= addr && addr <= last;
}

static bool reference_cgroup(const struct socks_match *match,
			     struct cgroup *cgroup)
{
	if (!match->cgroup)
		return true;
	for (; cgroup; cgroup = cgroup_parent(cgroup))
		if (cgroup == match->cgroup)
			return true;
	return false;
}

static u32 reference_find(struct socks_rule *rules, u32 n_rules,
			  const struct socks_key *key)
{
	u32 i;

	for (i = 0; i < n_rules; i++) {
		const struct socks_match *match = &rules[i].match;

		if (!reference_prefix(match, key->addr))
			continue;
		if (key->port < match->port_min || key->port > match->port_max)
			continue;
		if (key->uid < match->uid_min || key->uid > match->uid_max)
			continue;
		if (key->gid < match->gid_min || key->gid > match->gid_max)
			continue;
		if (reference_cgroup(match, key->cgroup))
			return i;
	}
	return NONE;
}

/* Tables */

/* All connections to a prefix. */
static struct socks_match match_prefix(u32 addr, u8 prefix_len)
{
	return (struct socks_match){
		.addr = addr,
		.prefix_len = prefix_len,
		.port_max = U16_MAX,
		.uid_max = U32_MAX,
		.gid_max = U32_MAX,
	};
}

static struct socks_match match_port(u32 addr, u8 prefix_len, u16 port)
{
	struct socks_match match = match_prefix(addr, prefix_len);

	match.port_min = port;
	match.port_max = port;
	return match;
}

KUNIT_DEFINE_ACTION_WRAPPER(table_free, kvfree, const void *);
KUNIT_DEFINE_ACTION_WRAPPER(table_destroy, socks_table_destroy,
			    struct socks_table *);

static struct socks_rule *table_rules_alloc(struct kunit *test, u32 n_rules)
{
	struct socks_rule *rules;

	rules = kvcalloc(n_rules, sizeof(*rules), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, rules);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, table_free, rules));
	return rules;
}

/* A list of pointers, as long as what it holds: KASAN watches its end. */
static struct socks_rule **table_list_alloc(struct kunit *test,
					    struct socks_rule *rules,
					    u32 n_rules)
{
	struct socks_rule **list;
	u32 i;

	list = kvmalloc_array(n_rules, sizeof(*list), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, list);
	for (i = 0; i < n_rules; i++)
		list[i] = &rules[i];
	return list;
}

static struct socks_table *table_make(struct kunit *test,
				      struct socks_rule *rules, u32 n_rules)
{
	struct socks_rule **list = table_list_alloc(test, rules, n_rules);
	struct socks_table *table;

	table = socks_table_build(list, n_rules, NULL, 0);
	if (!table)
		kvfree(list);
	KUNIT_ASSERT_NOT_NULL(test, table);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, table_destroy, table));
	return table;
}

static void table_drop(struct kunit *test, struct socks_table *table)
{
	kunit_release_action(test, table_destroy, table);
}

/* Look @key up, and compare with the reference. */
static void table_check(struct kunit *test, const struct socks_table *table,
			struct socks_rule *rules, u32 n_rules,
			const struct socks_key *key)
{
	u32 found = socks_table_find(table, key);
	u32 expected = reference_find(rules, n_rules, key);

	KUNIT_ASSERT_EQ_MSG(test, found, expected,
			    "%u rules, address %pI4h port %u uid %u gid %u",
			    n_rules, &key->addr, key->port, key->uid,
			    key->gid);
}

/* Examples by hand */

static const u32 example_special[] = {
	0, 1, U32_MAX, U32_MAX - 1,
	SOCKS_IP(126, 255, 255, 255), SOCKS_IP(127, 0, 0, 0),
	SOCKS_IP(127, 0, 0, 1), SOCKS_IP(127, 0, 0, 53),
	SOCKS_IP(127, 255, 255, 255), SOCKS_IP(128, 0, 0, 0),
	SOCKS_IP(10, 0, 0, 0), SOCKS_IP(224, 0, 0, 1),
};

struct table_example_rule {
	u32	addr;
	u8	prefix_len;
	u16	ports[2];
	u32	uids[2];
	u32	gids[2];
};

#define ANY_PORT	{ 0, U16_MAX }
#define ANY_ID		{ 0, U32_MAX }

static const struct table_example_rule example_rules[] = {
	{ SOCKS_IP(10, 0, 0, 0), 8, { 25, 25 }, ANY_ID, ANY_ID },
	{ SOCKS_IP(10, 1, 0, 0), 16, ANY_PORT, ANY_ID, ANY_ID },
	{ SOCKS_IP(10, 0, 0, 0), 8, ANY_PORT, { 1000, 1999 }, ANY_ID },
	{ SOCKS_IP(127, 0, 0, 0), 8, { 1, 1023 }, ANY_ID, ANY_ID },
	{ SOCKS_IP(127, 0, 0, 53), 32, ANY_PORT, ANY_ID, ANY_ID },
	{ SOCKS_IP(126, 0, 0, 0), 7, ANY_PORT, ANY_ID, ANY_ID },
	{ SOCKS_IP(192, 0, 2, 1), 32, ANY_PORT, ANY_ID, ANY_ID },
	{ SOCKS_IP(192, 0, 2, 0), 24, ANY_PORT, ANY_ID, { 100, 100 } },
	{ SOCKS_IP(0, 0, 0, 0), 0, { 80, 80 }, ANY_ID, ANY_ID },
	{ SOCKS_IP(255, 255, 255, 255), 32, ANY_PORT, ANY_ID, ANY_ID },
	{ SOCKS_IP(0, 0, 0, 0), 1, ANY_PORT, ANY_ID, ANY_ID },
	{ SOCKS_IP(192, 0, 2, 1), 32, ANY_PORT, ANY_ID, ANY_ID },
};

struct table_example {
	const char	*name;
	u32		addr;
	u16		port;
	u32		uid;
	u32		gid;
	u32		rule;
};

static const struct table_example examples[] = {
	{ "port", SOCKS_IP(10, 1, 2, 3), 25, 0, 0, 0 },
	{ "narrow behind wide", SOCKS_IP(10, 1, 2, 3), 81, 1500, 0, 1 },
	{ "uid lowest", SOCKS_IP(10, 2, 2, 3), 81, 1000, 0, 2 },
	{ "uid highest", SOCKS_IP(10, 2, 2, 3), 81, 1999, 0, 2 },
	{ "uid below", SOCKS_IP(10, 2, 2, 3), 81, 999, 0, 10 },
	{ "uid above", SOCKS_IP(10, 2, 2, 3), 80, 2000, 0, 8 },
	{ "loopback port", SOCKS_IP(127, 0, 0, 1), 80, 0, 0, 3 },
	{ "loopback last", SOCKS_IP(127, 255, 255, 255), 1023, 0, 0, 3 },
	{ "loopback last, port", SOCKS_IP(127, 255, 255, 255), 1024, 0, 0,
	  NONE },
	{ "loopback first, port 0", SOCKS_IP(127, 0, 0, 0), 0, 0, 0, NONE },
	{ "loopback host", SOCKS_IP(127, 0, 0, 53), 8080, 0, 0, 4 },
	{ "loopback not named", SOCKS_IP(127, 0, 0, 54), 8080, 0, 0, NONE },
	{ "before loopback", SOCKS_IP(126, 255, 255, 255), 81, 0, 0, 5 },
	{ "behind loopback", SOCKS_IP(128, 0, 0, 0), 81, 0, 0, NONE },
	{ "behind loopback, port", SOCKS_IP(128, 0, 0, 0), 80, 0, 0, 8 },
	{ "host before net", SOCKS_IP(192, 0, 2, 1), 80, 0, 100, 6 },
	{ "gid", SOCKS_IP(192, 0, 2, 2), 80, 0, 100, 7 },
	{ "gid above", SOCKS_IP(192, 0, 2, 2), 80, 0, 101, 8 },
	{ "gid below", SOCKS_IP(192, 0, 2, 2), 81, 0, 99, NONE },
	{ "last of all", U32_MAX, 81, 0, 0, 9 },
	{ "last of all, earlier rule", U32_MAX, 80, 0, 0, 8 },
	{ "last but one", U32_MAX - 1, 81, 0, 0, NONE },
	{ "first of all", 0, 81, 0, 0, 10 },
	{ "last of a half", SOCKS_IP(125, 255, 255, 255), 81, 0, 0, 10 },
};

KUNIT_ARRAY_PARAM_DESC(table_example, examples, name);

static void table_by_hand(struct kunit *test)
{
	const struct table_example *c = test->param_value;
	const u32 n_rules = ARRAY_SIZE(example_rules);
	struct socks_rule *rules = table_rules_alloc(test, n_rules);
	struct socks_key key = {
		.addr = c->addr,
		.port = c->port,
		.uid = c->uid,
		.gid = c->gid,
	};
	u32 i;

	for (i = 0; i < n_rules; i++) {
		const struct table_example_rule *rule = &example_rules[i];

		rules[i].match = (struct socks_match){
			.addr = rule->addr,
			.prefix_len = rule->prefix_len,
			.port_min = rule->ports[0],
			.port_max = rule->ports[1],
			.uid_min = rule->uids[0],
			.uid_max = rule->uids[1],
			.gid_min = rule->gids[0],
			.gid_max = rule->gids[1],
		};
	}
	KUNIT_EXPECT_EQ(test, c->rule,
			socks_table_find(table_make(test, rules, n_rules),
					 &key));
	/* Both speak of the same thing. */
	KUNIT_EXPECT_EQ(test, c->rule, reference_find(rules, n_rules, &key));
}

static void table_no_rules(struct kunit *test)
{
	struct socks_table *table = table_make(test, NULL, 0);
	struct socks_key key = {};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(example_special); i++) {
		key.addr = example_special[i];
		KUNIT_EXPECT_EQ(test, socks_table_find(table, &key), NONE);
	}
	socks_table_destroy(NULL);
}

/* Ranges */

struct table_range {
	const char	*name;
	u32		min;
	u32		max;
	u32		in[3];
	u32		out[2];
};

static const struct table_range table_ports[] = {
	{ "any", 0, 65535, { 0, 32768, 65535 } },
	{ "one", 80, 80, { 80, 80, 80 }, { 79, 81 } },
	{ "first", 0, 0, { 0, 0, 0 }, { 1, 65535 } },
	{ "last", 65535, 65535, { 65535, 65535, 65535 }, { 65534, 0 } },
	{ "some", 255, 256, { 255, 256, 256 }, { 254, 257 } },
};

static const struct table_range table_ids[] = {
	{ "any", 0, U32_MAX, { 0, 65536, U32_MAX } },
	{ "one", 65536, 65536, { 65536, 65536, 65536 }, { 65535, 0 } },
	{ "first", 0, 0, { 0, 0, 0 }, { 1, U32_MAX } },
	{ "last", U32_MAX, U32_MAX, { U32_MAX, U32_MAX, U32_MAX },
	  { U32_MAX - 1, 0 } },
	{ "some", 0x7fffffff, 0x80000000, { 0x7fffffff, 0x80000000, 0x80000000 },
	  { 0x7ffffffe, 0x80000001 } },
};

KUNIT_ARRAY_PARAM_DESC(table_port, table_ports, name);
KUNIT_ARRAY_PARAM_DESC(table_id, table_ids, name);

static void table_port_range(struct kunit *test)
{
	const struct table_range *c = test->param_value;
	struct socks_match match = match_prefix(0, 0);
	struct socks_key key = { .addr = SOCKS_IP(192, 0, 2, 1) };
	u32 i;

	match.port_min = c->min;
	match.port_max = c->max;
	for (i = 0; i < ARRAY_SIZE(c->in); i++) {
		key.port = c->in[i];
		KUNIT_EXPECT_TRUE(test, socks_match_ok(&match, &key));
	}
	for (i = 0; c->out[0] != c->out[1] && i < ARRAY_SIZE(c->out); i++) {
		key.port = c->out[i];
		KUNIT_EXPECT_FALSE(test, socks_match_ok(&match, &key));
	}
}

static void table_id_range(struct kunit *test)
{
	const struct table_range *c = test->param_value;
	struct socks_match by_uid = match_prefix(0, 0);
	struct socks_match by_gid = match_prefix(0, 0);
	struct socks_key key = { .addr = SOCKS_IP(192, 0, 2, 1) };
	u32 i;

	by_uid.uid_min = c->min;
	by_uid.uid_max = c->max;
	by_gid.gid_min = c->min;
	by_gid.gid_max = c->max;
	/* The other id is one which the range would not have. */
	for (i = 0; i < ARRAY_SIZE(c->in); i++) {
		key.uid = c->in[i];
		key.gid = c->out[0];
		KUNIT_EXPECT_TRUE(test, socks_match_ok(&by_uid, &key));
		key.uid = c->out[0];
		key.gid = c->in[i];
		KUNIT_EXPECT_TRUE(test, socks_match_ok(&by_gid, &key));
	}
	for (i = 0; c->out[0] != c->out[1] && i < ARRAY_SIZE(c->out); i++) {
		key.uid = c->out[i];
		key.gid = c->in[0];
		KUNIT_EXPECT_FALSE(test, socks_match_ok(&by_uid, &key));
		key.uid = c->in[0];
		key.gid = c->out[i];
		KUNIT_EXPECT_FALSE(test, socks_match_ok(&by_gid, &key));
	}
}

/* A prefix of each length: its edges and both addresses outside. */
static void table_prefix_edges(struct kunit *test)
{
	static const u32 anchors[] = {
		0, U32_MAX, SOCKS_IP(192, 0, 2, 77), SOCKS_IP(85, 170, 85, 170),
	};
	struct socks_key key = {};
	u32 i;
	u8 len;

	for (i = 0; i < ARRAY_SIZE(anchors); i++) {
		for (len = 0; len <= 32; len++) {
			u64 size = 1ULL << (32 - len);
			u32 first = anchors[i] - anchors[i] % size;
			u32 last = first + (size - 1);
			struct socks_match match = match_prefix(first, len);

			key.addr = first;
			KUNIT_EXPECT_TRUE(test, socks_match_ok(&match, &key));
			key.addr = last;
			KUNIT_EXPECT_TRUE(test, socks_match_ok(&match, &key));
			/* The whole address space has nothing outside. */
			key.addr = first - 1;
			KUNIT_EXPECT_EQ(test, !len,
					socks_match_ok(&match, &key));
			key.addr = last + 1;
			KUNIT_EXPECT_EQ(test, !len,
					socks_match_ok(&match, &key));
		}
	}
}

/* Random tables */

/**
 * struct table_style - how the rules of a random table are made
 * @anchors: addresses near which the prefixes lie
 * @n_anchors: how many
 * @len_min: shortest prefix
 * @len_max: longest prefix
 * @jitter: prefixes are not all around an anchor, but some beside it
 * @picky: of 8 ranges, so many match not everything
 */
struct table_style {
	u32	anchors[5];
	u32	n_anchors;
	u8	len_min;
	u8	len_max;
	bool	jitter;
	u8	picky;
};

static u32 table_random_addr(struct rnd_state *rnd)
{
	if (socks_kunit_below(rnd, 2))
		return prandom_u32_state(rnd);
	return example_special[socks_kunit_below(rnd,
						 ARRAY_SIZE(example_special))];
}

static void table_random_style(struct rnd_state *rnd, struct table_style *style)
{
	static const u8 lens[][2] = {
		{ 0, 32 }, { 0, 32 }, { 0, 10 }, { 6, 10 }, { 14, 18 },
		{ 24, 32 }, { 32, 32 },
	};
	u32 i = socks_kunit_below(rnd, ARRAY_SIZE(lens) + 1);

	if (i < ARRAY_SIZE(lens)) {
		style->len_min = lens[i][0];
		style->len_max = lens[i][1];
	} else {
		style->len_min = socks_kunit_below(rnd, 33);
		style->len_max = style->len_min;
	}
	style->n_anchors = 1 + socks_kunit_below(rnd,
						 ARRAY_SIZE(style->anchors));
	for (i = 0; i < style->n_anchors; i++)
		style->anchors[i] = table_random_addr(rnd);
	style->jitter = socks_kunit_below(rnd, 4);
	style->picky = socks_kunit_below(rnd, 6);
}

static const u32 table_some_ports[] = {
	0, 1, 79, 80, 81, 443, 65534, 65535,
};

static const u32 table_some_ids[] = {
	0, 1, 999, 1000, 1001, 65534, U32_MAX - 1, U32_MAX,
};

static u32 table_random_port(struct rnd_state *rnd)
{
	return table_some_ports[socks_kunit_below(rnd, 8)];
}

static u32 table_random_id(struct rnd_state *rnd)
{
	return table_some_ids[socks_kunit_below(rnd, 8)];
}

static void table_random_match(struct rnd_state *rnd,
			       const struct table_style *style,
			       struct socks_match *match)
{
	u8 len = style->len_min +
		 socks_kunit_below(rnd, style->len_max - style->len_min + 1);
	u32 addr = style->anchors[socks_kunit_below(rnd, style->n_anchors)];
	u32 a, b;

	if (style->jitter) {
		if (socks_kunit_below(rnd, 2))
			addr ^= prandom_u32_state(rnd) >>
				socks_kunit_below(rnd, 32);
		else if (len)
			addr ^= 1U << (32 - len);
	}
	addr -= addr % (1ULL << (32 - len));
	*match = match_prefix(addr, len);

	if (socks_kunit_below(rnd, 8) < style->picky) {
		a = table_random_port(rnd);
		b = table_random_port(rnd);
		match->port_min = min(a, b);
		match->port_max = max(a, b);
	}
	if (socks_kunit_below(rnd, 8) < style->picky) {
		a = table_random_id(rnd);
		b = table_random_id(rnd);
		match->uid_min = min(a, b);
		match->uid_max = max(a, b);
	}
	if (socks_kunit_below(rnd, 8) < style->picky) {
		a = table_random_id(rnd);
		b = table_random_id(rnd);
		match->gid_min = min(a, b);
		match->gid_max = max(a, b);
	}
}

/* Look up an address with some port, user and group. */
static void table_check_addr(struct kunit *test, struct rnd_state *rnd,
			     const struct socks_table *table,
			     struct socks_rule *rules, u32 n_rules, u32 addr)
{
	struct socks_key key = {
		.addr = addr,
		.port = table_random_port(rnd),
		.uid = table_random_id(rnd),
		.gid = table_random_id(rnd),
	};

	table_check(test, table, rules, n_rules, &key);
}

/* The edges of a rule's prefix, both neighbours, and one inside. */
static void table_check_edges(struct kunit *test, struct rnd_state *rnd,
			      const struct socks_table *table,
			      struct socks_rule *rules, u32 n_rules, u32 rule)
{
	const struct socks_match *match = &rules[rule].match;
	u32 first = match->addr;
	u32 last = prefix_last(first, match->prefix_len);

	table_check_addr(test, rnd, table, rules, n_rules, first);
	table_check_addr(test, rnd, table, rules, n_rules, last);
	table_check_addr(test, rnd, table, rules, n_rules, first - 1);
	table_check_addr(test, rnd, table, rules, n_rules, last + 1);
	table_check_addr(test, rnd, table, rules, n_rules,
			 first + (prandom_u32_state(rnd) & (last - first)));
}

static void table_check_many(struct kunit *test, struct rnd_state *rnd,
			     const struct socks_table *table,
			     struct socks_rule *rules, u32 n_rules, u32 edges)
{
	u32 i;

	/* All the rules of a small table, some of a large one. */
	for (i = 0; i < min(edges, n_rules); i++)
		table_check_edges(test, rnd, table, rules, n_rules,
				  n_rules <= edges ? i :
				  socks_kunit_below(rnd, n_rules));
	for (i = 0; i < ARRAY_SIZE(example_special); i++)
		table_check_addr(test, rnd, table, rules, n_rules,
				 example_special[i]);
	for (i = 0; i < 8; i++)
		table_check_addr(test, rnd, table, rules, n_rules,
				 prandom_u32_state(rnd));
}

struct table_random_case {
	const char	*name;
	u32		rules_min;
	u32		rules_max;
	u32		tables;
	u32		edges;
};

static const struct table_random_case table_random_cases[] = {
	{ "1 rule", 1, 1, 600, 10 },
	{ "2 rules", 2, 2, 900, 10 },
	{ "3 to 10 rules", 3, 10, 2500, 10 },
	{ "11 to 100 rules", 11, 100, 600, 100 },
	{ "1000 rules", 1000, 1000, 30, 100 },
	{ "20000 rules", 20000, 20000, 5, 60 },
};

KUNIT_ARRAY_PARAM_DESC(table_random, table_random_cases, name);

static void table_random(struct kunit *test)
{
	const struct table_random_case *c = test->param_value;
	struct socks_rule *rules = table_rules_alloc(test, c->rules_max);
	struct table_style style;
	struct rnd_state rnd;
	u32 i, j;

	socks_kunit_random(test, &rnd);
	for (i = 0; i < c->tables; i++) {
		struct socks_table *table;
		u32 n_rules = c->rules_min +
			      socks_kunit_below(&rnd,
						c->rules_max - c->rules_min + 1);

		table_random_style(&rnd, &style);
		for (j = 0; j < n_rules; j++)
			table_random_match(&rnd, &style, &rules[j].match);
		table = table_make(test, rules, n_rules);
		table_check_many(test, &rnd, table, rules, n_rules, c->edges);
		table_drop(test, table);
		cond_resched();
	}
}

/* Of tables of about the size which gets an index, some must and some not. */
static void table_index_or_none(struct kunit *test)
{
	const u32 n_max = SOCKS_INDEX_MIN_SPANS;
	struct socks_rule *rules = table_rules_alloc(test, n_max);
	u32 with = 0, without = 0, n, i;
	struct rnd_state rnd;

	socks_kunit_random(test, &rnd);
	for (n = 1; n <= n_max; n++) {
		struct socks_table *table;

		/* Each at the edge of what one entry of the index covers. */
		for (i = 0; i < n; i++)
			rules[i].match = match_prefix(SOCKS_IP(10, i, 255, 255),
						      32);
		table = table_make(test, rules, n);
		if (table->index)
			with++;
		else
			without++;
		table_check_many(test, &rnd, table, rules, n, n_max);
		table_drop(test, table);
	}
	KUNIT_EXPECT_GT(test, with, 0);
	KUNIT_EXPECT_GT(test, without, 0);
}

/* Both ends of every entry of the index. */
static void table_index_whole(struct kunit *test)
{
	static const struct table_style style = {
		.anchors = { 0, U32_MAX, SOCKS_IP(127, 0, 0, 1),
			     SOCKS_IP(10, 0, 0, 0), SOCKS_IP(172, 31, 9, 9) },
		.n_anchors = 5,
		.len_min = 4,
		.len_max = 24,
		.jitter = true,
	};
	const u32 n_rules = 64;
	struct socks_rule *rules = table_rules_alloc(test, n_rules);
	struct socks_table *table;
	struct rnd_state rnd;
	u32 i;

	socks_kunit_random(test, &rnd);
	for (i = 0; i < n_rules; i++)
		table_random_match(&rnd, &style, &rules[i].match);
	table = table_make(test, rules, n_rules);
	KUNIT_EXPECT_NOT_NULL(test, table->index);
	for (i = 0; i < 1 << 16; i++) {
		struct socks_key key = { .addr = i << 16 };

		table_check(test, table, rules, n_rules, &key);
		key.addr |= 0xffff;
		table_check(test, table, rules, n_rules, &key);
	}
}

/* Special shapes */

/*
 * A prefix of each length around one address. With port n only the prefix of
 * length n matches, and with NEST_ALL all do.
 */
#define NEST_ALL	33

static const u32 nest_anchors[] = {
	0, U32_MAX, SOCKS_IP(10, 20, 30, 40), SOCKS_IP(126, 255, 255, 255),
	SOCKS_IP(127, 0, 0, 0), SOCKS_IP(127, 0, 0, 1),
	SOCKS_IP(127, 255, 255, 255), SOCKS_IP(128, 0, 0, 0),
	SOCKS_IP(170, 170, 170, 170),
};

static void table_nest_check(struct kunit *test, struct socks_rule *rules,
			     bool all)
{
	struct socks_table *table = table_make(test, rules, 33);
	struct socks_key key = {};
	u32 i;

	for (i = 0; i < 33; i++) {
		const struct socks_match *match = &rules[i].match;
		u32 first = match->addr;
		u32 last = prefix_last(first, match->prefix_len);
		u16 port;

		for (port = 0; port <= NEST_ALL; port++) {
			key.port = port;
			key.addr = first;
			table_check(test, table, rules, 33, &key);
			key.addr = last;
			table_check(test, table, rules, 33, &key);
			key.addr = first - 1;
			table_check(test, table, rules, 33, &key);
			key.addr = last + 1;
			table_check(test, table, rules, 33, &key);
			if (all)
				break;
		}
	}
	table_drop(test, table);
}

static void table_nested(struct kunit *test)
{
	struct socks_rule *rules = table_rules_alloc(test, 33);
	struct rnd_state rnd;
	u32 i, j, order, all;

	socks_kunit_random(test, &rnd);
	for (i = 0; i < ARRAY_SIZE(nest_anchors) * 3 * 2; i++) {
		u32 anchor = nest_anchors[i / 6];

		order = i / 2 % 3;
		all = i % 2;
		for (j = 0; j < 33; j++) {
			u8 len = order ? j : 32 - j;
			u32 addr = anchor - anchor % (1ULL << (32 - len));

			rules[j].match = all ? match_prefix(addr, len) :
					       match_port(addr, len, len);
		}
		/* Narrowest first, widest first, and any order. */
		for (j = 32; order == 2 && j; j--)
			swap(rules[j].match,
			     rules[socks_kunit_below(&rnd, j + 1)].match);
		table_nest_check(test, rules, all);
	}
}

/* In the middle of the nest, what each length answers is plain to see. */
static void table_nested_by_hand(struct kunit *test)
{
	const u32 here = SOCKS_IP(10, 20, 30, 40);
	const u32 there = SOCKS_IP(127, 20, 30, 40);
	struct socks_rule *rules = table_rules_alloc(test, 33);
	struct socks_key key = { .addr = here };
	struct socks_table *table;
	u32 i;

	for (i = 0; i < 33; i++)
		rules[i].match = match_port(here - here % (1ULL << (32 - i)),
					    i, i);
	table = table_make(test, rules, 33);
	for (key.port = 0; key.port <= 32; key.port++)
		KUNIT_EXPECT_EQ(test, socks_table_find(table, &key), key.port);
	KUNIT_EXPECT_EQ(test, socks_table_find(table, &key), NONE);
	table_drop(test, table);

	/* Of those around a loopback address, only /8 and longer speak of it. */
	for (i = 0; i < 33; i++)
		rules[i].match = match_port(there - there % (1ULL << (32 - i)),
					    i, i);
	table = table_make(test, rules, 33);
	key.addr = there;
	for (key.port = 0; key.port <= 32; key.port++)
		KUNIT_EXPECT_EQ(test, socks_table_find(table, &key),
				key.port < 8 ? NONE : key.port);
}

/* Many rules with one prefix: their order is all that counts. */
static void table_same_prefix(struct kunit *test)
{
	const u32 n_rules = 1000;
	struct socks_rule *rules = table_rules_alloc(test, n_rules);
	struct socks_key key = { .addr = SOCKS_IP(10, 255, 255, 255) };
	struct socks_table *table;
	u32 i;

	/* Each port twice, and the second never matters. */
	for (i = 0; i < n_rules; i++)
		rules[i].match = match_port(SOCKS_IP(10, 0, 0, 0), 8,
					    i % (n_rules / 2));
	table = table_make(test, rules, n_rules);
	for (i = 0; i < n_rules / 2; i++) {
		key.port = i;
		KUNIT_EXPECT_EQ(test, socks_table_find(table, &key), i);
	}
	key.port = n_rules / 2;
	KUNIT_EXPECT_EQ(test, socks_table_find(table, &key), NONE);
	key.port = 0;
	key.addr++;
	KUNIT_EXPECT_EQ(test, socks_table_find(table, &key), NONE);
}

/* Cgroups: tests/kunit/run makes these, "ab" to tell it from "a" and "b". */

enum { CG_NULL, CG_ROOT, CG_TOP, CG_A, CG_B, CG_AB, CG_NUM };

static const char *const table_cgroup_paths[CG_NUM] = {
	[CG_ROOT] = "/",
	[CG_TOP] = "/socks_kunit",
	[CG_A] = "/socks_kunit/a",
	[CG_B] = "/socks_kunit/a/b",
	[CG_AB] = "/socks_kunit/ab",
};

/* Row: the rule's; column: the caller's. */
static const bool table_cgroup_match[CG_NUM][CG_NUM] = {
	/*		NULL	/	top	a	b	ab */
	[CG_NULL] = {	true,	true,	true,	true,	true,	true },
	[CG_ROOT] = {	false,	true,	true,	true,	true,	true },
	[CG_TOP] = {	false,	false,	true,	true,	true,	true },
	[CG_A] = {	false,	false,	false,	true,	true,	false },
	[CG_B] = {	false,	false,	false,	false,	true,	false },
	[CG_AB] = {	false,	false,	false,	false,	false,	true },
};

static void table_cgroups_get(struct kunit *test,
			      struct cgroup *cgroups[CG_NUM])
{
	u32 i;

	cgroups[CG_NULL] = NULL;
	for (i = CG_ROOT; i < CG_NUM; i++)
		cgroups[i] = socks_kunit_cgroup(test, table_cgroup_paths[i]);
}

static void table_cgroup_subtree(struct kunit *test)
{
	struct socks_match match = match_prefix(0, 0);
	struct socks_key key = { .addr = SOCKS_IP(192, 0, 2, 1) };
	struct cgroup *cgroups[CG_NUM];
	u32 i, j;

	table_cgroups_get(test, cgroups);
	for (i = 0; i < CG_NUM; i++) {
		for (j = 0; j < CG_NUM; j++) {
			match.cgroup = cgroups[i];
			key.cgroup = cgroups[j];
			KUNIT_EXPECT_EQ_MSG(test, table_cgroup_match[i][j],
					    socks_match_ok(&match, &key),
					    "rule for %s, caller in %s",
					    table_cgroup_paths[i],
					    table_cgroup_paths[j]);
		}
	}
}

static void table_cgroup_random(struct kunit *test)
{
	struct socks_rule *rules = table_rules_alloc(test, 10);
	struct cgroup *cgroups[CG_NUM];
	struct table_style style;
	struct rnd_state rnd;
	u32 i, j;

	socks_kunit_random(test, &rnd);
	table_cgroups_get(test, cgroups);
	for (i = 0; i < 300; i++) {
		struct socks_table *table;
		bool used = false;

		table_random_style(&rnd, &style);
		for (j = 0; j < 10; j++) {
			struct socks_match *match = &rules[j].match;

			table_random_match(&rnd, &style, match);
			if (i % 3)
				match->cgroup = cgroups[socks_kunit_below(&rnd,
								CG_NUM)];
			used = used || match->cgroup;
		}
		table = table_make(test, rules, 10);
		KUNIT_EXPECT_EQ(test, table->uses_cgroup, used);
		for (j = 0; j < 60; j++) {
			const struct socks_match *match = &rules[j % 10].match;
			struct socks_key key = {
				.addr = match->addr,
				.port = table_random_port(&rnd),
				.uid = table_random_id(&rnd),
				.gid = table_random_id(&rnd),
				.cgroup = cgroups[j / 10],
			};

			table_check(test, table, rules, 10, &key);
		}
		table_drop(test, table);
	}
}

/* Servers */

static void table_server_at(struct kunit *test)
{
	static const struct {
		u32	addr;
		u16	port;
	} places[] = {
		{ SOCKS_IP(192, 0, 2, 1), 1080 },
		{ SOCKS_IP(192, 0, 2, 2), 1080 },
		{ SOCKS_IP(192, 0, 2, 2), 1081 },
	};
	static const struct {
		u32	addr;
		u16	port;
		int	server;
	} lookups[] = {
		{ SOCKS_IP(192, 0, 2, 1), 1080, 0 },
		{ SOCKS_IP(192, 0, 2, 2), 1080, 1 },
		{ SOCKS_IP(192, 0, 2, 2), 1081, 2 },
		{ SOCKS_IP(192, 0, 2, 1), 1081, -1 },
		{ SOCKS_IP(192, 0, 2, 1), 1079, -1 },
		{ SOCKS_IP(192, 0, 2, 3), 1080, -1 },
		{ SOCKS_IP(192, 0, 2, 0), 1080, -1 },
		/* The bytes of 1080, and of the address, the other way round */
		{ SOCKS_IP(192, 0, 2, 1), 14340, -1 },
		{ SOCKS_IP(1, 2, 0, 192), 1080, -1 },
	};
	const u32 n = ARRAY_SIZE(places);
	struct socks_server *servers, **list;
	struct socks_table *table;
	u32 i;

	servers = kunit_kcalloc(test, n, sizeof(*servers), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, servers);
	list = kvmalloc_array(n, sizeof(*list), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, list);
	for (i = 0; i < n; i++) {
		servers[i].addr = htonl(places[i].addr);
		servers[i].port = htons(places[i].port);
		list[i] = &servers[i];
	}
	table = socks_table_build(NULL, 0, list, n);
	if (!table)
		kvfree(list);
	KUNIT_ASSERT_NOT_NULL(test, table);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, table_destroy, table));

	for (i = 0; i < ARRAY_SIZE(lookups); i++) {
		struct socks_server *expected = NULL, *found;

		if (lookups[i].server >= 0)
			expected = &servers[lookups[i].server];
		found = socks_table_server_at(table, htonl(lookups[i].addr),
					      htons(lookups[i].port));
		KUNIT_EXPECT_PTR_EQ(test, found, expected);
	}
}

/* Memory */

/*
 * Each of its allocations fails in turn: there is no table, and the lists are
 * still the caller's. Or there is one, made in another way.
 */
static void table_no_memory(struct kunit *test)
{
	const u32 n_rules = 64;
	struct socks_rule *rules = table_rules_alloc(test, n_rules);
	struct socks_server **servers;
	u32 nth, refused = 0, i;
	bool failed;

	socks_kunit_need_failures(test);
	for (i = 0; i < n_rules; i++)
		rules[i].match = match_prefix(SOCKS_IP(10, i, 2, 2), 32);
	for (nth = 1;; nth++) {
		struct socks_rule **list = table_list_alloc(test, rules,
							    n_rules);
		struct socks_table *table;

		servers = kvmalloc_array(1, sizeof(*servers), GFP_KERNEL);
		socks_kunit_fail_nth(nth);
		table = socks_table_build(list, n_rules, servers, 1);
		failed = socks_kunit_failed();
		if (table) {
			socks_table_destroy(table);
		} else {
			refused++;
			KUNIT_EXPECT_PTR_EQ(test, list[n_rules - 1],
					    &rules[n_rules - 1]);
			kvfree(list);
			kvfree(servers);
			KUNIT_EXPECT_TRUE(test, failed);
		}
		if (!failed)
			break;
	}
	KUNIT_EXPECT_GT(test, refused, 0);
}

static struct kunit_case table_cases[] = {
	KUNIT_CASE(table_no_rules),
	KUNIT_CASE_PARAM(table_by_hand, table_example_gen_params),
	KUNIT_CASE_PARAM(table_port_range, table_port_gen_params),
	KUNIT_CASE_PARAM(table_id_range, table_id_gen_params),
	KUNIT_CASE(table_prefix_edges),
	KUNIT_CASE(table_nested_by_hand),
	KUNIT_CASE(table_nested),
	KUNIT_CASE(table_same_prefix),
	KUNIT_CASE_PARAM_ATTR(table_random, table_random_gen_params,
			      { .speed = KUNIT_SPEED_SLOW }),
	KUNIT_CASE(table_index_or_none),
	KUNIT_CASE_SLOW(table_index_whole),
	KUNIT_CASE(table_cgroup_subtree),
	KUNIT_CASE(table_cgroup_random),
	KUNIT_CASE(table_server_at),
	KUNIT_CASE(table_no_memory),
	{}
};

static struct kunit_suite table_suite = {
	.name = "socks_table",
	.test_cases = table_cases,
};

kunit_test_suite(table_suite);
