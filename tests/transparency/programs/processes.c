// SPDX-License-Identifier: GPL-2.0-only
/* A socket that connects, in other processes: fork(), SCM_RIGHTS, pidfd_getfd(). */
#include "observe.h"

#include <sys/uio.h>
#include <sys/wait.h>

/* Run in a child, which gets to know its parent's end of a channel. */
static int child(void (*function)(int fd, int channel), int fd, int *channel)
{
	int ends[2], pid;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	pid = MUST(fork());
	if (!pid) {
		close(ends[0]);
		function(fd, ends[1]);
		exit(0);
	}
	close(ends[1]);
	*channel = ends[0];
	return pid;
}

static void ended(int pid, int channel)
{
	int status;

	/* One of them waits for this. */
	close(channel);
	MUST(waitpid(pid, &status, 0));
	say("child: status %#x", status);
}

static void receive_fd(int channel, int *fd)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};

	MUST(recvmsg(channel, &message, 0));
	memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(*fd));
}

static void send_fd(int channel, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec part = { "x", 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	MUST(sendmsg(channel, &message, 0));
}

static void waits(int fd, int channel)
{
	int number = gettid(), result, error;

	MUST(write(channel, &number, sizeof(number)));
	errno = 0;
	result = connect_to(fd, 0);
	error = errno;
	/* Only one of them is to write at a time. */
	MUST(read(channel, &number, sizeof(number)));
	errno = error;
	report("connect", result);
	show(fd);
}

static void takes(int fd, int channel)
{
	receive_fd(channel, &fd);
	show(fd);
	far_when_blocked("2:grant hello");
	take(fd, 5, 0);
	show(fd);
	CALL(send(fd, "abc", 3, 0));
}

static void holds(int fd, int channel)
{
	int number;

	/* Until the parent has what it wants. */
	MUST(read(channel, &number, sizeof(number)));
}

static void connects(int fd, int channel)
{
	fd = tcp(SOCK_NONBLOCK);
	CALL(connect_to(fd, 3));
	MUST(write(channel, &fd, sizeof(fd)));
	holds(fd, channel);
}

void program(void)
{
	int channel, ends[2], number, pid, pidfd, fd;

	/* A child waits for what its parent has begun, and goes on with it. */
	fd = connecting(0);
	MUST(nonblocking(fd, false));
	pid = child(waits, fd, &channel);
	MUST(read(channel, &number, sizeof(number)));
	far("blocked %d", number);
	CALL(close(fd));
	far("grant");
	MUST(write(channel, &number, sizeof(number)));
	ended(pid, channel);
	far("end");

	/* The child goes, the parent goes on. */
	fd = connecting(1);
	pid = child(holds, fd, &channel);
	ended(pid, channel);
	show(fd);
	far("1:grant");
	CALL(connect_to(fd, 1));
	exchange(fd, 1);
	CALL(close(fd));

	/* Passed on while it connects. */
	fd = connecting(2);
	MUST(nonblocking(fd, false));
	pid = child(takes, -1, &channel);
	send_fd(channel, fd);
	MUST(close(fd));
	ended(pid, channel);
	far("2:end");

	/* In flight when the channel goes: nobody has it any more. */
	far("1:again");
	fd = connecting(1);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	send_fd(ends[0], fd);
	CALL(close(fd));
	CALL(close(ends[0]));
	CALL(close(ends[1]));

	/* Taken from another process. */
	pid = child(connects, -1, &channel);
	MUST(read(channel, &number, sizeof(number)));
	far("3:arrived");
	pidfd = MUST(syscall(SYS_pidfd_open, pid, 0));
	fd = MUST(syscall(SYS_pidfd_getfd, pidfd, number, 0));
	show(fd);
	CALL(connect_to(fd, 3));
	MUST(write(channel, &number, sizeof(number)));
	ended(pid, channel);
	show(fd);
	far("3:grant");
	CALL(connect_to(fd, 3));
	exchange(fd, 3);
	CALL(close(fd));
	CALL(close(pidfd));
}
