// SPDX-License-Identifier: GPL-2.0-only
/* A BPF sockmap, to which the socket is added in each state. */
#include "observe.h"

#include <linux/bpf.h>

static int map;

static long bpf(int command, union bpf_attr *attributes)
{
	return syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

static int make_map(void)
{
	union bpf_attr attributes = {
		.map_type = BPF_MAP_TYPE_SOCKMAP,
		.key_size = sizeof(uint32_t),
		.value_size = sizeof(uint64_t),
		.max_entries = 4,
	};

	return bpf(BPF_MAP_CREATE, &attributes);
}

static int add(int fd, uint32_t key)
{
	uint64_t value = fd;
	union bpf_attr attributes = {
		.map_fd = map,
		.key = (uintptr_t)&key,
		.value = (uintptr_t)&value,
	};

	return bpf(BPF_MAP_UPDATE_ELEM, &attributes);
}

static int drop(uint32_t key)
{
	union bpf_attr attributes = {
		.map_fd = map,
		.key = (uintptr_t)&key,
	};

	return bpf(BPF_MAP_DELETE_ELEM, &attributes);
}

void program(void)
{
	int fd = tcp(SOCK_NONBLOCK);

	map = MUST(make_map());
	CALL(add(fd, 0));
	CALL(connect_to(fd, 0));
	far("arrived");
	CALL(add(fd, 0));
	show(fd);
	far("grant");
	CALL(add(fd, 0));
	CALL(connect_to(fd, 0));
	CALL(add(fd, 1));
	show(fd);
	CALL(nonblocking(fd, false));
	exchange(fd, 0);
	CALL(setsockopt(fd, SOL_TCP, TCP_ULP, "tls", 3));
	CALL(drop(1));
	exchange(fd, 0);
	CALL(shutdown(fd, SHUT_WR));
	far("end");
	far("finish");
	wait_end(fd);
	show(fd);
	CALL(drop(0));
	CALL(close(fd));

	/* Disconnected while it is in the map, and closed. */
	fd = connected(1);
	CALL(add(fd, 2));
	CALL(unconnect(fd));
	show(fd);
	CALL(drop(2));
	CALL(close(fd));
	fd = connected(2);
	CALL(add(fd, 3));
	CALL(close(fd));
	CALL(drop(3));
	CALL(close(map));
}
