// SPDX-License-Identifier: GPL-2.0-only
/*
 * Servers, rules, drafts, transactions, and what becomes of a connection. The
 * table is that of table_test.c's copy of table.c.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include "kunit.h"

#include "../../kmod/config.c"

/* In place of event.c: how often it was told, and of what the last time. */
static struct {
	unsigned int	n;
	u32		servers;
	u32		rules;
} config_events;

void socks_event_configuration(struct net *net, u32 servers, u32 rules)
{
	config_events.n++;
	config_events.servers = servers;
	config_events.rules = rules;
}

#define SERVERS_MAX	8
#define RULES_MAX	64

/* Netlink sockets. */

/**
 * struct config_fixture - what a case works with
 * @sn: the configuration, empty at first
 * @owner: stands for a netlink socket
 * @other: for another one
 * @draft: a draft, empty at first
 * @servers: servers that config_server() made
 * @rules: rules that config_rule() made
 * @n_servers: how many
 * @n_rules: how many
 *
 * The case itself has one reference on each server and rule; at the end, when
 * configuration and draft are gone, it must be the only one.
 */
struct config_fixture {
	struct socks_net	*sn;
	struct sock		*owner;
	struct sock		*other;
	struct socks_draft	draft;
	struct socks_server	*servers[SERVERS_MAX];
	struct socks_rule	*rules[RULES_MAX];
	u32			n_servers;
	u32			n_rules;
};

/* No more of it is looked at than its references. */
static struct sock *config_owner(struct kunit *test)
{
	struct sock *sk = kunit_kzalloc(test, sizeof(*sk), GFP_KERNEL);

	if (sk)
		refcount_set(&sk->sk_refcnt, 1);
	return sk;
}

static int config_init(struct kunit *test)
{
	struct config_fixture *f;
	int err;

	f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	f->owner = config_owner(test);
	f->other = config_owner(test);
	if (!f->owner || !f->other)
		return -ENOMEM;
	err = socks_config_init();
	if (err)
		return err;
	f->sn = socks_net(&init_net);
	test->priv = f;
	return 0;
}

static void config_exit(struct kunit *test)
{
	struct config_fixture *f = test->priv;
	u32 i;

	if (!f)
		return;
	socks_draft_destroy(&f->draft);
	/* Drops the configuration, and waits until all old tables are freed. */
	socks_config_exit();
	KUNIT_EXPECT_EQ(test, refcount_read(&f->owner->sk_refcnt), 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&f->other->sk_refcnt), 1);
	for (i = 0; i < f->n_rules; i++) {
		KUNIT_EXPECT_EQ_MSG(test, refcount_read(&f->rules[i]->ref), 1,
				    "rule %u", i);
		socks_rule_put(f->rules[i]);
	}
	for (i = 0; i < f->n_servers; i++) {
		KUNIT_EXPECT_EQ_MSG(test, refcount_read(&f->servers[i]->ref), 1,
				    "server %u", i);
		socks_server_put(f->servers[i]);
	}
}

/* A server, whose address differs from that of all others. */
static struct socks_server *config_server(struct kunit *test, const char *name)
{
	struct config_fixture *f = test->priv;
	u32 addr = SOCKS_IP(192, 0, 2, 10 + f->n_servers);
	struct netlink_ext_ack extack = {};
	struct socks_server *server;

	server = socks_server_alloc(name, htonl(addr), htons(1080),
				    SOCKS_USERID_MODE_NONE, NULL, 120, &extack);
	KUNIT_ASSERT_FALSE(test, IS_ERR(server));
	KUNIT_ASSERT_LT(test, f->n_servers, SERVERS_MAX);
	f->servers[f->n_servers++] = server;
	return server;
}

static struct socks_match config_match(u32 addr, u8 prefix_len)
{
	return (struct socks_match){
		.addr = addr,
		.prefix_len = prefix_len,
		.port_max = U16_MAX,
		.uid_max = U32_MAX,
		.gid_max = U32_MAX,
	};
}

static struct socks_rule *config_rule(struct kunit *test, u32 action, u32 addr,
				      u8 prefix_len)
{
	struct socks_match match = config_match(addr, prefix_len);
	struct config_fixture *f = test->priv;
	struct netlink_ext_ack extack = {};
	struct socks_rule *rule;

	rule = socks_rule_alloc(&match, action, NULL, &extack);
	KUNIT_ASSERT_FALSE(test, IS_ERR(rule));
	KUNIT_ASSERT_LT(test, f->n_rules, RULES_MAX);
	f->rules[f->n_rules++] = rule;
	return rule;
}

/* Add a rule with one server, or none. */
static int config_rule_to_draft(struct socks_draft *draft,
				struct socks_rule *rule, u32 index,
				const char *name,
				struct netlink_ext_ack *extack)
{
	char names[1][SOCKS_NAME_MAX + 1] = {};

	if (name)
		strscpy(names[0], name, sizeof(names[0]));
	return socks_draft_add_rule(draft, rule, index, names, !!name, extack);
}

/* The only server of a rule, or none. */
static struct socks_server *config_rule_server(const struct socks_rule *rule)
{
	return rule->n_servers == 1 ? rule->servers[0] : NULL;
}

/* Servers */

struct config_server_case {
	const char	*name;
	u32		addr;
	u16		port;
	u32		userid_mode;
	const char	*userid;
};

#define NAME_63	"a123456789012345678901234567890123456789012345678901234567890.Z"

static const struct config_server_case config_servers_good[] = {
	{ "a", SOCKS_IP(192, 0, 2, 1), 1080 },
	{ "Z", SOCKS_IP(127, 0, 0, 1), 1 },
	{ "0", SOCKS_IP(10, 0, 0, 0), 65535 },
	{ "this-net", SOCKS_IP(0, 0, 1, 0), 1080 },
	{ ".", SOCKS_IP(1, 0, 0, 0), 1080 },
	{ "_", SOCKS_IP(223, 255, 255, 255), 1080 },
	{ "a-", SOCKS_IP(240, 0, 0, 0), 1080 },
	{ "x.Y_z-9", SOCKS_IP(255, 255, 255, 254), 1080 },
	{ NAME_63, SOCKS_IP(192, 0, 2, 1), 1080 },
	{ "mode-uid", SOCKS_IP(192, 0, 2, 1), 1080, SOCKS_USERID_MODE_UID },
	{ "mode-fixed", SOCKS_IP(192, 0, 2, 1), 1080, SOCKS_USERID_MODE_FIXED,
	  "me, myself\377" },
};

static const struct config_server_case config_servers_bad[] = {
	{ "", SOCKS_IP(192, 0, 2, 1), 1080 },
	{ "-", SOCKS_IP(192, 0, 2, 1), 1080 },
	{ "-a", SOCKS_IP(192, 0, 2, 1), 1080 },
	{ "a b", SOCKS_IP(192, 0, 2, 1), 1080 },
	{ "a\n", SOCKS_IP(192, 0, 2, 1), 1080 },
	{ "a/b", SOCKS_IP(192, 0, 2, 1), 1080 },
	{ "a:1", SOCKS_IP(192, 0, 2, 1), 1080 },
	{ "a@", SOCKS_IP(192, 0, 2, 1), 1080 },
	{ "a[", SOCKS_IP(192, 0, 2, 1), 1080 },
	{ "a`", SOCKS_IP(192, 0, 2, 1), 1080 },
	{ "a{", SOCKS_IP(192, 0, 2, 1), 1080 },
	{ "\303\274", SOCKS_IP(192, 0, 2, 1), 1080 },
	{ "a\177", SOCKS_IP(192, 0, 2, 1), 1080 },
	{ "any", SOCKS_IP(0, 0, 0, 0), 1080 },
	{ "socks4a", SOCKS_IP(0, 0, 0, 1), 1080 },
	{ "socks4a-last", SOCKS_IP(0, 0, 0, 255), 1080 },
	{ "multicast", SOCKS_IP(224, 0, 0, 0), 1080 },
	{ "last-multicast", SOCKS_IP(239, 255, 255, 255), 1080 },
	{ "broadcast", SOCKS_IP(255, 255, 255, 255), 1080 },
	{ "no-port", SOCKS_IP(192, 0, 2, 1), 0 },
	{ "no-fixed", SOCKS_IP(192, 0, 2, 1), 1080, SOCKS_USERID_MODE_FIXED },
	{ "none-with", SOCKS_IP(192, 0, 2, 1), 1080, SOCKS_USERID_MODE_NONE,
	  "me" },
	{ "uid-with", SOCKS_IP(192, 0, 2, 1), 1080, SOCKS_USERID_MODE_UID,
	  "me" },
};

/* Some of the names would upset what reads the results. */
static void config_server_desc(const struct config_server_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%*pE %pI4h port %u mode %u",
		 (int)strlen(c->name), c->name, &c->addr, c->port,
		 c->userid_mode);
}

KUNIT_ARRAY_PARAM(config_server_good, config_servers_good, config_server_desc);
KUNIT_ARRAY_PARAM(config_server_bad, config_servers_bad, config_server_desc);

static void config_server_taken(struct kunit *test)
{
	const struct config_server_case *c = test->param_value;
	struct netlink_ext_ack extack = {};
	struct socks_server *server;

	server = socks_server_alloc(c->name, htonl(c->addr), htons(c->port),
				    c->userid_mode, c->userid, 77, &extack);
	KUNIT_ASSERT_FALSE(test, IS_ERR(server));
	KUNIT_EXPECT_EQ(test, refcount_read(&server->ref), 1);
	KUNIT_EXPECT_STREQ(test, server->name, c->name);
	KUNIT_EXPECT_EQ(test, ntohl(server->addr), c->addr);
	KUNIT_EXPECT_EQ(test, ntohs(server->port), c->port);
	KUNIT_EXPECT_EQ(test, server->userid_mode, c->userid_mode);
	KUNIT_EXPECT_EQ(test, server->timeout, 77);
	KUNIT_EXPECT_EQ(test, server->accept_timeout, 180);
	KUNIT_EXPECT_EQ(test, server->n_rules, 0);
	KUNIT_EXPECT_STREQ(test, server->userid, c->userid ?: "");
	KUNIT_EXPECT_EQ(test, server->userid_len, strlen(c->userid ?: ""));
	KUNIT_EXPECT_NULL(test, extack._msg);
	socks_server_put(server);
}

static void config_server_refused(struct kunit *test)
{
	const struct config_server_case *c = test->param_value;
	struct netlink_ext_ack extack = {};
	struct socks_server *server;

	server = socks_server_alloc(c->name, htonl(c->addr), htons(c->port),
				    c->userid_mode, c->userid, 77, &extack);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(server), -EINVAL);
	KUNIT_EXPECT_NOT_NULL(test, extack._msg);
	if (!IS_ERR(server))
		socks_server_put(server);
}

static void config_server_longest_userid(struct kunit *test)
{
	struct netlink_ext_ack extack = {};
	struct socks_server *server;
	char userid[256];

	memset(userid, 'x', 255);
	userid[255] = '\0';
	server = socks_server_alloc("a", htonl(SOCKS_IP(192, 0, 2, 1)),
				    htons(1080), SOCKS_USERID_MODE_FIXED,
				    userid, 120, &extack);
	KUNIT_ASSERT_FALSE(test, IS_ERR(server));
	KUNIT_EXPECT_EQ(test, server->userid_len, 255);
	KUNIT_EXPECT_MEMEQ(test, server->userid, userid, 256);
	socks_server_put(server);
}

/* Rules */

struct config_rule_case {
	const char	*name;
	u32		addr;
	u8		prefix_len;
	u16		ports[2];
	u32		uids[2];
	u32		gids[2];
	int		err;
};

#define ANY_PORT	{ 0, U16_MAX }
#define ANY_ID		{ 0, U32_MAX }

