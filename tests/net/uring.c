// SPDX-License-Identifier: GPL-2.0-only
/*
 * uring 4|6 ADDRESS PORT
 *
 * Connect through io_uring, then receive and send. Prints what each operation
 * gave, a line each.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ENTRIES	4

struct ring {
	int fd;
	unsigned int *sq_tail, *sq_array, *cq_head, *cq_tail;
	unsigned int sq_mask, cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

static int ring_make(struct ring *ring)
{
	struct io_uring_params params = { .flags = 0 };
	size_t size;
	char *map;

	ring->fd = syscall(SYS_io_uring_setup, ENTRIES, &params);
	if (ring->fd < 0)
		return -1;
	if (!(params.features & IORING_FEAT_SINGLE_MMAP))
		return -1;
	size = params.cq_off.cqes + params.cq_entries * sizeof(*ring->cqes);
	if (size < params.sq_off.array + params.sq_entries * sizeof(int))
		size = params.sq_off.array + params.sq_entries * sizeof(int);
	map = mmap(NULL, size, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQ_RING);
	ring->sqes = mmap(NULL, params.sq_entries * sizeof(*ring->sqes),
			  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			  ring->fd, IORING_OFF_SQES);
	if (map == MAP_FAILED || (void *)ring->sqes == MAP_FAILED)
		return -1;
	ring->sq_tail = (void *)(map + params.sq_off.tail);
	ring->sq_mask = *(unsigned int *)(map + params.sq_off.ring_mask);
	ring->sq_array = (void *)(map + params.sq_off.array);
	ring->cq_head = (void *)(map + params.cq_off.head);
	ring->cq_tail = (void *)(map + params.cq_off.tail);
	ring->cq_mask = *(unsigned int *)(map + params.cq_off.ring_mask);
	ring->cqes = (void *)(map + params.cq_off.cqes);
	return 0;
}

static struct io_uring_sqe *ring_next(struct ring *ring, int op, int fd)
{
	unsigned int i = *ring->sq_tail & ring->sq_mask;
	struct io_uring_sqe *sqe = &ring->sqes[i];

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = op;
	sqe->fd = fd;
	ring->sq_array[i] = i;
	__atomic_store_n(ring->sq_tail, *ring->sq_tail + 1, __ATOMIC_RELEASE);
	return sqe;
}

static int ring_wait(struct ring *ring)
{
	unsigned int head = *ring->cq_head;
	int result;

	if (syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS,
		    NULL, 0) < 0)
		return -errno;
	if (head == __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE))
		return -ENODATA;
	result = ring->cqes[head & ring->cq_mask].res;
	__atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
	return result;
}

static void say(const char *what, int result)
{
	if (result < 0)
		printf("%s %s\n", what, strerrorname_np(-result));
	else
		printf("%s %d\n", what, result);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct io_uring_sqe *sqe;
	struct ring ring;
	char buffer[100];
	int fd, result;

	if (argc != 4 || !inet_aton(argv[2], &in.sin_addr))
		return 2;
	in.sin_port = htons(atoi(argv[3]));
	in6.sin6_port = in.sin_port;
	in6.sin6_addr.s6_addr[10] = 0xff;
	in6.sin6_addr.s6_addr[11] = 0xff;
	memcpy(in6.sin6_addr.s6_addr + 12, &in.sin_addr, 4);

	fd = socket(*argv[1] == '4' ? AF_INET : AF_INET6, SOCK_STREAM, 0);
	if (fd < 0 || ring_make(&ring)) {
		perror("uring");
		return 3;
	}

	sqe = ring_next(&ring, IORING_OP_CONNECT, fd);
	sqe->addr = *argv[1] == '4' ? (unsigned long)&in : (unsigned long)&in6;
	sqe->off = *argv[1] == '4' ? sizeof(in) : sizeof(in6);
	result = ring_wait(&ring);
	say("connect", result);
	if (result)
		return 0;

	sqe = ring_next(&ring, IORING_OP_RECV, fd);
	sqe->addr = (unsigned long)buffer;
	sqe->len = sizeof(buffer);
	say("recv", ring_wait(&ring));

	sqe = ring_next(&ring, IORING_OP_SEND, fd);
	sqe->addr = (unsigned long)"abc";
	sqe->len = 3;
	say("send", ring_wait(&ring));
	return 0;
}
