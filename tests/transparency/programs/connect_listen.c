// SPDX-License-Identifier: GPL-2.0-only
/* listen() and accept4() on sockets that connect, or did so before. */
#include "observe.h"

static void accepts(int listener, int flags)
{
	union address address;
	socklen_t size = sizeof(address);
	int client = tcp(0), fd;

	CALL(getsockname(listener, &address.any, &size));
	CALL(connect(client, &address.any, size));
	size = sizeof(address);
	fd = accept4(listener, &address.any, &size, flags);
	say("accept4 flags %#x: %s, address of %u bytes, O_NONBLOCK %d, FD_CLOEXEC %d",
	    flags, fd < 0 ? error_name(errno) : "a socket", size,
	    !!(fcntl(fd, F_GETFL) & O_NONBLOCK), fcntl(fd, F_GETFD));
	CALL(send(client, "hello", 5, 0));
	wait_events(fd, POLLIN);
	take(fd, 10, 0);
	show_poll(fd);
	CALL(close(client));
	CALL(close(fd));
}

static void loopback(int fd, unsigned int port)
{
	union address address;
	socklen_t size = make_address("127.0.0.1", port, &address);

	CALL(bind(fd, &address.any, size));
}

void program(void)
{
	int fd = tcp(SOCK_NONBLOCK);

	/* No listener becomes of it while it connects or is connected. */
	CALL(connect_to(fd, 0));
	far("arrived");
	CALL(listen(fd, 5));
	CALL(accept4(fd, NULL, NULL, 0));
	far("grant");
	CALL(listen(fd, 5));
	CALL(accept4(fd, NULL, NULL, SOCK_NONBLOCK));
	CALL(connect_to(fd, 0));
	CALL(listen(fd, 5));
	show(fd);

	/* But afterwards. */
	CALL(unconnect(fd));
	loopback(fd, own_port);
	CALL(listen(fd, 5));
	show(fd);
	CALL(connect_to(fd, 1));
	CALL(accept4(fd, NULL, NULL, SOCK_CLOEXEC));
	CALL(accept4(fd, NULL, NULL, 0x40000000));
	accepts(fd, 0);
	accepts(fd, SOCK_NONBLOCK);
	accepts(fd, SOCK_CLOEXEC);
	accepts(fd, SOCK_NONBLOCK | SOCK_CLOEXEC);

	/* And back again. */
	CALL(unconnect(fd));
	show(fd);
	CALL(connect_to(fd, 1));
	CALL(close(fd));

	/* After a refusal. */
	fd = connecting(2);
	far("2:refuse");
	wait_end(fd);
	CALL(listen(fd, 5));
	CALL(connect_to(fd, 2));
	loopback(fd, own_port + 1);
	CALL(listen(fd, 5));
	show(fd);
	accepts(fd, 0);
	CALL(close(fd));
}
