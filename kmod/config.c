// SPDX-License-Identifier: GPL-2.0-only
/*
 * A change is made to a draft: a copy of the lists of rules and servers, not
 * of the rules and servers themselves. When it is whole, a table is built from
 * it and takes the old one's place under RCU. So a connection sees the old
 * configuration or the new one, never something between.
 */
#include <linux/ctype.h>
#include <linux/in.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/netns/generic.h>
#include <net/sock.h>

#include "config.h"
#include "event.h"
#include "failover.h"

static unsigned int socks_net_id;
static struct workqueue_struct *socks_free_wq;

/**
 * socks_net() - the module's part of a network namespace
 * @net: the namespace
 *
 * Return: it; never NULL while the module is loaded.
 */
struct socks_net *socks_net(const struct net *net)
{
	return net_generic(net, socks_net_id);
}

static const struct socks_limits socks_limits_default = {
	.rbinds			= SOCKS_RBINDS_DEFAULT,
	.rbinds_per_user	= SOCKS_RBINDS_PER_USER_DEFAULT,
};

/**
 * socks_net_limits() - how much a network namespace may have
 * @sn: the namespace
 *
 * Any context.
 *
 * Return: its limits.
 */
struct socks_limits socks_net_limits(const struct socks_net *sn)
{
	struct socks_limits limits = socks_limits_default;
	const struct socks_table *table;

	rcu_read_lock();
	table = rcu_dereference(sn->table);
	if (table)
		limits = table->limits;
	rcu_read_unlock();
	return limits;
}

/* Servers */

static bool socks_name_ok(const char *name)
{
	if (!*name || *name == '-')
		return false;
	for (; *name; name++)
		if (!isascii(*name) || (!isalnum(*name) && *name != '.' &&
					*name != '_' && *name != '-'))
			return false;
	return true;
}

/**
 * socks_server_alloc() - make a server
 * @name: its name
 * @addr: its address
 * @port: its port
 * @userid_mode: one of enum socks_userid_mode
 * @userid: USERID with %SOCKS_USERID_MODE_FIXED, else NULL
 * @timeout: time limit in seconds
 * @extack: says what is wrong
 *
 * Return: the server with one reference, or an ERR_PTR.
 */
struct socks_server *socks_server_alloc(const char *name, __be32 addr,
					__be16 port, u32 userid_mode,
					const char *userid, u32 timeout,
					struct netlink_ext_ack *extack)
{
	size_t userid_len = userid ? strlen(userid) : 0;
	struct socks_server *server;

	if (!socks_name_ok(name)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "a server's name is made of letters, digits, '.', '_' and '-', and does not begin with '-'");
		return ERR_PTR(-EINVAL);
	}
	if (!(ntohl(addr) >> 8) || ipv4_is_multicast(addr) ||
	    ipv4_is_lbcast(addr)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "no TCP connection can be made to this server address");
		return ERR_PTR(-EINVAL);
	}
	if (!port) {
		NL_SET_ERR_MSG_MOD(extack, "a server's port is 1 to 65535");
		return ERR_PTR(-EINVAL);
	}
	if (userid ? userid_mode != SOCKS_USERID_MODE_FIXED :
		     userid_mode == SOCKS_USERID_MODE_FIXED) {
		NL_SET_ERR_MSG_MOD(extack,
				   "a USERID string goes with the fixed USERID mode, and only with that");
		return ERR_PTR(-EINVAL);
	}

	server = kzalloc(struct_size(server, userid, userid_len + 1),
			 GFP_KERNEL_ACCOUNT);
	if (!server)
		return ERR_PTR(-ENOMEM);

	refcount_set(&server->ref, 1);
	strscpy(server->name, name, sizeof(server->name));
	server->addr = addr;
	server->port = port;
	server->userid_mode = userid_mode;
	server->userid_len = userid_len;
	if (userid)
		memcpy(server->userid, userid, userid_len);
	server->timeout = timeout;
	server->accept_timeout = SOCKS_ACCEPT_TIMEOUT_DEFAULT;
	server->retry = SOCKS_RETRY_DEFAULT;
	socks_health_init(&server->health);
	return server;
}

