// SPDX-License-Identifier: GPL-2.0-only
/* The values in a command: the next word, checked, or an error message. */
#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <linux/socks.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "quote.h"
#include "values.h"

#define PORTS_ALLOWED	"a port from 1 to 65535, or a range A-B of them"
#define SERVER_ALLOWED	"an IPv4 address, perhaps with a port from 1 to 65535, such as 192.0.2.1:1080 (names are not looked up)"
#define ENDPOINT_ALLOWED "an IPv4 address with a port from 1 to 65535, such as 192.0.2.1:80 (names are not looked up)"
#define PREFIX_ALLOWED	"an IPv4 address such as 192.0.2.1 (names are not looked up), a prefix such as 192.0.2.0/24, or any"

/**
 * take_value() - Take the next word, which must be there.
 * @words: The command's words.
 * @what: What the word is for, as in messages.
 * @allowed: What is allowed, as in messages.
 *
 * Return: The word; NULL where there is none, which has been reported.
 */
const char *take_value(struct words *words, const char *what,
		       const char *allowed)
{
	const char *word = words_take(words);

	if (!word)
		wrong(words, "%s: a value is missing: allowed is %s", what,
		      allowed);
	return word;
}

static enum status wrong_value(const struct words *words, const char *what,
			       const char *word, const char *allowed)
{
	return wrong(words, "%s: wrong value %s: allowed is %s", what,
		     quoted(word), allowed);
}

static enum status reversed(const struct words *words, const char *what,
			    const char *word, const char *allowed)
{
	return wrong(words, "%s: the range %s begins above its end: allowed is %s",
		     what, quoted(word), allowed);
}

/**
 * take_number() - Take a number.
 * @words: The command's words.
 * @what: What the number is, as in messages.
 * @min: The lowest that is allowed.
 * @max: The highest that is allowed.
 * @number: Where to put it.
 *
 * Return: STATUS_OK; STATUS_WRONG on an error, which has been reported.
 */
enum status take_number(struct words *words, const char *what, uint32_t min,
			uint32_t max, uint32_t *number)
{
	char allowed[64];
	const char *word;

	snprintf(allowed, sizeof(allowed), "a number from %u to %u", min, max);
	word = take_value(words, what, allowed);
	if (!word)
		return STATUS_WRONG;
	if (!parse_number(word, strlen(word), max, number) || *number < min)
		return wrong_value(words, what, word, allowed);
	return STATUS_OK;
}

/**
 * take_ports() - Take a port or a range of ports.
 * @words: The command's words.
 * @range: Where to put it.
 *
 * Return: STATUS_OK; STATUS_WRONG on an error, which has been reported.
 */
enum status take_ports(struct words *words, struct range *range)
{
	static const struct range limits = { 1, PORT_MAX };
	const char *word = take_value(words, "port", PORTS_ALLOWED);

	if (!word)
		return STATUS_WRONG;
	switch (parse_range(word, &limits, range)) {
	case PARSED:
		return STATUS_OK;
	case PARSED_REVERSED:
		return reversed(words, "port", word, PORTS_ALLOWED);
	default:
		return wrong_value(words, "port", word, PORTS_ALLOWED);
	}
}

static const char *const id_key[] = {
	[ID_USER] = "uid",
	[ID_GROUP] = "gid",
};

static const char *const id_owner[] = {
	[ID_USER] = "user",
	[ID_GROUP] = "group",
};

/* Return 1 where the name is known, 0 where it is not, negative errno. */
static int find_id(enum id_kind kind, const char *name, uint32_t *id)
{
	errno = 0;
	if (kind == ID_USER) {
		const struct passwd *user = getpwnam(name);

		if (user) {
			*id = user->pw_uid;
			return 1;
		}
	} else {
		const struct group *group = getgrnam(name);

		if (group) {
			*id = group->gr_gid;
			return 1;
		}
	}
	switch (errno) {
	case 0:
	case ENOENT:
	case ESRCH:
	case EBADF:
	case EPERM:
		/* getpwnam(3): each of these may mean "not found". */
		return 0;
	default:
		return -errno;
	}
}

static enum status name_to_id(const struct words *words, enum id_kind kind,
			      const char *name, const char *allowed,
			      uint32_t *id)
{
	int found = find_id(kind, name, id);

	if (found < 0) {
		wrong(words, "%s: the %s %s can't be looked up: %s",
		      id_key[kind], id_owner[kind], quoted(name),
		      strerror(-found));
		return STATUS_REFUSED;
	}
	if (!found)
		return wrong(words, "%s: there is no %s %s: allowed is %s",
			     id_key[kind], id_owner[kind], quoted(name),
			     allowed);
	if (*id > ID_MAX)
		return wrong_value(words, id_key[kind], name, allowed);
	return STATUS_OK;
}

/* A word of digits and "-" is a number or a range, any other is a name. */
static bool is_numeric(const char *word)
{
	return !word[strspn(word, "0123456789-")];
}

/**
 * take_ids() - Take a user's or group's number or name, or a range of numbers.
 * @words: The command's words.
 * @kind: Users or groups.
 * @range: Where to put it.
 *
 * Return: STATUS_OK; another on an error, which has been reported.
 */
enum status take_ids(struct words *words, enum id_kind kind,
		     struct range *range)
{
	static const struct range limits = { 0, ID_MAX };
	enum status status;
	char allowed[128];
	const char *word;

