/* SPDX-License-Identifier: GPL-2.0-only */
/* Random messages: well-formed ones, and what mutation makes of them. */
#ifndef _HOSTILE_DRAW_H
#define _HOSTILE_DRAW_H

#include "../../include/random.h"
#include "netlink.h"

/* Cgroups which there are. */
#define CGROUP_A	"/hostile"
#define CGROUP_B	"/hostile/inner"

void draw_message(struct random *random, struct message *message, bool mutate);
void draw_step(struct message *message, uint32_t step, bool flush);

#endif /* _HOSTILE_DRAW_H */
