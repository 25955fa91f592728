/* SPDX-License-Identifier: GPL-2.0-only */
/* The values in a command: the next word, checked, or an error message. */
#ifndef SOCKSCTL_VALUES_H
#define SOCKSCTL_VALUES_H

#include "parse.h"
#include "words.h"

#define PORT_DEFAULT	1080
#define PORT_MAX	65535
#define ID_MAX		4294967294U

/**
 * enum id_kind - Whose numbers.
 * @ID_USER: Those of users.
 * @ID_GROUP: Those of groups.
 */
enum id_kind {
	ID_USER,
	ID_GROUP,
};

const char *take_value(struct words *words, const char *what,
		       const char *allowed);
enum status take_number(struct words *words, const char *what, uint32_t min,
			uint32_t max, uint32_t *number);
enum status take_ports(struct words *words, struct range *range);
enum status take_ids(struct words *words, enum id_kind kind,
		     struct range *range);
enum status take_id(struct words *words, enum id_kind kind, uint32_t *id);
enum status take_destination(struct words *words, bool *any,
			     struct in_addr *address, uint8_t *length);
enum status take_endpoint(struct words *words, const char *what,
			  uint16_t port_default, struct in_addr *address,
			  uint16_t *port);
enum status take_name(struct words *words, const char *what,
		      const char **name);
enum status take_cgroup(struct words *words, const char **path);

#endif
