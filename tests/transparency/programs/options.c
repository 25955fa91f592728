// SPDX-License-Identifier: GPL-2.0-only
/* Options: what each is in each state, and whether it can be set then. */
#include "observe.h"

#define OPTION(level, name, value)	{ level, name, value, #name }

static const struct {
	int level, option, value;
	const char *name;
} options[] = {
	OPTION(SOL_SOCKET, SO_KEEPALIVE, 1),
	OPTION(SOL_SOCKET, SO_SNDBUF, 20000),
	OPTION(SOL_SOCKET, SO_RCVBUF, 20000),
	OPTION(SOL_SOCKET, SO_RCVLOWAT, 2),
	OPTION(SOL_SOCKET, SO_SNDLOWAT, 2),
	OPTION(SOL_SOCKET, SO_BUSY_POLL, 10),
	OPTION(SOL_SOCKET, SO_PREFER_BUSY_POLL, 1),
	OPTION(SOL_SOCKET, SO_PRIORITY, 4),
	OPTION(SOL_SOCKET, SO_MARK, 5),
	OPTION(SOL_SOCKET, SO_OOBINLINE, 1),
	OPTION(SOL_SOCKET, SO_REUSEADDR, 1),
	OPTION(SOL_SOCKET, SO_REUSEPORT, 1),
	OPTION(SOL_SOCKET, SO_BROADCAST, 1),
	OPTION(SOL_SOCKET, SO_DONTROUTE, 0),
	OPTION(SOL_SOCKET, SO_TIMESTAMP, 1),
	OPTION(SOL_SOCKET, SO_PASSCRED, 1),
	OPTION(SOL_SOCKET, SO_RCVTIMEO, 0),
	OPTION(SOL_SOCKET, SO_TXREHASH, 1),
	OPTION(SOL_SOCKET, SO_TYPE, 0),
	OPTION(SOL_SOCKET, SO_DOMAIN, 0),
	OPTION(SOL_SOCKET, SO_PROTOCOL, 0),
	OPTION(SOL_SOCKET, SO_ACCEPTCONN, 0),
	OPTION(SOL_SOCKET, SO_PEERCRED, 0),
	OPTION(SOL_SOCKET, SO_PEERSEC, 0),
	OPTION(SOL_SOCKET, SO_ATTACH_FILTER, 0),
	OPTION(SOL_SOCKET, SO_DETACH_FILTER, 0),
	OPTION(SOL_TCP, TCP_NODELAY, 1),
	OPTION(SOL_TCP, TCP_CORK, 1),
	OPTION(SOL_TCP, TCP_CORK, 0),
	OPTION(SOL_TCP, TCP_KEEPIDLE, 100),
	OPTION(SOL_TCP, TCP_KEEPINTVL, 10),
	OPTION(SOL_TCP, TCP_KEEPCNT, 3),
	OPTION(SOL_TCP, TCP_USER_TIMEOUT, 100000),
	OPTION(SOL_TCP, TCP_SYNCNT, 4),
	OPTION(SOL_TCP, TCP_LINGER2, 20),
	OPTION(SOL_TCP, TCP_DEFER_ACCEPT, 3),
	OPTION(SOL_TCP, TCP_NOTSENT_LOWAT, 10000),
	OPTION(SOL_TCP, TCP_FASTOPEN, 1),
	OPTION(SOL_TCP, TCP_FASTOPEN_CONNECT, 0),
	OPTION(SOL_TCP, TCP_FASTOPEN_NO_COOKIE, 0),
	OPTION(SOL_TCP, TCP_SAVE_SYN, 1),
	OPTION(SOL_TCP, TCP_SAVED_SYN, 1),
	OPTION(SOL_TCP, TCP_INQ, 1),
	OPTION(SOL_TCP, TCP_TX_DELAY, 0),
	OPTION(SOL_TCP, TCP_THIN_LINEAR_TIMEOUTS, 1),
	OPTION(SOL_TCP, TCP_THIN_DUPACK, 1),
	OPTION(SOL_TCP, TCP_CONGESTION, 0),
	OPTION(SOL_TCP, TCP_CC_INFO, 0),
	OPTION(SOL_TCP, TCP_MD5SIG, 0),
	OPTION(SOL_TCP, TCP_REPAIR_OPTIONS, 0),
	OPTION(SOL_TCP, TCP_REPAIR_WINDOW, 0),
	OPTION(SOL_TCP, TCP_QUEUE_SEQ, 0),
	OPTION(SOL_TCP, 12345, 0),
	OPTION(SOL_IP, IP_TOS, 0x20),
	OPTION(SOL_IP, IP_TTL, 63),
	OPTION(SOL_IP, IP_RECVERR, 1),
	OPTION(SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT),
	OPTION(SOL_IP, IP_MTU, 0),
	OPTION(SOL_IP, IP_FREEBIND, 0),
	OPTION(SOL_IP, IP_TRANSPARENT, 0),
	OPTION(SOL_IP, IP_MINTTL, 1),
	OPTION(SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1),
	OPTION(SOL_IP, IP_RECVTOS, 1),
	OPTION(SOL_IP, IP_OPTIONS, 0),
	OPTION(SOL_IPV6, IPV6_V6ONLY, 0),
	OPTION(SOL_IPV6, IPV6_UNICAST_HOPS, 62),
	OPTION(SOL_IPV6, IPV6_TCLASS, 0x20),
	OPTION(SOL_IPV6, IPV6_RECVERR, 1),
	OPTION(SOL_IPV6, IPV6_MTU, 1400),
	OPTION(SOL_IPV6, IPV6_PATHMTU, 0),
	OPTION(SOL_IPV6, IPV6_AUTOFLOWLABEL, 0),
	OPTION(12345, 1, 1),
};

#define OPTIONS	(sizeof(options) / sizeof(*options))

static void ask(int fd, unsigned int i)
{
	char value[64] = "";
	socklen_t size = sizeof(value);
	const char *error = "";

	if (getsockopt(fd, options[i].level, options[i].option, value, &size))
		error = error_name(errno);
	say("get %s: %s", options[i].name,
	    *error ? error : quoted(value, size));
}

static void change(int fd, unsigned int i)
{
	int result = set(fd, options[i].level, options[i].option,
			 options[i].value);

	say("set %s: %s", options[i].name,
	    result ? error_name(errno) : "0");
}

void program(void)
{
	int fd = tcp(SOCK_NONBLOCK);
	unsigned int i;

	/* All that can be set before. */
	for (i = 0; i < OPTIONS; i++) {
		ask(fd, i);
		change(fd, i);
		ask(fd, i);
	}
	CALL(close(fd));

	/* All during the handshake: on one socket, which then works. */
	fd = connecting(0);
	for (i = 0; i < OPTIONS; i++) {
		ask(fd, i);
		change(fd, i);
		ask(fd, i);
	}
	show(fd);
	far("grant");
	for (i = 0; i < OPTIONS; i++)
		ask(fd, i);
	CALL(connect_to(fd, 0));
	CALL(nonblocking(fd, false));
	CALL(set(fd, SOL_SOCKET, SO_RCVLOWAT, 1));
	exchange(fd, 0);
	CALL(close(fd));

	/* All when it is connected. */
	fd = connected(1);
	for (i = 0; i < OPTIONS; i++) {
		ask(fd, i);
		change(fd, i);
		ask(fd, i);
	}
	CALL(set(fd, SOL_SOCKET, SO_RCVLOWAT, 1));
	exchange(fd, 1);
	CALL(close(fd));
}
