// SPDX-License-Identifier: GPL-2.0-only
/*
 * A configuration on trial: the old one comes back unless it is confirmed.
 *
 * Whoever waits for the confirmation may have lost his terminal, and there may
 * be no memory by then. So the way back is prepared at once, as a transaction
 * which the kernel holds: to go back is to commit it, one short message. It
 * has not begun with "flush", so that the kernel refuses it where anybody else
 * has changed the configuration meanwhile.
 */
#include <errno.h>
#include <linux/genetlink.h>

#include "answer.h"
#include "config.h"
#include "transaction.h"
#include "trial.h"

/* Rules from the last one on, so that none has to move up. */
static bool put_rule_dels(struct messages *messages, uint32_t count)
{
	for (; count; count--)
		if (!rule_put_del(messages, count, 0))
			return false;
	return true;
}

/* Remove all of a configuration that was read from the kernel. */
static bool put_removal(struct messages *messages, const struct config *config)
{
	size_t i;

	if (!put_rule_dels(messages, config->rules.count))
		return false;
	for (i = 0; i < config->servers.count; i++)
		if (!server_put_del(messages, config->servers.list[i].name, 0))
			return false;
	return true;
}

/* Remove all that is added by messages read from a file. */
static bool put_reversal(struct messages *messages,
			 const struct messages *added)
{
	const struct nlmsghdr *message = (const void *)added->data;
	const struct genlmsghdr *header;
	int left = added->used;
	uint32_t rules = 0;
	struct server server;

	for (; mnl_nlmsg_ok(message, left);
	     message = mnl_nlmsg_next(message, &left)) {
		header = mnl_nlmsg_get_payload(message);
		rules += header->cmd == SOCKS_CMD_RULE_ADD;
	}
	if (!put_rule_dels(messages, rules))
		return false;
	message = (const void *)added->data;
	left = added->used;
	for (; mnl_nlmsg_ok(message, left);
	     message = mnl_nlmsg_next(message, &left)) {
		header = mnl_nlmsg_get_payload(message);
		if (header->cmd == SOCKS_CMD_SERVER_ADD &&
		    (server_read(message, &server) ||
		     !server_put_del(messages, server.name, 0)))
			return false;
	}
	return true;
}

/* Add all of a configuration that was read from the kernel. */
static bool put_config(struct messages *messages, const struct config *config)
{
	size_t i;

	if (!limits_put(messages, &config->limits))
		return false;
	for (i = 0; i < config->servers.count; i++)
		if (!server_put(messages, &config->servers.list[i], 0))
			return false;
	for (i = 0; i < config->rules.count; i++) {
		struct rule rule = config->rules.list[i];

		/* At the end of what is there. */
		rule.index = 0;
		if (!rule_put(messages, &rule, 0))
			return false;
	}
	return true;
}

/**
 * struct trial - What is sent, all of it made before anything is changed.
 * @rehearsal: In the first transaction: remove the old configuration, and add
 *	it again. So it is known that it can come back.
 * @removal: In the first transaction: remove the old configuration.
 * @change: End the first transaction, and begin the second in one go.
 * @way_back: In the second transaction: from the new configuration to the old.
 * @commit: End the second transaction.
 */
struct trial {
	struct messages rehearsal;
	struct messages removal;
	struct messages change;
	struct messages way_back;
	struct messages commit;
};

static bool prepare(struct trial *trial, const struct config *old,
		    const struct messages *added)
{
	static const struct limits limits = {
		.rbinds = SOCKS_RBINDS_DEFAULT,
		.rbinds_per_user = SOCKS_RBINDS_PER_USER_DEFAULT,
	};

	return put_removal(&trial->rehearsal, old) &&
	       put_config(&trial->rehearsal, old) &&
	       put_removal(&trial->removal, old) &&
	       limits_put(&trial->removal, &limits) &&
	       transaction_put(&trial->change, SOCKS_STEP_COMMIT, false) &&
	       transaction_put(&trial->change, SOCKS_STEP_BEGIN, false) &&
	       put_reversal(&trial->way_back, added) &&
	       put_config(&trial->way_back, old) &&
	       transaction_put(&trial->commit, SOCKS_STEP_COMMIT, false);
}