static const struct config_rule_case config_rules[] = {
	{ "everything", 0, 0, ANY_PORT, ANY_ID, ANY_ID },
	{ "a net", SOCKS_IP(10, 1, 0, 0), 16, ANY_PORT, ANY_ID, ANY_ID },
	{ "half of all", SOCKS_IP(128, 0, 0, 0), 1, ANY_PORT, ANY_ID, ANY_ID },
	{ "the last two", SOCKS_IP(255, 255, 255, 254), 31, ANY_PORT, ANY_ID,
	  ANY_ID },
	{ "a host", SOCKS_IP(255, 255, 255, 255), 32, ANY_PORT, ANY_ID,
	  ANY_ID },
	{ "one port", 0, 0, { 80, 80 }, ANY_ID, ANY_ID },
	{ "one user", 0, 0, ANY_PORT, { 1000, 1000 }, ANY_ID },
	{ "one group", 0, 0, ANY_PORT, ANY_ID, { U32_MAX, U32_MAX } },
	{ "host bit with /0", 1, 0, ANY_PORT, ANY_ID, ANY_ID, -EINVAL },
	{ "highest bit with /0", SOCKS_IP(128, 0, 0, 0), 0, ANY_PORT, ANY_ID,
	  ANY_ID, -EINVAL },
	{ "host bit with /1", SOCKS_IP(192, 0, 0, 0), 1, ANY_PORT, ANY_ID,
	  ANY_ID, -EINVAL },
	{ "host bit with /24", SOCKS_IP(10, 0, 0, 1), 24, ANY_PORT, ANY_ID,
	  ANY_ID, -EINVAL },
	{ "host bit with /31", SOCKS_IP(10, 0, 0, 1), 31, ANY_PORT, ANY_ID,
	  ANY_ID, -EINVAL },
	{ "ports crossed", 0, 0, { 81, 80 }, ANY_ID, ANY_ID, -EINVAL },
	{ "users crossed", 0, 0, ANY_PORT, { U32_MAX, 0 }, ANY_ID, -EINVAL },
	{ "groups crossed", 0, 0, ANY_PORT, ANY_ID, { 1, 0 }, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(config_rule, config_rules, name);

static void config_rule_alloc(struct kunit *test)
{
	const struct config_rule_case *c = test->param_value;
	struct socks_match match = {
		.addr = c->addr,
		.prefix_len = c->prefix_len,
		.port_min = c->ports[0],
		.port_max = c->ports[1],
		.uid_min = c->uids[0],
		.uid_max = c->uids[1],
		.gid_min = c->gids[0],
		.gid_max = c->gids[1],
	};
	struct netlink_ext_ack extack = {};
	struct socks_rule *rule;

	rule = socks_rule_alloc(&match, SOCKS_ACTION_REJECT, NULL, &extack);
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(rule), c->err);
	KUNIT_EXPECT_EQ(test, !c->err, !extack._msg);
	if (IS_ERR(rule))
		return;
	KUNIT_EXPECT_EQ(test, refcount_read(&rule->ref), 1);
	KUNIT_EXPECT_EQ(test, rule->match.addr, c->addr);
	KUNIT_EXPECT_EQ(test, rule->match.prefix_len, c->prefix_len);
	KUNIT_EXPECT_EQ(test, rule->match.port_min, c->ports[0]);
	KUNIT_EXPECT_EQ(test, rule->match.port_max, c->ports[1]);
	KUNIT_EXPECT_EQ(test, rule->match.uid_min, c->uids[0]);
	KUNIT_EXPECT_EQ(test, rule->match.uid_max, c->uids[1]);
	KUNIT_EXPECT_EQ(test, rule->match.gid_min, c->gids[0]);
	KUNIT_EXPECT_EQ(test, rule->match.gid_max, c->gids[1]);
	KUNIT_EXPECT_NULL(test, rule->match.cgroup);
	KUNIT_EXPECT_NULL(test, rule->cgroup_path);
	KUNIT_EXPECT_EQ(test, rule->n_servers, 0);
	KUNIT_EXPECT_FALSE(test, rule->balance);
	KUNIT_EXPECT_EQ(test, rule->action, SOCKS_ACTION_REJECT);
	KUNIT_EXPECT_FALSE(test, rule->rbind_auto);
	socks_rule_put(rule);
}

/* tests/kunit/run sees afterwards whether references are left. */
static void config_rule_cgroup(struct kunit *test)
{
	static const char * const paths[] = { "/", "/socks_kunit/a" };
	struct socks_match match = config_match(0, 0);
	struct netlink_ext_ack extack = {};
	struct socks_rule *rule;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		struct cgroup *cgroup = socks_kunit_cgroup(test, paths[i]);

		rule = socks_rule_alloc(&match, SOCKS_ACTION_DIRECT, paths[i],
					&extack);
		KUNIT_ASSERT_FALSE(test, IS_ERR(rule));
		KUNIT_EXPECT_PTR_EQ(test, rule->match.cgroup, cgroup);
		KUNIT_EXPECT_STREQ(test, rule->cgroup_path, paths[i]);
		socks_rule_put(rule);
		/* What is left there by the caller counts for nothing. */
		match.cgroup = cgroup;
	}

	rule = socks_rule_alloc(&match, SOCKS_ACTION_DIRECT, NULL, &extack);
	KUNIT_ASSERT_FALSE(test, IS_ERR(rule));
	KUNIT_EXPECT_NULL(test, rule->match.cgroup);
	socks_rule_put(rule);
	KUNIT_EXPECT_NULL(test, extack._msg);

	rule = socks_rule_alloc(&match, SOCKS_ACTION_DIRECT,
				"/socks_kunit/missing", &extack);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(rule), -ENOENT);
	KUNIT_EXPECT_NOT_NULL(test, extack._msg);
	if (!IS_ERR(rule))
		socks_rule_put(rule);
}

/* Drafts */

/* Is the draft made of just these rules, in this order? */
static void config_expect_rules(struct kunit *test,
				const struct socks_draft *draft,
				struct socks_rule **rules, u32 n_rules)
{
	KUNIT_ASSERT_EQ(test, draft->n_rules, n_rules);
	if (n_rules)
		KUNIT_ASSERT_MEMEQ(test, draft->rules, rules,
				   n_rules * sizeof(*rules));
}

static void config_fill_draft(struct kunit *test, struct socks_draft *draft,
			      struct socks_rule **rules, u32 n_rules)
{
	u32 i;

	for (i = 0; i < n_rules; i++)
		KUNIT_ASSERT_EQ(test, 0, config_rule_to_draft(draft, rules[i],
							      0, NULL, NULL));
}

static void config_empty_draft(struct config_fixture *f)
{
	socks_draft_destroy(&f->draft);
	memset(&f->draft, 0, sizeof(f->draft));
}

/* At each index of drafts of each length, through two times of growth. */
static void config_draft_insert(struct kunit *test)
{
	const u32 n_max = 34;
	struct config_fixture *f = test->priv;
	struct socks_rule *rules[35], *new;
	u32 n, index;

	for (n = 0; n < n_max; n++)
		config_rule(test, SOCKS_ACTION_DIRECT, 0, 0);
	new = config_rule(test, SOCKS_ACTION_DIRECT, 0, 0);

	for (n = 0; n <= n_max; n++) {
		for (index = 0; index <= n + 1; index++) {
			u32 place = index ? index - 1 : n;

			config_fill_draft(test, &f->draft, f->rules, n);
			KUNIT_ASSERT_EQ(test, 0,
					config_rule_to_draft(&f->draft, new,
							     index, NULL,
							     NULL));
			KUNIT_ASSERT_EQ(test, refcount_read(&new->ref), 2);
			memcpy(rules, f->rules, place * sizeof(*rules));
			rules[place] = new;
			memcpy(rules + place + 1, f->rules + place,
			       (n - place) * sizeof(*rules));
			config_expect_rules(test, &f->draft, rules, n + 1);
			config_empty_draft(f);
			KUNIT_ASSERT_EQ(test, refcount_read(&new->ref), 1);
		}
	}
}

static void config_draft_delete(struct kunit *test)
{
	const u32 n_max = 18;
	struct config_fixture *f = test->priv;
	struct socks_rule *rules[18];
	u32 n, index;

	for (n = 0; n < n_max; n++)
		config_rule(test, SOCKS_ACTION_DIRECT, 0, 0);

	for (n = 1; n <= n_max; n++) {
		for (index = 1; index <= n; index++) {
			struct socks_rule *old = f->rules[index - 1];

			config_fill_draft(test, &f->draft, f->rules, n);
			KUNIT_ASSERT_EQ(test, 0,
					socks_draft_del_rule(&f->draft, index,
							     NULL));
			KUNIT_ASSERT_EQ(test, refcount_read(&old->ref), 1);
			memcpy(rules, f->rules, (index - 1) * sizeof(*rules));
			memcpy(rules + index - 1, f->rules + index,
			       (n - index) * sizeof(*rules));
			config_expect_rules(test, &f->draft, rules, n - 1);
			config_empty_draft(f);
		}
	}
}

/* Rules come and go at any place, beside a list that is kept by hand. */
static void config_draft_random(struct kunit *test)
{
	struct config_fixture *f = test->priv;
	struct socks_rule *rules[RULES_MAX];
	bool used[RULES_MAX] = {};
	struct rnd_state rnd;
	u32 n = 0, i, j, k;

	socks_kunit_random(test, &rnd);
	for (i = 0; i < RULES_MAX; i++)
		config_rule(test, SOCKS_ACTION_DIRECT, 0, 0);

	for (i = 0; i < 5000; i++) {
		/* Long drafts, and short ones. */
		bool add = socks_kunit_below(&rnd, 8) < (i & 512 ? 5 : 3);

		if (add && n < RULES_MAX) {
			for (j = socks_kunit_below(&rnd, RULES_MAX); used[j];)
				j = (j + 1) % RULES_MAX;
			k = socks_kunit_below(&rnd, n + 1);
			KUNIT_ASSERT_EQ(test, 0,
					config_rule_to_draft(&f->draft,
							     f->rules[j], k + 1,
							     NULL, NULL));
			used[j] = true;
			memmove(rules + k + 1, rules + k,
				(n++ - k) * sizeof(*rules));
			rules[k] = f->rules[j];
		} else if (!add && n) {
			k = socks_kunit_below(&rnd, n);
			for (j = 0; f->rules[j] != rules[k]; j++)
				;
			KUNIT_ASSERT_EQ(test, 0,
					socks_draft_del_rule(&f->draft, k + 1,
							     NULL));
			used[j] = false;
			memmove(rules + k, rules + k + 1,
				(--n - k) * sizeof(*rules));
		}
		config_expect_rules(test, &f->draft, rules, n);
	}
}

/* Servers stay in the order in which they were added. */
static void config_draft_servers(struct kunit *test)
{
	struct config_fixture *f = test->priv;
	struct socks_draft *draft = &f->draft;
	struct socks_server *a = config_server(test, "a");
	struct socks_server *b = config_server(test, "b");
	struct socks_server *c = config_server(test, "c");

	KUNIT_EXPECT_NULL(test, socks_draft_find_server(draft, "a"));
	KUNIT_EXPECT_EQ(test, 0, socks_draft_add_server(draft, a, NULL));
	KUNIT_EXPECT_EQ(test, 0, socks_draft_add_server(draft, b, NULL));
	KUNIT_EXPECT_EQ(test, 0, socks_draft_add_server(draft, c, NULL));
	KUNIT_ASSERT_EQ(test, draft->n_servers, 3);
	KUNIT_EXPECT_MEMEQ(test, draft->servers, f->servers, 3 * sizeof(a));
	KUNIT_EXPECT_PTR_EQ(test, b, socks_draft_find_server(draft, "b"));
	KUNIT_EXPECT_NULL(test, socks_draft_find_server(draft, "bb"));
	KUNIT_EXPECT_NULL(test, socks_draft_find_server(draft, ""));
	KUNIT_EXPECT_EQ(test, refcount_read(&b->ref), 2);

	KUNIT_EXPECT_EQ(test, 0, socks_draft_del_server(draft, "b", NULL));
	KUNIT_EXPECT_EQ(test, refcount_read(&b->ref), 1);
	KUNIT_EXPECT_NULL(test, socks_draft_find_server(draft, "b"));
	KUNIT_ASSERT_EQ(test, draft->n_servers, 2);
	KUNIT_EXPECT_PTR_EQ(test, draft->servers[0], a);
	KUNIT_EXPECT_PTR_EQ(test, draft->servers[1], c);

	KUNIT_EXPECT_EQ(test, 0, socks_draft_add_server(draft, b, NULL));
	KUNIT_EXPECT_EQ(test, 0, socks_draft_del_server(draft, "a", NULL));
	KUNIT_ASSERT_EQ(test, draft->n_servers, 2);
	KUNIT_EXPECT_PTR_EQ(test, draft->servers[0], c);
	KUNIT_EXPECT_PTR_EQ(test, draft->servers[1], b);

	KUNIT_EXPECT_EQ(test, 0, socks_draft_del_server(draft, "b", NULL));
	KUNIT_EXPECT_EQ(test, 0, socks_draft_del_server(draft, "c", NULL));
	KUNIT_EXPECT_EQ(test, draft->n_servers, 0);
}

