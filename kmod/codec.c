// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/string.h>

#include "codec.h"

/**
 * socks4_request() - write a request
 * @buf: where to; %SOCKS4_REQUEST_MAX bytes are always enough
 * @command: CD
 * @addr: DSTIP
 * @port: DSTPORT
 * @userid: USERID, with no NUL among its bytes
 * @userid_len: bytes of @userid, at most %SOCKS_USERID_MAX
 *
 * Return: bytes written.
 */
size_t socks4_request(u8 *buf, enum socks4_command command, __be32 addr,
		      __be16 port, const char *userid, size_t userid_len)
{
	buf[0] = SOCKS4_VERSION;
	buf[1] = command;
	memcpy(buf + 2, &port, sizeof(port));
	memcpy(buf + 4, &addr, sizeof(addr));
	memcpy(buf + SOCKS4_REQUEST_HEAD, userid, userid_len);
	buf[SOCKS4_REQUEST_HEAD + userid_len] = 0;

	return SOCKS4_REQUEST_HEAD + userid_len + 1;
}

/**
 * socks4_reply() - judge a reply, or the beginning of one
 * @buf: what has come so far
 * @len: bytes in @buf, at most %SOCKS4_REPLY_LEN
 *
 * VN should be 0; 4 is taken too, since some servers send it. DSTPORT and
 * DSTIP mean nothing in a reply to CONNECT; for those to BIND see
 * socks4_reply_address(). What can't become a SOCKS4 reply
 * any more is recognised at its first wrong byte: a server that speaks another
 * protocol may never send a whole reply.
 *
 * Return: 0 where the request is granted, -EINPROGRESS where more bytes are
 * needed, -ECONNREFUSED for code 91, -EACCES for 92 and 93, -EPROTO for what
 * is not a SOCKS4 reply.
 */
int socks4_reply(const u8 *buf, size_t len)
{
	if (len > 0 && buf[0] != 0 && buf[0] != SOCKS4_VERSION)
		return -EPROTO;
	if (len > 1 && (buf[1] < SOCKS4_GRANTED || buf[1] > SOCKS4_OTHER_USER))
		return -EPROTO;
	if (len < SOCKS4_REPLY_LEN)
		return -EINPROGRESS;

	switch (buf[1]) {
	case SOCKS4_GRANTED:
		return 0;
	case SOCKS4_REJECTED:
		return -ECONNREFUSED;
	default:
		return -EACCES;
	}
}

/**
 * socks4_reply_address() - take the address from a reply to BIND
 * @buf: the whole reply
 * @addr: DSTIP: where the server listens in the first reply, and 0 for the
 *	server's own address; who connected in the second, where the server says
 * @port: DSTPORT, likewise
 */
void socks4_reply_address(const u8 *buf, __be32 *addr, __be16 *port)
{
	memcpy(port, buf + 2, sizeof(*port));
	memcpy(addr, buf + 4, sizeof(*addr));
}
