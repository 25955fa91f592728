/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SOCKS4 messages: bytes in, a verdict out. No sockets here.
 *
 * The facts are those of the protocol's description by NEC ("SOCKS: A protocol
 * for TCP proxy across firewalls") and of draft-vance-socks-v4.
 */
#ifndef _SOCKS_CODEC_H
#define _SOCKS_CODEC_H

#include <linux/types.h>

#include <uapi/linux/socks.h>

#define SOCKS4_VERSION		4

/* Bytes of a request before its USERID, and of a whole reply. */
#define SOCKS4_REQUEST_HEAD	8
#define SOCKS4_REPLY_LEN	8

/* The longest request: head, USERID and the NUL behind it. */
#define SOCKS4_REQUEST_MAX	(SOCKS4_REQUEST_HEAD + SOCKS_USERID_MAX + 1)

enum socks4_command {
	SOCKS4_CONNECT	= 1,
	SOCKS4_BIND	= 2,
};

/* CD of a reply. */
enum socks4_code {
	SOCKS4_GRANTED		= 90,
	SOCKS4_REJECTED		= 91,
	SOCKS4_NO_IDENTD	= 92,
	SOCKS4_OTHER_USER	= 93,
};

size_t socks4_request(u8 *buf, enum socks4_command command, __be32 addr,
		      __be16 port, const char *userid, size_t userid_len);
int socks4_reply(const u8 *buf, size_t len);
void socks4_reply_address(const u8 *buf, __be32 *addr, __be16 *port);

#endif /* _SOCKS_CODEC_H */