/* A rule has a reference on its server, and the last one frees both. */
static void config_draft_via(struct kunit *test)
{
	struct config_fixture *f = test->priv;
	struct socks_draft *draft = &f->draft;
	struct socks_server *server = config_server(test, "a");
	struct socks_match match = config_match(0, 0);
	struct socks_rule *rule;

	rule = socks_rule_alloc(&match, SOCKS_ACTION_VIA, NULL, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(rule));
	KUNIT_EXPECT_EQ(test, 0, socks_draft_add_server(draft, server, NULL));
	KUNIT_EXPECT_EQ(test, 0,
			config_rule_to_draft(draft, rule, 0, "a", NULL));
	KUNIT_EXPECT_PTR_EQ(test, config_rule_server(rule), server);
	/* The case, the draft, and the rule. */
	KUNIT_EXPECT_EQ(test, refcount_read(&server->ref), 3);
	socks_rule_put(rule);
	KUNIT_EXPECT_EQ(test, refcount_read(&server->ref), 3);
	KUNIT_EXPECT_EQ(test, 0, socks_draft_del_rule(draft, 1, NULL));
	KUNIT_EXPECT_EQ(test, refcount_read(&server->ref), 2);
	KUNIT_EXPECT_EQ(test, 0, socks_draft_del_server(draft, "a", NULL));
	KUNIT_EXPECT_EQ(test, refcount_read(&server->ref), 1);
}

static const char config_eight[][SOCKS_NAME_MAX + 1] = {
	"a", "b", "c", "d", "e", "f", "g", "h",
};

struct config_via_case {
	const char	*desc;
	u32		action;
	bool		balance;
	u32		n_names;
	char		names[9][SOCKS_NAME_MAX + 1];
	int		err;
};

static const struct config_via_case config_via_cases[] = {
	{ "one", SOCKS_ACTION_VIA, false, 1, { "h" } },
	{ "two", SOCKS_ACTION_VIA, false, 2, { "b", "a" } },
	{ "eight", SOCKS_ACTION_VIA, false, 8,
	  { "h", "g", "f", "e", "d", "c", "b", "a" } },
	{ "balance", SOCKS_ACTION_VIA, true, 3, { "c", "a", "b" } },
	{ "none", SOCKS_ACTION_VIA, false, 0, {}, -EINVAL },
	{ "nine", SOCKS_ACTION_VIA, false, 9,
	  { "a", "b", "c", "d", "e", "f", "g", "h", "a" }, -EINVAL },
	{ "balance of one", SOCKS_ACTION_VIA, true, 1, { "a" }, -EINVAL },
	{ "balance of none", SOCKS_ACTION_DIRECT, true, 0, {}, -EINVAL },
	{ "direct", SOCKS_ACTION_DIRECT, false, 2, { "a", "b" }, -EINVAL },
	{ "reject", SOCKS_ACTION_REJECT, false, 2, { "a", "b" }, -EINVAL },
	{ "first unknown", SOCKS_ACTION_VIA, false, 2, { "x", "a" }, -ENOENT },
	{ "last unknown", SOCKS_ACTION_VIA, false, 3, { "a", "b", "x" },
	  -ENOENT },
	{ "empty name", SOCKS_ACTION_VIA, false, 2, { "a", "" }, -ENOENT },
	{ "twice", SOCKS_ACTION_VIA, false, 2, { "a", "a" }, -EINVAL },
	{ "twice of three", SOCKS_ACTION_VIA, false, 3, { "a", "b", "a" },
	  -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(config_via, config_via_cases, desc);

/* Let the draft have the first @count of config_eight. */
static void config_add_servers(struct kunit *test, u32 count)
{
	struct config_fixture *f = test->priv;
	u32 i;

	for (i = 0; i < count; i++)
		KUNIT_ASSERT_EQ(test, 0,
				socks_draft_add_server(&f->draft,
						       config_server(test, config_eight[i]),
						       NULL));
}

/* A rule has the servers it names, in their order, or is not added at all. */
static void config_servers_named(struct kunit *test)
{
	const struct config_via_case *c = test->param_value;
	struct config_fixture *f = test->priv;
	struct socks_draft *draft = &f->draft;
	struct netlink_ext_ack extack = {};
	struct socks_rule *rule;
	u32 i, j, refs;
	int err;

	config_add_servers(test, ARRAY_SIZE(config_eight));
	rule = config_rule(test, c->action, 0, 0);
	rule->balance = c->balance;
	err = socks_draft_add_rule(draft, rule, 0, c->names, c->n_names,
				   &extack);
	KUNIT_EXPECT_EQ(test, err, c->err);
	KUNIT_EXPECT_EQ(test, !extack._msg, !c->err);
	KUNIT_EXPECT_EQ(test, draft->n_rules, !c->err);
	KUNIT_EXPECT_EQ(test, rule->n_servers, c->err ? 0 : c->n_names);
	for (i = 0; i < rule->n_servers; i++)
		KUNIT_EXPECT_STREQ(test, rule->servers[i]->name, c->names[i]);
	for (i = 0; i < f->n_servers; i++) {
		/* The case, the draft, and perhaps the rule. */
		refs = 2;
		for (j = 0; j < c->n_names && !c->err; j++)
			refs += !strcmp(c->names[j], f->servers[i]->name);
		KUNIT_EXPECT_EQ(test, refcount_read(&f->servers[i]->ref), refs);
		KUNIT_EXPECT_EQ(test, refs == 2 ? 0 : -EBUSY,
				socks_draft_del_server(draft, f->servers[i]->name,
						       NULL));
	}
}

/* Each of a rule's servers counts the rule. */
static void config_servers_count(struct kunit *test)
{
	struct config_fixture *f = test->priv;
	struct socks_draft *draft = &f->draft;

	config_add_servers(test, 4);
	KUNIT_ASSERT_EQ(test, 0,
			socks_draft_add_rule(draft,
					     config_rule(test, SOCKS_ACTION_VIA, 0, 0),
					     0, config_eight, 3, NULL));
	KUNIT_ASSERT_EQ(test, 0,
			socks_draft_add_rule(draft,
					     config_rule(test, SOCKS_ACTION_VIA, 0, 0),
					     0, config_eight + 1, 1, NULL));
	mutex_lock(&f->sn->lock);
	KUNIT_EXPECT_EQ(test, 0, socks_net_install(f->sn, draft));
	mutex_unlock(&f->sn->lock);
	KUNIT_EXPECT_EQ(test, f->servers[0]->n_rules, 1);
	KUNIT_EXPECT_EQ(test, f->servers[1]->n_rules, 2);
	KUNIT_EXPECT_EQ(test, f->servers[2]->n_rules, 1);
	KUNIT_EXPECT_EQ(test, f->servers[3]->n_rules, 0);
}

/* For want of memory the rule has no servers, and can be added later. */
static void config_servers_no_memory(struct kunit *test)
{
	struct socks_rule *rule = config_rule(test, SOCKS_ACTION_VIA, 0, 0);
	struct config_fixture *f = test->priv;
	struct socks_draft *draft = &f->draft;

	socks_kunit_need_failures(test);
	config_add_servers(test, 4);
	/* Room for a rule, so that the servers are what needs memory. */
	KUNIT_ASSERT_EQ(test, 0,
			config_rule_to_draft(draft,
					     config_rule(test, SOCKS_ACTION_DIRECT, 0, 0),
					     0, NULL, NULL));
	KUNIT_ASSERT_EQ(test, 0, socks_draft_del_rule(draft, 1, NULL));
	socks_kunit_fail_nth(1);
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			socks_draft_add_rule(draft, rule, 0, config_eight, 4,
					     NULL));
	KUNIT_EXPECT_TRUE(test, socks_kunit_failed());
	KUNIT_EXPECT_EQ(test, rule->n_servers, 0);
	KUNIT_EXPECT_EQ(test, draft->n_rules, 0);
	KUNIT_EXPECT_EQ(test, 0,
			socks_draft_add_rule(draft, rule, 0, config_eight, 4,
					     NULL));
	KUNIT_EXPECT_EQ(test, rule->n_servers, 4);
}

/* Lists as long as they may be, made of nothing but one thing. */
static void config_draft_full(struct kunit *test)
{
	struct socks_rule *rule = config_rule(test, SOCKS_ACTION_DIRECT, 0, 0);
	struct socks_server *a = config_server(test, "a");
	struct socks_server *b = config_server(test, "b");
	struct netlink_ext_ack extack = {};
	struct socks_draft draft = {};
	u32 i;

	draft.servers = kunit_kcalloc(test, 4096, sizeof(a), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, draft.servers);
	draft.n_servers = 4096;
	draft.max_servers = 4096;
	for (i = 0; i < 4096; i++)
		draft.servers[i] = a;
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			socks_draft_add_server(&draft, b, &extack));
	KUNIT_EXPECT_NOT_NULL(test, extack._msg);
	KUNIT_EXPECT_EQ(test, draft.n_servers, 4096);

	/* Nothing may look at the rules, then. */
	extack._msg = NULL;
	draft.n_rules = 1 << 20;
	draft.max_rules = 1 << 20;
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			config_rule_to_draft(&draft, rule, 0, NULL, &extack));
	KUNIT_EXPECT_NOT_NULL(test, extack._msg);
	KUNIT_EXPECT_EQ(test, draft.n_rules, 1 << 20);
}

static void config_draft_rbind_auto(struct kunit *test)
{
	struct config_fixture *f = test->priv;
	struct socks_draft *draft = &f->draft;
	struct socks_rule *rule;

	KUNIT_ASSERT_EQ(test, 0, socks_draft_init(draft, NULL));
	KUNIT_ASSERT_EQ(test, 0,
			socks_draft_add_server(draft, config_server(test, "a"),
					       NULL));
	rule = config_rule(test, SOCKS_ACTION_VIA, 0, 0);
	rule->rbind_auto = true;
	KUNIT_EXPECT_EQ(test, 0,
			config_rule_to_draft(draft, rule, 1, "a", NULL));
	KUNIT_ASSERT_EQ(test, draft->n_rules, 1);
	KUNIT_EXPECT_TRUE(test, draft->rules[0]->rbind_auto);
}

/* Changes that are refused */

enum config_op { ADD_SERVER, DEL_SERVER, ADD_RULE, DEL_RULE, SET_LIMITS };

/* A change, for socks_change(). */
struct config_change {
	enum config_op		op;
	struct socks_server	*server;
	struct socks_rule	*rule;
	u32			index;
	const char		*name;
	struct socks_limits	limits;
};

static int config_do(struct socks_draft *draft, void *data,
		     struct netlink_ext_ack *extack)
{
	const struct config_change *change = data;

	switch (change->op) {
	case ADD_SERVER:
		return socks_draft_add_server(draft, change->server, extack);
	case DEL_SERVER:
		return socks_draft_del_server(draft, change->name, extack);
	case ADD_RULE:
		return config_rule_to_draft(draft, change->rule, change->index,
					    change->name, extack);
	case DEL_RULE:
		return socks_draft_del_rule(draft, change->index, extack);
	default:
		draft->limits = change->limits;
		return 0;
	}
}

static int config_change(struct socks_net *sn, struct sock *owner,
			 struct config_change change)
{
	return socks_change(sn, owner, config_do, &change, NULL);
}

static int config_add_server(struct socks_net *sn, struct sock *owner,
			     struct socks_server *server)
{
	return config_change(sn, owner, (struct config_change){
				.op = ADD_SERVER,
				.server = server,
			     });
}

static int config_del_server(struct socks_net *sn, struct sock *owner,
			     const char *name)
{
	return config_change(sn, owner, (struct config_change){
				.op = DEL_SERVER,
				.name = name,
			     });
}

/* At the end. */
static int config_add_rule(struct socks_net *sn, struct sock *owner,
			   struct socks_rule *rule, const char *name)
{
	return config_change(sn, owner, (struct config_change){
				.op = ADD_RULE,
				.rule = rule,
				.name = name,
			     });
}

static int config_del_rule(struct socks_net *sn, struct sock *owner, u32 index)
{
	return config_change(sn, owner, (struct config_change){
				.op = DEL_RULE,
				.index = index,
			     });
}

