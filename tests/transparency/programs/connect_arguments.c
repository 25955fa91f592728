// SPDX-License-Identifier: GPL-2.0-only
/* Addresses that connect() can't use, in each state. */
#include "observe.h"

#define AF_STRANGE	99

static void wrong(int fd)
{
	struct sockaddr_storage storage = {};
	union address address;
	socklen_t size = target(0, &address);

	CALL(connect(fd, &address.any, 0));
	CALL(connect(fd, &address.any, 1));
	CALL(connect(fd, &address.any, 2));
	CALL(connect(fd, &address.any, size / 2));
	CALL(connect(fd, &address.any, -1));
	CALL(connect(fd, &address.any, sizeof(storage) + 1));
	CALL(connect(fd, NULL, size));
	storage.ss_family = AF_STRANGE;
	CALL(connect(fd, (struct sockaddr *)&storage, size));
	storage.ss_family = AF_UNIX;
	CALL(connect(fd, (struct sockaddr *)&storage, sizeof(storage)));
	CALL(connect(-1, &address.any, size));
	CALL(connect(0, &address.any, size));
}

void program(void)
{
	struct sockaddr_storage storage = {};
	union address address;
	socklen_t size;
	int fd = tcp(SOCK_NONBLOCK);

	wrong(fd);
	CALL(connect_to(fd, 0));
	far("arrived");
	wrong(fd);
	show(fd);
	far("grant");
	CALL(connect_to(fd, 0));
	wrong(fd);
	CALL(close(fd));
	CALL(connect_to(fd, 0));

	/* More than is needed is no mistake. */
	fd = tcp(SOCK_NONBLOCK);
	size = target(1, &address);
	memcpy(&storage, &address, size);
	CALL(connect(fd, (struct sockaddr *)&storage, sizeof(storage)));
	far("1:arrived");
	far("1:grant");
	CALL(connect_to(fd, 1));
	show_names(fd);
	CALL(close(fd));

	/* Nobody can be connected to there. */
	fd = tcp(SOCK_NONBLOCK);
	size = make_address("255.255.255.255", 80, &address);
	CALL(connect(fd, &address.any, size));
	size = make_address("224.0.0.1", 80, &address);
	CALL(connect(fd, &address.any, size));
	CALL(close(fd));
}