/**
 * socks_server_get() - take a reference
 * @server: the server, on which the caller has or sees one
 */
void socks_server_get(struct socks_server *server)
{
	refcount_inc(&server->ref);
}

/**
 * socks_server_put() - drop a reference
 * @server: the server
 *
 * Any context but hard interrupts.
 */
void socks_server_put(struct socks_server *server)
{
	if (refcount_dec_and_test(&server->ref))
		kfree(server);
}

/* Rules */

static int socks_match_check(const struct socks_match *match,
			     struct netlink_ext_ack *extack)
{
	if (match->addr & ~socks_prefix_mask(match->prefix_len)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "the address has bits set beyond its prefix length");
		return -EINVAL;
	}
	if (match->port_min > match->port_max) {
		NL_SET_ERR_MSG_MOD(extack,
				   "the lowest port is above the highest");
		return -EINVAL;
	}
	if (match->uid_min > match->uid_max) {
		NL_SET_ERR_MSG_MOD(extack,
				   "the lowest uid is above the highest");
		return -EINVAL;
	}
	if (match->gid_min > match->gid_max) {
		NL_SET_ERR_MSG_MOD(extack,
				   "the lowest gid is above the highest");
		return -EINVAL;
	}
	return 0;
}

/**
 * socks_rule_alloc() - make a rule
 * @match: what it asks; @match->cgroup is not looked at
 * @action: what becomes of the connections
 * @cgroup_path: path of the cgroup that it asks for, or NULL
 * @extack: says what is wrong
 *
 * Process context, since the path is looked up in the caller's cgroup
 * namespace.
 *
 * Return: the rule with one reference and no server, or an ERR_PTR.
 */
struct socks_rule *socks_rule_alloc(const struct socks_match *match,
				    u32 action, const char *cgroup_path,
				    struct netlink_ext_ack *extack)
{
	struct socks_rule *rule;
	int err;

	err = socks_match_check(match, extack);
	if (err)
		return ERR_PTR(err);

	rule = kzalloc(sizeof(*rule), GFP_KERNEL_ACCOUNT);
	if (!rule)
		return ERR_PTR(-ENOMEM);
	refcount_set(&rule->ref, 1);
	rule->match = *match;
	rule->match.cgroup = NULL;
	rule->action = action;

	if (cgroup_path) {
		struct cgroup *cgroup;

		rule->cgroup_path = kstrdup(cgroup_path, GFP_KERNEL_ACCOUNT);
		if (!rule->cgroup_path) {
			err = -ENOMEM;
			goto err;
		}
		cgroup = cgroup_get_from_path(cgroup_path);
		if (IS_ERR(cgroup)) {
			err = PTR_ERR(cgroup);
			NL_SET_ERR_MSG_MOD(extack,
					   "no such cgroup in the version 2 hierarchy");
			goto err;
		}
		rule->match.cgroup = cgroup;
	}
	return rule;

err:
	socks_rule_put(rule);
	return ERR_PTR(err);
}

/**
 * socks_rule_get() - take a reference
 * @rule: the rule, on which the caller has or sees one
 */
void socks_rule_get(struct socks_rule *rule)
{
	refcount_inc(&rule->ref);
}

static void socks_rule_put_servers(struct socks_rule *rule)
{
	while (rule->n_servers)
		socks_server_put(rule->servers[--rule->n_servers]);
	if (rule->servers != &rule->only_server)
		kfree(rule->servers);
	rule->servers = NULL;
}

/**
 * socks_rule_put() - drop a reference
 * @rule: the rule
 *
 * Any context but hard interrupts.
 */
void socks_rule_put(struct socks_rule *rule)
{
	if (!refcount_dec_and_test(&rule->ref))
		return;
	if (rule->match.cgroup)
		cgroup_put(rule->match.cgroup);
	socks_rule_put_servers(rule);
	kfree(rule->cgroup_path);
	kfree(rule);
}

