// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmod/table.c: a look-up gives what trying all rules in their order gives,
 * and where memory is short there is no table and nothing is lost.
 */
#include <arpa/inet.h>
#include <linux/slab.h>

#include "input.h"
#include "table.h"

#define RULES_MAX	256
#define SERVERS_MAX	4

/* Which allocation is to fail, counted down; 0 for none. */
static unsigned int fail_at;

void *fuzz_alloc(size_t n, size_t size)
{
	if (fail_at && !--fail_at)
		return NULL;
	return malloc(n * size);
}

/* a/b/c and a/d */
static struct cgroup cgroups[] = {
	{ NULL },
	{ &cgroups[0] },
	{ &cgroups[1] },
	{ &cgroups[0] },
};

#define N_CGROUPS	(sizeof(cgroups) / sizeof(*cgroups))

static struct socks_rule rules[RULES_MAX];
static struct socks_server servers[SERVERS_MAX];

/* First and last address of a prefix. */
static u32 first_of(const struct socks_match *match)
{
	return match->addr;
}

static u32 last_of(const struct socks_match *match)
{
	return match->addr + (u32)((1ULL << (32 - match->prefix_len)) - 1);
}

static bool in_loopback(u32 addr)
{
	return addr >> 24 == 127;
}

/* As the architecture says it, rule by rule. */
static bool speaks_of(const struct socks_match *match,
		      const struct socks_key *key)
{
	if (key->addr < first_of(match) || key->addr > last_of(match))
		return false;
	if (key->port < match->port_min || key->port > match->port_max)
		return false;
	if (key->uid < match->uid_min || key->uid > match->uid_max)
		return false;
	if (key->gid < match->gid_min || key->gid > match->gid_max)
		return false;
	return !match->cgroup ||
	       cgroup_is_descendant(key->cgroup, match->cgroup);
}

static u32 find_linear(u32 n, const struct socks_key *key)
{
	u32 i;

	for (i = 0; i < n; i++) {
		const struct socks_match *match = &rules[i].match;

		CHECK(socks_match_ok(match, key) == speaks_of(match, key));
		/* A rule must name loopback addresses to speak of them. */
		if (in_loopback(key->addr) && !(in_loopback(first_of(match)) &&
						in_loopback(last_of(match))))
			continue;
		if (speaks_of(match, key))
			return i;
	}
	return SOCKS_NONE;
}

static u32 near(u32 value, u8 how)
{
	return how % 4 == 0 ? value - 1 : how % 4 == 1 ? value + 1 : value;
}

/* A range, wide open in most cases. */
static void range(struct input *input, u8 how, u32 most, u32 *low, u32 *high)
{
	u32 a, b;

	*low = 0;
	*high = most;
	if (how % 4)
		return;
	a = input_u8(input);
	b = input_u8(input);
	*low = a < b ? a : b;
	*high = a < b ? b : a;
}

static void make_rule(struct input *input, u32 i)
{
	struct socks_match *match = &rules[i].match;
	u8 what = input_u8(input), how;
	u32 low, high;

	memset(&rules[i], 0, sizeof(rules[i]));
	match->prefix_len = input_u8(input) % 33;
	/* Within, around or beside an earlier one, or anywhere. */
	if (i && what & 1)
		match->addr = rules[input_u8(input) % i].match.addr ^
			      (u32)input_u8(input) << what % 25;
	else if (what & 2)
		match->addr = 0x7f000000 ^ (u32)input_u8(input) << what % 25;
	else
		match->addr = input_u32(input);
	match->addr &= socks_prefix_mask(match->prefix_len);

	how = input_u8(input);
	range(input, how, U16_MAX, &low, &high);
	match->port_min = low;
	match->port_max = high;
	range(input, how >> 2, U32_MAX, &match->uid_min, &match->uid_max);
	range(input, how >> 4, U32_MAX, &match->gid_min, &match->gid_max);
	if (!(how >> 6))
		match->cgroup = &cgroups[input_u8(input) % N_CGROUPS];
}