static int config_set_limits(struct socks_net *sn, struct sock *owner,
			     u32 rbinds, u32 rbinds_per_user)
{
	return config_change(sn, owner, (struct config_change){
				.op = SET_LIMITS,
				.limits = { rbinds, rbinds_per_user },
			     });
}

struct config_refusal {
	const char	*name;
	enum config_op	op;
	const char	*server;
	u32		action;
	u32		index;
	bool		rbind_auto;
	int		err;
};

/* In the configuration of config_base(): two servers, of which "used" is. */
static const struct config_refusal config_refusals[] = {
	{ .name = "add a server whose name is taken", .op = ADD_SERVER,
	  .server = "used", .err = -EEXIST },
	{ .name = "remove a server that is not there", .op = DEL_SERVER,
	  .server = "missing", .err = -ENOENT },
	{ .name = "remove a server by a part of its name", .op = DEL_SERVER,
	  .server = "unuse", .err = -ENOENT },
	{ .name = "remove a server that is used", .op = DEL_SERVER,
	  .server = "used", .err = -EBUSY },
	{ .name = "add a rule with an unknown server", .op = ADD_RULE,
	  .action = SOCKS_ACTION_VIA, .server = "missing", .err = -ENOENT },
	{ .name = "add a rule via nothing", .op = ADD_RULE,
	  .action = SOCKS_ACTION_VIA, .err = -EINVAL },
	{ .name = "add a direct rule with a server", .op = ADD_RULE,
	  .action = SOCKS_ACTION_DIRECT, .server = "used", .err = -EINVAL },
	{ .name = "add a reject rule with a server", .op = ADD_RULE,
	  .action = SOCKS_ACTION_REJECT, .server = "used", .err = -EINVAL },
	{ .name = "add a direct rule with rbind auto", .op = ADD_RULE,
	  .action = SOCKS_ACTION_DIRECT, .rbind_auto = true, .err = -EINVAL },
	{ .name = "add a reject rule with rbind auto", .op = ADD_RULE,
	  .action = SOCKS_ACTION_REJECT, .rbind_auto = true, .err = -EINVAL },
	{ .name = "add a rule with rbind auto via nothing", .op = ADD_RULE,
	  .action = SOCKS_ACTION_VIA, .rbind_auto = true, .err = -EINVAL },
	{ .name = "add a rule two behind the last", .op = ADD_RULE,
	  .action = SOCKS_ACTION_DIRECT, .index = 5, .err = -EINVAL },
	{ .name = "add a via rule two behind the last", .op = ADD_RULE,
	  .action = SOCKS_ACTION_VIA, .server = "used", .index = 5,
	  .err = -EINVAL },
	{ .name = "add a rule far behind", .op = ADD_RULE,
	  .action = SOCKS_ACTION_DIRECT, .index = U32_MAX, .err = -EINVAL },
	{ .name = "remove rule 0", .op = DEL_RULE, .index = 0,
	  .err = -ENOENT },
	{ .name = "remove the rule behind the last", .op = DEL_RULE,
	  .index = 4, .err = -ENOENT },
	{ .name = "remove a rule far behind", .op = DEL_RULE,
	  .index = U32_MAX, .err = -ENOENT },
};

KUNIT_ARRAY_PARAM_DESC(config_refusal, config_refusals, name);

/* The change that is going to be refused. */
static struct config_change config_refused(struct kunit *test)
{
	const struct config_refusal *c = test->param_value;
	struct config_change change = {
		.op = c->op,
		.index = c->index,
		.name = c->server,
	};

	if (c->op == ADD_SERVER)
		change.server = config_server(test, c->server);
	if (c->op == ADD_RULE) {
		change.rule = config_rule(test, c->action, 0, 0);
		change.rule->rbind_auto = c->rbind_auto;
	}
	return change;
}

/**
 * struct config_state - all that an error must leave as it was
 * @table: the table in use
 * @generation: its number
 * @limits: limits of the configuration or draft
 * @n_rules: rules of the table or draft
 * @n_servers: servers of the table or draft
 * @rules: the rules
 * @servers: the servers
 * @rule_servers: the server of each of the fixture's rules
 * @rule_refs: references on each of the fixture's rules
 * @server_refs: references on each of the fixture's servers
 * @server_rules: how many rules in use name each of them
 */
struct config_state {
	const struct socks_table	*table;
	u32				generation;
	struct socks_limits		limits;
	u32				n_rules;
	u32				n_servers;
	struct socks_rule		*rules[RULES_MAX];
	struct socks_server		*servers[SERVERS_MAX];
	struct socks_server		*rule_servers[RULES_MAX];
	u32				rule_refs[RULES_MAX];
	u32				server_refs[SERVERS_MAX];
	u32				server_rules[SERVERS_MAX];
};

static const struct socks_table *config_table(struct socks_net *sn)
{
	return rcu_dereference_protected(sn->table, true);
}

/* Wait until tables which are no longer in use have dropped their references. */
static void config_settle(void)
{
	rcu_barrier();
	flush_workqueue(socks_free_wq);
}

/* Of the draft, where there is one, else of the table in use. */
static struct config_state *config_state(struct kunit *test,
					 const struct socks_draft *draft)
{
	struct config_fixture *f = test->priv;
	const struct socks_table *table = config_table(f->sn);
	struct config_state *state;
	u32 i;

	config_settle();
	state = kunit_kzalloc(test, sizeof(*state), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, state);
	state->table = table;
	state->generation = f->sn->generation;
	state->limits = draft ? draft->limits : socks_net_limits(f->sn);
	if (draft) {
		state->n_rules = draft->n_rules;
		state->n_servers = draft->n_servers;
	} else if (table) {
		state->n_rules = table->n_rules;
		state->n_servers = table->n_servers;
	}
	KUNIT_ASSERT_LE(test, state->n_rules, RULES_MAX);
	KUNIT_ASSERT_LE(test, state->n_servers, SERVERS_MAX);
	if (state->n_rules)
		memcpy(state->rules, draft ? draft->rules : table->rules,
		       state->n_rules * sizeof(*state->rules));
	if (state->n_servers)
		memcpy(state->servers, draft ? draft->servers : table->servers,
		       state->n_servers * sizeof(*state->servers));
	for (i = 0; i < f->n_rules; i++) {
		state->rule_servers[i] = config_rule_server(f->rules[i]);
		state->rule_refs[i] = refcount_read(&f->rules[i]->ref);
	}
	for (i = 0; i < f->n_servers; i++) {
		state->server_refs[i] = refcount_read(&f->servers[i]->ref);
		state->server_rules[i] = f->servers[i]->n_rules;
	}
	return state;
}

static void config_expect_same(struct kunit *test,
			       const struct config_state *before,
			       const struct socks_draft *draft)
{
	const struct config_state *now = config_state(test, draft);

	KUNIT_EXPECT_PTR_EQ(test, now->table, before->table);
	KUNIT_EXPECT_EQ(test, now->generation, before->generation);
	KUNIT_EXPECT_MEMEQ(test, &now->limits, &before->limits,
			   sizeof(now->limits));
	KUNIT_EXPECT_EQ(test, now->n_rules, before->n_rules);
	KUNIT_EXPECT_EQ(test, now->n_servers, before->n_servers);
	KUNIT_EXPECT_MEMEQ(test, now->rules, before->rules,
			   sizeof(now->rules));
	KUNIT_EXPECT_MEMEQ(test, now->servers, before->servers,
			   sizeof(now->servers));
	KUNIT_EXPECT_MEMEQ(test, now->rule_servers, before->rule_servers,
			   sizeof(now->rule_servers));
	KUNIT_EXPECT_MEMEQ(test, now->rule_refs, before->rule_refs,
			   sizeof(now->rule_refs));
	KUNIT_EXPECT_MEMEQ(test, now->server_refs, before->server_refs,
			   sizeof(now->server_refs));
	KUNIT_EXPECT_MEMEQ(test, now->server_rules, before->server_rules,
			   sizeof(now->server_rules));
}

/* Servers "used" and "unused", and three rules. */
static void config_base(struct kunit *test)
{
	struct config_fixture *f = test->priv;
	struct socks_server *used = config_server(test, "used");
	struct socks_server *unused = config_server(test, "unused");
	struct socks_rule *via = config_rule(test, SOCKS_ACTION_VIA,
					     SOCKS_IP(10, 0, 0, 0), 8);
	struct socks_rule *direct = config_rule(test, SOCKS_ACTION_DIRECT,
						SOCKS_IP(172, 16, 0, 0), 12);
	struct socks_rule *reject = config_rule(test, SOCKS_ACTION_REJECT,
						0, 0);

	KUNIT_ASSERT_EQ(test, 0, config_add_server(f->sn, f->owner, used));
	KUNIT_ASSERT_EQ(test, 0, config_add_server(f->sn, f->owner, unused));
	KUNIT_ASSERT_EQ(test, 0, config_add_rule(f->sn, f->owner, via, "used"));
	KUNIT_ASSERT_EQ(test, 0, config_add_rule(f->sn, f->owner, direct, NULL));
	KUNIT_ASSERT_EQ(test, 0, config_add_rule(f->sn, f->owner, reject, NULL));
}

static void config_draft_refuses(struct kunit *test)
{
	const struct config_refusal *c = test->param_value;
	struct config_fixture *f = test->priv;
	struct netlink_ext_ack extack = {};
	struct config_change change;
	struct config_state *before;

	config_base(test);
	change = config_refused(test);
	KUNIT_ASSERT_EQ(test, 0,
			socks_draft_init(&f->draft, config_table(f->sn)));
	before = config_state(test, &f->draft);
	KUNIT_EXPECT_EQ(test, c->err, config_do(&f->draft, &change, &extack));
	KUNIT_EXPECT_NOT_NULL(test, extack._msg);
	/* The same without anybody to tell. */
	KUNIT_EXPECT_EQ(test, c->err, config_do(&f->draft, &change, NULL));
	config_expect_same(test, before, &f->draft);
}

static void config_change_refused(struct kunit *test)
{
	const struct config_refusal *c = test->param_value;
	struct config_fixture *f = test->priv;
	struct config_change change;
	struct config_state *before;

	config_base(test);
	change = config_refused(test);
	before = config_state(test, NULL);
	KUNIT_EXPECT_EQ(test, c->err, config_change(f->sn, f->owner, change));
	config_expect_same(test, before, NULL);
}

/* After a change that was refused, none of the others takes effect either. */
static void config_transaction_refused(struct kunit *test)
{
	const struct config_refusal *c = test->param_value;
	struct config_fixture *f = test->priv;
	struct netlink_ext_ack extack = {};
	struct socks_rule *before_it, *after_it;
	struct config_change change;
	struct config_state *before;

	config_base(test);
	change = config_refused(test);
	before_it = config_rule(test, SOCKS_ACTION_DIRECT, 0, 0);
	after_it = config_rule(test, SOCKS_ACTION_VIA, 0, 0);
	before = config_state(test, NULL);

	KUNIT_ASSERT_EQ(test, 0, socks_transaction_begin(f->sn, f->owner, false,
							 NULL));
	/* One comes and one goes: the indices stay as they are. */
	KUNIT_EXPECT_EQ(test, 0, config_add_rule(f->sn, f->owner, before_it,
						 NULL));
	KUNIT_EXPECT_EQ(test, 0, config_del_rule(f->sn, f->owner, 2));
	KUNIT_EXPECT_EQ(test, c->err, config_change(f->sn, f->owner, change));
	KUNIT_EXPECT_EQ(test, 0, config_add_rule(f->sn, f->owner, after_it,
						 "unused"));
	KUNIT_EXPECT_EQ(test, -ECANCELED,
			socks_transaction_commit(f->sn, f->owner, &extack));
	KUNIT_EXPECT_NOT_NULL(test, extack._msg);
	/* A rule which was in a draft names the server of that draft. */
	before->rule_servers[f->n_rules - 1] = f->servers[1];
	before->server_refs[1]++;
	config_expect_same(test, before, NULL);

	KUNIT_EXPECT_EQ(test, -ENOENT,
			socks_transaction_commit(f->sn, f->owner, NULL));
}

/* Transactions */

/* Decide about a TCP connection of root. */
static struct socks_decision config_decide(const struct socks_table *table,
					   u32 addr, u16 port)
{
	struct socks_key key = { .addr = addr, .port = port };
	struct socks_decision decision;

	/* All of it must be written. */
	memset(&decision, 0xee, sizeof(decision));
	socks_decide(table, &key, &decision);
	return decision;
}

