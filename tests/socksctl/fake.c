// SPDX-License-Identifier: GPL-2.0-only
/*
 * The netlink socket of libmnl, for tests: what socksctl sends goes to a Unix
 * socket, on which model.py plays the kernel. Linked with socksctl's objects,
 * these functions take the place of the library's.
 *
 * To the model: 'N' and the network namespace's path, when the socket is
 * opened; 'O' and the number of an option which is set; 'G' and the number of a
 * group which is joined; 'D', the size of the receive buffer (32 bits) and a
 * datagram. From it: 'D' and a datagram, or 'E'
 * and an errno (32 bits) with which receiving fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>
#include <zlib.h>

/* What netlink_sendmsg() takes with the system's default send buffer. */
#define SEND_MAX	(212992 - 32)

struct mnl_socket {
	int fd;
};

static char netns[PATH_MAX];

/*
 * Allocations: the one whose number is in TEST_FAIL fails, and all after it.
 * The linker sends what socksctl's objects call here.
 */
static bool fails(void)
{
	static long count, limit = -1;

	if (limit < 0)
		limit = getenv("TEST_FAIL") ? atol(getenv("TEST_FAIL")) : 0;
	if (!limit || ++count < limit)
		return false;
	errno = ENOMEM;
	return true;
}

#define WRAP(result, name, failure, parameters, arguments) \
	result __real_##name parameters; \
	result __wrap_##name parameters; \
	result __wrap_##name parameters \
	{ \
		return fails() ? failure : __real_##name arguments; \
	}

WRAP(void *, malloc, NULL, (size_t size), (size))
WRAP(void *, calloc, NULL, (size_t count, size_t size), (count, size))
WRAP(void *, realloc, NULL, (void *data, size_t size), (data, size))
WRAP(void *, reallocarray, NULL, (void *data, size_t count, size_t size),
     (data, count, size))
WRAP(char *, strdup, NULL, (const char *text), (text))
WRAP(ssize_t, getline, -1, (char **line, size_t *size, FILE *in),
     (line, size, in))
WRAP(json_t *, json_object, NULL, (void), ())
WRAP(json_t *, json_array, NULL, (void), ())
WRAP(json_t *, json_string, NULL, (const char *text), (text))
WRAP(json_t *, json_stringn, NULL, (const char *text, size_t length),
     (text, length))
WRAP(json_t *, json_integer, NULL, (json_int_t number), (number))
WRAP(char *, json_dumps, NULL, (const json_t *value, size_t flags),
     (value, flags))

int __wrap_asprintf(char **text, const char *format, ...);
int __wrap_asprintf(char **text, const char *format, ...)
{
	va_list arguments;
	int length;

	if (fails())
		return -1;
	va_start(arguments, format);
	length = vasprintf(text, format, arguments);
	va_end(arguments);
	return length;
}

/*
 * Files of the kernel: those below TEST_ROOT take their place, where it is set.
 */
static const char *in_test_root(const char *path, char other[PATH_MAX])
{
	const char *root = getenv("TEST_ROOT");

	if (!root || *path != '/' || !strncmp(path, root, strlen(root)))
		return path;
	snprintf(other, PATH_MAX, "%s%s", root, path);
	return other;
}

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode)
{
	char other[PATH_MAX];

	return __real_fopen(in_test_root(path, other), mode);
}


gzFile __real_gzopen(const char *path, const char *mode);
gzFile __wrap_gzopen(const char *path, const char *mode);
gzFile __wrap_gzopen(const char *path, const char *mode)
{
	char other[PATH_MAX];

	return __real_gzopen(in_test_root(path, other), mode);
}

/* Entering a namespace: only its name is noted, or TEST_SETNS is the errno. */
int setns(int fd, int type)
{
	const char *error = getenv("TEST_SETNS");
	char path[64];
	ssize_t length;

	if (error) {
		errno = atoi(error);
		return -1;
	}

	if (type != 0x40000000) {
		errno = EINVAL;
		return -1;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = readlink(path, netns, sizeof(netns) - 1);
	if (length < 0)
		return -1;
	netns[length] = '\0';
	return 0;
}

/* As in a user namespace of one's own, where TEST_NO_FORCE is set. */
int setsockopt(int fd, int level, int name, const void *value,
	       socklen_t length)
{
	if (level == SOL_SOCKET && name == SO_RCVBUFFORCE &&
	    getenv("TEST_NO_FORCE")) {
		errno = EPERM;
		return -1;
	}
	return syscall(SYS_setsockopt, fd, level, name, value, length);
}

static int tell(int fd, char what, const void *data, size_t length)
{
	struct iovec parts[] = {
		{ &what, 1 },
		{ (void *)data, length },
	};

	return writev(fd, parts, 2) < 0 ? -1 : 0;
}

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct mnl_socket *nl = __real_malloc(sizeof(*nl));

	if (!(flags & SOCK_CLOEXEC) || !nl)
		abort();
	/* The model has no other parts of the kernel. */
	if (bus != NETLINK_GENERIC) {
		free(nl);
		errno = EPROTONOSUPPORT;
		return NULL;
	}
	snprintf(address.sun_path, sizeof(address.sun_path), "%s",
		 getenv("TEST_KERNEL"));
	nl->fd = socket(AF_UNIX, SOCK_SEQPACKET | flags, 0);
	if (connect(nl->fd, (void *)&address, sizeof(address)) < 0 ||
	    tell(nl->fd, 'N', netns, strlen(netns)) < 0) {
		perror("fake.c");
		abort();
	}
	return nl;
}

int mnl_socket_bind(struct mnl_socket *nl, unsigned int groups, pid_t pid)
{
	(void)nl;
	return groups || pid != MNL_SOCKET_AUTOPID ? -1 : 0;
}

int mnl_socket_close(struct mnl_socket *nl)
{
	int result = close(nl->fd);

	free(nl);
	return result;
}

int mnl_socket_get_fd(const struct mnl_socket *nl)
{
	return nl->fd;
}

int mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *value,
			  socklen_t length)
{
	if (length != sizeof(int))
		abort();
	if (type == NETLINK_ADD_MEMBERSHIP) {
		if (!getenv("TEST_NO_JOIN"))
			return tell(nl->fd, 'G', value, length);
		errno = EPERM;
		return -1;
	}
	if (*(int *)value != 1)
		abort();
	return tell(nl->fd, 'O', &type, sizeof(type));
}

ssize_t mnl_socket_sendto(const struct mnl_socket *nl, const void *data,
			  size_t length)
{
	uint32_t buffer = 0;
	socklen_t size = sizeof(buffer);
	char *packet;
	int result;

	if (length > SEND_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	getsockopt(nl->fd, SOL_SOCKET, SO_RCVBUF, &buffer, &size);
	packet = __real_malloc(sizeof(buffer) + length);
	if (!packet)
		abort();
	memcpy(packet, &buffer, sizeof(buffer));
	memcpy(packet + sizeof(buffer), data, length);
	result = tell(nl->fd, 'D', packet, sizeof(buffer) + length);
	free(packet);
	return result < 0 ? -1 : (ssize_t)length;
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *nl, void *data,
			    size_t length)
{
	char what = 'D';
	struct iovec parts[] = {
		{ &what, 1 },
		{ data, length },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t got = recvmsg(nl->fd, &message, 0);

	if (got <= 0)
		return got;
	if (message.msg_flags & MSG_TRUNC) {
		errno = ENOSPC;
		return -1;
	}
	if (what == 'E') {
		errno = *(int32_t *)data;
		return -1;
	}
	return got - 1;
}
