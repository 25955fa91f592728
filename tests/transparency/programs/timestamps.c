// SPDX-License-Identifier: GPL-2.0-only
/* SO_TIMESTAMPING: what of the program's bytes is told, and how they count. */
#include "observe.h"

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <sys/uio.h>

static long queued(int fd)
{
	char control[512], byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct sock_extended_err error;
	struct cmsghdr *found;
	long result;

	result = recvmsg(fd, &message, MSG_ERRQUEUE);
	if (result < 0)
		return -1;
	for (found = CMSG_FIRSTHDR(&message); found;
	     found = CMSG_NXTHDR(&message, found)) {
		if (found->cmsg_level == SOL_SOCKET)
			continue;
		memcpy(&error, CMSG_DATA(found), sizeof(error));
		say("  level %d type %d: origin %u, kind %u, byte %u",
		    found->cmsg_level, found->cmsg_type, error.ee_origin,
		    error.ee_info, error.ee_data);
	}
	return result;
}

static void stamped(int when, int n)
{
	int flags = SOF_TIMESTAMPING_TX_ACK | SOF_TIMESTAMPING_SOFTWARE |
		    SOF_TIMESTAMPING_OPT_TSONLY;
	int fd = tcp(SOCK_NONBLOCK);

	say("set %s", when == 0 ? "before" : when == 1 ? "during" : "after");
	if (when == 0) {
		/* Not yet with numbers. */
		CALL(set(fd, SOL_SOCKET, SO_TIMESTAMPING,
			 flags | SOF_TIMESTAMPING_OPT_ID));
		CALL(set(fd, SOL_SOCKET, SO_TIMESTAMPING, flags));
	}
	CALL(connect_to(fd, n));
	far("%d:arrived", n);
	if (when == 1)
		CALL(set(fd, SOL_SOCKET, SO_TIMESTAMPING,
			 flags | SOF_TIMESTAMPING_OPT_ID));
	CALL(queued(fd));
	show_poll(fd);
	far("%d:grant", n);
	CALL(queued(fd));
	CALL(connect_to(fd, n));
	if (when == 2)
		CALL(set(fd, SOL_SOCKET, SO_TIMESTAMPING,
			 flags | SOF_TIMESTAMPING_OPT_ID));
	CALL(send(fd, "abc", 3, 0));
	far("%d:read 3", n);
	wait_acked(fd);
	wait_events(fd, POLLERR);
	CALL(queued(fd));
	CALL(queued(fd));
	CALL(send(fd, "de", 2, 0));
	far("%d:read 2", n);
	wait_acked(fd);
	wait_events(fd, POLLERR);
	CALL(queued(fd));
	CALL(get(fd, SOL_SOCKET, SO_TIMESTAMPING));
	CALL(close(fd));
}

void program(void)
{
	stamped(0, 0);
	stamped(1, 1);
	stamped(2, 2);
}
