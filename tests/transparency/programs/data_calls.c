// SPDX-License-Identifier: GPL-2.0-only
/*
 * All calls which send or receive, none of which waits: before connect(),
 * during it, and after.
 */
#include "observe.h"

#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

static char buffer[100];

static void sends(int fd)
{
	struct iovec parts[] = { { "ab", 2 }, { "c", 1 } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	struct mmsghdr messages[2] = { { .msg_hdr = message },
				       { .msg_hdr = message } };
	union address address;
	socklen_t size = target(1, &address);
	int file = MUST(memfd_create("data", 0));
	off_t offset = 0;
	int ends[2];

	MUST(write(file, "file", 4));
	MUST(pipe2(ends, O_NONBLOCK));
	CALL(write(fd, "w", 1));
	CALL(write(fd, "", 0));
	CALL(writev(fd, parts, 2));
	CALL(pwritev2(fd, parts, 2, -1, 0));
	CALL(send(fd, "s", 1, 0));
	CALL(send(fd, "s", 1, MSG_NOSIGNAL));
	CALL(send(fd, "", 0, 0));
	CALL(send(fd, "m", 1, MSG_MORE));
	CALL(send(fd, "e", 1, MSG_EOR));
	CALL(send(fd, "d", 1, MSG_DONTROUTE));
	CALL(send(fd, "c", 1, MSG_CONFIRM));
	CALL(send(fd, "!", 1, MSG_OOB));
	CALL(send(fd, "b", 1, 0x40000));
	CALL(send(fd, NULL, 5, 0));
	CALL(sendto(fd, "t", 1, 0, &address.any, size));
	CALL(sendto(fd, "t", 1, 0, &address.any, 1));
	CALL(sendmsg(fd, &message, 0));
	CALL(sendmmsg(fd, messages, 2, 0));
	say("  %u, %u", messages[0].msg_len, messages[1].msg_len);
	CALL(sendfile(fd, file, &offset, 4));
	say("  offset %ld", (long)offset);
	MUST(write(ends[1], "pipe", 4));
	CALL(splice(ends[0], NULL, fd, NULL, 4, SPLICE_F_NONBLOCK));
	close(ends[0]);
	close(ends[1]);
	MUST(pipe2(ends, O_NONBLOCK));
	MUST(vmsplice(ends[1], parts, 2, 0));
	CALL(splice(ends[0], NULL, fd, NULL, 3, SPLICE_F_MOVE));
	close(ends[0]);
	close(ends[1]);
	close(file);
}

static void receives(int fd)
{
	struct iovec parts[] = { { buffer, 2 }, { buffer + 2, 3 } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	struct mmsghdr messages[2] = { { .msg_hdr = message },
				       { .msg_hdr = message } };
	union address address;
	socklen_t size = sizeof(address);
	int ends[2];

	MUST(pipe2(ends, O_NONBLOCK));
	CALL(read(fd, buffer, 1));
	CALL(read(fd, buffer, 0));
	CALL(readv(fd, parts, 2));
	take(fd, 1, 0);
	take(fd, 0, 0);
	take(fd, 10, MSG_PEEK);
	take(fd, 1, MSG_TRUNC);
	take(fd, 1, MSG_WAITALL);
	take(fd, 1, MSG_DONTWAIT);
	take(fd, 1, MSG_OOB);
	take(fd, 1, MSG_ERRQUEUE);
	CALL(recvfrom(fd, buffer, 1, 0, &address.any, &size));
	say("  address of %u bytes", size);
	CALL(recvmsg(fd, &message, 0));
	say("  flags %#x", message.msg_flags);
	CALL(recvmmsg(fd, messages, 2, MSG_DONTWAIT, NULL));
	CALL(splice(fd, NULL, ends[1], NULL, 4, SPLICE_F_NONBLOCK));
	close(ends[0]);
	close(ends[1]);
}

static void others(int fd)
{
	CALL(lseek(fd, 0, SEEK_SET));
	CALL(ftruncate(fd, 0));
	CALL(fsync(fd));
	say("mmap: %s", mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) ==
	    MAP_FAILED ? error_name(errno) : "a page");
	CALL(pread(fd, buffer, 1, 0));
	CALL(ioctl_int(fd, FIONREAD));
	CALL(ioctl_int(fd, SIOCOUTQ));
	CALL(ioctl_int(fd, SIOCOUTQNSD));
	CALL(ioctl_int(fd, SIOCATMARK));
	CALL(ioctl_int(fd, 0x7777));
	CALL(ioctl(fd, FIONREAD, NULL));
	CALL(ioctl(fd, SIOCOUTQ, NULL));
}

void program(void)
{
	int fd = tcp(SOCK_NONBLOCK);

	say("before");
	sends(fd);
	receives(fd);
	others(fd);
	show(fd);

	say("during");
	CALL(connect_to(fd, 0));
	sends(fd);
	far("arrived");
	sends(fd);
	receives(fd);
	others(fd);
	show(fd);
	show_error(fd);

	say("after");
	far("grant");
	CALL(connect_to(fd, 0));
	receives(fd);
	sends(fd);
	wait_acked(fd);
	/* Up to the urgent byte, and what is behind it. */
	far("pending");
	far("pending");
	far("send 0123456789012345678901234567890123456789");
	receives(fd);
	wait_acked(fd);
	others(fd);
	show(fd);
	CALL(close(fd));
}
