// SPDX-License-Identifier: GPL-2.0-only
/* recv() and its flags, of bytes which the far end sends at once. */
#include "observe.h"

#include <sys/uio.h>

static void control_messages(int fd)
{
	char buffer[16];
	struct iovec part = { buffer, sizeof(buffer) };
	char control[256];
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *found;

	CALL(recvmsg(fd, &message, 0));
	say("  flags %#x", message.msg_flags);
	for (found = CMSG_FIRSTHDR(&message); found;
	     found = CMSG_NXTHDR(&message, found))
		say("  level %d type %d", found->cmsg_level, found->cmsg_type);
}

void program(void)
{
	int fd = connecting(0);
	char buffer[16];
	struct iovec parts[] = { { buffer, 2 }, { buffer + 2, 3 } };

	far("grant banner and more and more and more and more");
	/* There before connect() has told of the connection. */
	take(fd, 10, MSG_PEEK);
	take(fd, 10, MSG_PEEK | MSG_DONTWAIT);
	show(fd);
	CALL(connect_to(fd, 0));
	take(fd, 3, MSG_PEEK | MSG_WAITALL);
	take(fd, 3, 0);
	take(fd, 3, MSG_PEEK);
	take(fd, 2, MSG_TRUNC);
	take(fd, 0, MSG_PEEK);
	take(fd, 3, MSG_CMSG_CLOEXEC);
	take(fd, 4, MSG_WAITALL);
	CALL(readv(fd, parts, 2));
	say("  %s", quoted(buffer, 5));
	show(fd);
	/* SO_PEEK_OFF: TCP has it since Linux 6.9. */
	CALL(set(fd, SOL_SOCKET, SO_PEEK_OFF, 2));
	take(fd, 3, MSG_PEEK);
	take(fd, 3, MSG_PEEK);
	take(fd, 100, 0);
	take(fd, 1, 0);
	CALL(close(fd));

	fd = tcp(SOCK_NONBLOCK);
	CALL(set(fd, SOL_SOCKET, SO_TIMESTAMP, 1));
	CALL(set(fd, SOL_TCP, TCP_INQ, 1));
	CALL(connect_to(fd, 1));
	far("1:grant banner");
	control_messages(fd);
	CALL(close(fd));
}