static u32 config_action(struct socks_net *sn, u32 addr)
{
	return config_decide(config_table(sn), addr, 80).action;
}

static void config_expect_limits(struct kunit *test, u32 rbinds,
				 u32 rbinds_per_user)
{
	struct config_fixture *f = test->priv;
	struct socks_limits limits = socks_net_limits(f->sn);

	KUNIT_EXPECT_EQ(test, limits.rbinds, rbinds);
	KUNIT_EXPECT_EQ(test, limits.rbinds_per_user, rbinds_per_user);
}

/* A draft begins with the limits of what it is made from. */
static void config_draft_limits(struct kunit *test)
{
	struct config_fixture *f = test->priv;

	KUNIT_ASSERT_EQ(test, 0, socks_draft_init(&f->draft, NULL));
	KUNIT_EXPECT_EQ(test, f->draft.limits.rbinds, 1024);
	KUNIT_EXPECT_EQ(test, f->draft.limits.rbinds_per_user, 64);
	socks_draft_destroy(&f->draft);

	KUNIT_ASSERT_EQ(test, 0, config_set_limits(f->sn, f->owner, 7, 0));
	KUNIT_ASSERT_EQ(test, 0,
			socks_draft_init(&f->draft, config_table(f->sn)));
	KUNIT_EXPECT_EQ(test, f->draft.limits.rbinds, 7);
	KUNIT_EXPECT_EQ(test, f->draft.limits.rbinds_per_user, 0);
}

/* Limits alone are a configuration, and other changes leave them alone. */
static void config_limits(struct kunit *test)
{
	struct config_fixture *f = test->priv;
	u32 generation = f->sn->generation;

	config_expect_limits(test, 1024, 64);
	KUNIT_EXPECT_EQ(test, 0, config_set_limits(f->sn, f->owner, 0, U32_MAX));
	config_expect_limits(test, 0, U32_MAX);
	KUNIT_EXPECT_NE(test, f->sn->generation, generation);
	KUNIT_EXPECT_EQ(test, config_action(f->sn, SOCKS_IP(10, 0, 0, 1)),
			SOCKS_ACTION_DIRECT);

	config_base(test);
	config_expect_limits(test, 0, U32_MAX);
	KUNIT_EXPECT_EQ(test, config_action(f->sn, SOCKS_IP(10, 0, 0, 1)),
			SOCKS_ACTION_VIA);
	KUNIT_EXPECT_EQ(test, 0, config_set_limits(f->sn, f->owner, 1024, 63));
	config_expect_limits(test, 1024, 63);
	KUNIT_EXPECT_EQ(test, config_table(f->sn)->n_rules, 3);
	KUNIT_EXPECT_EQ(test, config_table(f->sn)->n_servers, 2);
	KUNIT_EXPECT_EQ(test, f->servers[0]->n_rules, 1);

	KUNIT_EXPECT_EQ(test, 0, config_del_rule(f->sn, f->owner, 1));
	KUNIT_EXPECT_EQ(test, 0, config_del_rule(f->sn, f->owner, 1));
	KUNIT_EXPECT_EQ(test, 0, config_del_rule(f->sn, f->owner, 1));
	KUNIT_EXPECT_EQ(test, 0, config_del_server(f->sn, f->owner, "used"));
	KUNIT_EXPECT_EQ(test, 0, config_del_server(f->sn, f->owner, "unused"));
	config_expect_limits(test, 1024, 63);
	/* With nothing but defaults there is no table. */
	KUNIT_EXPECT_NOT_NULL(test, config_table(f->sn));
	KUNIT_EXPECT_EQ(test, 0, config_set_limits(f->sn, f->owner, 1024, 64));
	KUNIT_EXPECT_NULL(test, config_table(f->sn));
}

static void config_expect_events(struct kunit *test, unsigned int n)
{
	struct config_fixture *f = test->priv;
	const struct socks_table *table = config_table(f->sn);

	KUNIT_EXPECT_EQ(test, n, config_events.n);
	KUNIT_EXPECT_EQ(test, table ? table->n_servers : 0,
			config_events.servers);
	KUNIT_EXPECT_EQ(test, table ? table->n_rules : 0, config_events.rules);
}

/* Each change that takes effect is told once; what does not is not told. */
static void config_told(struct kunit *test)
{
	struct config_fixture *f = test->priv;
	unsigned int n;

	config_base(test);
	n = config_events.n;
	config_expect_events(test, n);
	KUNIT_EXPECT_EQ(test, 0, config_del_rule(f->sn, f->owner, 1));
	config_expect_events(test, ++n);
	KUNIT_EXPECT_EQ(test, -ENOENT, config_del_rule(f->sn, f->owner, 99));
	config_expect_events(test, n);

	KUNIT_EXPECT_EQ(test, 0, socks_transaction_begin(f->sn, f->owner, false,
							 NULL));
	KUNIT_EXPECT_EQ(test, 0, config_del_rule(f->sn, f->owner, 1));
	KUNIT_EXPECT_EQ(test, 0, config_set_limits(f->sn, f->owner, 5, 6));
	config_expect_events(test, n);
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_commit(f->sn, f->owner, NULL));
	config_expect_events(test, ++n);

	KUNIT_EXPECT_EQ(test, 0, socks_transaction_begin(f->sn, f->owner, true,
							 NULL));
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_abort(f->sn, f->owner, NULL));
	config_expect_events(test, n);
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_begin(f->sn, f->owner, true,
							 NULL));
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_commit(f->sn, f->owner, NULL));
	config_expect_events(test, ++n);
}

static void config_limits_transaction(struct kunit *test)
{
	struct config_fixture *f = test->priv;
	struct config_state *before;

	config_base(test);
	KUNIT_ASSERT_EQ(test, 0, config_set_limits(f->sn, f->owner, 5, 6));
	before = config_state(test, NULL);
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_begin(f->sn, f->owner, false,
							 NULL));
	KUNIT_EXPECT_EQ(test, 0, config_set_limits(f->sn, f->owner, 7, 8));
	config_expect_limits(test, 5, 6);
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_abort(f->sn, f->owner, NULL));
	config_expect_same(test, before, NULL);

	KUNIT_EXPECT_EQ(test, 0, socks_transaction_begin(f->sn, f->owner, false,
							 NULL));
	KUNIT_EXPECT_EQ(test, 0, config_set_limits(f->sn, f->owner, 7, 8));
	KUNIT_EXPECT_EQ(test, 0, config_del_rule(f->sn, f->owner, 3));
	config_expect_limits(test, 5, 6);
	KUNIT_EXPECT_EQ(test, 0,
			socks_transaction_commit(f->sn, f->owner, NULL));
	config_expect_limits(test, 7, 8);

	/* One that is about something else keeps them. */
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_begin(f->sn, f->owner, false,
							 NULL));
	KUNIT_EXPECT_EQ(test, 0, config_del_rule(f->sn, f->owner, 1));
	KUNIT_EXPECT_EQ(test, 0,
			socks_transaction_commit(f->sn, f->owner, NULL));
	config_expect_limits(test, 7, 8);

	/* Limits which changed meanwhile are a change as any other. */
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_begin(f->sn, f->owner, false,
							 NULL));
	KUNIT_EXPECT_EQ(test, 0, config_set_limits(f->sn, f->other, 9, 9));
	KUNIT_EXPECT_EQ(test, -ESTALE,
			socks_transaction_commit(f->sn, f->owner, NULL));
	config_expect_limits(test, 9, 9);
}

/* What begins empty begins with the defaults. */
static void config_limits_flush(struct kunit *test)
{
	struct config_fixture *f = test->priv;

	config_base(test);
	KUNIT_ASSERT_EQ(test, 0, config_set_limits(f->sn, f->owner, 5, 6));
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_begin(f->sn, f->owner, true,
							 NULL));
	KUNIT_EXPECT_EQ(test, 0, config_add_rule(f->sn, f->owner, f->rules[1],
						 NULL));
	config_expect_limits(test, 5, 6);
	KUNIT_EXPECT_EQ(test, 0,
			socks_transaction_commit(f->sn, f->owner, NULL));
	config_expect_limits(test, 1024, 64);

	KUNIT_ASSERT_EQ(test, 0, config_set_limits(f->sn, f->owner, 5, 6));
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_begin(f->sn, f->owner, true,
							 NULL));
	KUNIT_EXPECT_EQ(test, 0,
			socks_transaction_commit(f->sn, f->owner, NULL));
	config_expect_limits(test, 1024, 64);
	KUNIT_EXPECT_NULL(test, config_table(f->sn));
}

static void config_change_at_once(struct kunit *test)
{
	struct config_fixture *f = test->priv;
	struct socks_rule *rule = config_rule(test, SOCKS_ACTION_REJECT, 0, 0);
	struct socks_server *server = config_server(test, "a");
	u32 generation = f->sn->generation;

	KUNIT_EXPECT_NULL(test, config_table(f->sn));
	KUNIT_EXPECT_EQ(test, 0, config_add_rule(f->sn, f->owner, rule, NULL));
	KUNIT_EXPECT_EQ(test, config_action(f->sn, SOCKS_IP(10, 0, 0, 1)),
			SOCKS_ACTION_REJECT);
	KUNIT_EXPECT_NE(test, f->sn->generation, generation);
	generation = f->sn->generation;
	KUNIT_EXPECT_EQ(test, 0, config_add_server(f->sn, f->owner, server));
	KUNIT_EXPECT_NE(test, f->sn->generation, generation);
	generation = f->sn->generation;
	KUNIT_EXPECT_EQ(test, 0, config_del_rule(f->sn, f->owner, 1));
	KUNIT_EXPECT_EQ(test, config_action(f->sn, SOCKS_IP(10, 0, 0, 1)),
			SOCKS_ACTION_DIRECT);
	KUNIT_EXPECT_NE(test, f->sn->generation, generation);
	KUNIT_EXPECT_EQ(test, 0, config_del_server(f->sn, f->owner, "a"));
	config_settle();
	KUNIT_EXPECT_EQ(test, refcount_read(&rule->ref), 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&server->ref), 1);
}

static void config_transaction_commit(struct kunit *test)
{
	struct config_fixture *f = test->priv;
	struct socks_server *used, *new;
	struct config_state *before, *after;
	struct socks_rule *rule;

	config_base(test);
	used = f->servers[0];
	new = config_server(test, "new");
	rule = config_rule(test, SOCKS_ACTION_VIA, 0, 0);
	before = config_state(test, NULL);
	KUNIT_EXPECT_EQ(test, used->n_rules, 1);

	KUNIT_EXPECT_EQ(test, 0, socks_transaction_begin(f->sn, f->owner, false,
							 NULL));
	KUNIT_EXPECT_EQ(test, 0, config_add_server(f->sn, f->owner, new));
	KUNIT_EXPECT_EQ(test, 0,
			config_change(f->sn, f->owner, (struct config_change){
					.op = ADD_RULE,
					.rule = rule,
					.index = 3,
					.name = "new",
				      }));
	KUNIT_EXPECT_EQ(test, 0, config_del_rule(f->sn, f->owner, 1));
	KUNIT_EXPECT_EQ(test, 0, config_del_server(f->sn, f->owner, "used"));

	/* Nothing of it is to be seen. */
	KUNIT_EXPECT_PTR_EQ(test, config_table(f->sn), before->table);
	KUNIT_EXPECT_EQ(test, f->sn->generation, before->generation);
	KUNIT_EXPECT_EQ(test, used->n_rules, 1);
	KUNIT_EXPECT_EQ(test, new->n_rules, 0);
	KUNIT_EXPECT_EQ(test, config_action(f->sn, SOCKS_IP(8, 8, 8, 8)),
			SOCKS_ACTION_REJECT);

	KUNIT_EXPECT_EQ(test, 0,
			socks_transaction_commit(f->sn, f->owner, NULL));
	after = config_state(test, NULL);
	KUNIT_EXPECT_NE(test, after->generation, before->generation);
	KUNIT_ASSERT_EQ(test, after->n_servers, 2);
	KUNIT_EXPECT_PTR_EQ(test, after->servers[0], f->servers[1]);
	KUNIT_EXPECT_PTR_EQ(test, after->servers[1], new);
	KUNIT_ASSERT_EQ(test, after->n_rules, 3);
	KUNIT_EXPECT_PTR_EQ(test, after->rules[0], f->rules[1]);
	KUNIT_EXPECT_PTR_EQ(test, after->rules[1], rule);
	KUNIT_EXPECT_PTR_EQ(test, after->rules[2], f->rules[2]);
	KUNIT_EXPECT_EQ(test, new->n_rules, 1);
	KUNIT_EXPECT_EQ(test, config_action(f->sn, SOCKS_IP(8, 8, 8, 8)),
			SOCKS_ACTION_VIA);
	/* The case and the table; the case, the table and the rule. */
	KUNIT_EXPECT_EQ(test, refcount_read(&rule->ref), 2);
	KUNIT_EXPECT_EQ(test, refcount_read(&new->ref), 3);
	/* The case; and its rule 0, which names the server. */
	KUNIT_EXPECT_EQ(test, refcount_read(&f->rules[0]->ref), 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&used->ref), 2);

	KUNIT_EXPECT_EQ(test, -ENOENT,
			socks_transaction_commit(f->sn, f->owner, NULL));
}

