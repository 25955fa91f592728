// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which listening sockets are a server's, and does the task have one open.
 */
#include <linux/file.h>
#include <linux/in.h>
#include <linux/ipv6.h>
#include <linux/net.h>
#include <net/net_namespace.h>

#include "kunit.h"

#include "../../kmod/local.c"

#define LOCAL_PORT	10801
#define LOCAL_ADDR	SOCKS_IP(127, 0, 0, 1)

KUNIT_DEFINE_ACTION_WRAPPER(local_release, sock_release, struct socket *);

/* A socket which is bound; closed at the end of the case. */
static struct socket *local_socket(struct kunit *test, u32 addr, u16 port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(addr),
		.sin_port = htons(port),
	};
	struct socket *sock;

	KUNIT_ASSERT_EQ(test, 0,
			sock_create_kern(&init_net, AF_INET, SOCK_STREAM,
					 IPPROTO_TCP, &sock));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, local_release, sock));
	sock->sk->sk_reuse = SK_CAN_REUSE;
	KUNIT_ASSERT_EQ(test, 0,
			kernel_bind(sock, (struct sockaddr *)&sin,
				    sizeof(sin)));
	return sock;
}

/**
 * struct local_case - a socket, and where it is compared with LOCAL_ADDR
 * @name: what it is about
 * @addr: the socket's address
 * @port: its port
 * @bound_only: it does not listen
 * @dev: the device to which it is bound, or 0
 * @listens: it gets connections to LOCAL_ADDR and LOCAL_PORT
 */
struct local_case {
	const char	*name;
	u32		addr;
	u16		port;
	bool		bound_only;
	int		dev;
	bool		listens;
};

static const struct local_case local_cases[] = {
	{ "its address", LOCAL_ADDR, LOCAL_PORT, .listens = true },
	{ "any address", INADDR_ANY, LOCAL_PORT, .listens = true },
	{ "another address", SOCKS_IP(127, 0, 0, 2), LOCAL_PORT },
	{ "another port", LOCAL_ADDR, LOCAL_PORT + 1 },
	{ "not listening", LOCAL_ADDR, LOCAL_PORT, .bound_only = true },
	{ "loopback device", INADDR_ANY, LOCAL_PORT, .dev = LOOPBACK_IFINDEX,
	  .listens = true },
	{ "another device", INADDR_ANY, LOCAL_PORT,
	  .dev = LOOPBACK_IFINDEX + 1 },
};

static void local_desc(const struct local_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", c->name);
}

KUNIT_ARRAY_PARAM(local, local_cases, local_desc);

static void local_compared(struct kunit *test)
{
	const struct local_case *c = test->param_value;
	const struct socks_local local = {
		.net = &init_net,
		.addr = htonl(LOCAL_ADDR),
		.port = LOCAL_PORT,
	};
	struct socket *sock = local_socket(test, c->addr, c->port);

	if (!c->bound_only)
		KUNIT_ASSERT_EQ(test, 0, kernel_listen(sock, 1));
	sock->sk->sk_bound_dev_if = c->dev;
	KUNIT_EXPECT_EQ(test, c->listens,
			socks_local_listens(sock->sk, &local));
	sock->sk->sk_bound_dev_if = 0;
}

/* Sockets of other kinds have other things where TCP's have an address. */
static void local_other_kinds(struct kunit *test)
{
	static const struct {
		int	family;
		int	type;
	} kinds[] = {
		{ AF_UNIX, SOCK_STREAM },
		{ AF_INET, SOCK_DGRAM },
	};
	const struct socks_local local = { .net = &init_net };
	int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct socket *sock;

		if (sock_create_kern(&init_net, kinds[i].family, kinds[i].type,
				     0, &sock))
			continue;
		KUNIT_EXPECT_FALSE(test, socks_local_listens(sock->sk, &local));
		sock_release(sock);
	}
}

static bool local_owner(u32 addr, u16 port)
{
	return socks_local_owner(&init_net, htonl(addr), htons(port));
}

/* It must be open in the task itself, and the address one of this host's. */
static void local_open_files(struct kunit *test)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_ANY),
		.sin_port = htons(LOCAL_PORT),
	};
	struct socket *sock;
	struct file *file;
	int fd;

	if (inet_addr_type(&init_net, htonl(LOCAL_ADDR)) != RTN_LOCAL)
		kunit_skip(test, "no loopback device is up");
	KUNIT_ASSERT_EQ(test, 0,
			sock_create_kern(&init_net, AF_INET, SOCK_STREAM,
					 IPPROTO_TCP, &sock));
	sock->sk->sk_reuse = SK_CAN_REUSE;
	file = sock_alloc_file(sock, 0, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	if (kernel_bind(sock, (struct sockaddr *)&sin, sizeof(sin)) ||
	    kernel_listen(sock, 1)) {
		fput(file);
		KUNIT_FAIL(test, "it does not listen");
		return;
	}

	KUNIT_EXPECT_FALSE(test, local_owner(LOCAL_ADDR, LOCAL_PORT));
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		fput(file);
		KUNIT_FAIL(test, "no file descriptor");
		return;
	}
	fd_install(fd, file);
	KUNIT_EXPECT_TRUE(test, local_owner(LOCAL_ADDR, LOCAL_PORT));
	KUNIT_EXPECT_FALSE(test, local_owner(LOCAL_ADDR, LOCAL_PORT + 1));
	KUNIT_EXPECT_FALSE(test, local_owner(SOCKS_IP(192, 0, 2, 1),
					     LOCAL_PORT));
	close_fd(fd);
	KUNIT_EXPECT_FALSE(test, local_owner(LOCAL_ADDR, LOCAL_PORT));
}

/* What is decided otherwise stays as it is. */
static void local_exempt_only_via(struct kunit *test)
{
	static const u32 actions[] = {
		SOCKS_ACTION_DIRECT, SOCKS_ACTION_VIA, SOCKS_ACTION_REJECT,
	};
	struct socks_server server = {
		.addr = htonl(LOCAL_ADDR),
		.port = htons(LOCAL_PORT),
	};
	struct socks_server *servers[] = { &server };
	int i;

	for (i = 0; i < ARRAY_SIZE(actions); i++) {
		struct socks_rule rule = {
			.servers = servers,
			.n_servers = actions[i] == SOCKS_ACTION_VIA,
		};
		struct socks_decision decision = {
			.action = actions[i],
			.reason = SOCKS_REASON_RULE,
			.rule = &rule,
			.server = rule.n_servers ? &server : NULL,
		};

		socks_local_exempt(&init_net, &decision);
		KUNIT_EXPECT_EQ(test, decision.action, actions[i]);
		KUNIT_EXPECT_EQ(test, decision.reason, SOCKS_REASON_RULE);
	}
}

static struct kunit_case local_test_cases[] = {
	KUNIT_CASE_PARAM(local_compared, local_gen_params),
	KUNIT_CASE(local_other_kinds),
	KUNIT_CASE(local_open_files),
	KUNIT_CASE(local_exempt_only_via),
	{}
};

static struct kunit_suite local_suite = {
	.name = "socks_local",
	.test_cases = local_test_cases,
};

kunit_test_suite(local_suite);