/* Drafts */

/* Make room for one more in @list of *@max, of which @n are taken. */
static void *socks_draft_grow(void *list, u32 n, u32 *max)
{
	u32 more = max(16U, *max * 2);
	void *grown;

	if (n < *max)
		return list;
	grown = kvmalloc_array(more, sizeof(void *), GFP_KERNEL_ACCOUNT);
	if (!grown)
		return NULL;
	if (list)
		memcpy(grown, list, n * sizeof(void *));
	kvfree(list);
	*max = more;
	return grown;
}

/**
 * socks_draft_init() - begin a draft
 * @draft: to be set up
 * @table: what it begins with, or NULL for nothing; the caller sees to it
 *	that the table stays meanwhile
 *
 * Return: 0, or -ENOMEM, and then there is nothing to destroy.
 */
int socks_draft_init(struct socks_draft *draft, const struct socks_table *table)
{
	u32 i;

	memset(draft, 0, sizeof(*draft));
	draft->limits = socks_limits_default;
	if (!table)
		return 0;
	draft->limits = table->limits;

	/* Room for one more: most changes add one. */
	draft->max_rules = table->n_rules + 1;
	draft->max_servers = table->n_servers + 1;
	draft->rules = kvmalloc_array(draft->max_rules, sizeof(void *),
				      GFP_KERNEL_ACCOUNT);
	draft->servers = kvmalloc_array(draft->max_servers, sizeof(void *),
					GFP_KERNEL_ACCOUNT);
	if (!draft->rules || !draft->servers) {
		kvfree(draft->rules);
		kvfree(draft->servers);
		return -ENOMEM;
	}

	for (i = 0; i < table->n_rules; i++) {
		draft->rules[i] = table->rules[i];
		socks_rule_get(draft->rules[i]);
	}
	draft->n_rules = table->n_rules;
	for (i = 0; i < table->n_servers; i++) {
		draft->servers[i] = table->servers[i];
		socks_server_get(draft->servers[i]);
	}
	draft->n_servers = table->n_servers;
	return 0;
}

/**
 * socks_draft_destroy() - drop a draft
 * @draft: the draft
 */
void socks_draft_destroy(struct socks_draft *draft)
{
	u32 i;

	for (i = 0; i < draft->n_rules; i++) {
		socks_rule_put(draft->rules[i]);
		cond_resched();
	}
	for (i = 0; i < draft->n_servers; i++)
		socks_server_put(draft->servers[i]);
	kvfree(draft->rules);
	kvfree(draft->servers);
}

/**
 * socks_draft_find_server() - find a server by its name
 * @draft: where
 * @name: the name
 *
 * Return: the server, with no reference of its own, or NULL.
 */
struct socks_server *socks_draft_find_server(const struct socks_draft *draft,
					     const char *name)
{
	u32 i;

	for (i = 0; i < draft->n_servers; i++)
		if (!strcmp(draft->servers[i]->name, name))
			return draft->servers[i];
	return NULL;
}

/**
 * socks_draft_add_server() - add a server
 * @draft: where to
 * @server: the server; the draft takes a reference of its own
 * @extack: says what is wrong
 *
 * Return: 0 or a negative errno.
 */
int socks_draft_add_server(struct socks_draft *draft,
			   struct socks_server *server,
			   struct netlink_ext_ack *extack)
{
	struct socks_server **servers;

	if (socks_draft_find_server(draft, server->name)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "there is a server with this name already");
		return -EEXIST;
	}
	if (draft->n_servers == SOCKS_SERVERS_MAX) {
		NL_SET_ERR_MSG_MOD(extack, "there are 4096 servers already");
		return -ENOSPC;
	}
	servers = socks_draft_grow(draft->servers, draft->n_servers,
				   &draft->max_servers);
	if (!servers)
		return -ENOMEM;
	draft->servers = servers;
	socks_server_get(server);
	servers[draft->n_servers++] = server;
	return 0;
}