static void config_transaction_abort(struct kunit *test)
{
	struct config_fixture *f = test->priv;
	struct config_state *before;
	struct socks_server *new;
	struct socks_rule *rule;

	config_base(test);
	new = config_server(test, "new");
	rule = config_rule(test, SOCKS_ACTION_DIRECT, 0, 0);
	before = config_state(test, NULL);
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_begin(f->sn, f->owner, false,
							 NULL));
	KUNIT_EXPECT_EQ(test, 0, config_add_server(f->sn, f->owner, new));
	KUNIT_EXPECT_EQ(test, 0, config_add_rule(f->sn, f->owner, rule, NULL));
	KUNIT_EXPECT_EQ(test, 0, config_del_rule(f->sn, f->owner, 1));
	KUNIT_EXPECT_EQ(test, 0, config_del_server(f->sn, f->owner, "used"));
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_abort(f->sn, f->owner, NULL));
	config_expect_same(test, before, NULL);
	KUNIT_EXPECT_EQ(test, -ENOENT,
			socks_transaction_abort(f->sn, f->owner, NULL));

	/* The same once more, with nothing there to be kept. */
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_begin(f->sn, f->owner, true,
							 NULL));
	KUNIT_EXPECT_EQ(test, 0, config_add_server(f->sn, f->owner, new));
	KUNIT_EXPECT_EQ(test, 0, config_add_rule(f->sn, f->owner, rule, NULL));
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_abort(f->sn, f->owner, NULL));
	config_expect_same(test, before, NULL);
}

static void config_transaction_missing(struct kunit *test)
{
	struct config_fixture *f = test->priv;
	struct netlink_ext_ack extack = {};
	struct config_state *before;

	config_base(test);
	before = config_state(test, NULL);
	KUNIT_EXPECT_EQ(test, -ENOENT,
			socks_transaction_commit(f->sn, f->owner, &extack));
	KUNIT_EXPECT_NOT_NULL(test, extack._msg);
	extack._msg = NULL;
	KUNIT_EXPECT_EQ(test, -ENOENT,
			socks_transaction_abort(f->sn, f->owner, &extack));
	KUNIT_EXPECT_NOT_NULL(test, extack._msg);

	/* Nor does that of another socket count. */
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_begin(f->sn, f->other,
							 true, NULL));
	KUNIT_EXPECT_EQ(test, -ENOENT,
			socks_transaction_commit(f->sn, f->owner, NULL));
	KUNIT_EXPECT_EQ(test, -ENOENT,
			socks_transaction_abort(f->sn, f->owner, NULL));
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_abort(f->sn, f->other,
							 NULL));
	config_expect_same(test, before, NULL);
}

/* The second "begin" does no harm to the transaction which is open. */
static void config_transaction_twice(struct kunit *test)
{
	struct config_fixture *f = test->priv;
	struct netlink_ext_ack extack = {};
	struct socks_rule *rule;

	config_base(test);
	rule = config_rule(test, SOCKS_ACTION_DIRECT, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_begin(f->sn, f->owner, false,
							 NULL));
	KUNIT_EXPECT_EQ(test, 0, config_add_rule(f->sn, f->owner, rule, NULL));
	KUNIT_EXPECT_EQ(test, -EBUSY,
			socks_transaction_begin(f->sn, f->owner, true, &extack));
	KUNIT_EXPECT_NOT_NULL(test, extack._msg);
	KUNIT_EXPECT_EQ(test, 0,
			socks_transaction_commit(f->sn, f->owner, NULL));
	KUNIT_ASSERT_EQ(test, config_table(f->sn)->n_rules, 4);
	KUNIT_EXPECT_PTR_EQ(test, config_table(f->sn)->rules[3], rule);
}

/* Two transactions at a time: the first to commit wins. */
static void config_transaction_stale(struct kunit *test)
{
	struct config_fixture *f = test->priv;
	struct netlink_ext_ack extack = {};
	struct config_state *before;
	struct socks_rule *mine, *theirs;

	config_base(test);
	mine = config_rule(test, SOCKS_ACTION_DIRECT, 0, 0);
	theirs = config_rule(test, SOCKS_ACTION_DIRECT, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_begin(f->sn, f->owner, false,
							 NULL));
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_begin(f->sn, f->other,
							 false, NULL));
	KUNIT_EXPECT_EQ(test, 0, config_add_rule(f->sn, f->owner, mine, NULL));
	KUNIT_EXPECT_EQ(test, 0, config_add_rule(f->sn, f->other, theirs,
						 NULL));
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_commit(f->sn, f->other,
							  NULL));
	KUNIT_ASSERT_EQ(test, config_table(f->sn)->n_rules, 4);
	KUNIT_EXPECT_PTR_EQ(test, config_table(f->sn)->rules[3], theirs);

	before = config_state(test, NULL);
	KUNIT_EXPECT_EQ(test, -ESTALE,
			socks_transaction_commit(f->sn, f->owner, &extack));
	KUNIT_EXPECT_NOT_NULL(test, extack._msg);
	/* All as before, but for the draft, gone with its references. */
	KUNIT_EXPECT_EQ(test, refcount_read(&mine->ref), 1);
	KUNIT_EXPECT_PTR_EQ(test, config_table(f->sn), before->table);
	KUNIT_EXPECT_EQ(test, f->sn->generation, before->generation);
	KUNIT_EXPECT_EQ(test, -ENOENT,
			socks_transaction_commit(f->sn, f->owner, NULL));
}

/* A change at once, by another socket, makes one stale too. */
static void config_transaction_stale_at_once(struct kunit *test)
{
	struct config_fixture *f = test->priv;
	struct config_state *before;

	config_base(test);
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_begin(f->sn, f->owner, false,
							 NULL));
	KUNIT_EXPECT_EQ(test, 0, config_del_rule(f->sn, f->owner, 1));
	KUNIT_EXPECT_EQ(test, 0, config_del_rule(f->sn, f->other, 3));
	KUNIT_EXPECT_EQ(test, -ESTALE,
			socks_transaction_commit(f->sn, f->owner, NULL));
	before = config_state(test, NULL);
	KUNIT_ASSERT_EQ(test, before->n_rules, 2);
	KUNIT_EXPECT_PTR_EQ(test, before->rules[0], f->rules[0]);
	KUNIT_EXPECT_PTR_EQ(test, before->rules[1], f->rules[1]);
}

/* What begins empty does not mind changes of what it replaces. */
static void config_transaction_flush(struct kunit *test)
{
	struct config_fixture *f = test->priv;
	struct socks_server *used, *new;
	struct config_state *after;
	struct socks_rule *rule;

	config_base(test);
	used = f->servers[0];
	/* The name is free again, in what begins empty. */
	new = config_server(test, "used");
	rule = config_rule(test, SOCKS_ACTION_VIA, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_begin(f->sn, f->owner, true,
							 NULL));
	KUNIT_EXPECT_EQ(test, 0, config_add_server(f->sn, f->owner, new));
	KUNIT_EXPECT_EQ(test, 0, config_add_rule(f->sn, f->owner, rule, "used"));
	KUNIT_EXPECT_EQ(test, 0, config_del_rule(f->sn, f->other, 3));
	KUNIT_EXPECT_EQ(test, 0,
			socks_transaction_commit(f->sn, f->owner, NULL));
	after = config_state(test, NULL);
	KUNIT_ASSERT_EQ(test, after->n_rules, 1);
	KUNIT_EXPECT_PTR_EQ(test, after->rules[0], rule);
	KUNIT_EXPECT_PTR_EQ(test, config_rule_server(rule), new);
	KUNIT_ASSERT_EQ(test, after->n_servers, 1);
	KUNIT_EXPECT_PTR_EQ(test, after->servers[0], new);
	KUNIT_EXPECT_EQ(test, new->n_rules, 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&used->ref), 2);
	KUNIT_EXPECT_EQ(test, refcount_read(&f->rules[1]->ref), 1);

	/* Nothing at all instead of it. */
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_begin(f->sn, f->owner, true,
							 NULL));
	KUNIT_EXPECT_EQ(test, 0,
			socks_transaction_commit(f->sn, f->owner, NULL));
	after = config_state(test, NULL);
	KUNIT_EXPECT_EQ(test, after->n_rules, 0);
	KUNIT_EXPECT_EQ(test, after->n_servers, 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&rule->ref), 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&new->ref), 2);
	KUNIT_EXPECT_EQ(test, config_action(f->sn, SOCKS_IP(10, 0, 0, 1)),
			SOCKS_ACTION_DIRECT);
}

/* Closing a netlink socket drops its transaction, and no other. */
static void config_transaction_close(struct kunit *test)
{
	struct netlink_notify notify = {
		.net = &init_net,
		.portid = 1234,
		.protocol = NETLINK_ROUTE,
	};
	struct config_fixture *f = test->priv;
	struct config_state *before;
	struct socks_rule *rule;

	config_base(test);
	rule = config_rule(test, SOCKS_ACTION_DIRECT, 0, 0);
	before = config_state(test, NULL);
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_begin(f->sn, f->owner, false,
							 NULL));
	KUNIT_EXPECT_EQ(test, 0, config_add_rule(f->sn, f->owner, rule, NULL));
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_begin(f->sn, f->other,
							 false, NULL));

	/* Other sockets, which may have had the number of one of these. */
	socks_netlink_event(NULL, NETLINK_URELEASE, &notify);
	notify.protocol = NETLINK_GENERIC;
	socks_netlink_event(NULL, NETLINK_URELEASE, &notify);
	KUNIT_EXPECT_EQ(test, -EBUSY,
			socks_transaction_begin(f->sn, f->owner, false, NULL));
	sock_set_flag(f->owner, SOCK_DEAD);
	socks_netlink_event(NULL, NETLINK_URELEASE, &notify);
	KUNIT_EXPECT_EQ(test, -ENOENT,
			socks_transaction_commit(f->sn, f->owner, NULL));
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_abort(f->sn, f->other,
							 NULL));
	/* And once more, with none. */
	socks_netlink_event(NULL, NETLINK_URELEASE, &notify);
	config_expect_same(test, before, NULL);
}

/* The end comes while transactions are open; config_exit() counts. */
static void config_transaction_left_open(struct kunit *test)
{
	struct config_fixture *f = test->priv;
	struct socks_rule *rule;

	config_base(test);
	rule = config_rule(test, SOCKS_ACTION_VIA, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_begin(f->sn, f->owner, false,
							 NULL));
	KUNIT_EXPECT_EQ(test, 0, config_add_rule(f->sn, f->owner, rule,
						 "unused"));
	KUNIT_EXPECT_EQ(test, 0, socks_transaction_begin(f->sn, f->other,
							 true, NULL));
}

/* Servers count the rules in use that name them. */
static void config_server_rule_count(struct kunit *test)
{
	struct config_fixture *f = test->priv;
	struct socks_server *a = config_server(test, "a");
	struct socks_server *b = config_server(test, "b");
	u32 i;

	KUNIT_EXPECT_EQ(test, 0, config_add_server(f->sn, f->owner, a));
	KUNIT_EXPECT_EQ(test, 0, config_add_server(f->sn, f->owner, b));
	for (i = 0; i < 10; i++) {
		struct socks_rule *rule = config_rule(test, SOCKS_ACTION_VIA,
						      0, 0);

		KUNIT_EXPECT_EQ(test, 0, config_add_rule(f->sn, f->owner, rule,
							 i < 7 ? "a" : "b"));
	}
	KUNIT_EXPECT_EQ(test, a->n_rules, 7);
	KUNIT_EXPECT_EQ(test, b->n_rules, 3);
	KUNIT_EXPECT_EQ(test, 0, config_del_rule(f->sn, f->owner, 7));
	KUNIT_EXPECT_EQ(test, 0, config_del_rule(f->sn, f->owner, 9));
	KUNIT_EXPECT_EQ(test, a->n_rules, 6);
	KUNIT_EXPECT_EQ(test, b->n_rules, 2);
	KUNIT_EXPECT_EQ(test, -EBUSY, config_del_server(f->sn, f->owner, "b"));
	KUNIT_EXPECT_EQ(test, 0, config_del_rule(f->sn, f->owner, 8));
	KUNIT_EXPECT_EQ(test, 0, config_del_rule(f->sn, f->owner, 7));
	KUNIT_EXPECT_EQ(test, b->n_rules, 0);
	KUNIT_EXPECT_EQ(test, 0, config_del_server(f->sn, f->owner, "b"));
}

