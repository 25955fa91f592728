// SPDX-License-Identifier: GPL-2.0-only
/* The functions of the kernel that table.c calls. */
#include <linux/slab.h>
#include <linux/sort.h>

/*
 * The kernel's sort is not stable. qsort() of glibc mostly is; so what is equal
 * comes out in another order than it went in.
 */
void sort(void *base, size_t n, size_t size,
	  int (*compare)(const void *a, const void *b), void *swap)
{
	char *low = base, *high = low + n * size, *other;
	char byte;
	size_t i;

	for (; n > 1 && low < high - size; low += size) {
		high -= size;
		other = high;
		for (i = 0; i < size; i++) {
			byte = low[i];
			low[i] = other[i];
			other[i] = byte;
		}
	}
	if (n)
		qsort(base, n, size, compare);
}
