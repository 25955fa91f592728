// SPDX-License-Identifier: GPL-2.0-only
/* sendmsg(), recvmsg(), sendmmsg() and recvmmsg(), with control messages. */
#include "observe.h"

#include <sys/uio.h>

static void send_control(int fd, int level, int type, int value)
{
	struct iovec part = { "abc", 3 };
	char control[CMSG_SPACE(sizeof(int))] = "";
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = level;
	header->cmsg_type = type;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &value, sizeof(value));
	say("control message %d, %d", level, type);
	CALL(sendmsg(fd, &message, MSG_NOSIGNAL));
}

static void send_all(int fd)
{
	struct iovec parts[] = { { "one", 3 }, { "two", 3 }, { NULL, 0 } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 3 };
	struct mmsghdr messages[3] = { { .msg_hdr = message },
				       { .msg_hdr = message },
				       { .msg_hdr = message } };
	union address address;

	CALL(sendmsg(fd, &message, MSG_NOSIGNAL));
	message.msg_name = &address;
	message.msg_namelen = target(2, &address);
	CALL(sendmsg(fd, &message, MSG_NOSIGNAL));
	message.msg_namelen = -1;
	CALL(sendmsg(fd, &message, MSG_NOSIGNAL));
	message.msg_name = NULL;
	message.msg_namelen = 0;
	message.msg_iovlen = 0;
	CALL(sendmsg(fd, &message, MSG_NOSIGNAL));
	message.msg_iovlen = 100000;
	CALL(sendmsg(fd, &message, MSG_NOSIGNAL));
	CALL(sendmsg(fd, NULL, MSG_NOSIGNAL));
	CALL(sendmmsg(fd, messages, 3, MSG_NOSIGNAL));
	say("  %u, %u, %u", messages[0].msg_len, messages[1].msg_len,
	    messages[2].msg_len);
	CALL(sendmmsg(fd, messages, 0, MSG_NOSIGNAL));
	send_control(fd, SOL_SOCKET, 0x25, 0);
	send_control(fd, SOL_SOCKET, SO_MARK, 7);
	send_control(fd, SOL_SOCKET, 12345, 0);
	send_control(fd, SOL_IP, IP_TTL, 9);
	send_control(fd, SOL_SOCKET, SCM_RIGHTS, fd);
}

static void receive_all(int fd)
{
	static char buffer[64];
	struct iovec parts[] = { { buffer, 3 }, { buffer + 3, 4 } };
	union address address;
	struct msghdr message = {
		.msg_iov = parts, .msg_iovlen = 2, .msg_name = &address,
		.msg_namelen = sizeof(address),
	};
	struct mmsghdr messages[3] = { { .msg_hdr = message },
				       { .msg_hdr = message },
				       { .msg_hdr = message } };
	int count, i;

	memset(buffer, 0, sizeof(buffer));
	CALL(recvmsg(fd, &message, MSG_DONTWAIT));
	say("  %s, name of %u bytes, flags %#x", quoted(buffer, 7),
	    message.msg_namelen, message.msg_flags);
	count = CALL(recvmmsg(fd, messages, 3, MSG_DONTWAIT, NULL));
	for (i = 0; i < count; i++)
		say("  %u, name of %u bytes, flags %#x", messages[i].msg_len,
		    messages[i].msg_hdr.msg_namelen,
		    messages[i].msg_hdr.msg_flags);
	count = CALL(recvmmsg(fd, messages, 3, MSG_DONTWAIT | MSG_PEEK |
			      MSG_TRUNC, NULL));
}

void program(void)
{
	int fd = tcp(SOCK_NONBLOCK);

	send_all(fd);
	receive_all(fd);
	CALL(connect_to(fd, 0));
	far("arrived");
	send_all(fd);
	receive_all(fd);
	far("grant 0123456789abcdefghijklmnop");
	CALL(connect_to(fd, 0));
	send_all(fd);
	wait_acked(fd);
	far("pending");
	receive_all(fd);
	CALL(close(fd));
}
