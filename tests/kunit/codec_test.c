// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SOCKS4 messages, against the protocol's description by NEC.
 */
#include "kunit.h"

#include "../../kmod/codec.c"

#define REPLY_LEN	8

struct codec_request_case {
	const char	*name;
	u8		command;
	u32		addr;
	u16		port;
	const char	*userid;
	u8		len;
	u8		bytes[16];
};

static const struct codec_request_case codec_request_cases[] = {
	{
		.name = "connect with a userid",
		.command = 1,
		.addr = SOCKS_IP(66, 102, 7, 99),
		.port = 80,
		.userid = "Fred",
		.len = 13,
		.bytes = { 4, 1, 0, 80, 66, 102, 7, 99, 'F', 'r', 'e', 'd', 0 },
	}, {
		.name = "connect without",
		.command = 1,
		.addr = SOCKS_IP(192, 0, 2, 200),
		.port = 0xabcd,
		.userid = "",
		.len = 9,
		.bytes = { 4, 1, 0xab, 0xcd, 192, 0, 2, 200, 0 },
	}, {
		.name = "bind",
		.command = 2,
		.addr = SOCKS_IP(255, 254, 253, 252),
		.port = 21,
		.userid = "1000",
		.len = 13,
		.bytes = { 4, 2, 0, 21, 255, 254, 253, 252,
			   '1', '0', '0', '0', 0 },
	},
};

KUNIT_ARRAY_PARAM_DESC(codec_request, codec_request_cases, name);

static void codec_request_bytes(struct kunit *test)
{
	const struct codec_request_case *c = test->param_value;
	u8 *buf = kunit_kzalloc(test, c->len, GFP_KERNEL);
	size_t len;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	len = socks4_request(buf, c->command, htonl(c->addr), htons(c->port),
			     c->userid, strlen(c->userid));
	KUNIT_EXPECT_EQ(test, len, (size_t)c->len);
	KUNIT_EXPECT_MEMEQ(test, buf, c->bytes, c->len);
}

/*
 * Both buffers end where the message and the USERID end, so that KASAN sees
 * any step beyond. The USERID is not terminated.
 */
static void codec_request_length(struct kunit *test, struct rnd_state *rnd,
				 u8 command, size_t userid_len)
{
	const size_t len = 1 + 1 + 2 + 4 + userid_len + 1;
	u8 *userid = kunit_kmalloc(test, userid_len, GFP_KERNEL);
	u8 *expected = kunit_kzalloc(test, len, GFP_KERNEL);
	u8 *buf = kunit_kmalloc(test, len, GFP_KERNEL);
	u32 addr = prandom_u32_state(rnd);
	u16 port = prandom_u32_state(rnd);
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, userid);
	KUNIT_ASSERT_NOT_NULL(test, expected);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	memset(buf, 0xee, len);

	expected[0] = 4;
	expected[1] = command;
	expected[2] = port / 256;
	expected[3] = port % 256;
	for (i = 0; i < 4; i++)
		expected[4 + i] = addr >> (24 - 8 * i);
	for (i = 0; i < userid_len; i++)
		userid[i] = 1 + socks_kunit_below(rnd, 255);
	memcpy(expected + 8, userid, userid_len);

	KUNIT_EXPECT_EQ(test, len,
			socks4_request(buf, command, htonl(addr), htons(port),
				       userid, userid_len));
	KUNIT_EXPECT_MEMEQ(test, buf, expected, len);

	kunit_kfree(test, buf);
	kunit_kfree(test, expected);
	kunit_kfree(test, userid);
}

static void codec_request_lengths(struct kunit *test)
{
	struct rnd_state rnd;
	size_t len;

	socks_kunit_random(test, &rnd);
	for (len = 0; len <= 255; len++) {
		codec_request_length(test, &rnd, 1, len);
		codec_request_length(test, &rnd, 2, len);
	}
	/* The longest one fits where callers put it. */
	KUNIT_EXPECT_GE(test, SOCKS4_REQUEST_MAX, 1 + 1 + 2 + 4 + 255 + 1);
}

/* Buffers of all lengths of a reply or its beginning, for KASAN to watch. */
struct codec_buffers {
	u8	*bytes[REPLY_LEN + 1];
};

static void codec_buffers_alloc(struct kunit *test, struct codec_buffers *bufs)
{
	size_t len;

	for (len = 0; len <= REPLY_LEN; len++) {
		bufs->bytes[len] = kunit_kmalloc(test, len, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, bufs->bytes[len]);
	}
}

