// SPDX-License-Identifier: GPL-2.0-only
/*
 * PROGRAM inet|mapped CONTROL PORT ADDRESS…
 *
 * CONTROL is a socket to whom runs this, and answers for the far end. PORT is
 * the first of the program's own ports; an ADDRESS is that of a target.
 */
#include "observe.h"

#include <pthread.h>
#include <stdarg.h>

#define TARGET_PORT	80
/* Of ip_local_port_range. */
#define EPHEMERAL	32768

int family;
unsigned int own_port;

static int control;
static const char *hosts[TARGETS];
static volatile sig_atomic_t caught[NSIG];

void die(const char *what)
{
	say("can't go on: %s: %s", what, error_name(errno));
	exit(1);
}

void say(const char *format, ...)
{
	char line[4096];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	printf("%s\n", line);
}

const char *error_name(int error)
{
	const char *name = error ? strerrorname_np(error) : "0";

	return name ? name : "an unknown errno";
}

long report(const char *call, long result)
{
	const char *error = result < 0 ? error_name(errno) : "";
	char signals[100] = "";
	int i;

	for (i = 1; i < NSIG; i++) {
		if (!caught[i])
			continue;
		caught[i] = 0;
		strcat(signals, " SIG");
		strcat(signals, sigabbrev_np(i) ? sigabbrev_np(i) : "RT");
	}
	say("%s = %ld%s%s%s", call, result, *error ? " " : "", error, signals);
	return result;
}

const char *events(unsigned int mask)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} names[] = {
		{ POLLIN, "IN" }, { POLLPRI, "PRI" }, { POLLOUT, "OUT" },
		{ POLLERR, "ERR" }, { POLLHUP, "HUP" }, { POLLNVAL, "NVAL" },
		{ POLLRDNORM, "RDNORM" }, { POLLRDBAND, "RDBAND" },
		{ POLLWRNORM, "WRNORM" }, { POLLWRBAND, "WRBAND" },
		{ POLLRDHUP, "RDHUP" },
	};
	static __thread char text[100];
	unsigned int i;

	*text = '\0';
	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!(mask & names[i].bit))
			continue;
		if (*text)
			strcat(text, "|");
		strcat(text, names[i].name);
	}
	return *text ? text : "nothing";
}

const char *quoted(const void *bytes, long size)
{
	static __thread char text[2048];
	const unsigned char *byte = bytes;
	char *end = text;
	long i;

	*end++ = '"';
	for (i = 0; i < size && end < text + sizeof(text) - 16; i++) {
		if (byte[i] >= ' ' && byte[i] < 127)
			*end++ = byte[i];
		else
			end += sprintf(end, "\\x%02x", byte[i]);
	}
	strcpy(end, i < size ? "\"..." : "\"");
	return text;
}

void wait_more(const char *what, long turns)
{
	errno = ETIMEDOUT;
	if (turns > DEADLINE * 1000)
		die(what);
	poll(NULL, 0, 1);
}

static void control_send(const char *format, va_list arguments,
			 const char *before)
{
	char line[1024];
	int length;

	length = sprintf(line, "%s", before);
	length += vsnprintf(line + length, sizeof(line) - length - 1, format,
			    arguments);
	line[length++] = '\n';
	if (write(control, line, length) != length)
		die("the far end");
}