static bool socks_rule_names(const struct socks_rule *rule,
			     const struct socks_server *server)
{
	u8 i;

	for (i = 0; i < rule->n_servers; i++)
		if (rule->servers[i] == server)
			return true;
	return false;
}

/**
 * socks_draft_del_server() - remove a server
 * @draft: where from
 * @name: its name
 * @extack: says what is wrong
 *
 * Return: 0 or a negative errno.
 */
int socks_draft_del_server(struct socks_draft *draft, const char *name,
			   struct netlink_ext_ack *extack)
{
	struct socks_server *server = socks_draft_find_server(draft, name);
	u32 i;

	if (!server) {
		NL_SET_ERR_MSG_MOD(extack, "there is no server with this name");
		return -ENOENT;
	}
	for (i = 0; i < draft->n_rules; i++) {
		if (socks_rule_names(draft->rules[i], server)) {
			NL_SET_ERR_MSG_MOD(extack,
					   "a rule still uses this server");
			return -EBUSY;
		}
	}
	for (i = 0; draft->servers[i] != server; i++)
		;
	draft->n_servers--;
	memmove(&draft->servers[i], &draft->servers[i + 1],
		(draft->n_servers - i) * sizeof(*draft->servers));
	socks_server_put(server);
	return 0;
}

/* Give a rule its servers; on an error it has none. */
static int socks_rule_set_servers(struct socks_rule *rule,
				  const struct socks_draft *draft,
				  const char names[][SOCKS_NAME_MAX + 1],
				  u32 n_names, struct netlink_ext_ack *extack)
{
	struct socks_server *server;
	int err;
	u32 i;

	rule->servers = &rule->only_server;
	if (n_names > 1) {
		rule->servers = kmalloc_array(n_names, sizeof(*rule->servers),
					      GFP_KERNEL_ACCOUNT);
		if (!rule->servers)
			return -ENOMEM;
	}
	for (i = 0; i < n_names; i++) {
		server = socks_draft_find_server(draft, names[i]);
		if (!server) {
			NL_SET_ERR_MSG_MOD(extack,
					   "the rule names a server that does not exist");
			err = -ENOENT;
			goto err;
		}
		if (socks_rule_names(rule, server)) {
			NL_SET_ERR_MSG_MOD(extack,
					   "the rule names a server twice: each is tried once only");
			err = -EINVAL;
			goto err;
		}
		socks_server_get(server);
		rule->servers[rule->n_servers++] = server;
	}
	return 0;

err:
	socks_rule_put_servers(rule);
	return err;
}

static int socks_rule_check(const struct socks_rule *rule, u32 n_names,
			    struct netlink_ext_ack *extack)
{
	if (n_names ? rule->action != SOCKS_ACTION_VIA :
		      rule->action == SOCKS_ACTION_VIA) {
		NL_SET_ERR_MSG_MOD(extack,
				   "a server goes with action via, and only with that");
		return -EINVAL;
	}
	if (n_names > SOCKS_RULE_SERVERS_MAX) {
		NL_SET_ERR_MSG_MOD(extack,
				   "a rule names up to 8 servers");
		return -EINVAL;
	}
	if (rule->balance && n_names < 2) {
		NL_SET_ERR_MSG_MOD(extack,
				   "balance goes with two servers or more");
		return -EINVAL;
	}
	if (rule->rbind_auto && rule->action != SOCKS_ACTION_VIA) {
		NL_SET_ERR_MSG_MOD(extack,
				   "rbind auto goes with action via only");
		return -EINVAL;
	}
	return 0;
}

/**
 * socks_draft_add_rule() - add a rule
 * @draft: where to
 * @rule: the rule; the draft takes a reference of its own. Nobody else may
 *	have seen it yet: its servers are set here, once
 * @index: its place, from 1, or 0 for the end
 * @names: the servers of a rule with action via, in their order
 * @n_names: how many
 * @extack: says what is wrong
 *
 * Return: 0 or a negative errno.
 */