static void trial_clear(struct trial *trial)
{
	messages_clear(&trial->rehearsal);
	messages_clear(&trial->removal);
	messages_clear(&trial->change);
	messages_clear(&trial->way_back);
	messages_clear(&trial->commit);
}

/* The first transaction, up to its end. */
static enum status send_change(struct netlink *netlink,
			       const struct place *place, struct trial *trial,
			       struct messages *messages,
			       const struct files *files)
{
	struct place where;
	size_t failed;
	int error;

	error = netlink_send(netlink, &trial->rehearsal, &failed);
	if (error) {
		report(place, "nothing is changed, for what is there could not come back: %s",
		       refusal_text(netlink, error));
		return STATUS_REFUSED;
	}
	error = netlink_send(netlink, &trial->removal, &failed);
	if (error)
		return refused(netlink, error, place,
			       "replacing the configuration");
	error = netlink_send(netlink, messages, &failed);
	if (error) {
		where = files_place(files, messages, failed);
		return refused(netlink, error, &where, "applying this line");
	}
	return STATUS_OK;
}

/* The change itself, and the second transaction up to its end. */
static enum status change(struct netlink *netlink, const struct place *place,
			  struct trial *trial)
{
	size_t failed;
	int error;

	error = netlink_send(netlink, &trial->change, &failed);
	if (error && !failed)
		return refused(netlink, error, place,
			       "replacing the configuration");
	if (!error)
		error = netlink_send(netlink, &trial->way_back, &failed);
	if (error) {
		report(place, "the new configuration stays, for the old one can't come back: %s",
		       refusal_text(netlink, error));
		return STATUS_REFUSED;
	}
	return STATUS_OK;
}

static enum status go_back(struct netlink *netlink, const struct place *place,
			   struct trial *trial, const char *why)
{
	int error = netlink_talk(netlink, &trial->commit, NULL, NULL);

	if (!error)
		report(place, "%s: the old configuration is back", why);
	else if (error == -ESTALE)
		report(place, "%s, but somebody has changed the configuration: it stays as it is",
		       why);
	else
		report(place, "%s, but the old configuration can't come back: %s",
		       why, refusal_text(netlink, error));
	return STATUS_REFUSED;
}

static enum status run_trial(struct netlink *netlink,
			     const struct place *place, struct trial *trial,
			     struct messages *messages,
			     const struct files *files,
			     struct answer *answer)
{
	enum status status;
	const char *why;

	status = send_change(netlink, place, trial, messages, files);
	if (!status)
		status = change(netlink, place, trial);
	if (status)
		return status;
	why = answer_wait(answer);
	return why ? go_back(netlink, place, trial, why) : STATUS_OK;
}

/**
 * try_out() - Replace the configuration, and bring the old one back unless the
 *	new one is confirmed.
 * @session: The run.
 * @place: Where the command stands.
 * @messages: What makes the new configuration.
 * @files: The files from which they were read.
 * @seconds: For how long to wait for the confirmation.
 * @ask: The confirmation may also come from standard input.
 *
 * Return: STATUS_OK where it is confirmed; another where it is not, or on an
 * error, which has been reported.
 */
enum status try_out(struct session *session, const struct place *place,
		    struct messages *messages, const struct files *files,
		    uint32_t seconds, bool ask)
{
	struct trial trial = { .change = { .data = NULL } };
	struct config old = { .servers = { .list = NULL } };
	struct answer answer;
	enum status status;
	int error;

	status = session_connect(session, place);
	if (status)
		return status;
	status = answer_begin(&answer, place, seconds, ask);
	if (status)
		return status;
	error = transaction_step(session->netlink, SOCKS_STEP_BEGIN, false);
	if (error) {
		status = refused(session->netlink, error, place,
				 "replacing the configuration");
	} else {
		status = config_get(session, place, &old);
		if (!status && !prepare(&trial, &old, messages))
			status = no_memory(place);
		if (!status)
			status = run_trial(session->netlink, place, &trial,
					   messages, files, &answer);
		/* The socket may be needed again. */
		transaction_step(session->netlink, SOCKS_STEP_ABORT, false);
	}
	answer_end(&answer);
	config_clear(&old);
	trial_clear(&trial);
	return status;
}
