/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of the kernel's headers as codec.c and table.c ask for, in user
 * space. The other headers of this folder lead here.
 */
#ifndef _FUZZ_KERNEL_H
#define _FUZZ_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include_next <linux/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;

#define U16_MAX		UINT16_MAX
#define U32_MAX		UINT32_MAX
#define BIT(n)		(1UL << (n))

#define min(a, b)	({				\
	typeof(a) _a = (a);				\
	typeof(b) _b = (b);				\
	_a < _b ? _a : _b;				\
})

/* What structures have as members, and nothing looks at. */
typedef struct { int counter; } atomic_t;
typedef struct { long counter; } atomic64_t;
typedef struct { int refs; } refcount_t;
typedef struct { int locked; } spinlock_t;
struct rcu_work { int pending; };

struct cgroup {
	struct cgroup *parent;
};

static inline bool cgroup_is_descendant(struct cgroup *cgroup,
					struct cgroup *ancestor)
{
	while (cgroup && cgroup != ancestor)
		cgroup = cgroup->parent;
	return cgroup;
}

/* Memory, of which the test may say that there is none. */
#define GFP_KERNEL_ACCOUNT	0

void *fuzz_alloc(size_t n, size_t size);

#define kvmalloc_array(n, size, gfp)	fuzz_alloc(n, size)
#define kvfree(pointer)			free(pointer)
#define kfree(pointer)			free(pointer)
#define kzalloc(size, gfp)	({			\
	size_t _size = (size);				\
	void *_new = fuzz_alloc(1, _size);		\
	_new ? memset(_new, 0, _size) : NULL;		\
})

void sort(void *base, size_t n, size_t size,
	  int (*compare)(const void *a, const void *b), void *swap);

#endif /* _FUZZ_KERNEL_H */