void far(const char *command, ...)
{
	va_list arguments;
	char answer[2048];
	char asked[1024];
	long size = 0;

	va_start(arguments, command);
	vsnprintf(asked, sizeof(asked), command, arguments);
	va_end(arguments);
	va_start(arguments, command);
	control_send(command, arguments, "");
	va_end(arguments);
	do {
		long got = read(control, answer + size,
				sizeof(answer) - 1 - size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			die("the far end");
		size += got;
	} while (answer[size - 1] != '\n');
	answer[size - 1] = '\0';
	/* Numbers of threads are never the same. */
	if (!strncmp(asked, "blocked", 7) || !strncmp(asked, "signal", 6))
		*strchr(asked, ' ') = '\0';
	say("far: %s: %s", asked, answer);
}

void far_when_blocked(const char *command, ...)
{
	va_list arguments;
	char before[64];

	sprintf(before, "when %d ", gettid());
	va_start(arguments, command);
	control_send(command, arguments, before);
	va_end(arguments);
}

int tcp(int flags)
{
	return MUST(socket(family, SOCK_STREAM | flags, 0));
}

socklen_t make_address(const char *host, unsigned int port,
		       union address *address)
{
	struct in_addr in;

	if (!inet_aton(host, &in))
		die(host);
	memset(address, 0, sizeof(*address));
	if (family == AF_INET) {
		address->in.sin_family = AF_INET;
		address->in.sin_port = htons(port);
		address->in.sin_addr = in;
		return sizeof(address->in);
	}
	address->in6.sin6_family = AF_INET6;
	address->in6.sin6_port = htons(port);
	memset(address->in6.sin6_addr.s6_addr + 10, 0xff, 2);
	memcpy(address->in6.sin6_addr.s6_addr + 12, &in, 4);
	return sizeof(address->in6);
}

socklen_t target(int n, union address *address)
{
	return make_address(hosts[n], TARGET_PORT, address);
}

int connect_to(int fd, int n)
{
	union address address;
	socklen_t size = target(n, &address);

	return connect(fd, &address.any, size);
}

int unconnect(int fd)
{
	struct sockaddr address = { .sa_family = AF_UNSPEC };

	return connect(fd, &address, sizeof(address));
}

int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

int get(int fd, int level, int option)
{
	socklen_t size = sizeof(int);
	int value = 0;

	if (getsockopt(fd, level, option, &value, &size))
		return -1;
	return value;
}

int nonblocking(int fd, bool on)
{
	int flags = MUST(fcntl(fd, F_GETFL));

	return fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK :
		     flags & ~O_NONBLOCK);
}

int ioctl_int(int fd, unsigned long request)
{
	int value = -1;

	return ioctl(fd, request, &value) ? -1 : value;
}

int connecting(int n)
{
	int fd = tcp(SOCK_NONBLOCK);

	if (connect_to(fd, n) != -1 || errno != EINPROGRESS)
		die("connect");
	far("%d:arrived", n);
	return fd;
}

int connected(int n)
{
	int fd = connecting(n);

	far("%d:grant", n);
	MUST(connect_to(fd, n));
	MUST(nonblocking(fd, false));
	return fd;
}

void show_poll(int fd)
{
	struct pollfd one = { .fd = fd, .events = ~0 };

	MUST(poll(&one, 1, 0));
	say("  poll: %s", events(one.revents));
}

static void show_name(int fd, const char *what,
		      int (*name)(int, struct sockaddr *, socklen_t *))
{
	union address address;
	socklen_t size = sizeof(address);
	char text[INET6_ADDRSTRLEN] = "?";
	char number[16] = "";
	unsigned int port;

	memset(&address, 0, sizeof(address));
	if (name(fd, &address.any, &size)) {
		say("  %s: %s", what, error_name(errno));
		return;
	}
	/* Both have it at the same place. */
	port = ntohs(address.in.sin_port);
	if (address.any.sa_family == AF_INET)
		inet_ntop(AF_INET, &address.in.sin_addr, text, sizeof(text));
	else
		inet_ntop(AF_INET6, &address.in6.sin6_addr, text, sizeof(text));
	if (port >= own_port && port < own_port + 4)
		sprintf(number, "own+%u", port - own_port);
	else if (port >= EPHEMERAL)
		strcpy(number, "any");
	else
		sprintf(number, "%u", port);
	say("  %s: %s port %s, %u bytes", what, text, number, size);
}

void show_names(int fd)
{
	show_name(fd, "getsockname", getsockname);
	show_name(fd, "getpeername", getpeername);
}

static const char *tcp_state(int fd)
{
	static const char *const names[] = {
		"0", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1",
		"FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK",
		"LISTEN", "CLOSING",
	};
	struct tcp_info info = {};
	socklen_t size = sizeof(info);

	if (getsockopt(fd, SOL_TCP, TCP_INFO, &info, &size))
		return error_name(errno);
	return info.tcpi_state < 12 ? names[info.tcpi_state] : "unknown";
}

