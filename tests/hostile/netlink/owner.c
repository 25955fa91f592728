// SPDX-License-Identifier: GPL-2.0-only
/*
 * The only one who may change the configuration of a network namespace. So it
 * knows at each moment what that is, by what the module has taken; whatever
 * strangers do meanwhile.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "draw.h"
#include "model.h"
#include "part.h"

#define SOCKETS	5

struct owner {
	const char	*name;
	struct random	random;
	uint64_t	number;
	int		fds[SOCKETS];
	struct draft	drafts[SOCKETS];
	struct config	config;
	struct config	seen;
	uint64_t	generation;
};

static void commit(struct owner *owner, struct draft *draft)
{
	owner->config = draft->config;
	owner->generation++;
	count(&totals->commits);
}

/* What a step of a transaction has to answer. */
static int foretell_step(const struct owner *owner, const struct draft *draft,
			 uint32_t step)
{
	if (step == SOCKS_STEP_BEGIN)
		return draft->open ? EBUSY : 0;
	if (!draft->open)
		return ENOENT;
	if (step == SOCKS_STEP_ABORT)
		return 0;
	if (draft->refused)
		return ECANCELED;
	return !draft->flush && draft->generation != owner->generation ?
	       ESTALE : 0;
}

static void take_step(struct owner *owner, struct draft *draft,
		      const struct message *message,
		      const struct answer *answer)
{
	struct attributes given;
	uint32_t step;
	int expected;

	attributes_read(&given, &message->header);
	step = attribute_u32(given.at[SOCKS_A_TRANSACTION_STEP], UINT32_MAX);
	if (answer->error && !answer->ours)
		return;
	if (step > SOCKS_STEP_ABORT) {
		if (!answer->error)
			wrong(owner->name, owner->number, message,
			      "a step was taken which there is not");
		return;
	}
	expected = foretell_step(owner, draft, step);
	if (answer->error != expected) {
		wrong(owner->name, owner->number, message,
		      "step %u answers %s (%s), not %s", step,
		      strerror(answer->error), answer->text,
		      strerror(expected));
		return;
	}
	if (step == SOCKS_STEP_BEGIN && !expected) {
		draft->open = true;
		draft->flush = given.at[SOCKS_A_TRANSACTION_FLUSH];
		draft->refused = false;
		draft->generation = owner->generation;
		draft->config = owner->config;
		if (draft->flush) {
			draft->config.n_servers = 0;
			draft->config.n_rules = 0;
		}
	} else if (step != SOCKS_STEP_BEGIN) {
		if (step == SOCKS_STEP_COMMIT && !expected)
			commit(owner, draft);
		draft->open = false;
	}
}

static void take_change(struct owner *owner, struct draft *draft,
			const struct message *message,
			const struct answer *answer)
{
	struct config *config = draft->open ? &draft->config : &owner->config;
	const char *why = "";

	if (answer->error) {
		/* Others were refused before the module saw them. */
		if (draft->open && answer->ours)
			draft->refused = true;
		return;
	}
	if (!config_apply(config, &message->header, &why))
		wrong(owner->name, owner->number, message, "%s", why);
	else if (!config_sound(config, &why))
		wrong(owner->name, owner->number, message, "%s", why);
	if (!draft->open)
		owner->generation++;
}

static void check_lookup(struct owner *owner, const struct message *message,
			 const struct answer *answer)
{
	struct attributes asked, said;
	struct verdict verdict;

	attributes_read(&asked, &message->header);
	attributes_read(&said, &answer->data);
	if (!config_lookup(&owner->config,
			   ntohl(attribute_u32(asked.at[SOCKS_A_LOOKUP_ADDRESS], 0)),
			   ntohs(attribute_u16(asked.at[SOCKS_A_LOOKUP_PORT], 0)),
			   attribute_u32(asked.at[SOCKS_A_LOOKUP_UID], 0),
			   attribute_u32(asked.at[SOCKS_A_LOOKUP_GID], 0),
			   &verdict))
		return;
	if (attribute_u32(said.at[SOCKS_A_LOOKUP_ACTION], -1) != verdict.action ||
	    attribute_u32(said.at[SOCKS_A_LOOKUP_REASON], -1) != verdict.reason ||
	    attribute_u32(said.at[SOCKS_A_LOOKUP_INDEX], 0) != verdict.index ||
	    !verdict_servers(&verdict, &answer->data))
		wrong(owner->name, owner->number, message,
		      "the look-up says action %u reason %u index %u, not %u %u %u",
		      attribute_u32(said.at[SOCKS_A_LOOKUP_ACTION], -1),
		      attribute_u32(said.at[SOCKS_A_LOOKUP_REASON], -1),
		      attribute_u32(said.at[SOCKS_A_LOOKUP_INDEX], 0),
		      verdict.action, verdict.reason, verdict.index);
}

