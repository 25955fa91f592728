// SPDX-License-Identifier: GPL-2.0-only
/*
 * First match among many rules.
 *
 * Prefixes either nest or are disjoint. So their edges cut the address space
 * into spans, and all addresses of a span lie in the same prefixes: the
 * narrowest of them, and those around it. A look-up finds the span by binary
 * search, and from there goes outwards through the prefixes, trying the rules
 * of each in their order, and remembers the lowest rule that matches. It goes
 * no further outwards than where some rule could still be lower.
 *
 * An index on the upper 16 bits of the address leaves little to search: the
 * cost hardly grows with the number of prefixes. Rules which have the same
 * prefix are tried one after another.
 */
#include <linux/slab.h>
#include <linux/sort.h>

#include "table.h"

/**
 * struct socks_node - a prefix that some rule names
 * @parent: next wider prefix around it, or SOCKS_NONE
 * @first: place of its first rule in the table's order
 * @count: how many rules have this prefix
 * @lowest: lowest rule number of this prefix and those around it
 */
struct socks_node {
	u32	parent;
	u32	first;
	u32	count;
	u32	lowest;
};

/**
 * struct socks_span - addresses from @start up to the next span's start
 * @start: first address, in host byte order
 * @node: narrowest prefix which holds them, or SOCKS_NONE
 */
struct socks_span {
	u32	start;
	u32	node;
};

#define SOCKS_INDEX_SIZE	BIT(16)

/* A table with fewer spans is searched as quickly without an index. */
#define SOCKS_INDEX_MIN_SPANS	64

/* 127.0.0.0, the loopback prefix of 8 bits. */
#define SOCKS_LOOPBACK_NET	0x7f000000

/* A rule's place while the table is built. */
struct socks_place {
	u32	addr;
	u32	rule;
	u8	prefix_len;
};

static int socks_place_cmp(const void *a, const void *b)
{
	const struct socks_place *pa = a, *pb = b;

	if (pa->addr != pb->addr)
		return pa->addr < pb->addr ? -1 : 1;
	if (pa->prefix_len != pb->prefix_len)
		return pa->prefix_len < pb->prefix_len ? -1 : 1;
	return pa->rule < pb->rule ? -1 : pa->rule > pb->rule;
}

/* A prefix around the place where the sweep is. */
struct socks_open {
	u32	last;
	u32	node;
};

/* The sweep through the sorted places, see socks_table_sweep(). */
struct socks_sweep {
	struct socks_table	*table;
	u32			n_nodes;
	int			depth;
	struct socks_open	open[33];
};

static u32 socks_sweep_top(const struct socks_sweep *sweep)
{
	return sweep->depth ? sweep->open[sweep->depth - 1].node : SOCKS_NONE;
}

/* From @start on, addresses lie in @node. The last word on a start counts. */
static void socks_sweep_span(struct socks_sweep *sweep, u32 start, u32 node)
{
	struct socks_table *table = sweep->table;

	if (table->n_spans && table->spans[table->n_spans - 1].start == start)
		table->n_spans--;
	table->spans[table->n_spans++] = (struct socks_span){
		.start = start,
		.node = node,
	};
}

/* Leave the prefixes which end before @addr. */
static void socks_sweep_close(struct socks_sweep *sweep, u32 addr)
{
	while (sweep->depth && sweep->open[sweep->depth - 1].last < addr) {
		u32 last = sweep->open[--sweep->depth].last;

		socks_sweep_span(sweep, last + 1, socks_sweep_top(sweep));
	}
}

static void socks_sweep_enter(struct socks_sweep *sweep, u32 addr,
			      u8 prefix_len, u32 first, u32 count, u32 parent)
{
	struct socks_table *table = sweep->table;
	struct socks_node *node = &table->nodes[sweep->n_nodes];

	node->parent = parent;
	node->first = first;
	node->count = count;
	node->lowest = count ? table->order[first] : SOCKS_NONE;
	if (parent != SOCKS_NONE)
		node->lowest = min(node->lowest, table->nodes[parent].lowest);

	socks_sweep_span(sweep, addr, sweep->n_nodes);
	sweep->open[sweep->depth++] = (struct socks_open){
		.last = addr | ~socks_prefix_mask(prefix_len),
		.node = sweep->n_nodes++,
	};
}