int socks_draft_add_rule(struct socks_draft *draft, struct socks_rule *rule,
			 u32 index, const char names[][SOCKS_NAME_MAX + 1],
			 u32 n_names, struct netlink_ext_ack *extack)
{
	struct socks_rule **rules;
	int err;

	err = socks_rule_check(rule, n_names, extack);
	if (err)
		return err;
	err = socks_rule_set_servers(rule, draft, names, n_names, extack);
	if (err)
		return err;
	if (!index)
		index = draft->n_rules + 1;
	if (index > draft->n_rules + 1) {
		NL_SET_ERR_MSG_MOD(extack,
				   "the index is more than one behind the last rule's");
		err = -EINVAL;
		goto err;
	}
	if (draft->n_rules == SOCKS_RULES_MAX) {
		NL_SET_ERR_MSG_MOD(extack, "there are 1048576 rules already");
		err = -ENOSPC;
		goto err;
	}
	rules = socks_draft_grow(draft->rules, draft->n_rules,
				 &draft->max_rules);
	if (!rules) {
		err = -ENOMEM;
		goto err;
	}
	draft->rules = rules;

	socks_rule_get(rule);
	index--;
	memmove(&rules[index + 1], &rules[index],
		(draft->n_rules - index) * sizeof(*rules));
	rules[index] = rule;
	draft->n_rules++;
	return 0;

err:
	socks_rule_put_servers(rule);
	return err;
}

/**
 * socks_draft_del_rule() - remove a rule
 * @draft: where from
 * @index: its place, from 1
 * @extack: says what is wrong
 *
 * Return: 0 or a negative errno.
 */
int socks_draft_del_rule(struct socks_draft *draft, u32 index,
			 struct netlink_ext_ack *extack)
{
	struct socks_rule *rule;

	if (!index || index > draft->n_rules) {
		NL_SET_ERR_MSG_MOD(extack, "there is no rule with this index");
		return -ENOENT;
	}
	index--;
	rule = draft->rules[index];
	draft->n_rules--;
	memmove(&draft->rules[index], &draft->rules[index + 1],
		(draft->n_rules - index) * sizeof(*draft->rules));
	socks_rule_put(rule);
	return 0;
}

/* Tables in use */

static void socks_table_free_work(struct work_struct *work)
{
	struct socks_table *table = container_of(to_rcu_work(work),
						 struct socks_table, free_work);
	u32 i;

	for (i = 0; i < table->n_rules; i++) {
		socks_rule_put(table->rules[i]);
		cond_resched();
	}
	for (i = 0; i < table->n_servers; i++)
		socks_server_put(table->servers[i]);
	socks_table_destroy(table);
}

/* Put a table, or none, into the place of the one in use. */
static void socks_net_replace(struct socks_net *sn, struct socks_table *table)
{
	struct socks_table *old;

	if (table)
		INIT_RCU_WORK(&table->free_work, socks_table_free_work);
	old = rcu_replace_pointer(sn->table, table,
				  lockdep_is_held(&sn->lock));
	/* Pairs with the reader of a dump: new generation, new table. */
	smp_store_release(&sn->generation, sn->generation + 1);
	if (old)
		queue_rcu_work(socks_free_wq, &old->free_work);
}

/* Servers tell how many rules of the configuration in use name them. */
static void socks_draft_count_rules(const struct socks_draft *draft)
{
	u32 i;

	for (i = 0; i < draft->n_servers; i++)
		WRITE_ONCE(draft->servers[i]->n_rules, 0);
	for (i = 0; i < draft->n_rules; i++) {
		const struct socks_rule *rule = draft->rules[i];
		u8 j;

		for (j = 0; j < rule->n_servers; j++)
			WRITE_ONCE(rule->servers[j]->n_rules,
				   rule->servers[j]->n_rules + 1);
	}
}

/*
 * Make the draft the configuration. The draft is used up where that works,
 * else as it was.
 */