static void check_data(struct owner *owner, const struct message *message,
		       const struct answer *answer)
{
	if (message->odd_header)
		return;
	switch (message_command(&message->header)) {
	case SOCKS_CMD_SERVER_GET:
		if (server_says(&owner->config, &answer->data))
			return;
		break;
	case SOCKS_CMD_RULE_GET:
		if (rule_says(&owner->config, &answer->data))
			return;
		break;
	case SOCKS_CMD_LOOKUP:
		check_lookup(owner, message, answer);
		return;
	case SOCKS_CMD_CONNECTION_ABORT:
		if (!answer->data.nlmsg_len)
			return;
		break;
	}
	wrong(owner->name, owner->number, message,
	      "the answer says something else");
}

/* Whatever the module itself refuses it explains. */
static void check_refusal(struct owner *owner, const struct message *message,
			  const struct answer *answer)
{
	if (!answer->explained && !message->odd_header)
		wrong(owner->name, owner->number, message,
		      "%s, and no word why", strerror(answer->error));
}

static void take_answer(struct owner *owner, struct draft *draft,
			const struct message *message,
			const struct answer *answer)
{
	int command = message_command(&message->header);

	if (!message_processed(message))
		return;
	if (command > 0 && command <= SOCKS_CMD_MAX)
		count(answer->error ? &totals->refused[command] :
				      &totals->taken[command]);
	if (!answer->answered && !message->odd_header)
		wrong(owner->name, owner->number, message, "no answer");
	if (answer->error)
		check_refusal(owner, message, answer);

	switch (command) {
	case SOCKS_CMD_TRANSACTION:
		take_step(owner, draft, message, answer);
		break;
	case SOCKS_CMD_SERVER_ADD:
	case SOCKS_CMD_SERVER_DEL:
	case SOCKS_CMD_RULE_ADD:
	case SOCKS_CMD_RULE_DEL:
		take_change(owner, draft, message, answer);
		break;
	default:
		if (!answer->error)
			check_data(owner, message, answer);
	}
}

static void talk_on(struct owner *owner, unsigned int socket)
{
	static struct message messages[BATCH_MAX];
	static struct answer answers[BATCH_MAX];
	unsigned int i;
	unsigned int n = random_once_in(&owner->random, 4) ?
			 1 + random_below(&owner->random, BATCH_MAX) : 1;
	bool mutate = random_below(&owner->random, 2);

	for (i = 0; i < n; i++) {
		draw_message(&owner->random, &messages[i], mutate);
		/* What comes behind such a message might not be looked at. */
		if (messages[i].odd_header) {
			messages[0] = messages[i];
			n = 1;
		}
	}
	netlink_talk(owner->fds[socket], messages, n, answers);
	for (i = 0; i < n; i++) {
		take_answer(owner, &owner->drafts[socket], &messages[i],
			    &answers[i]);
		owner->number++;
		count(&totals->messages);
		count(&totals->owners);
	}
}

static void talk(struct owner *owner)
{
	talk_on(owner, random_below(&owner->random, SOCKETS));
}

static void step(struct owner *owner, unsigned int socket, uint32_t step,
		 bool flush)
{
	static struct message message;
	static struct answer answer;

	draw_step(&message, step, flush);
	netlink_talk(owner->fds[socket], &message, 1, &answer);
	take_answer(owner, &owner->drafts[socket], &message, &answer);
}

/* Messages at random, too, seldom make a transaction that is committed. */
static void transaction(struct owner *owner)
{
	unsigned int socket = random_below(&owner->random, SOCKETS);
	unsigned int n = random_below(&owner->random, 4);

	step(owner, socket, SOCKS_STEP_BEGIN,
	     random_once_in(&owner->random, 12));
	while (n--)
		talk_on(owner, socket);
	step(owner, socket, SOCKS_STEP_COMMIT, false);
}

