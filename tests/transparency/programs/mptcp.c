// SPDX-License-Identifier: GPL-2.0-only
/* IPPROTO_MPTCP. */
#include "observe.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP	262
#endif

void program(void)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_MPTCP);

	if (fd < 0) {
		say("socket: %s", error_name(errno));
		return;
	}
	CALL(connect_to(fd, 0));
	CALL(close(fd));
}