/*
 * Make nodes and spans from the places, sorted so that a prefix comes right
 * before those inside it.
 *
 * 127.0.0.0/8 always gets a node, and that has no parent: only rules which
 * name loopback addresses speak of them.
 */
static void socks_table_sweep(struct socks_table *table,
			      const struct socks_place *places)
{
	struct socks_sweep sweep = { .table = table };
	bool loopback = false;
	u32 i, count;

	socks_sweep_span(&sweep, 0, SOCKS_NONE);

	for (i = 0; i < table->n_rules; i += count) {
		const struct socks_place *place = &places[i];
		bool is_loopback = place->addr == SOCKS_LOOPBACK_NET &&
				   place->prefix_len == 8;

		for (count = 1; i + count < table->n_rules; count++)
			if (places[i + count].addr != place->addr ||
			    places[i + count].prefix_len != place->prefix_len)
				break;

		/* No prefix shorter than 8 begins at the loopback net. */
		if (!loopback && place->addr >= SOCKS_LOOPBACK_NET) {
			loopback = true;
			socks_sweep_close(&sweep, SOCKS_LOOPBACK_NET);
			socks_sweep_enter(&sweep, SOCKS_LOOPBACK_NET, 8, i,
					  is_loopback ? count : 0, SOCKS_NONE);
			if (is_loopback)
				continue;
		}

		socks_sweep_close(&sweep, place->addr);
		socks_sweep_enter(&sweep, place->addr, place->prefix_len, i,
				  count, socks_sweep_top(&sweep));
	}

	if (!loopback) {
		socks_sweep_close(&sweep, SOCKS_LOOPBACK_NET);
		socks_sweep_enter(&sweep, SOCKS_LOOPBACK_NET, 8, 0, 0,
				  SOCKS_NONE);
	}

	/* Close all but those which reach to the very end. */
	socks_sweep_close(&sweep, U32_MAX);
}

static void socks_table_fill_index(struct socks_table *table)
{
	u32 span = 0, i;

	for (i = 0; i < SOCKS_INDEX_SIZE; i++) {
		while (span + 1 < table->n_spans &&
		       table->spans[span + 1].start <= i << 16)
			span++;
		table->index[i] = span;
	}
}

/**
 * socks_table_build() - make a table
 * @rules: rules in the order in which they are to be tried
 * @n_rules: how many
 * @servers: servers, those of the rules among them
 * @n_servers: how many
 *
 * The table takes over the arrays, which must come from kvmalloc(), but no
 * references: socks_table_destroy() frees the arrays and leaves rules and
 * servers alone. On error the arrays are still the caller's. May sleep.
 *
 * Return: the table, or NULL where memory is short.
 */
struct socks_table *socks_table_build(struct socks_rule **rules, u32 n_rules,
				      struct socks_server **servers,
				      u32 n_servers)
{
	struct socks_place *places;
	struct socks_table *table;
	u32 i;

	table = kzalloc(sizeof(*table), GFP_KERNEL_ACCOUNT);
	if (!table)
		return NULL;

	/* One node more for the loopback prefix; two spans for each node. */
	table->order = kvmalloc_array(n_rules + 1, sizeof(*table->order),
				      GFP_KERNEL_ACCOUNT);
	table->nodes = kvmalloc_array(n_rules + 1, sizeof(*table->nodes),
				      GFP_KERNEL_ACCOUNT);
	table->spans = kvmalloc_array(2 * (size_t)n_rules + 3,
				      sizeof(*table->spans),
				      GFP_KERNEL_ACCOUNT);
	places = kvmalloc_array(n_rules + 1, sizeof(*places),
				GFP_KERNEL_ACCOUNT);
	if (!table->order || !table->nodes || !table->spans || !places)
		goto err;

	for (i = 0; i < n_rules; i++) {
		places[i] = (struct socks_place){
			.addr = rules[i]->match.addr,
			.prefix_len = rules[i]->match.prefix_len,
			.rule = i,
		};
		if (rules[i]->match.cgroup)
			table->uses_cgroup = true;
	}
	sort(places, n_rules, sizeof(*places), socks_place_cmp, NULL);
	for (i = 0; i < n_rules; i++)
		table->order[i] = places[i].rule;

	table->n_rules = n_rules;
	table->n_servers = n_servers;
	socks_table_sweep(table, places);
	kvfree(places);
	places = NULL;

	if (table->n_spans >= SOCKS_INDEX_MIN_SPANS) {
		table->index = kvmalloc_array(SOCKS_INDEX_SIZE,
					      sizeof(*table->index),
					      GFP_KERNEL_ACCOUNT);
		if (!table->index)
			goto err;
		socks_table_fill_index(table);
	}

	table->rules = rules;
	table->servers = servers;
	return table;

err:
	kvfree(places);
	socks_table_destroy(table);
	return NULL;
}

