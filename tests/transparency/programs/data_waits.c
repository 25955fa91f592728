// SPDX-License-Identifier: GPL-2.0-only
/* Calls on a blocking socket that wait for the connection. */
#include "observe.h"

#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

static char buffer[16];

static long by_send(int fd)
{
	return send(fd, "abc", 3, MSG_NOSIGNAL);
}

static long by_sendmmsg(int fd)
{
	struct iovec part = { "abc", 3 };
	struct mmsghdr message = { .msg_hdr = { .msg_iov = &part,
						.msg_iovlen = 1 } };

	return sendmmsg(fd, &message, 1, 0);
}

static long by_write(int fd)
{
	return write(fd, "abc", 3);
}

static long by_sendfile(int fd)
{
	int file = MUST(memfd_create("data", 0));
	off_t offset = 0;
	long result;

	MUST(write(file, "abc", 3));
	result = sendfile(fd, file, &offset, 3);
	close(file);
	return result;
}

static long by_splice(int fd)
{
	int ends[2];
	long result;

	MUST(pipe(ends));
	MUST(write(ends[1], "abc", 3));
	result = splice(ends[0], NULL, fd, NULL, 3, 0);
	close(ends[0]);
	close(ends[1]);
	return result;
}

static long by_vmsplice(int fd)
{
	struct iovec part = { "abc", 3 };
	int ends[2];
	long result;

	MUST(pipe(ends));
	MUST(vmsplice(ends[1], &part, 1, 0));
	result = splice(ends[0], NULL, fd, NULL, 3, 0);
	close(ends[0]);
	close(ends[1]);
	return result;
}

static long by_zerocopy(int fd)
{
	MUST(set(fd, SOL_SOCKET, SO_ZEROCOPY, 1));
	return send(fd, "abc", 3, MSG_ZEROCOPY | MSG_NOSIGNAL);
}

static long by_recv(int fd)
{
	return recv(fd, buffer, sizeof(buffer), 0);
}

static long by_peek(int fd)
{
	return recv(fd, buffer, sizeof(buffer), MSG_PEEK);
}

static long by_waitall(int fd)
{
	return recv(fd, buffer, 5, MSG_WAITALL);
}

static long by_read(int fd)
{
	return read(fd, buffer, sizeof(buffer));
}

static long by_recvmmsg(int fd)
{
	struct timespec time = { .tv_sec = DEADLINE };
	struct iovec part = { buffer, 5 };
	struct mmsghdr message = { .msg_hdr = { .msg_iov = &part,
						.msg_iovlen = 1 } };

	return recvmmsg(fd, &message, 1, 0, &time);
}

static long by_splice_from(int fd)
{
	int ends[2];
	long result;

	MUST(pipe(ends));
	result = splice(fd, NULL, ends[1], NULL, 5, 0);
	if (result > 0)
		MUST(read(ends[0], buffer, result));
	close(ends[0]);
	close(ends[1]);
	return result;
}

static const struct {
	const char *name;
	long (*call)(int fd);
	bool receives;
} calls[] = {
	{ "send", by_send, false },
	{ "sendmmsg", by_sendmmsg, false },
	{ "write", by_write, false },
	{ "sendfile", by_sendfile, false },
	{ "splice", by_splice, false },
	{ "vmsplice and splice", by_vmsplice, false },
	{ "MSG_ZEROCOPY", by_zerocopy, false },
	{ "recv", by_recv, true },
	{ "MSG_PEEK", by_peek, true },
	{ "MSG_WAITALL", by_waitall, true },
	{ "read", by_read, true },
	{ "recvmmsg", by_recvmmsg, true },
	{ "splice from", by_splice_from, true },
};

static void waits(unsigned int i, const char *end)
{
	int fd = connecting(0);

	say("%s", end);
	memset(buffer, 0, sizeof(buffer));
	MUST(nonblocking(fd, false));
	far_when_blocked("%s", end);
	report(calls[i].name, calls[i].call(fd));
	if (!strncmp(end, "grant", 5)) {
		if (calls[i].receives)
			say("  %s", quoted(buffer, 5));
		else
			far("read 3");
		wait_acked(fd);
		show(fd);
	} else {
		wait_end(fd);
		show_error(fd);
		show(fd);
	}
	CALL(close(fd));
	far("again");
}

void program(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		waits(i, calls[i].receives ? "grant hello" : "grant");
		waits(i, "refuse");
	}
}
