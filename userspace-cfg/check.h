/* SPDX-License-Identifier: GPL-2.0-only */
/* Files for "apply", checked without the kernel. */
#ifndef SOCKSCTL_CHECK_H
#define SOCKSCTL_CHECK_H

#include "words.h"

enum status check(struct words *words);

#endif
