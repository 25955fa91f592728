// SPDX-License-Identifier: GPL-2.0-only
/*
 * setsockopt() and getsockopt(): those options which could meet the handshake,
 * by name, and all others, by number.
 */
#include <limits.h>
#include <linux/filter.h>
#include <linux/tls.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "storm.h"

#ifndef SOL_TLS
#define SOL_TLS			282
#endif
#ifndef SOL_MPTCP
#define SOL_MPTCP		284
#endif

enum value {
	NUMBER,
	LINGER,
	TIME,
	ULP,
	TLS,
	FILTER,
	IP_OPTION,
	CONGESTION,
	DEVICE,
	FD,
	BYTES,
};

/* 0 is any number of that level. */
static const struct option {
	int		level, name;
	enum value	value;
} options[] = {
	{ SOL_SOCKET, SO_RCVLOWAT, NUMBER },
	{ SOL_SOCKET, SO_KEEPALIVE, NUMBER },
	{ SOL_SOCKET, SO_OOBINLINE, NUMBER },
	{ SOL_SOCKET, SO_REUSEADDR, NUMBER },
	{ SOL_SOCKET, SO_REUSEPORT, NUMBER },
	{ SOL_SOCKET, SO_SNDBUF, NUMBER },
	{ SOL_SOCKET, SO_RCVBUF, NUMBER },
	{ SOL_SOCKET, SO_ZEROCOPY, NUMBER },
	{ SOL_SOCKET, SO_TIMESTAMPING, NUMBER },
	{ SOL_SOCKET, SO_PEEK_OFF, NUMBER },
	{ SOL_SOCKET, SO_MAX_PACING_RATE, NUMBER },
	{ SOL_SOCKET, SO_ERROR, NUMBER },
	{ SOL_SOCKET, SO_PEERNAME, BYTES },
	{ SOL_SOCKET, SO_LINGER, LINGER },
	{ SOL_SOCKET, SO_SNDTIMEO, TIME },
	{ SOL_SOCKET, SO_RCVTIMEO, TIME },
	{ SOL_SOCKET, SO_ATTACH_FILTER, FILTER },
	{ SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, FILTER },
	{ SOL_SOCKET, SO_DETACH_FILTER, NUMBER },
	{ SOL_SOCKET, SO_ATTACH_BPF, FD },
	{ SOL_SOCKET, SO_BINDTODEVICE, DEVICE },
	{ SOL_SOCKET, 0, NUMBER },
	{ SOL_TCP, TCP_ULP, ULP },
	{ SOL_TCP, TCP_REPAIR, NUMBER },
	{ SOL_TCP, TCP_REPAIR_QUEUE, NUMBER },
	{ SOL_TCP, TCP_QUEUE_SEQ, NUMBER },
	{ SOL_TCP, TCP_FASTOPEN, NUMBER },
	{ SOL_TCP, TCP_FASTOPEN_CONNECT, NUMBER },
	{ SOL_TCP, TCP_FASTOPEN_KEY, BYTES },
	{ SOL_TCP, TCP_FASTOPEN_NO_COOKIE, NUMBER },
	{ SOL_TCP, TCP_CORK, NUMBER },
	{ SOL_TCP, TCP_NODELAY, NUMBER },
	{ SOL_TCP, TCP_QUICKACK, NUMBER },
	{ SOL_TCP, TCP_DEFER_ACCEPT, NUMBER },
	{ SOL_TCP, TCP_USER_TIMEOUT, NUMBER },
	{ SOL_TCP, TCP_SYNCNT, NUMBER },
	{ SOL_TCP, TCP_MAXSEG, NUMBER },
	{ SOL_TCP, TCP_WINDOW_CLAMP, NUMBER },
	{ SOL_TCP, TCP_NOTSENT_LOWAT, NUMBER },
	{ SOL_TCP, TCP_CONGESTION, CONGESTION },
	{ SOL_TCP, TCP_MD5SIG, BYTES },
	{ SOL_TCP, TCP_INFO, BYTES },
	{ SOL_TCP, TCP_ZEROCOPY_RECEIVE, BYTES },
	{ SOL_TCP, 0, NUMBER },
	{ SOL_TLS, TLS_TX, TLS },
	{ SOL_TLS, TLS_RX, TLS },
	{ SOL_IP, IP_OPTIONS, IP_OPTION },
	{ SOL_IP, IP_TOS, NUMBER },
	{ SOL_IP, IP_TTL, NUMBER },
	{ SOL_IP, IP_RECVERR, NUMBER },
	{ SOL_IP, IP_TRANSPARENT, NUMBER },
	{ SOL_IP, IP_BIND_ADDRESS_NO_PORT, NUMBER },
	{ SOL_IP, 0, NUMBER },
	{ SOL_IPV6, IPV6_ADDRFORM, NUMBER },
	{ SOL_IPV6, IPV6_ADDRFORM, NUMBER },
	{ SOL_IPV6, IPV6_V6ONLY, NUMBER },
	{ SOL_IPV6, IPV6_RECVERR, NUMBER },
	{ SOL_IPV6, 0, NUMBER },
	{ SOL_MPTCP, 0, BYTES },
};

