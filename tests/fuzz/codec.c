// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmod/codec.c: what must be true of any reply and any request.
 */
#include <arpa/inet.h>
#include <errno.h>

#include "codec.h"
#include "input.h"

/* Buffers end where they end: one byte more and AddressSanitizer sees it. */
static u8 *exactly(const u8 *bytes, size_t size)
{
	u8 *copy = malloc(size);

	if (size)
		memcpy(copy, bytes, size);
	return copy;
}

static int judge(const u8 *bytes, size_t size)
{
	u8 *copy = exactly(bytes, size);
	int verdict = socks4_reply(copy, size);

	CHECK(!size || !memcmp(copy, bytes, size));
	free(copy);
	return verdict;
}

/* The protocol's table, one whole reply at a time. */
static int table(const u8 *reply)
{
	static const struct {
		u8 code;
		int verdict;
	} codes[] = {
		{ 90, 0 },
		{ 91, -ECONNREFUSED },
		{ 92, -EACCES },
		{ 93, -EACCES },
	};
	size_t i;

	if (reply[0] == 0 || reply[0] == 4)
		for (i = 0; i < sizeof(codes) / sizeof(*codes); i++)
			if (reply[1] == codes[i].code)
				return codes[i].verdict;
	return -EPROTO;
}

/* Can bytes be put behind these so that they become a SOCKS4 reply? */
static bool may_become_reply(const u8 *bytes, size_t size)
{
	u8 whole[SOCKS4_REPLY_LEN];
	int code, version;

	for (version = 0; version < 256; version++) {
		for (code = 0; code < 256; code++) {
			whole[0] = version;
			whole[1] = code;
			memcpy(whole, bytes, size < 2 ? size : 2);
			if (table(whole) != -EPROTO)
				return true;
			if (size >= 2)
				return false;
		}
		if (size)
			return false;
	}
	return false;
}

/* Take a reply as the handshake does: in pieces, until there is a verdict. */
static int in_pieces(const u8 *reply, size_t size, struct input *input)
{
	u8 got[SOCKS4_REPLY_LEN];
	int verdict = -EINPROGRESS;
	size_t have = 0;

	while (have < size && verdict == -EINPROGRESS) {
		size_t piece = 1 + input_u8(input) % (size - have);

		memcpy(got + have, reply + have, piece);
		have += piece;
		verdict = judge(got, have);
	}
	return verdict;
}

static void reply(struct input *input)
{
	size_t size = input_u8(input) % (SOCKS4_REPLY_LEN + 1);
	u8 *bytes = input_bytes(input, size);
	int whole = judge(bytes, size), verdict;
	u8 other[SOCKS4_REPLY_LEN];
	size_t i;

	/* Nothing is undecided at the end, and nothing decided too early. */
	if (size == SOCKS4_REPLY_LEN)
		CHECK(whole == table(bytes));
	else if (may_become_reply(bytes, size))
		CHECK(whole == -EINPROGRESS);
	else
		CHECK(whole == -EPROTO);

	/* A verdict stays what it is, whatever comes behind it. */
	for (i = 0; i <= size; i++) {
		verdict = judge(bytes, i);
		CHECK(verdict == -EINPROGRESS || verdict == whole);
	}
	CHECK(!size || in_pieces(bytes, size, input) == whole);

	/* Port and address mean nothing. */
	for (i = 0; i < size; i++)
		other[i] = i < 2 ? bytes[i] : input_u8(input);
	CHECK(judge(other, size) == whole);
	free(bytes);
}

/* A server's side: what a request says, from its bytes. */
static void request(struct input *input)
{
	enum socks4_command command = input_u8(input) % 2 ? SOCKS4_CONNECT :
							    SOCKS4_BIND;
	__be32 addr = htonl(input_u32(input));
	__be16 port = htons(input_u16(input));
	size_t userid_len = input_u8(input), size, i;
	u8 *userid = input_bytes(input, userid_len);
	u8 *bytes;

	_Static_assert(SOCKS_USERID_MAX == 255, "a USERID's length is a byte");
	for (i = 0; i < userid_len; i++)
		userid[i] = userid[i] ?: 'x';

	size = SOCKS4_REQUEST_HEAD + userid_len + 1;
	CHECK(size <= SOCKS4_REQUEST_MAX);
	bytes = malloc(size);
	memset(bytes, 0xa5, size);
	CHECK(socks4_request(bytes, command, addr, port, (char *)userid,
			     userid_len) == size);

	CHECK(bytes[0] == 4);
	CHECK(bytes[1] == command);
	CHECK((bytes[2] << 8 | bytes[3]) == ntohs(port));
	CHECK(((u32)bytes[4] << 24 | bytes[5] << 16 | bytes[6] << 8 |
	       bytes[7]) == ntohl(addr));
	CHECK(!memcmp(bytes + 8, userid, userid_len));
	CHECK(memchr(bytes + 8, 0, size - 8) == bytes + size - 1);
	free(bytes);
	free(userid);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input input = { data, data + size };

	if (input_u8(&input) % 4)
		reply(&input);
	else
		request(&input);
	return 0;
}
