// SPDX-License-Identifier: GPL-2.0-only
/* kTLS: set up in each state, with bytes through it. */
#include "observe.h"

#include <linux/tls.h>

#ifndef SOL_TLS
#define SOL_TLS	282
#endif

static void keys(int fd)
{
	struct tls12_crypto_info_aes_gcm_128 keys = {
		.info.version = TLS_1_2_VERSION,
		.info.cipher_type = TLS_CIPHER_AES_GCM_128,
	};
	struct tls_crypto_info info = {};
	socklen_t size = sizeof(info);
	unsigned char *bytes = keys.iv;
	int i;

	/* See KTLS in far.py. */
	for (i = 0; i < 8 + 16 + 4; i++)
		bytes[i] = i;
	CALL(setsockopt(fd, SOL_TLS, TLS_TX, &keys, sizeof(keys)));
	CALL(setsockopt(fd, SOL_TLS, TLS_RX, &keys, sizeof(keys)));
	CALL(getsockopt(fd, SOL_TLS, TLS_TX, &info, &size));
	say("  version %#x cipher %u", info.version, info.cipher_type);
}

static void through(int fd, int n)
{
	char name[16] = "";
	socklen_t size = sizeof(name);

	CALL(setsockopt(fd, SOL_TCP, TCP_ULP, "tls", 3));
	CALL(setsockopt(fd, SOL_TCP, TCP_ULP, "tls", 3));
	CALL(getsockopt(fd, SOL_TCP, TCP_ULP, name, &size));
	say("  %s", name);
	keys(fd);
	far("%d:ktls", n);
	exchange(fd, n);
	show(fd);
	CALL(send(fd, "more", 4, MSG_MORE));
	CALL(send(fd, "end", 3, 0));
	far("%d:read 7", n);
	far("%d:send secret", n);
	take(fd, 3, MSG_PEEK);
	take(fd, 3, 0);
	take(fd, 10, 0);
	CALL(listen(fd, 1));
	CALL(unconnect(fd));
	CALL(shutdown(fd, SHUT_WR));
	far("%d:end", n);
	far("%d:finish", n);
	take(fd, 10, 0);
	CALL(close(fd));
}

void program(void)
{
	int fd = tcp(SOCK_NONBLOCK);

	CALL(setsockopt(fd, SOL_TCP, TCP_ULP, "tls", 3));
	CALL(setsockopt(fd, SOL_TCP, TCP_ULP, "none", 4));
	CALL(connect_to(fd, 0));
	far("arrived");
	CALL(setsockopt(fd, SOL_TCP, TCP_ULP, "tls", 3));
	CALL(setsockopt(fd, SOL_TCP, TCP_ULP, "none", 4));
	keys(fd);
	far("grant");
	CALL(connect_to(fd, 0));
	CALL(nonblocking(fd, false));
	CALL(setsockopt(fd, SOL_TCP, TCP_ULP, "none", 4));
	through(fd, 0);

	/* Before the program has asked whether it is connected. */
	fd = connecting(1);
	far("1:grant");
	CALL(nonblocking(fd, false));
	through(fd, 1);
}
