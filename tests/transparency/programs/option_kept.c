// SPDX-License-Identifier: GPL-2.0-only
/* Options set before connect() and during it are in effect afterwards. */
#include "observe.h"

static void lowat(int fd, int n)
{
	far("%d:send 12", n);
	show_poll(fd);
	far("%d:send 345", n);
	show_poll(fd);
	take(fd, 10, 0);
	show_poll(fd);
}

static void cork(int fd, int n)
{
	CALL(send(fd, "abc", 3, 0));
	show(fd);
	far("%d:pending", n);
	CALL(set(fd, SOL_TCP, TCP_CORK, 0));
	far("%d:read 3", n);
}

static void notsent(int fd, int n)
{
	CALL(send(fd, "abc", 3, 0));
	far("%d:read 3", n);
	wait_acked(fd);
	show_poll(fd);
}

static void nothing(int fd, int n)
{
	exchange(fd, n);
}

static const struct {
	const char *name;
	int level, option, value;
	void (*effect)(int fd, int n);
} options[] = {
	{ "SO_RCVLOWAT", SOL_SOCKET, SO_RCVLOWAT, 5, lowat },
	{ "TCP_CORK", SOL_TCP, TCP_CORK, 1, cork },
	{ "TCP_NOTSENT_LOWAT", SOL_TCP, TCP_NOTSENT_LOWAT, 1, notsent },
	{ "TCP_NODELAY", SOL_TCP, TCP_NODELAY, 1, nothing },
	{ "SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 1, nothing },
	{ "SO_BUSY_POLL", SOL_SOCKET, SO_BUSY_POLL, 10, nothing },
	{ "TCP_DEFER_ACCEPT", SOL_TCP, TCP_DEFER_ACCEPT, 1, nothing },
	{ "TCP_USER_TIMEOUT", SOL_TCP, TCP_USER_TIMEOUT, 100000, nothing },
	{ "TCP_QUICKACK", SOL_TCP, TCP_QUICKACK, 0, nothing },
	{ "SO_SNDBUF", SOL_SOCKET, SO_SNDBUF, 1, nothing },
	{ "SO_RCVBUF", SOL_SOCKET, SO_RCVBUF, 1, nothing },
	{ "IP_RECVERR", SOL_IP, IP_RECVERR, 1, nothing },
};

static void kept(unsigned int i, bool during)
{
	int fd = tcp(SOCK_NONBLOCK);

	say("%s %s", options[i].name, during ? "during" : "before");
	if (!during)
		CALL(set(fd, options[i].level, options[i].option,
			 options[i].value));
	CALL(connect_to(fd, 0));
	far("arrived");
	if (during)
		CALL(set(fd, options[i].level, options[i].option,
			 options[i].value));
	show(fd);
	far("grant");
	show_poll(fd);
	CALL(connect_to(fd, 0));
	options[i].effect(fd, 0);
	CALL(close(fd));
	far("again");
}

void program(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(options) / sizeof(*options); i++) {
		kept(i, false);
		kept(i, true);
	}
}
