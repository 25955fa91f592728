/* SPDX-License-Identifier: GPL-2.0-only */
/* Arrays: of a fixed size, and such as grow. */
#ifndef SOCKSCTL_ARRAY_H
#define SOCKSCTL_ARRAY_H

#include <stddef.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof(*(array)))

void *array_room(void *list, size_t count, size_t *size, size_t item);

#endif