static void check_config(struct owner *owner, int fd)
{
	const char *why = "";
	bool interrupted;

	count(&totals->dumps);
	if (!read_config(fd, &owner->seen, &interrupted, &why) ||
	    !config_equal(&owner->seen, &owner->config, &why))
		wrong(owner->name, owner->number, NULL,
		      "the configuration is another one: %s", why);
	else if (interrupted)
		wrong(owner->name, owner->number, NULL,
		      "a dump says that it was interrupted");
}

static void reopen(struct owner *owner)
{
	unsigned int socket = random_below(&owner->random, SOCKETS);

	close(owner->fds[socket]);
	owner->fds[socket] = netlink_open();
	owner->drafts[socket].open = false;
}

/*
 * Change something while a dump goes on. What it gives is then the old
 * configuration, or the new one; or it says that it was interrupted.
 */
static void interrupt(struct owner *owner)
{
	static struct config old;
	static uint8_t bytes[1 << 16];
	unsigned int changes = 1 + random_below(&owner->random, 3);
	int fd = netlink_open(), n;
	bool done = false, interrupted = false, nonsense = false;
	const char *why = "";

	count(&totals->dumps);
	old = owner->config;
	owner->seen.n_servers = old.n_servers;
	memcpy(owner->seen.servers, old.servers, sizeof(old.servers));
	owner->seen.n_rules = 0;
	if (netlink_start_dump(fd, SOCKS_CMD_RULE_GET)) {
		wrong(owner->name, owner->number, NULL, "no dump begins");
		goto out;
	}
	while (!done) {
		const struct nlmsghdr *header = (const void *)bytes;

		n = netlink_go_on(fd, bytes, sizeof(bytes));
		if (n <= 0) {
			wrong(owner->name, owner->number, NULL,
			      "a dump does not end");
			goto out;
		}
		for (; NLMSG_OK(header, (unsigned int)n);
		     header = NLMSG_NEXT(header, n)) {
			if (header->nlmsg_flags & NLM_F_DUMP_INTR)
				interrupted = true;
			if (header->nlmsg_type == NLMSG_DONE)
				done = true;
			else if (!config_read(&owner->seen, header, &why))
				nonsense = true;
		}
		/* Leave it unfinished. */
		if (random_once_in(&owner->random, 20))
			goto out;
		for (; changes && !done; changes--)
			talk(owner);
	}
	if (interrupted) {
		count(&totals->interrupted);
	} else if (nonsense) {
		wrong(owner->name, owner->number, NULL, "%s", why);
	} else if (!config_equal(&owner->seen, &old, &why)) {
		memcpy(owner->seen.servers, owner->config.servers,
		       sizeof(owner->config.servers));
		owner->seen.n_servers = owner->config.n_servers;
		if (!config_equal(&owner->seen, &owner->config, &why))
			wrong(owner->name, owner->number, NULL,
			      "a dump is neither the old configuration nor the new one: %s",
			      why);
	}
out:
	close(fd);
}

/* Few enough rules that all is quick, and many enough for a dump in parts. */
static void trim(struct owner *owner)
{
	if (owner->config.n_rules < 150)
		return;
	step(owner, 0, SOCKS_STEP_BEGIN, true);
	step(owner, 0, SOCKS_STEP_COMMIT, false);
}

void owner(const char *name, uint64_t stream, uint64_t messages)
{
	struct owner *owner = calloc(1, sizeof(*owner));
	unsigned int i;

	owner->name = name;
	owner->random = random_for(seed, stream);
	for (i = 0; i < SOCKETS; i++)
		owner->fds[i] = netlink_open();
	while (owner->number < messages) {
		talk(owner);
		if (random_once_in(&owner->random, 60))
			check_config(owner, owner->fds[0]);
		if (random_once_in(&owner->random, 15))
			transaction(owner);
		if (random_once_in(&owner->random, 20))
			interrupt(owner);
		if (random_once_in(&owner->random, 50))
			reopen(owner);
		trim(owner);
	}
	/* Sockets with transactions open are closed, all is removed. */
	for (i = 1; i < SOCKETS; i++)
		close(owner->fds[i]);
	check_config(owner, owner->fds[0]);
	owner->config.n_rules = 1000;
	owner->drafts[0].open = false;
	close(owner->fds[0]);
	owner->fds[0] = netlink_open();
	trim(owner);
	check_config(owner, owner->fds[0]);
	if (owner->config.n_rules || owner->config.n_servers)
		wrong(name, owner->number, NULL, "it could not be emptied");
	close(owner->fds[0]);
	free(owner);
}