static int number_any(struct random *random)
{
	static const int numbers[] = {
		0, 1, 1, 1, 2, 9, 100, 1000, 65536, -1, INT_MAX, INT_MIN,
	};

	if (one_in(random, 8))
		return random_u64(random);
	return numbers[below(random, ARRAY_SIZE(numbers))];
}

/* Write a value, and return its length. */
static socklen_t value_make(struct thread *t, const struct option *option,
			    void *value)
{
	static const char * const ulps[] = { "tls", "tls", "tls", "espintcp",
		"mptcp", "smc", "no such" };
	static const char * const congestion[] = { "cubic", "reno", "bbr" };
	static const char * const devices[] = { "lo", "wan", "", "none" };
	/* Loose source routing by way of the server. */
	unsigned char route[] = { 131, 7, 4, 0, 0, 0, 0, 1 };
	static struct sock_filter code[] = {
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
	};
	struct tls12_crypto_info_aes_gcm_128 tls = {
		.info.version = TLS_1_2_VERSION,
		.info.cipher_type = TLS_CIPHER_AES_GCM_128,
	};
	struct sock_fprog program = { .len = 1, .filter = code };
	/* No longer than a thread may wait. */
	struct linger linger = { below(&t->random, 2), below(&t->random, 2) };
	struct timeval time = { 0, 1000 * (1 + below(&t->random, 50)) };
	struct random *random = &t->random;
	int number = number_any(random);
	const char *text;

	switch (option->value) {
	case NUMBER:
		if (option->level == SOL_IPV6 && option->name == IPV6_ADDRFORM)
			number = AF_INET;
		memcpy(value, &number, sizeof(number));
		return sizeof(number);
	case LINGER:
		memcpy(value, &linger, sizeof(linger));
		return sizeof(linger);
	case TIME:
		memcpy(value, &time, sizeof(time));
		return sizeof(time);
	case FILTER:
		memcpy(value, &program, sizeof(program));
		return sizeof(program);
	case TLS:
		memcpy(value, &tls, sizeof(tls));
		return sizeof(tls);
	case IP_OPTION:
		memcpy(route + 3, &places.server, sizeof(places.server));
		memcpy(value, route, sizeof(route));
		return one_in(random, 2) ? sizeof(route) : 0;
	case FD:
		memcpy(value, &reuseport_array, sizeof(int));
		return sizeof(int);
	case ULP:
		text = ulps[below(random, ARRAY_SIZE(ulps))];
		break;
	case CONGESTION:
		text = congestion[below(random, ARRAY_SIZE(congestion))];
		break;
	case DEVICE:
		text = devices[below(random, ARRAY_SIZE(devices))];
		break;
	default:
		return below(random, 256);
	}
	strcpy(value, text);
	return strlen(text);
}

static int option_name(struct random *random, const struct option *option)
{
	return option->name ?: 1 + (int)below(random, 90);
}

void option_set(struct thread *t, int fd)
{
	const struct option *option =
		&options[below(&t->random, ARRAY_SIZE(options))];
	socklen_t length = value_make(t, option, t->buffer);
	int name = option_name(&t->random, option);

	/* It would have threads wait for longer than they may. */
	if (option->level == SOL_SOCKET && !option->name &&
	    (name == SO_LINGER || name == SO_BUSY_POLL))
		return;
	if (one_in(&t->random, 50))
		length = below(&t->random, 64);
	setsockopt(fd, option->level, name, t->buffer, length);
}

void option_get(struct thread *t, int fd)
{
	const struct option *option =
		&options[below(&t->random, ARRAY_SIZE(options))];
	socklen_t length = below(&t->random, 300);

	getsockopt(fd, option->level, option_name(&t->random, option),
		   t->buffer, &length);
}
