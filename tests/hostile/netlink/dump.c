// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "model.h"
#include "part.h"

/*
 * Read what is left of a dump. Its last message is NLMSG_DONE, in which an
 * errno may stand.
 */
static bool finish_dump(int fd, struct config *config, bool *interrupted,
			const char **why)
{
	static uint8_t bytes[1 << 16];

	for (;;) {
		const struct nlmsghdr *header = (const void *)bytes;
		int n = netlink_go_on(fd, bytes, sizeof(bytes));

		if (n <= 0) {
			*why = "a dump ends without NLMSG_DONE";
			return false;
		}
		for (; NLMSG_OK(header, (unsigned int)n);
		     header = NLMSG_NEXT(header, n)) {
			if (header->nlmsg_flags & NLM_F_DUMP_INTR)
				*interrupted = true;
			if (header->nlmsg_type == NLMSG_DONE) {
				*why = "a dump ends with an errno";
				return !*(const int *)NLMSG_DATA(header);
			}
			if (header->nlmsg_type == NLMSG_ERROR) {
				*why = "a dump is refused";
				return false;
			}
			if (!config_read(config, header, why))
				return false;
		}
	}
}

bool read_config(int fd, struct config *config, bool *interrupted,
		 const char **why)
{
	config->n_servers = 0;
	config->n_rules = 0;
	*interrupted = false;
	if (netlink_start_dump(fd, SOCKS_CMD_SERVER_GET) ||
	    !finish_dump(fd, config, interrupted, why))
		return false;
	return !netlink_start_dump(fd, SOCKS_CMD_RULE_GET) &&
	       finish_dump(fd, config, interrupted, why);
}