/* So many networks in a row that the table gets an index. */
static u32 make_row(struct input *input, u32 n)
{
	u32 count = input_u8(input), step = input_u32(input);
	const struct socks_rule *first;

	make_rule(input, n);
	first = &rules[n++];
	for (; count && n < RULES_MAX; count--, n++) {
		rules[n] = rules[n - 1];
		rules[n].match.addr += step;
		rules[n].match.addr &=
			socks_prefix_mask(first->match.prefix_len);
	}
	return n;
}

static void make_key(struct input *input, u32 n, struct socks_key *key)
{
	u8 what = input_u8(input);
	const struct socks_match *match;

	key->addr = input_u32(input);
	key->port = input_u8(input);
	key->uid = input_u8(input);
	key->gid = input_u8(input);
	key->cgroup = what % 8 ? &cgroups[what / 8 % N_CGROUPS] : NULL;
	if (!n || what >= 0xf0)
		return;
	/* At an edge of a rule. */
	match = &rules[key->addr % n].match;
	key->addr = near(what & 1 ? first_of(match) : last_of(match), what >> 1);
	if (what & 0x10)
		key->port = near(match->port_min, what);
	if (what & 0x20)
		key->uid = near(match->uid_max, what >> 2);
	if (what & 0x40)
		key->gid = near(match->gid_min, what >> 3);
}

static void check_servers(const struct socks_table *table, u32 n)
{
	u32 i, first;

	for (i = 0; i < n; i++) {
		for (first = 0; first < i; first++)
			if (servers[first].addr == servers[i].addr &&
			    servers[first].port == servers[i].port)
				break;
		CHECK(socks_table_server_at(table, servers[i].addr,
					    servers[i].port) ==
		      &servers[first]);
		/* No server has port 0. */
		CHECK(!socks_table_server_at(table, servers[i].addr, 0));
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input input = { data, data + size };
	u32 n_servers = input_u8(&input) % (SERVERS_MAX + 1), n = 0, i;
	unsigned int fail = input_u8(&input) % 32;
	struct socks_server **server_list;
	struct socks_rule **rule_list;
	struct socks_table *table;
	struct socks_key key;

	for (i = 0; i < n_servers; i++) {
		servers[i].addr = htonl(input_u8(&input) % 2);
		servers[i].port = htons(1 + input_u8(&input) % 2);
	}
	/* What is left when there are rules enough is for the keys. */
	while (n < RULES_MAX && input.end - input.at > 24) {
		u8 next = input_u8(&input);

		if (next >= 0xf0 && next < 0xff)
			break;
		if (next == 0xff)
			n = make_row(&input, n);
		else
			make_rule(&input, n++);
	}

	fail_at = 0;
	rule_list = calloc(n + 1, sizeof(*rule_list));
	server_list = calloc(n_servers + 1, sizeof(*server_list));
	for (i = 0; i < n; i++)
		rule_list[i] = &rules[i];
	for (i = 0; i < n_servers; i++)
		server_list[i] = &servers[i];

	fail_at = fail;
	table = socks_table_build(rule_list, n, server_list, n_servers);
	/* Where it fails the lists are still ours. */
	if (!table) {
		CHECK(fail && !fail_at);
		free(rule_list);
		free(server_list);
		return 0;
	}
	/* An allocation that failed was missed. */
	CHECK(!fail || fail_at);

	check_servers(table, n_servers);
	for (i = 0; i < 32 && (!i || input.at < input.end); i++) {
		make_key(&input, n, &key);
		CHECK(socks_table_find(table, &key) == find_linear(n, &key));
	}
	for (i = 0; i < n; i += 1 + n / 16) {
		key = (struct socks_key){ .addr = first_of(&rules[i].match) };
		CHECK(socks_table_find(table, &key) == find_linear(n, &key));
		key.addr = last_of(&rules[i].match) + 1;
		CHECK(socks_table_find(table, &key) == find_linear(n, &key));
	}
	socks_table_destroy(table);
	return 0;
}
