/* SPDX-License-Identifier: GPL-2.0-only */
/* Network namespaces. */
#ifndef SOCKSCTL_NETNS_H
#define SOCKSCTL_NETNS_H

#include "report.h"

enum status netns_enter(const struct place *place, const char *netns);

#endif
