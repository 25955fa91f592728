/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers, ranges, addresses and names, read strictly. */
#ifndef SOCKSCTL_PARSE_H
#define SOCKSCTL_PARSE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct range - The numbers from @min to @max.
 * @min: The lowest.
 * @max: The highest.
 */
struct range {
	uint32_t min;
	uint32_t max;
};

/**
 * enum parsed - What became of a text.
 * @PARSED: It was read.
 * @PARSED_NOT: It is nothing of the kind.
 * @PARSED_REVERSED: A range which begins above its end.
 * @PARSED_HOST_BITS: A prefix with bits beyond its length; it was read, and
 *   the bits were removed.
 */
enum parsed {
	PARSED,
	PARSED_NOT,
	PARSED_REVERSED,
	PARSED_HOST_BITS,
};

bool is_alphanumeric(char byte);
bool parse_number(const char *text, size_t length, uint32_t max,
		  uint32_t *number);
enum parsed parse_range(const char *text, const struct range *limits,
			struct range *range);
bool parse_address(const char *text, size_t length, struct in_addr *address);
enum parsed parse_prefix(const char *text, struct in_addr *address,
			 uint8_t *length);
bool parse_name(const char *text);

#endif
