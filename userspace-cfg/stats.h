/* SPDX-License-Identifier: GPL-2.0-only */
/* The counters of a server or a rule. */
#ifndef SOCKSCTL_STATS_H
#define SOCKSCTL_STATS_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * struct stats - The counters of a server or a rule.
 * @present: The kernel gave them.
 * @tried: Connections that were begun.
 * @granted: Those that the server granted.
 * @rejected: Those that the server, or a rule with action reject, refused.
 * @failed: Those that ended in any other way before they were granted.
 * @in_progress: Those that wait for the server now.
 * @established: Granted ones that are still open.
 */
struct stats {
	bool present;
	uint64_t tried;
	uint64_t granted;
	uint64_t rejected;
	uint64_t failed;
	uint32_t in_progress;
	uint32_t established;
};

int stats_read(const struct nlattr *nest, struct stats *stats);

#endif