/**
 * socks_table_destroy() - free a table which nobody looks at any more
 * @table: the table, or NULL
 *
 * Does not touch the references to its rules and servers. May sleep.
 */
void socks_table_destroy(struct socks_table *table)
{
	if (!table)
		return;
	kvfree(table->index);
	kvfree(table->spans);
	kvfree(table->nodes);
	kvfree(table->order);
	kvfree(table->servers);
	kvfree(table->rules);
	kfree(table);
}

/**
 * socks_match_ok() - does a rule speak of a connection?
 * @match: what the rule asks
 * @key: the connection
 *
 * Return: true where all that the rule asks is given.
 */
bool socks_match_ok(const struct socks_match *match,
		    const struct socks_key *key)
{
	return !((key->addr ^ match->addr) &
		 socks_prefix_mask(match->prefix_len)) &&
	       key->port >= match->port_min && key->port <= match->port_max &&
	       key->uid >= match->uid_min && key->uid <= match->uid_max &&
	       key->gid >= match->gid_min && key->gid <= match->gid_max &&
	       (!match->cgroup || (key->cgroup &&
				   cgroup_is_descendant(key->cgroup,
							match->cgroup)));
}

/* The span in which @addr lies. */
static const struct socks_span *
socks_table_span(const struct socks_table *table, u32 addr)
{
	u32 low = 0, high = table->n_spans - 1;

	if (table->index) {
		u32 top = addr >> 16;

		low = table->index[top];
		if (top < SOCKS_INDEX_SIZE - 1)
			high = table->index[top + 1];
	}

	while (low < high) {
		u32 mid = low + (high - low + 1) / 2;

		if (table->spans[mid].start <= addr)
			low = mid;
		else
			high = mid - 1;
	}
	return &table->spans[low];
}

/**
 * socks_table_find() - find the first rule that matches
 * @table: where
 * @key: the connection
 *
 * Any context; the caller sees to it that the table stays.
 *
 * Return: the rule's number in @table->rules, or SOCKS_NONE.
 */
u32 socks_table_find(const struct socks_table *table,
		     const struct socks_key *key)
{
	u32 best = SOCKS_NONE;
	u32 n = socks_table_span(table, key->addr)->node;

	while (n != SOCKS_NONE) {
		const struct socks_node *node = &table->nodes[n];
		const u32 *rule = &table->order[node->first];
		const u32 *end = rule + node->count;

		if (node->lowest >= best)
			break;
		for (; rule < end && *rule < best; rule++) {
			if (socks_match_ok(&table->rules[*rule]->match, key)) {
				best = *rule;
				break;
			}
		}
		n = node->parent;
	}
	return best;
}

/**
 * socks_table_server_at() - is this the address of a server?
 * @table: where to look
 * @addr: address
 * @port: port
 *
 * Any context; the caller sees to it that the table stays.
 *
 * Return: a server which listens there, or NULL.
 */
struct socks_server *socks_table_server_at(const struct socks_table *table,
					   __be32 addr, __be16 port)
{
	u32 i;

	for (i = 0; i < table->n_servers; i++)
		if (table->servers[i]->addr == addr &&
		    table->servers[i]->port == port)
			return table->servers[i];
	return NULL;
}
