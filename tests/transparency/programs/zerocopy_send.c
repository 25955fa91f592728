// SPDX-License-Identifier: GPL-2.0-only
/* MSG_ZEROCOPY, and what the error queue tells of it. */
#include "observe.h"

#include <linux/errqueue.h>
#include <sys/uio.h>

static void completions(int fd)
{
	char control[256], byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct sock_extended_err error;
	struct cmsghdr *found;

	CALL(recvmsg(fd, &message, MSG_ERRQUEUE));
	if (errno)
		return;
	for (found = CMSG_FIRSTHDR(&message); found;
	     found = CMSG_NXTHDR(&message, found)) {
		memcpy(&error, CMSG_DATA(found), sizeof(error));
		say("  level %d type %d: errno %u origin %u code %u, %u to %u",
		    found->cmsg_level, found->cmsg_type, error.ee_errno,
		    error.ee_origin, error.ee_code, error.ee_info,
		    error.ee_data);
	}
	say("  flags %#x", message.msg_flags);
}

static void sent(int fd, int size, int n)
{
	static char data[20000];

	CALL(send(fd, data, size, MSG_ZEROCOPY));
	far("%d:drain %d", n, size);
	wait_acked(fd);
	wait_events(fd, POLLERR);
	show_poll(fd);
	show_error(fd);
}

void program(void)
{
	int fd = tcp(SOCK_NONBLOCK);

	/* Without SO_ZEROCOPY the flag means nothing. */
	CALL(send(fd, "x", 1, MSG_ZEROCOPY));
	CALL(set(fd, SOL_SOCKET, SO_ZEROCOPY, 1));
	CALL(send(fd, "x", 1, MSG_ZEROCOPY));
	completions(fd);
	CALL(connect_to(fd, 0));
	far("arrived");
	CALL(send(fd, "x", 1, MSG_ZEROCOPY));
	completions(fd);
	show_poll(fd);
	far("grant");
	completions(fd);
	show_poll(fd);
	CALL(connect_to(fd, 0));
	sent(fd, 10, 0);
	completions(fd);
	completions(fd);
	/* Those of calls in a row are told of together. */
	sent(fd, 20000, 0);
	sent(fd, 20000, 0);
	completions(fd);
	show_poll(fd);
	CALL(close(fd));

	/* Set during the handshake. */
	fd = connecting(1);
	CALL(set(fd, SOL_SOCKET, SO_ZEROCOPY, 1));
	CALL(get(fd, SOL_SOCKET, SO_ZEROCOPY));
	far("1:grant");
	sent(fd, 10, 1);
	completions(fd);
	CALL(close(fd));
}