/*
 * Readers look up two addresses at a time while the whole configuration
 * changes between "all through a server" and "all rejected". Never does one go
 * direct, and never do the two differ.
 */

struct config_readers {
	struct socks_net	*sn;
	atomic_t		lookups;
	atomic_t		wrong;
};

static int config_reader(void *data)
{
	struct config_readers *readers = data;

	while (!kthread_should_stop()) {
		const struct socks_table *table;
		struct socks_decision a, b;

		rcu_read_lock();
		table = rcu_dereference(readers->sn->table);
		a = config_decide(table, SOCKS_IP(8, 8, 8, 8), 80);
		b = config_decide(table, SOCKS_IP(200, 1, 1, 1), 443);
		if (a.action == SOCKS_ACTION_DIRECT || a.action != b.action ||
		    !a.rule || !b.rule || a.rule->action != a.action ||
		    (a.action == SOCKS_ACTION_VIA &&
		     strcmp(a.server->name, "a")))
			atomic_inc(&readers->wrong);
		rcu_read_unlock();
		atomic_inc(&readers->lookups);
		cond_resched();
	}
	return 0;
}

/* Replace the configuration by one with two new rules, and maybe a server. */
static int config_replace(struct socks_net *sn, struct sock *owner, u32 action)
{
	const char *name = action == SOCKS_ACTION_VIA ? "a" : NULL;
	struct socks_server *server;
	int err, i;

	err = socks_transaction_begin(sn, owner, true, NULL);
	if (!err && name) {
		server = socks_server_alloc(name,
					    htonl(SOCKS_IP(192, 0, 2, 1)),
					    htons(1080), SOCKS_USERID_MODE_NONE,
					    NULL, 120, NULL);
		if (IS_ERR(server))
			return PTR_ERR(server);
		err = config_add_server(sn, owner, server);
		socks_server_put(server);
	}
	for (i = 0; !err && i < 2; i++) {
		struct socks_match match;
		struct socks_rule *rule;

		match = config_match(i ? SOCKS_IP(128, 0, 0, 0) : 0, 1);
		rule = socks_rule_alloc(&match, action, NULL, NULL);
		if (IS_ERR(rule))
			return PTR_ERR(rule);
		err = config_add_rule(sn, owner, rule, name);
		socks_rule_put(rule);
	}
	return err ?: socks_transaction_commit(sn, owner, NULL);
}

static void config_readers(struct kunit *test)
{
	struct config_fixture *f = test->priv;
	struct config_readers readers = { .sn = f->sn };
	struct task_struct *tasks[2];
	int err, i;

	err = config_replace(f->sn, f->owner, SOCKS_ACTION_REJECT);
	KUNIT_ASSERT_EQ(test, 0, err);
	for (i = 0; i < ARRAY_SIZE(tasks); i++) {
		tasks[i] = kthread_run(config_reader, &readers, "socks_kunit");
		if (IS_ERR(tasks[i]))
			break;
	}
	/* No assertion may end the case while they run. */
	for (err = 0, i = 0; !err && i < 200; i++) {
		err = config_replace(f->sn, f->owner,
				     i & 1 ? SOCKS_ACTION_REJECT :
					     SOCKS_ACTION_VIA);
		if (i % 16 == 0)
			usleep_range(500, 1000);
	}
	for (i = 0; i < ARRAY_SIZE(tasks) && !IS_ERR(tasks[i]); i++)
		kthread_stop(tasks[i]);
	KUNIT_EXPECT_EQ(test, i, ARRAY_SIZE(tasks));
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&readers.wrong), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&readers.lookups), 100);
}

/* What becomes of a connection */

enum { SERVER_NONE = -1, SERVER_NET, SERVER_LOOPBACK, SERVER_INSIDE };

static const struct {
	const char	*name;
	u32		addr;
	u16		port;
} decide_servers[] = {
	[SERVER_NET] = { "net", SOCKS_IP(192, 0, 2, 10), 1080 },
	[SERVER_LOOPBACK] = { "loopback", SOCKS_IP(127, 0, 0, 1), 9050 },
	[SERVER_INSIDE] = { "inside", SOCKS_IP(198, 51, 100, 99), 1080 },
};

static const struct {
	u32	addr;
	u8	prefix_len;
	u16	port_min;
	u16	port_max;
	u32	action;
	int	server;
} decide_rules[] = {
	{ SOCKS_IP(192, 0, 2, 0), 24, 0, U16_MAX, SOCKS_ACTION_REJECT,
	  SERVER_NONE },
	{ SOCKS_IP(198, 51, 100, 0), 24, 0, U16_MAX, SOCKS_ACTION_VIA,
	  SERVER_NET },
	{ SOCKS_IP(203, 0, 113, 0), 24, 0, U16_MAX, SOCKS_ACTION_DIRECT,
	  SERVER_NONE },
	{ SOCKS_IP(127, 0, 0, 0), 8, 9000, 9100, SOCKS_ACTION_REJECT,
	  SERVER_NONE },
	{ SOCKS_IP(127, 0, 0, 1), 32, 5000, 5000, SOCKS_ACTION_VIA,
	  SERVER_NET },
	/* Multicast, what was class E, and the broadcast address. */
	{ SOCKS_IP(224, 0, 0, 0), 3, 0, U16_MAX, SOCKS_ACTION_VIA,
	  SERVER_LOOPBACK },
	{ SOCKS_IP(0, 0, 0, 0), 8, 0, U16_MAX, SOCKS_ACTION_VIA,
	  SERVER_NET },
	/* Those before it hide some of these. */
	{ SOCKS_IP(64, 0, 0, 0), 2, 25, 25, SOCKS_ACTION_REJECT,
	  SERVER_NONE },
};

struct decide_case {
	const char	*name;
	u32		addr;
	u16		port;
	u32		action;
	u32		reason;
	u32		index;
	int		server;
};

#define DECIDE_NO_RULE(_name, _addr, _port)				\
	{ _name, _addr, _port, SOCKS_ACTION_DIRECT, SOCKS_REASON_NO_RULE,	\
	  0, SERVER_NONE }
#define DECIDE_RULE(_name, _addr, _port, _action, _index, _server)	\
	{ _name, _addr, _port, SOCKS_ACTION_##_action,			\
	  SOCKS_REASON_RULE, _index, _server }
#define DECIDE_SERVER(_name, _addr, _port, _server)			\
	{ _name, _addr, _port, SOCKS_ACTION_DIRECT, SOCKS_REASON_SERVER,	\
	  0, _server }
#define DECIDE_NOT_CONNECTABLE(_name, _addr)				\
	{ _name, _addr, 80, SOCKS_ACTION_DIRECT,			\
	  SOCKS_REASON_NOT_CONNECTABLE, 0, SERVER_NONE }

static const struct decide_case decide_cases[] = {
	DECIDE_NO_RULE("no rule", SOCKS_IP(8, 8, 8, 8), 53),
	DECIDE_NO_RULE("no rule for the port", SOCKS_IP(100, 0, 0, 1), 26),
	DECIDE_RULE("rule for the port", SOCKS_IP(100, 0, 0, 1), 25,
		    REJECT, 7, SERVER_NONE),
	DECIDE_RULE("reject", SOCKS_IP(192, 0, 2, 11), 1080,
		    REJECT, 0, SERVER_NONE),
	DECIDE_RULE("via", SOCKS_IP(198, 51, 100, 7), 80,
		    VIA, 1, SERVER_NET),
	DECIDE_RULE("direct", SOCKS_IP(203, 0, 113, 255), 80,
		    DIRECT, 2, SERVER_NONE),
	DECIDE_SERVER("server under reject", SOCKS_IP(192, 0, 2, 10), 1080,
		      SERVER_NET),
	DECIDE_RULE("server's address, other port", SOCKS_IP(192, 0, 2, 10),
		    1081, REJECT, 0, SERVER_NONE),
	DECIDE_SERVER("server under via", SOCKS_IP(198, 51, 100, 99), 1080,
		      SERVER_INSIDE),
	DECIDE_RULE("beside a server under via", SOCKS_IP(198, 51, 100, 98),
		    1080, VIA, 1, SERVER_NET),
	DECIDE_SERVER("server on loopback", SOCKS_IP(127, 0, 0, 1), 9050,
		      SERVER_LOOPBACK),
	DECIDE_RULE("beside a server on loopback", SOCKS_IP(127, 0, 0, 2),
		    9050, REJECT, 3, SERVER_NONE),
	DECIDE_NO_RULE("loopback", SOCKS_IP(127, 0, 0, 1), 80),
	DECIDE_NO_RULE("loopback, wide rule", SOCKS_IP(127, 0, 0, 1), 25),
	DECIDE_RULE("loopback host", SOCKS_IP(127, 0, 0, 1), 5000,
		    VIA, 4, SERVER_NET),
	DECIDE_NO_RULE("other loopback host", SOCKS_IP(127, 0, 0, 2), 5000),
	DECIDE_NO_RULE("0.0.0.0", 0, 80),
	DECIDE_RULE("0.0.0.0, loopback rule", 0, 9051, REJECT, 3,
		    SERVER_NONE),
	DECIDE_RULE("0.0.0.0, host rule", 0, 5000, VIA, 4, SERVER_NET),
	DECIDE_SERVER("0.0.0.0, server", 0, 9050, SERVER_LOOPBACK),
	/* For Linux, addresses like others. */
	DECIDE_RULE("0.0.1.0", SOCKS_IP(0, 0, 1, 0), 80,
		    VIA, 6, SERVER_NET),
	DECIDE_RULE("0.255.255.255", SOCKS_IP(0, 255, 255, 255), 80,
		    VIA, 6, SERVER_NET),
	DECIDE_NO_RULE("1.0.0.0", SOCKS_IP(1, 0, 0, 0), 80),
	DECIDE_NO_RULE("223.255.255.255", SOCKS_IP(223, 255, 255, 255), 80),
	DECIDE_NOT_CONNECTABLE("224.0.0.0", SOCKS_IP(224, 0, 0, 0)),
	DECIDE_NOT_CONNECTABLE("239.255.255.255", SOCKS_IP(239, 255, 255, 255)),
	DECIDE_RULE("240.0.0.0", SOCKS_IP(240, 0, 0, 0), 80,
		    VIA, 5, SERVER_LOOPBACK),
	DECIDE_RULE("255.255.255.254", SOCKS_IP(255, 255, 255, 254), 80,
		    VIA, 5, SERVER_LOOPBACK),
	DECIDE_NOT_CONNECTABLE("255.255.255.255", U32_MAX),
};

KUNIT_ARRAY_PARAM_DESC(decide, decide_cases, name);

static void decide_configure(struct kunit *test)
{
	struct config_fixture *f = test->priv;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(decide_servers); i++) {
		struct socks_server *server;

		server = socks_server_alloc(decide_servers[i].name,
					    htonl(decide_servers[i].addr),
					    htons(decide_servers[i].port),
					    SOCKS_USERID_MODE_NONE, NULL, 120,
					    NULL);
		KUNIT_ASSERT_FALSE(test, IS_ERR(server));
		f->servers[f->n_servers++] = server;
		KUNIT_ASSERT_EQ(test, 0,
				config_add_server(f->sn, f->owner, server));
	}
	for (i = 0; i < ARRAY_SIZE(decide_rules); i++) {
		struct socks_match match = config_match(decide_rules[i].addr,
							decide_rules[i].prefix_len);
		struct socks_rule *rule;
		const char *name = NULL;

		match.port_min = decide_rules[i].port_min;
		match.port_max = decide_rules[i].port_max;
		rule = socks_rule_alloc(&match, decide_rules[i].action, NULL,
					NULL);
		KUNIT_ASSERT_FALSE(test, IS_ERR(rule));
		f->rules[f->n_rules++] = rule;
		if (decide_rules[i].server != SERVER_NONE)
			name = decide_servers[decide_rules[i].server].name;
		KUNIT_ASSERT_EQ(test, 0,
				config_add_rule(f->sn, f->owner, rule, name));
	}
}

