/* SPDX-License-Identifier: GPL-2.0-only */
/* io_uring by its system calls: there is no liburing for 32 bits. */
#ifndef _RING_H
#define _RING_H

#include <linux/io_uring.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct ring {
	int			fd;
	unsigned int		*sq_flags, *sq_head, *sq_tail, *sq_array;
	unsigned int		*cq_head, *cq_tail;
	unsigned int		sq_mask, cq_mask;
	struct io_uring_sqe	*sqes;
	struct io_uring_cqe	*cqes;
};

/*
 * Make a ring. Return false, with errno set, where it can't be had; its fd is -1
 * then.
 */
static inline bool ring_open(struct ring *ring, unsigned int entries,
			     unsigned int flags)
{
	struct io_uring_params params = { .flags = flags };
	size_t size;
	char *map;

	ring->fd = syscall(SYS_io_uring_setup, entries, &params);
	if (ring->fd < 0)
		return false;
	size = params.cq_off.cqes + params.cq_entries * sizeof(*ring->cqes);
	if (size < params.sq_off.array + params.sq_entries * sizeof(int))
		size = params.sq_off.array + params.sq_entries * sizeof(int);
	map = mmap(NULL, size, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQ_RING);
	ring->sqes = mmap(NULL, params.sq_entries * sizeof(*ring->sqes),
			  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			  ring->fd, IORING_OFF_SQES);
	if (map == MAP_FAILED || (void *)ring->sqes == MAP_FAILED) {
		close(ring->fd);
		ring->fd = -1;
		return false;
	}
	ring->sq_flags = (void *)(map + params.sq_off.flags);
	ring->sq_head = (void *)(map + params.sq_off.head);
	ring->sq_tail = (void *)(map + params.sq_off.tail);
	ring->sq_mask = *(unsigned int *)(map + params.sq_off.ring_mask);
	ring->sq_array = (void *)(map + params.sq_off.array);
	ring->cq_head = (void *)(map + params.cq_off.head);
	ring->cq_tail = (void *)(map + params.cq_off.tail);
	ring->cq_mask = *(unsigned int *)(map + params.cq_off.ring_mask);
	ring->cqes = (void *)(map + params.cq_off.cqes);
	return true;
}

/* The entry for the next operation, all zero; to be filled, and pushed. */
static inline struct io_uring_sqe *ring_entry(struct ring *ring)
{
	struct io_uring_sqe *sqe = &ring->sqes[*ring->sq_tail & ring->sq_mask];

	return memset(sqe, 0, sizeof(*sqe));
}

/* Let the kernel have that entry. */
static inline void ring_push(struct ring *ring)
{
	unsigned int tail = *ring->sq_tail;

	ring->sq_array[tail & ring->sq_mask] = tail & ring->sq_mask;
	__atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
}

#endif /* _RING_H */