static int socks_net_install(struct socks_net *sn, struct socks_draft *draft)
{
	struct socks_table *table = NULL;
	u32 servers = draft->n_servers, rules = draft->n_rules;

	if (draft->n_rules || draft->n_servers ||
	    memcmp(&draft->limits, &socks_limits_default,
		   sizeof(draft->limits))) {
		table = socks_table_build(draft->rules, draft->n_rules,
					  draft->servers, draft->n_servers);
		if (!table)
			return -ENOMEM;
		table->limits = draft->limits;
		socks_draft_count_rules(draft);
	} else {
		kvfree(draft->rules);
		kvfree(draft->servers);
	}
	memset(draft, 0, sizeof(*draft));
	socks_net_replace(sn, table);
	socks_event_configuration(sn->net, servers, rules);
	return 0;
}

/* Transactions */

static struct socks_transaction *
socks_transaction_find(struct socks_net *sn, const struct sock *owner)
{
	struct socks_transaction *transaction;

	lockdep_assert_held(&sn->lock);
	list_for_each_entry(transaction, &sn->transactions, list)
		if (transaction->owner == owner)
			return transaction;
	return NULL;
}

static void socks_transaction_free(struct socks_transaction *transaction)
{
	list_del(&transaction->list);
	sock_put(transaction->owner);
	socks_draft_destroy(&transaction->draft);
	kfree(transaction);
}

/*
 * Before a change. Very many messages may come at once, and each may take long
 * where there are very many rules: who is killed does not wait for their end, nor
 * do those who wait for generic netlink meanwhile.
 */
static int socks_change_lock(struct socks_net *sn)
{
	return fatal_signal_pending(current) ? -EINTR :
					       mutex_lock_killable(&sn->lock);
}

static struct socks_table *socks_net_table(struct socks_net *sn)
{
	return rcu_dereference_protected(sn->table, lockdep_is_held(&sn->lock));
}

/**
 * socks_transaction_begin() - begin a transaction
 * @sn: where
 * @owner: the netlink socket to which it will belong
 * @flush: begin with an empty configuration
 * @extack: says what is wrong
 *
 * Return: 0 or a negative errno.
 */
int socks_transaction_begin(struct socks_net *sn, struct sock *owner, bool flush,
			    struct netlink_ext_ack *extack)
{
	struct socks_transaction *transaction;
	int err;

	err = socks_change_lock(sn);
	if (err)
		return err;
	if (socks_transaction_find(sn, owner)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "this netlink socket is in a transaction already");
		err = -EBUSY;
		goto out;
	}
	transaction = kzalloc(sizeof(*transaction), GFP_KERNEL_ACCOUNT);
	if (!transaction) {
		err = -ENOMEM;
		goto out;
	}
	err = socks_draft_init(&transaction->draft,
			       flush ? NULL : socks_net_table(sn));
	if (err) {
		kfree(transaction);
		goto out;
	}
	sock_hold(owner);
	transaction->owner = owner;
	transaction->flush = flush;
	transaction->generation = sn->generation;
	list_add(&transaction->list, &sn->transactions);
out:
	mutex_unlock(&sn->lock);
	return err;
}

static int socks_transaction_end(struct socks_net *sn, struct sock *owner,
				 bool commit, struct netlink_ext_ack *extack)
{
	struct socks_transaction *transaction;
	int err;

	err = socks_change_lock(sn);
	if (err)
		return err;
	transaction = socks_transaction_find(sn, owner);
	if (!transaction) {
		NL_SET_ERR_MSG_MOD(extack,
				   "this netlink socket is in no transaction");
		err = -ENOENT;
		goto out;
	}
	if (commit) {
		if (transaction->failed) {
			NL_SET_ERR_MSG_MOD(extack,
					   "a change of this transaction was refused");
			err = -ECANCELED;
		} else if (!transaction->flush &&
			   transaction->generation != sn->generation) {
			NL_SET_ERR_MSG_MOD(extack,
					   "the configuration was changed since this transaction began");
			err = -ESTALE;
		} else {
			err = socks_net_install(sn, &transaction->draft);
		}
	}
	socks_transaction_free(transaction);
out:
	mutex_unlock(&sn->lock);
	return err;
}