static void decide(struct kunit *test)
{
	const struct decide_case *c = test->param_value;
	struct config_fixture *f = test->priv;
	struct socks_server *server = NULL;
	struct socks_decision decision;
	struct socks_rule *rule = NULL;

	decide_configure(test);
	if (c->server != SERVER_NONE)
		server = f->servers[c->server];
	if (c->reason == SOCKS_REASON_RULE)
		rule = f->rules[c->index];

	decision = config_decide(config_table(f->sn), c->addr, c->port);
	KUNIT_EXPECT_EQ(test, decision.action, c->action);
	KUNIT_EXPECT_EQ(test, decision.reason, c->reason);
	if (c->reason == SOCKS_REASON_RULE)
		KUNIT_EXPECT_EQ(test, decision.index, c->index);
	KUNIT_EXPECT_PTR_EQ(test, decision.rule, rule);
	KUNIT_EXPECT_PTR_EQ(test, decision.server, server);
}

/*
 * In SOCKS4A, 0.0.0.x says that a name follows. No server may be sent that, and
 * where a rule says "via", it may not leave directly either.
 */
static void decide_socks4a(struct kunit *test)
{
	struct config_fixture *f = test->priv;
	u32 addr;

	decide_configure(test);
	for (addr = SOCKS_IP(0, 0, 0, 1); addr < SOCKS_IP(0, 0, 1, 0); addr++) {
		struct socks_decision decision;

		decision = config_decide(config_table(f->sn), addr, 80);
		KUNIT_ASSERT_EQ_MSG(test, decision.action, SOCKS_ACTION_REJECT,
				    "address %pI4h", &addr);
		KUNIT_ASSERT_EQ_MSG(test, decision.reason,
				    SOCKS_REASON_NOT_CONNECTABLE,
				    "address %pI4h", &addr);
	}
}

/* With nothing configured, everything goes direct. */
static void decide_nothing(struct kunit *test)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(decide_cases); i++) {
		struct socks_decision decision;

		decision = config_decide(NULL, decide_cases[i].addr,
					 decide_cases[i].port);
		KUNIT_EXPECT_EQ(test, decision.action, SOCKS_ACTION_DIRECT);
		KUNIT_EXPECT_NULL(test, decision.rule);
		KUNIT_EXPECT_NULL(test, decision.server);
	}
}

/* The address of a server without any rule, and with one that says direct. */
static void decide_server_direct(struct kunit *test)
{
	struct socks_server *server = config_server(test, "a");
	struct socks_rule *rule = config_rule(test, SOCKS_ACTION_DIRECT, 0, 0);
	struct config_fixture *f = test->priv;
	u32 addr = ntohl(server->addr);

	KUNIT_ASSERT_EQ(test, 0, config_add_server(f->sn, f->owner, server));
	KUNIT_EXPECT_EQ(test, SOCKS_ACTION_DIRECT,
			config_decide(config_table(f->sn), addr, 1080).action);
	KUNIT_ASSERT_EQ(test, 0, config_add_rule(f->sn, f->owner, rule, NULL));
	KUNIT_EXPECT_EQ(test, SOCKS_ACTION_DIRECT,
			config_decide(config_table(f->sn), addr, 1080).action);
}

/* Memory */

/* Do something to the configuration; the answer is 0 or an errno. */
typedef int (*config_act_t)(struct kunit *test);

static int config_act_server(struct kunit *test)
{
	struct socks_server *server;

	server = socks_server_alloc("a", htonl(SOCKS_IP(192, 0, 2, 1)),
				    htons(1080), SOCKS_USERID_MODE_FIXED, "me",
				    120, NULL);
	if (IS_ERR(server))
		return PTR_ERR(server);
	socks_server_put(server);
	return 0;
}

static int config_act_rule(struct kunit *test)
{
	struct socks_match match = config_match(0, 0);
	struct socks_rule *rule;

	rule = socks_rule_alloc(&match, SOCKS_ACTION_DIRECT, "/", NULL);
	if (IS_ERR(rule))
		return PTR_ERR(rule);
	socks_rule_put(rule);
	return 0;
}

/* The last rule and server that the fixture has are not in use. */
static int config_act_add_rule(struct kunit *test)
{
	struct config_fixture *f = test->priv;

	return config_add_rule(f->sn, f->owner, f->rules[f->n_rules - 1], NULL);
}

static int config_undo_add_rule(struct kunit *test)
{
	struct config_fixture *f = test->priv;

	return config_del_rule(f->sn, f->owner, 4);
}

static int config_act_add_server(struct kunit *test)
{
	struct config_fixture *f = test->priv;

	return config_add_server(f->sn, f->owner, f->servers[f->n_servers - 1]);
}

static int config_undo_add_server(struct kunit *test)
{
	struct config_fixture *f = test->priv;

	return config_del_server(f->sn, f->owner, "new");
}

static int config_act_limits(struct kunit *test)
{
	struct config_fixture *f = test->priv;

	return config_set_limits(f->sn, f->owner, 1, 2);
}

static int config_undo_limits(struct kunit *test)
{
	struct config_fixture *f = test->priv;

	return config_set_limits(f->sn, f->owner, 1024, 64);
}

static int config_act_begin(struct kunit *test)
{
	struct config_fixture *f = test->priv;

	return socks_transaction_begin(f->sn, f->owner, false, NULL);
}

static int config_undo_begin(struct kunit *test)
{
	struct config_fixture *f = test->priv;

	return socks_transaction_abort(f->sn, f->owner, NULL);
}

static int config_prepare_commit(struct kunit *test)
{
	return config_act_begin(test) ?: config_act_add_rule(test);
}

static int config_act_commit(struct kunit *test)
{
	struct config_fixture *f = test->priv;

	return socks_transaction_commit(f->sn, f->owner, NULL);
}

/**
 * struct config_memory_case - something for which memory may be short
 * @name: what
 * @prepare: comes before it; may be NULL
 * @act: does it
 * @undo: puts things back; may be NULL
 */
struct config_memory_case {
	const char	*name;
	config_act_t	prepare;
	config_act_t	act;
	config_act_t	undo;
};

static const struct config_memory_case config_memory_cases[] = {
	{ "make a server", NULL, config_act_server, NULL },
	{ "make a rule", NULL, config_act_rule, NULL },
	{ "add a rule", NULL, config_act_add_rule, config_undo_add_rule },
	{ "add a server", NULL, config_act_add_server, config_undo_add_server },
	{ "set limits", NULL, config_act_limits, config_undo_limits },
	{ "begin", NULL, config_act_begin, config_undo_begin },
	{ "commit", config_prepare_commit, config_act_commit,
	  config_undo_add_rule },
};

KUNIT_ARRAY_PARAM_DESC(config_memory, config_memory_cases, name);

/*
 * Each allocation fails in turn, and then nothing is changed. For some, which
 * are not the module's own, there is a way out.
 */
static void config_no_memory(struct kunit *test)
{
	const struct config_memory_case *c = test->param_value;
	struct config_fixture *f = test->priv;
	u32 nth, refused = 0;
	bool failed = true;

	socks_kunit_need_failures(test);
	config_base(test);
	config_server(test, "new");
	config_rule(test, SOCKS_ACTION_DIRECT, 0, 0);

	for (nth = 1; failed; nth++) {
		struct config_state *before = config_state(test, NULL);
		int err;

		if (c->prepare)
			KUNIT_ASSERT_EQ(test, 0, c->prepare(test));
		socks_kunit_fail_nth(nth);
		err = c->act(test);
		failed = socks_kunit_failed();
		if (!err) {
			if (c->undo)
				KUNIT_ASSERT_EQ(test, 0, c->undo(test));
			continue;
		}
		refused++;
		KUNIT_ASSERT_TRUE(test, failed);
		KUNIT_ASSERT_EQ(test, err, -ENOMEM);
		KUNIT_EXPECT_EQ(test, -ENOENT,
				socks_transaction_abort(f->sn, f->owner, NULL));
		config_expect_same(test, before, NULL);
	}
	KUNIT_EXPECT_GT(test, refused, 0);
}

/* A draft which can't grow is the one it was. */
static void config_draft_no_memory(struct kunit *test)
{
	struct config_fixture *f = test->priv;
	struct socks_draft *draft = &f->draft;
	struct socks_server *server;
	struct config_state *before;
	u32 n;

	socks_kunit_need_failures(test);
	server = config_server(test, "a");
	before = config_state(test, draft);
	socks_kunit_fail_nth(1);
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			socks_draft_add_server(draft, server, NULL));
	KUNIT_EXPECT_TRUE(test, socks_kunit_failed());
	config_expect_same(test, before, draft);
	KUNIT_ASSERT_EQ(test, 0, socks_draft_add_server(draft, server, NULL));

	for (n = 0; n < 34; n++) {
		struct socks_rule *rule = config_rule(test, SOCKS_ACTION_VIA,
						      0, 0);
		int err;

		before = config_state(test, draft);
		socks_kunit_fail_nth(1);
		err = config_rule_to_draft(draft, rule, 1, "a", NULL);
		if (!socks_kunit_failed()) {
			KUNIT_ASSERT_EQ(test, err, 0);
			continue;
		}
		KUNIT_ASSERT_EQ(test, err, -ENOMEM);
		config_expect_same(test, before, draft);
		KUNIT_ASSERT_EQ(test, 0,
				config_rule_to_draft(draft, rule, 1, "a",
						     NULL));
	}
}

static struct kunit_case config_cases[] = {
	KUNIT_CASE_PARAM(config_server_taken, config_server_good_gen_params),
	KUNIT_CASE_PARAM(config_server_refused, config_server_bad_gen_params),
	KUNIT_CASE(config_server_longest_userid),
	KUNIT_CASE_PARAM(config_rule_alloc, config_rule_gen_params),
	KUNIT_CASE(config_rule_cgroup),
	KUNIT_CASE(config_draft_insert),
	KUNIT_CASE(config_draft_delete),
	KUNIT_CASE(config_draft_random),
	KUNIT_CASE(config_draft_servers),
	KUNIT_CASE(config_draft_via),
	KUNIT_CASE_PARAM(config_servers_named, config_via_gen_params),
	KUNIT_CASE(config_servers_count),
	KUNIT_CASE(config_servers_no_memory),
	KUNIT_CASE(config_draft_full),
	KUNIT_CASE(config_draft_rbind_auto),
	KUNIT_CASE(config_draft_limits),
	KUNIT_CASE_PARAM(config_draft_refuses, config_refusal_gen_params),
	KUNIT_CASE_PARAM(config_change_refused, config_refusal_gen_params),
	KUNIT_CASE_PARAM(config_transaction_refused, config_refusal_gen_params),
	KUNIT_CASE(config_change_at_once),
	KUNIT_CASE(config_transaction_commit),
	KUNIT_CASE(config_transaction_abort),
	KUNIT_CASE(config_transaction_missing),
	KUNIT_CASE(config_transaction_twice),
	KUNIT_CASE(config_transaction_stale),
	KUNIT_CASE(config_transaction_stale_at_once),
	KUNIT_CASE(config_transaction_flush),
	KUNIT_CASE(config_transaction_close),
	KUNIT_CASE(config_transaction_left_open),
	KUNIT_CASE(config_told),
	KUNIT_CASE(config_limits),
	KUNIT_CASE(config_limits_transaction),
	KUNIT_CASE(config_limits_flush),
	KUNIT_CASE(config_server_rule_count),
	KUNIT_CASE(config_readers),
	KUNIT_CASE_PARAM(decide, decide_gen_params),
	KUNIT_CASE(decide_socks4a),
	KUNIT_CASE(decide_nothing),
	KUNIT_CASE(decide_server_direct),
	KUNIT_CASE_PARAM(config_no_memory, config_memory_gen_params),
	KUNIT_CASE(config_draft_no_memory),
	{}
};

static struct kunit_suite config_suite = {
	.name = "socks_config",
	.init = config_init,
	.exit = config_exit,
	.test_cases = config_cases,
};

kunit_test_suite(config_suite);