	snprintf(allowed, sizeof(allowed),
		 "a number from 0 to %u, a range A-B of them, or a %s's name",
		 ID_MAX, id_owner[kind]);
	word = take_value(words, id_key[kind], allowed);
	if (!word)
		return STATUS_WRONG;
	if (!is_numeric(word)) {
		status = name_to_id(words, kind, word, allowed, &range->min);
		range->max = range->min;
		return status;
	}
	switch (parse_range(word, &limits, range)) {
	case PARSED:
		return STATUS_OK;
	case PARSED_REVERSED:
		return reversed(words, id_key[kind], word, allowed);
	default:
		return wrong_value(words, id_key[kind], word, allowed);
	}
}

/**
 * take_id() - Take a user's or group's number or name.
 * @words: The command's words.
 * @kind: Users or groups.
 * @id: Where to put the number.
 *
 * Return: STATUS_OK; another on an error, which has been reported.
 */
enum status take_id(struct words *words, enum id_kind kind, uint32_t *id)
{
	char allowed[128];
	const char *word;

	snprintf(allowed, sizeof(allowed),
		 "a number from 0 to %u or a %s's name", ID_MAX,
		 id_owner[kind]);
	word = take_value(words, id_key[kind], allowed);
	if (!word)
		return STATUS_WRONG;
	if (!is_numeric(word))
		return name_to_id(words, kind, word, allowed, id);
	if (!parse_number(word, strlen(word), ID_MAX, id))
		return wrong_value(words, id_key[kind], word, allowed);
	return STATUS_OK;
}

/**
 * take_destination() - Take a prefix, an address or "any".
 * @words: The command's words.
 * @any: Where to put whether it was "any".
 * @address: Where to put the address.
 * @length: Where to put the prefix's length.
 *
 * Return: STATUS_OK; STATUS_WRONG on an error, which has been reported.
 */
enum status take_destination(struct words *words, bool *any,
			     struct in_addr *address, uint8_t *length)
{
	const char *word = take_value(words, "to", PREFIX_ALLOWED);
	char prefix[INET_ADDRSTRLEN];

	if (!word)
		return STATUS_WRONG;
	*any = !strcmp(word, "any");
	if (*any)
		return STATUS_OK;
	switch (parse_prefix(word, address, length)) {
	case PARSED:
		return STATUS_OK;
	case PARSED_HOST_BITS:
		inet_ntop(AF_INET, address, prefix, sizeof(prefix));
		return wrong(words,
			     "to: the prefix %s has bits set beyond its length: did you mean %s/%u?",
			     quoted(word), prefix, *length);
	default:
		return wrong_value(words, "to", word, PREFIX_ALLOWED);
	}
}

/**
 * take_endpoint() - Take an address and a port.
 * @words: The command's words.
 * @what: What it is, as in messages.
 * @port_default: The port where none is given; 0 where one must be.
 * @address: Where to put the address.
 * @port: Where to put the port.
 *
 * Return: STATUS_OK; STATUS_WRONG on an error, which has been reported.
 */
enum status take_endpoint(struct words *words, const char *what,
			  uint16_t port_default, struct in_addr *address,
			  uint16_t *port)
{
	const char *allowed = port_default ? SERVER_ALLOWED : ENDPOINT_ALLOWED;
	const char *word = take_value(words, what, allowed);
	uint32_t number = port_default;
	size_t colon;

	if (!word)
		return STATUS_WRONG;
	colon = strcspn(word, ":");
	if (!parse_address(word, colon, address))
		return wrong_value(words, what, word, allowed);
	if (word[colon] &&
	    !parse_number(word + colon + 1, strlen(word + colon + 1), PORT_MAX,
			  &number))
		return wrong_value(words, what, word, allowed);
	if (!number)
		return wrong_value(words, what, word, allowed);
	*port = number;
	return STATUS_OK;
}

/**
 * take_name() - Take the name of a server.
 * @words: The command's words.
 * @what: What it is for, as in messages.
 * @name: Where to put it.
 *
 * Return: STATUS_OK; STATUS_WRONG on an error, which has been reported.
 */
enum status take_name(struct words *words, const char *what,
		      const char **name)
{
	char allowed[128];

	snprintf(allowed, sizeof(allowed),
		 "a server's name: 1 to %d letters, digits, '.', '_' and '-', the first one no '-'",
		 SOCKS_NAME_MAX);
	*name = take_value(words, what, allowed);
	if (!*name)
		return STATUS_WRONG;
	if (!parse_name(*name))
		return wrong_value(words, what, *name, allowed);
	return STATUS_OK;
}

/**
 * take_cgroup() - Take the path of a cgroup.
 * @words: The command's words.
 * @path: Where to put it.
 *
 * Return: STATUS_OK; STATUS_WRONG on an error, which has been reported.
 */
enum status take_cgroup(struct words *words, const char **path)
{
	char allowed[128];

	snprintf(allowed, sizeof(allowed),
		 "the path of a cgroup v2, such as /system.slice, of 1 to %d bytes",
		 SOCKS_CGROUP_MAX);
	*path = take_value(words, "cgroup", allowed);
	if (!*path)
		return STATUS_WRONG;
	if (!**path || strlen(*path) > SOCKS_CGROUP_MAX)
		return wrong_value(words, "cgroup", *path, allowed);
	return STATUS_OK;
}