/**
 * socks_transaction_commit() - put a transaction into effect, and end it
 * @sn: where
 * @owner: the netlink socket to which it belongs
 * @extack: says what is wrong
 *
 * Return: 0, or a negative errno, and then nothing is changed.
 */
int socks_transaction_commit(struct socks_net *sn, struct sock *owner,
			     struct netlink_ext_ack *extack)
{
	return socks_transaction_end(sn, owner, true, extack);
}

/**
 * socks_transaction_abort() - drop a transaction
 * @sn: where
 * @owner: the netlink socket to which it belongs
 * @extack: says what is wrong
 *
 * Return: 0 or a negative errno.
 */
int socks_transaction_abort(struct socks_net *sn, struct sock *owner,
			    struct netlink_ext_ack *extack)
{
	return socks_transaction_end(sn, owner, false, extack);
}

/**
 * socks_change() - make a change, in the socket's transaction or at once
 * @sn: where
 * @owner: the netlink socket that asks for it
 * @change: makes the change to the draft it is given
 * @data: passed to @change
 * @extack: says what is wrong
 *
 * Return: 0, or a negative errno, and then nothing is changed.
 */
int socks_change(struct socks_net *sn, struct sock *owner, socks_change_t change,
		 void *data, struct netlink_ext_ack *extack)
{
	struct socks_transaction *transaction;
	struct socks_draft draft;
	int err;

	err = socks_change_lock(sn);
	if (err)
		return err;
	transaction = socks_transaction_find(sn, owner);
	if (transaction) {
		err = change(&transaction->draft, data, extack);
		if (err)
			transaction->failed = true;
		goto out;
	}

	err = socks_draft_init(&draft, socks_net_table(sn));
	if (err)
		goto out;
	err = change(&draft, data, extack);
	if (!err)
		err = socks_net_install(sn, &draft);
	socks_draft_destroy(&draft);
out:
	mutex_unlock(&sn->lock);
	return err;
}

/**
 * socks_change_refused() - a change was refused, without socks_change()
 * @sn: where
 * @owner: the netlink socket that asked for it
 *
 * Where the socket is in a transaction, that can't be committed any more: whoever
 * began it wants all of it or nothing.
 */
void socks_change_refused(struct socks_net *sn, struct sock *owner)
{
	struct socks_transaction *transaction;

	mutex_lock(&sn->lock);
	transaction = socks_transaction_find(sn, owner);
	if (transaction)
		transaction->failed = true;
	mutex_unlock(&sn->lock);
}

/*
 * A netlink socket is being closed; by far most have no transaction. Which one it
 * is the notifier does not say: its port number may be another one's by now. But
 * it is marked as dead before that.
 */
static int socks_netlink_event(struct notifier_block *nb, unsigned long event,
			       void *data)
{
	struct socks_transaction *transaction, *next;
	const struct netlink_notify *notify = data;
	struct socks_net *sn;

	if (event != NETLINK_URELEASE || notify->protocol != NETLINK_GENERIC)
		return NOTIFY_DONE;
	sn = socks_net(notify->net);
	mutex_lock(&sn->lock);
	list_for_each_entry_safe(transaction, next, &sn->transactions, list)
		if (sock_flag(transaction->owner, SOCK_DEAD))
			socks_transaction_free(transaction);
	mutex_unlock(&sn->lock);
	return NOTIFY_DONE;
}

static struct notifier_block socks_netlink_notifier = {
	.notifier_call = socks_netlink_event,
};

/* Look-up */

/**
 * socks_decide() - say what becomes of a connection
 * @table: the configuration, or NULL where there is none
 * @key: the connection
 * @decision: the answer; rule and server stay as long as the table
 *
 * Any context, under rcu_read_lock() where the table is the one in use.
 */