/* The verdict on the first @len bytes of @reply. */
static int codec_verdict(struct codec_buffers *bufs, const u8 *reply,
			 size_t len)
{
	memcpy(bufs->bytes[len], reply, len);
	return socks4_reply(bufs->bytes[len], len);
}

static void codec_reply_random_rest(struct rnd_state *rnd, u8 *reply)
{
	size_t i;

	for (i = 2; i < REPLY_LEN; i++)
		reply[i] = prandom_u32_state(rnd);
}

/* errno of a whole reply, by the protocol's table. */
static int codec_errno(unsigned int vn, unsigned int cd)
{
	if (vn != 0 && vn != 4)
		return -EPROTO;
	switch (cd) {
	case 90:
		return 0;
	case 91:
		return -ECONNREFUSED;
	case 92:
	case 93:
		return -EACCES;
	default:
		return -EPROTO;
	}
}

static void codec_reply_whole(struct kunit *test)
{
	struct codec_buffers bufs;
	u8 reply[REPLY_LEN];
	struct rnd_state rnd;
	unsigned int vn, cd;

	socks_kunit_random(test, &rnd);
	codec_buffers_alloc(test, &bufs);
	for (vn = 0; vn < 256; vn++) {
		for (cd = 0; cd < 256; cd++) {
			reply[0] = vn;
			reply[1] = cd;
			codec_reply_random_rest(&rnd, reply);
			KUNIT_ASSERT_EQ_MSG(test,
					    codec_verdict(&bufs, reply, 8),
					    codec_errno(vn, cd),
					    "VN %u CD %u", vn, cd);
		}
	}
}

/* Each beginning: wrong as soon as a wrong byte is there, else unfinished. */
static void codec_reply_beginnings(struct kunit *test)
{
	struct codec_buffers bufs;
	u8 reply[REPLY_LEN];
	struct rnd_state rnd;
	unsigned int vn, cd;
	size_t len;

	socks_kunit_random(test, &rnd);
	codec_buffers_alloc(test, &bufs);
	for (vn = 0; vn < 256; vn++) {
		bool vn_wrong = vn != 0 && vn != 4;

		for (cd = 0; cd < 256; cd++) {
			bool cd_wrong = cd < 90 || cd > 93;

			reply[0] = vn;
			reply[1] = cd;
			codec_reply_random_rest(&rnd, reply);
			for (len = 0; len < REPLY_LEN; len++) {
				bool wrong = (len >= 1 && vn_wrong) ||
					     (len >= 2 && cd_wrong);

				KUNIT_ASSERT_EQ_MSG(test,
						    codec_verdict(&bufs, reply,
								  len),
						    wrong ? -EPROTO :
						    -EINPROGRESS,
						    "VN %u CD %u, %zu bytes",
						    vn, cd, len);
			}
		}
	}
}

struct codec_reply_case {
	const char	*name;
	u8		vn;
	u8		cd;
	int		err;
	u8		needed;
};

static const struct codec_reply_case codec_reply_cases[] = {
	{ "granted",			0, 90, 0, 8 },
	{ "granted, VN 4",		4, 90, 0, 8 },
	{ "rejected",			0, 91, -ECONNREFUSED, 8 },
	{ "rejected, VN 4",		4, 91, -ECONNREFUSED, 8 },
	{ "no identd",			0, 92, -EACCES, 8 },
	{ "no identd, VN 4",		4, 92, -EACCES, 8 },
	{ "another user",		0, 93, -EACCES, 8 },
	{ "another user, VN 4",		4, 93, -EACCES, 8 },
	{ "code below",			0, 89, -EPROTO, 2 },
	{ "code above, VN 4",		4, 94, -EPROTO, 2 },
	{ "a SOCKS5 server",		5, 90, -EPROTO, 1 },
	{ "an HTTP server",		'H', 'T', -EPROTO, 1 },
};

KUNIT_ARRAY_PARAM_DESC(codec_reply, codec_reply_cases, name);

/*
 * Bit n of the mask: a piece ends behind byte n. A receiver asks after each
 * piece, and must hear the end with the piece in which the deciding byte is.
 */
