// SPDX-License-Identifier: GPL-2.0-only
/* Numbers, ranges, addresses and names, read strictly. */
#include <linux/socks.h>
#include <string.h>

#include "parse.h"

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/**
 * is_alphanumeric() - Is it a letter or a digit, in ASCII?
 * @byte: The character.
 */
bool is_alphanumeric(char byte)
{
	return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
	       is_digit(byte);
}

/**
 * parse_number() - Read a decimal number: digits only, no needless zero.
 * @text: Where it begins.
 * @length: How many bytes belong to it.
 * @max: The highest that is allowed.
 * @number: Where to put it.
 *
 * Return: Was it one?
 */
bool parse_number(const char *text, size_t length, uint32_t max,
		  uint32_t *number)
{
	uint64_t value = 0;
	size_t i;

	if (!length || (length > 1 && text[0] == '0'))
		return false;
	for (i = 0; i < length; i++) {
		if (!is_digit(text[i]))
			return false;
		value = value * 10 + (text[i] - '0');
		if (value > max)
			return false;
	}
	*number = value;
	return true;
}

/**
 * parse_range() - Read a range A-B, or a number A, which is A-A.
 * @text: The word.
 * @limits: Between which both must be.
 * @range: Where to put it.
 *
 * Return: PARSED, PARSED_NOT or PARSED_REVERSED.
 */
enum parsed parse_range(const char *text, const struct range *limits,
			struct range *range)
{
	size_t length = strcspn(text, "-");

	if (!parse_number(text, length, limits->max, &range->min))
		return PARSED_NOT;
	text += length;
	if (!*text)
		range->max = range->min;
	else if (!parse_number(text + 1, strlen(text + 1), limits->max,
			       &range->max))
		return PARSED_NOT;
	if (range->min < limits->min || range->max < limits->min)
		return PARSED_NOT;
	return range->min > range->max ? PARSED_REVERSED : PARSED;
}

/**
 * parse_address() - Read an IPv4 address of four decimal numbers.
 * @text: Where it begins.
 * @length: How many bytes belong to it.
 * @address: Where to put it.
 *
 * Return: Was it one?
 */
bool parse_address(const char *text, size_t length, struct in_addr *address)
{
	const char *end = text + length;
	uint32_t value = 0;
	int i;

	for (i = 0; i < 4; i++) {
		const char *dot = i < 3 ? memchr(text, '.', end - text) : end;
		uint32_t octet;

		if (!dot || !parse_number(text, dot - text, 255, &octet))
			return false;
		value = value << 8 | octet;
		text = dot + 1;
	}
	address->s_addr = htonl(value);
	return true;
}

/**
 * parse_prefix() - Read a prefix A.B.C.D/N, or an address, which is /32.
 * @text: The word.
 * @address: Where to put the address.
 * @length: Where to put the prefix's length.
 *
 * Return: PARSED, PARSED_NOT or PARSED_HOST_BITS.
 */
enum parsed parse_prefix(const char *text, struct in_addr *address,
			 uint8_t *length)
{
	size_t slash = strcspn(text, "/");
	uint32_t number = 32, mask;

	if (!parse_address(text, slash, address))
		return PARSED_NOT;
	text += slash;
	if (*text && !parse_number(text + 1, strlen(text + 1), 32, &number))
		return PARSED_NOT;
	*length = number;
	mask = htonl(number ? UINT32_MAX << (32 - number) : 0);
	if (!(address->s_addr & ~mask))
		return PARSED;
	address->s_addr &= mask;
	return PARSED_HOST_BITS;
}

/**
 * parse_name() - Is the word a name that a server may have?
 * @text: The word.
 */
bool parse_name(const char *text)
{
	size_t length;

	if (*text == '-')
		return false;
	for (length = 0; text[length]; length++)
		if (!is_alphanumeric(text[length]) &&
		    !strchr("._-", text[length]))
			return false;
	return length && length <= SOCKS_NAME_MAX;
}