void socks_decide(const struct socks_table *table, const struct socks_key *key,
		  struct socks_decision *decision)
{
	__be32 addr = htonl(key->addr);
	struct socks_key loopback;
	struct socks_server *server;
	u32 index;

	*decision = (struct socks_decision){
		.action = SOCKS_ACTION_DIRECT,
		.reason = SOCKS_REASON_NO_RULE,
	};
	if (!table)
		return;

	/* connect() to 0.0.0.0 goes to 127.0.0.1. */
	if (!key->addr) {
		loopback = *key;
		loopback.addr = INADDR_LOOPBACK;
		key = &loopback;
		addr = htonl(INADDR_LOOPBACK);
	}
	/* TCP itself has the error for these. */
	if (ipv4_is_multicast(addr) || ipv4_is_lbcast(addr)) {
		decision->reason = SOCKS_REASON_NOT_CONNECTABLE;
		return;
	}

	index = socks_table_find(table, key);
	if (index == SOCKS_NONE)
		return;

	server = socks_table_server_at(table, addr, htons(key->port));
	if (server && table->rules[index]->action != SOCKS_ACTION_DIRECT) {
		decision->reason = SOCKS_REASON_SERVER;
		decision->server = server;
		return;
	}

	/*
	 * 0.0.0.x is how SOCKS4A says that a name follows. It must not reach a
	 * server, and not go direct, either.
	 */
	if (!(key->addr >> 8) &&
	    table->rules[index]->action == SOCKS_ACTION_VIA) {
		decision->action = SOCKS_ACTION_REJECT;
		decision->reason = SOCKS_REASON_NOT_CONNECTABLE;
		return;
	}

	decision->index = index;
	decision->rule = table->rules[index];
	if (decision->rule->n_servers)
		decision->server = decision->rule->servers[0];
	decision->action = decision->rule->action;
	decision->reason = SOCKS_REASON_RULE;
}

/* Start and end */

static int __net_init socks_net_init(struct net *net)
{
	struct socks_net *sn = socks_net(net);

	sn->net = net;
	mutex_init(&sn->lock);
	INIT_LIST_HEAD(&sn->transactions);
	spin_lock_init(&sn->rbinds_lock);
	INIT_LIST_HEAD(&sn->rbinds);
	/* To netlink's dumps, 0 is no generation. */
	sn->generation = 1;
	return 0;
}

static void __net_exit socks_net_exit(struct net *net)
{
	struct socks_net *sn = socks_net(net);
	struct socks_transaction *transaction, *next;

	mutex_lock(&sn->lock);
	list_for_each_entry_safe(transaction, next, &sn->transactions, list)
		socks_transaction_free(transaction);
	socks_net_replace(sn, NULL);
	mutex_unlock(&sn->lock);
}

static struct pernet_operations socks_net_ops = {
	.init = socks_net_init,
	.exit = socks_net_exit,
	.id   = &socks_net_id,
	.size = sizeof(struct socks_net),
};

/**
 * socks_config_init() - set up
 *
 * Return: 0 or a negative errno.
 */
int socks_config_init(void)
{
	int err;

	socks_free_wq = alloc_workqueue("socks_free", WQ_UNBOUND, 0);
	if (!socks_free_wq)
		return -ENOMEM;
	err = register_pernet_subsys(&socks_net_ops);
	if (err)
		goto err_wq;
	err = netlink_register_notifier(&socks_netlink_notifier);
	if (err)
		goto err_net;
	return 0;

err_net:
	unregister_pernet_subsys(&socks_net_ops);
	rcu_barrier();
err_wq:
	destroy_workqueue(socks_free_wq);
	return err;
}

/**
 * socks_config_exit() - undo socks_config_init()
 *
 * No connection, hook or netlink family may be left.
 */
void socks_config_exit(void)
{
	netlink_unregister_notifier(&socks_netlink_notifier);
	unregister_pernet_subsys(&socks_net_ops);
	/* Tables wait for a grace period before they are queued. */
	rcu_barrier();
	destroy_workqueue(socks_free_wq);
}
