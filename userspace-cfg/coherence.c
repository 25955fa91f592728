// SPDX-License-Identifier: GPL-2.0-only
/* Do the lines of a file go together? What the kernel would say, without it. */
#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "coherence.h"
#include "quote.h"
#include "server.h"

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool is_known(const struct coherence *coherence, const char *name)
{
	return tfind(name, &coherence->servers, compare);
}

static bool remember(struct coherence *coherence, const char *name)
{
	char *copy = strdup(name);

	if (!copy)
		return false;
	if (tsearch(copy, &coherence->servers, compare))
		return true;
	free(copy);
	return false;
}

static enum status take_server(struct coherence *coherence,
			       const struct place *place,
			       const struct nlmsghdr *message)
{
	enum status status = STATUS_OK;
	char address[INET_ADDRSTRLEN];
	struct server server;

	if (server_read(message, &server))
		return no_memory(place);
	if (!server_address_ok(&server.address)) {
		inet_ntop(AF_INET, &server.address, address, sizeof(address));
		report(place, "server add: no TCP connection can be made to the address %s",
		       address);
		status = STATUS_WRONG;
	}
	if (is_known(coherence, server.name)) {
		report(place, "server add: there is a server %s already",
		       quoted(server.name));
		return STATUS_WRONG;
	}
	if (!remember(coherence, server.name))
		return no_memory(place);
	return status;
}

static enum status take_rule(struct coherence *coherence,
			     const struct place *place,
			     const struct nlmsghdr *message)
{
	static const struct attribute_types types = {
		.max = SOCKS_A_RULE_MAX,
		.type = {
			[SOCKS_A_RULE_INDEX] = MNL_TYPE_U32,
		},
	};
	struct attributes attributes = { .at = { NULL } };
	const struct nlattr *const *at = attributes.at;
	enum status status = STATUS_OK;
	const struct nlattr *one;
	const char *name;

	attributes_read(message, &types, &attributes);
	mnl_attr_for_each(one, message, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(one) != SOCKS_A_RULE_SERVER ||
		    coherence->guess)
			continue;
		name = mnl_attr_get_str(one);
		if (!is_known(coherence, name)) {
			report(place, "via: there is no server %s above",
			       quoted(name));
			status = STATUS_WRONG;
		}
	}
	if (at[SOCKS_A_RULE_INDEX] && !coherence->guess &&
	    mnl_attr_get_u32(at[SOCKS_A_RULE_INDEX]) > coherence->rules + 1) {
		report(place, "index: %u is beyond the end: allowed is a number from 1 to %u",
		       mnl_attr_get_u32(at[SOCKS_A_RULE_INDEX]),
		       coherence->rules + 1);
		status = STATUS_WRONG;
	}
	coherence->rules++;
	return status;
}

/**
 * coherence_take() - Does a command go with those before it?
 * @coherence: What they have said; this one is added to it.
 * @place: Where the command begins.
 * @message: What was made of it.
 *
 * Return: STATUS_OK; another on an error, which has been reported.
 */
enum status coherence_take(struct coherence *coherence,
			   const struct place *place,
			   const struct nlmsghdr *message)
{
	const struct genlmsghdr *header = mnl_nlmsg_get_payload(message);

	switch (header->cmd) {
	case SOCKS_CMD_SERVER_ADD:
		return take_server(coherence, place, message);
	case SOCKS_CMD_RULE_ADD:
		return take_rule(coherence, place, message);
	}
	return STATUS_OK;
}

/**
 * coherence_take_wrong() - A command is wrong.
 * @coherence: What the commands before it have said.
 * @words: Its words; NULL where it could not even be split into words.
 *
 * Report no more for its sake: if it was to add a server, that is known.
 *
 * Return: STATUS_WRONG; another on an error, which has been reported.
 */
enum status coherence_take_wrong(struct coherence *coherence,
				 const struct words *words)
{
	struct place place;
	const char *name;

	coherence->rules++;
	if (!words) {
		coherence->guess = true;
		return STATUS_WRONG;
	}
	if (words->count < 3)
		return STATUS_WRONG;
	/* Behind "server add". */
	name = words->list[2].text;
	if (!is_known(coherence, name) && !remember(coherence, name)) {
		place = words_start(words);
		return no_memory(&place);
	}
	return STATUS_WRONG;
}

/**
 * coherence_clear() - Free what belongs to it.
 * @coherence: What the commands have said.
 */
void coherence_clear(struct coherence *coherence)
{
	tdestroy(coherence->servers, free);
	*coherence = (struct coherence){ .servers = NULL };
}