static void codec_reply_pieces(struct kunit *test)
{
	const struct codec_reply_case *c = test->param_value;
	u8 reply[REPLY_LEN] = { c->vn, c->cd };
	struct codec_buffers bufs;
	struct rnd_state rnd;
	unsigned int mask;

	socks_kunit_random(test, &rnd);
	codec_buffers_alloc(test, &bufs);
	codec_reply_random_rest(&rnd, reply);
	for (mask = 0; mask < 1 << (REPLY_LEN - 1); mask++) {
		int verdict = -EINPROGRESS;
		size_t len;

		for (len = 1; len <= REPLY_LEN; len++) {
			if (len < REPLY_LEN && !(mask & 1 << (len - 1)))
				continue;
			verdict = codec_verdict(&bufs, reply, len);
			if (verdict != -EINPROGRESS)
				break;
		}
		KUNIT_ASSERT_EQ_MSG(test, verdict, c->err, "pieces %#x", mask);
		KUNIT_ASSERT_GE(test, len, (size_t)c->needed);
		/* No piece ended between the deciding byte and here. */
		KUNIT_ASSERT_EQ(test, 0, mask & ((1 << (len - 1)) - 1) &
				~((1 << (c->needed - 1)) - 1));
	}
}

/* What can still become one of the eight heads of a reply is one so far. */
static int codec_reference(const u8 *buf, size_t len)
{
	static const struct {
		u8	head[2];
		int	err;
	} replies[] = {
		{ { 0, 90 }, 0 },		{ { 4, 90 }, 0 },
		{ { 0, 91 }, -ECONNREFUSED },	{ { 4, 91 }, -ECONNREFUSED },
		{ { 0, 92 }, -EACCES },		{ { 4, 92 }, -EACCES },
		{ { 0, 93 }, -EACCES },		{ { 4, 93 }, -EACCES },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(replies); i++)
		if (!memcmp(buf, replies[i].head, min(len, 2)))
			return len < REPLY_LEN ? -EINPROGRESS : replies[i].err;
	return -EPROTO;
}

static void codec_reply_garbage(struct kunit *test)
{
	struct codec_buffers bufs;
	u8 reply[REPLY_LEN];
	struct rnd_state rnd;
	unsigned int i;

	socks_kunit_random(test, &rnd);
	codec_buffers_alloc(test, &bufs);
	for (i = 0; i < 200000; i++) {
		size_t len = socks_kunit_below(&rnd, REPLY_LEN + 1);

		/* Pure noise hardly ever gets beyond its first byte. */
		reply[0] = prandom_u32_state(&rnd);
		if (i & 1)
			reply[0] &= 4;
		reply[1] = prandom_u32_state(&rnd);
		if (i & 2)
			reply[1] = 88 + reply[1] % 8;
		codec_reply_random_rest(&rnd, reply);
		KUNIT_ASSERT_EQ_MSG(test, codec_verdict(&bufs, reply, len),
				    codec_reference(reply, len),
				    "%zu bytes of %8ph", len, reply);
	}
}

static void codec_reply_address(struct kunit *test)
{
	static const u8 reply[] = { 0, 90, 0x12, 0x34, 192, 0, 2, 77 };
	struct codec_buffers bufs;
	struct rnd_state rnd;
	unsigned int i;
	__be32 addr;
	__be16 port;

	socks_kunit_random(test, &rnd);
	codec_buffers_alloc(test, &bufs);
	memcpy(bufs.bytes[REPLY_LEN], reply, REPLY_LEN);
	socks4_reply_address(bufs.bytes[REPLY_LEN], &addr, &port);
	KUNIT_EXPECT_EQ(test, ntohl(addr), SOCKS_IP(192, 0, 2, 77));
	KUNIT_EXPECT_EQ(test, ntohs(port), 0x1234);

	for (i = 0; i < 1000; i++) {
		u8 *buf = bufs.bytes[REPLY_LEN];

		codec_reply_random_rest(&rnd, buf);
		socks4_reply_address(buf, &addr, &port);
		KUNIT_ASSERT_EQ_MSG(test, ntohl(addr),
				    SOCKS_IP(buf[4], buf[5], buf[6], buf[7]),
				    "%8ph", buf);
		KUNIT_ASSERT_EQ_MSG(test, ntohs(port), buf[2] << 8 | buf[3],
				    "%8ph", buf);
	}
}

static struct kunit_case codec_cases[] = {
	KUNIT_CASE_PARAM(codec_request_bytes, codec_request_gen_params),
	KUNIT_CASE(codec_request_lengths),
	KUNIT_CASE(codec_reply_whole),
	KUNIT_CASE_SLOW(codec_reply_beginnings),
	KUNIT_CASE_PARAM(codec_reply_pieces, codec_reply_gen_params),
	KUNIT_CASE_SLOW(codec_reply_garbage),
	KUNIT_CASE(codec_reply_address),
	{}
};

static struct kunit_suite codec_suite = {
	.name = "socks_codec",
	.test_cases = codec_cases,
};

kunit_test_suite(codec_suite);
