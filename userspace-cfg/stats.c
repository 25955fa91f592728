// SPDX-License-Identifier: GPL-2.0-only
/* The counters of a server or a rule. */
#include "message.h"
#include "stats.h"

static uint64_t read_u64(const struct nlattr *attribute)
{
	return attribute ? mnl_attr_get_u64(attribute) : 0;
}

static uint32_t read_u32(const struct nlattr *attribute)
{
	return attribute ? mnl_attr_get_u32(attribute) : 0;
}

/**
 * stats_read() - Read counters from a message.
 * @nest: The attribute which holds them; NULL where there is none.
 * @stats: Where to put them.
 *
 * Return: 0 or -EBADMSG.
 */
int stats_read(const struct nlattr *nest, struct stats *stats)
{
	static const struct attribute_types types = {
		.max = SOCKS_A_STATS_MAX,
		.type = {
			[SOCKS_A_STATS_TRIED] = MNL_TYPE_U64,
			[SOCKS_A_STATS_GRANTED] = MNL_TYPE_U64,
			[SOCKS_A_STATS_REJECTED] = MNL_TYPE_U64,
			[SOCKS_A_STATS_FAILED] = MNL_TYPE_U64,
			[SOCKS_A_STATS_IN_PROGRESS] = MNL_TYPE_U32,
			[SOCKS_A_STATS_ESTABLISHED] = MNL_TYPE_U32,
		},
	};
	struct attributes attributes = { .at = { NULL } };
	int error;

	*stats = (struct stats){ .present = nest };
	if (!nest)
		return 0;
	error = attributes_read_nest(nest, &types, &attributes);
	if (error)
		return error;
	stats->tried = read_u64(attributes.at[SOCKS_A_STATS_TRIED]);
	stats->granted = read_u64(attributes.at[SOCKS_A_STATS_GRANTED]);
	stats->rejected = read_u64(attributes.at[SOCKS_A_STATS_REJECTED]);
	stats->failed = read_u64(attributes.at[SOCKS_A_STATS_FAILED]);
	stats->in_progress =
		read_u32(attributes.at[SOCKS_A_STATS_IN_PROGRESS]);
	stats->established =
		read_u32(attributes.at[SOCKS_A_STATS_ESTABLISHED]);
	return 0;
}
