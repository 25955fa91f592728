// SPDX-License-Identifier: GPL-2.0-only
/* The servers of a rule: in a command, in netlink messages, and as text. */
#include <errno.h>
#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "quote.h"
#include "values.h"
#include "via.h"

/* Stands for itself only in front of several names. */
#define BALANCE	"balance"

/* Copy the first of some names, and return what is behind it, or NULL. */
static const char *first_name(const char *names, char *name)
{
	size_t length = strcspn(names, ",");

	snprintf(name, SOCKS_NAME_MAX + 1, "%.*s", (int)length, names);
	return names[length] ? names + length + 1 : NULL;
}

static bool names_has(const char *names, const char *end, const char *name)
{
	char other[SOCKS_NAME_MAX + 1];

	while (names && names < end) {
		names = first_name(names, other);
		if (!strcmp(other, name))
			return true;
	}
	return false;
}

static enum status check_names(const struct words *words, const char *names)
{
	const char *rest = names, *from;
	char name[SOCKS_NAME_MAX + 1];
	unsigned int count = 0;

	while (rest) {
		from = rest;
		rest = first_name(rest, name);
		if (strcspn(from, ",") > SOCKS_NAME_MAX || !parse_name(name))
			return wrong(words,
				     "via: %s: a server's name has 1 to %d letters, digits, '.', '_' and '-', the first one no '-'; between names there is a ','",
				     quoted(names), SOCKS_NAME_MAX);
		if (names_has(names, from, name))
			return wrong(words,
				     "via: %s: the server %s stands there twice: each is tried once",
				     quoted(names), name);
		if (++count > SOCKS_RULE_SERVERS_MAX)
			return wrong(words, "via: %s: too many servers: allowed are %d",
				     quoted(names), SOCKS_RULE_SERVERS_MAX);
	}
	return STATUS_OK;
}

/**
 * via_take() - Take the servers of a rule.
 * @words: The command's words.
 * @via: Where to put them.
 *
 * Return: STATUS_OK; another on an error, which has been reported.
 */
enum status via_take(struct words *words, struct via *via)
{
	const char *next = words_peek(words);
	enum status status;
	const char *names;

	if (next && strchr(next, ',')) {
		names = words_take(words);
	} else {
		status = take_name(words, "via", &names);
		if (status)
			return status;
		next = words_peek(words);
		if (!strcmp(names, BALANCE) && next && strchr(next, ',')) {
			via->balance = true;
			names = words_take(words);
		}
	}
	status = check_names(words, names);
	if (status)
		return status;
	if (!first_name(names, via->name))
		return STATUS_OK;
	via->list = strdup(names);
	if (!via->list) {
		struct place place = words_place(words);

		return no_memory(&place);
	}
	return STATUS_OK;
}

/**
 * via_put() - Put the servers of a rule into a message.
 * @message: The message, of "rule add".
 * @via: The servers.
 */
void via_put(struct nlmsghdr *message, const struct via *via)
{
	const char *rest = via_text(via);
	char name[SOCKS_NAME_MAX + 1];

	while (rest) {
		rest = first_name(rest, name);
		mnl_attr_put_strz(message, SOCKS_A_RULE_SERVER, name);
	}
	if (via->balance)
		mnl_attr_put(message, SOCKS_A_RULE_BALANCE, 0, NULL);
}

/**
 * via_add() - Add a server.
 * @via: The servers, none at first.
 * @name: Its name.
 *
 * Return: 0 or -ENOMEM.
 */
int via_add(struct via *via, const char *name)
{
	char *list;

	if (!*via->name) {
		snprintf(via->name, sizeof(via->name), "%s", name);
		return 0;
	}
	if (asprintf(&list, "%s,%s", via_text(via), name) < 0)
		return -ENOMEM;
	free(via->list);
	via->list = list;
	return 0;
}

/**
 * via_read() - Read the servers from a message.
 * @message: The message.
 * @type: The attribute of which there is one for each server.
 * @via: Where to put them, but @balance; for via_clear() where this succeeds.
 *
 * Return: 0 or a negative errno.
 */
int via_read(const struct nlmsghdr *message, uint16_t type, struct via *via)
{
	const struct nlattr *attribute;
	char name[SOCKS_NAME_MAX + 1];
	unsigned int count = 0;
	int error = 0;

	via->name[0] = '\0';
	via->list = NULL;
	mnl_attr_for_each(attribute, message, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attribute) != type)
			continue;
		if (mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) < 0 ||
		    ++count > SOCKS_RULE_SERVERS_MAX)
			error = -EBADMSG;
		if (!error)
			error = attribute_name(attribute, name);
		if (!error)
			error = via_add(via, name);
		if (error)
			break;
	}
	if (error)
		via_clear(via);
	return error;
}

/**
 * via_copy() - Copy the servers of a rule.
 * @to: Where to put them, for via_clear() where this succeeds.
 * @from: The servers.
 *
 * Return: 0 or -ENOMEM.
 */
int via_copy(struct via *to, const struct via *from)
{
	*to = *from;
	if (from->list) {
		to->list = strdup(from->list);
		if (!to->list)
			return -ENOMEM;
	}
	return 0;
}

/**
 * via_clear() - Free what belongs to the servers of a rule.
 * @via: The servers.
 */
void via_clear(struct via *via)
{
	free(via->list);
	via->list = NULL;
}

/**
 * via_text() - The servers as they may stand behind "via", without "balance".
 * @via: The servers.
 */
const char *via_text(const struct via *via)
{
	return via->list ? via->list : via->name;
}

/**
 * via_names() - Is a server among these?
 * @text: Names with "," between them.
 * @name: The server's name.
 */
bool via_names(const char *text, const char *name)
{
	return names_has(text, text + strlen(text), name);
}

/**
 * via_print() - Print servers as they may stand behind "via".
 * @out: Where to.
 * @via: The servers.
 */
void via_print(FILE *out, const struct via *via)
{
	fprintf(out, "%s%s", via->balance ? BALANCE " " : "", via_text(via));
}

/**
 * via_json() - Make a string of one server, or an array of several.
 * @text: Their names with "," between them.
 *
 * Return: The string or array; NULL where there is no memory.
 */
json_t *via_json(const char *text)
{
	char name[SOCKS_NAME_MAX + 1];
	const char *rest = text;
	json_t *array;

	if (!strchr(text, ','))
		return json_text(text);
	array = json_array();
	while (array && rest) {
		rest = first_name(rest, name);
		if (json_array_append_new(array, json_text(name))) {
			json_decref(array);
			array = NULL;
		}
	}
	return array;
}
