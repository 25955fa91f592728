// SPDX-License-Identifier: GPL-2.0-only
/*
 * compat 4|6 ADDRESS PORT connect|socketcall|fastopen
 *
 * Connect a non-blocking socket with a system call of 32-bit programs: by int
 * 0x80, which 64-bit ones may use, too. Prints what it gave.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* See asm/unistd_32.h and linux/net.h. */
#define NR_SOCKETCALL	102
#define NR_CONNECT	362
#define CALL_CONNECT	3
#define CALL_SENDTO	11

/* All that a call is given an address of, below 4 GiB. */
struct low {
	struct sockaddr_in6	in6;
	struct sockaddr_in	in;
	uint32_t		arguments[6];
	char			data[4];
};

static int call(uint32_t number, uint32_t a, uint32_t b, uint32_t c)
{
	int result;

	asm volatile("int $0x80" : "=a" (result)
		     : "a" (number), "b" (a), "c" (b), "d" (c), "S" (0), "D" (0)
		     : "memory", "r8", "r9", "r10", "r11");
	return result;
}

static uint32_t low_address(const void *of)
{
	return (uintptr_t)of;
}

int main(int argc, char **argv)
{
	uint32_t address, length;
	struct low *low;
	int fd, result;

	low = mmap(NULL, sizeof(*low), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (argc != 5 || low == MAP_FAILED ||
	    !inet_aton(argv[2], &low->in.sin_addr))
		return 2;
	low->in.sin_family = AF_INET;
	low->in.sin_port = htons(atoi(argv[3]));
	low->in6.sin6_family = AF_INET6;
	low->in6.sin6_port = low->in.sin_port;
	low->in6.sin6_addr.s6_addr[10] = 0xff;
	low->in6.sin6_addr.s6_addr[11] = 0xff;
	memcpy(low->in6.sin6_addr.s6_addr + 12, &low->in.sin_addr, 4);

	if (*argv[1] == '4') {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		address = low_address(&low->in);
		length = sizeof(low->in);
	} else {
		fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
		address = low_address(&low->in6);
		length = sizeof(low->in6);
	}

	low->arguments[0] = fd;
	if (!strcmp(argv[4], "connect")) {
		result = call(NR_CONNECT, fd, address, length);
	} else if (!strcmp(argv[4], "socketcall")) {
		low->arguments[1] = address;
		low->arguments[2] = length;
		result = call(NR_SOCKETCALL, CALL_CONNECT,
			      low_address(low->arguments), 0);
	} else {
		low->arguments[1] = low_address(low->data);
		low->arguments[2] = sizeof(low->data);
		low->arguments[3] = MSG_FASTOPEN;
		low->arguments[4] = address;
		low->arguments[5] = length;
		result = call(NR_SOCKETCALL, CALL_SENDTO,
			      low_address(low->arguments), 0);
	}
	puts(result < 0 ? strerrorname_np(-result) : "0");
	return 0;
}