static void show_ioctl(int fd, const char *what, unsigned long request)
{
	bool closed = !strcmp(tcp_state(fd), "CLOSE");
	int value = ioctl_int(fd, request);

	if (value < 0)
		say("  %s: %s", what, error_name(errno));
	else
		say("  %s%s: %d", what, closed ? " when closed" : "", value);
}

void show(int fd)
{
	show_poll(fd);
	show_names(fd);
	say("  state: %s", tcp_state(fd));
	show_ioctl(fd, "FIONREAD", FIONREAD);
	show_ioctl(fd, "SIOCOUTQ", SIOCOUTQ);
	show_ioctl(fd, "SIOCOUTQNSD", SIOCOUTQNSD);
	show_ioctl(fd, "SIOCATMARK", SIOCATMARK);
	say("  SO_ACCEPTCONN: %d", get(fd, SOL_SOCKET, SO_ACCEPTCONN));
}

void show_error(int fd)
{
	int error = get(fd, SOL_SOCKET, SO_ERROR);

	say("  SO_ERROR: %s", error_name(error < 0 ? errno : error));
}

long take(int fd, size_t size, int flags)
{
	char buffer[1024];
	char text[64];
	long got;

	snprintf(text, sizeof(text), "recv %zu flags %#x", size, flags);
	errno = 0;
	got = report(text, recv(fd, buffer, size, flags));
	if (got > 0)
		say("  %s", quoted(buffer, got));
	return got;
}

void exchange(int fd, int n)
{
	CALL(send(fd, "there", 5, MSG_NOSIGNAL));
	far("%d:read 5", n);
	far("%d:send back", n);
	take(fd, 10, 0);
}

static bool has_events(int fd, unsigned int mask)
{
	struct pollfd one = { .fd = fd, .events = mask };

	return poll(&one, 1, 0) == 1 && (one.revents & mask) == mask;
}

void wait_events(int fd, unsigned int mask)
{
	UNTIL(has_events(fd, mask));
}

void wait_end(int fd)
{
	wait_events(fd, POLLHUP);
}

void wait_acked(int fd)
{
	UNTIL(ioctl_int(fd, SIOCOUTQ) == 0);
}

static void handler(int number)
{
	caught[number] = 1;
}

void catch(int number, bool restart)
{
	struct sigaction action = {
		.sa_handler = handler,
		.sa_flags = restart ? SA_RESTART : 0,
	};

	MUST(sigaction(number, &action, NULL));
}

void worker_start(struct worker *worker, void *(*function)(struct worker *),
		  int fd)
{
	pthread_t thread;

	worker->function = function;
	worker->fd = fd;
	worker->tid = 0;
	if (pthread_create(&thread, NULL, (void *(*)(void *))function, worker))
		die("pthread_create");
	worker->thread = thread;
}

void worker_begins(struct worker *worker)
{
	__atomic_store_n(&worker->tid, gettid(), __ATOMIC_RELEASE);
}

void worker_asleep(struct worker *worker)
{
	UNTIL(__atomic_load_n(&worker->tid, __ATOMIC_ACQUIRE));
	far("blocked %d", worker->tid);
}

void worker_done(struct worker *worker, long result)
{
	worker->error = errno;
	worker->result = result;
}

void worker_report(struct worker *worker, const char *what)
{
	if (pthread_join(worker->thread, NULL))
		die("pthread_join");
	errno = worker->error;
	report(what, worker->result);
}

int main(int argc, char **argv)
{
	int i;

	if (argc != 4 + TARGETS)
		return 2;
	family = strcmp(argv[1], "inet") ? AF_INET6 : AF_INET;
	control = atoi(argv[2]);
	own_port = atoi(argv[3]);
	for (i = 0; i < TARGETS; i++)
		hosts[i] = argv[4 + i];
	setvbuf(stdout, NULL, _IOLBF, 0);
	catch(SIGPIPE, true);
	program();
	return 0;
}
