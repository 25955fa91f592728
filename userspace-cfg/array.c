// SPDX-License-Identifier: GPL-2.0-only
/* Arrays which grow. */
#include <stdlib.h>

#include "array.h"

/**
 * array_room() - Make room for one more item of an array.
 * @list: The array; NULL where it has no room at all.
 * @count: How many items are in it.
 * @size: For how many it has room; changed where it grows.
 * @item: Bytes of an item.
 *
 * Return: The array, which may have moved; NULL without memory, and then it is
 * as it was.
 */
void *array_room(void *list, size_t count, size_t *size, size_t item)
{
	size_t more = 2 * *size + 1;

	if (count < *size)
		return list;
	list = reallocarray(list, more, item);
	if (list)
		*size = more;
	return list;
}
