// SPDX-License-Identifier: GPL-2.0-only
/*
 * The client of the measurements. Each mode prints one line of figures.
 *
 *	client connect hand|plain SERVER DESTINATION COUNT
 *		make COUNT blocking connections, one after another. plain:
 *		connect() to DESTINATION. hand: connect() to SERVER and speak
 *		SOCKS4. Prints nanoseconds of time and of the thread's CPU time,
 *		voluntary context switches, all of them for one connection.
 *	client hold hand|plain SERVER DESTINATION COUNT
 *		make COUNT connections, print a line, keep them until standard
 *		input ends.
 *	client flood plain SERVER DESTINATION COUNT
 *		like hold, but do not wait for the connections
 *	client read|write hand|plain SERVER DESTINATION MEGABYTES
 *		transfer on one connection; prints bytes per second.
 *
 * SERVER and DESTINATION are ADDRESS:PORT.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in parse(const char *text)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	char host[32];
	int port;

	if (sscanf(text, "%31[0-9.]:%d", host, &port) != 2 ||
	    inet_pton(AF_INET, host, &addr.sin_addr) != 1)
		errx(2, "%s: not ADDRESS:PORT", text);
	addr.sin_port = htons(port);
	return addr;
}

static unsigned long long now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static bool by_hand;
static struct sockaddr_in server, destination;

static int new_socket(int flags)
{
	int fd = socket(AF_INET, SOCK_STREAM | flags, 0);

	if (fd < 0)
		err(1, "socket");
	return fd;
}

static void open_connection(int fd)
{
	unsigned char message[9] = { 4, 1 };

	if (!by_hand) {
		if (connect(fd, (void *)&destination, sizeof(destination)))
			err(1, "connect");
		return;
	}
	if (connect(fd, (void *)&server, sizeof(server)))
		err(1, "connect to the server");
	memcpy(message + 2, &destination.sin_port, 2);
	memcpy(message + 4, &destination.sin_addr, 4);
	if (write(fd, message, 9) != 9 ||
	    recv(fd, message, 8, MSG_WAITALL) != 8 || message[1] != 90)
		err(1, "SOCKS4");
}

static long switches(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw;
}

static void measure_connect(int count)
{
	struct linger linger = { .l_onoff = 1 };
	unsigned long long time = 0, cpu = 0, t, c;
	long sleeps = 0, s;
	int i, fd;

	for (i = 0; i < count; i++) {
		fd = new_socket(0);
		s = switches();
		c = now(CLOCK_THREAD_CPUTIME_ID);
		t = now(CLOCK_MONOTONIC);
		open_connection(fd);
		time += now(CLOCK_MONOTONIC) - t;
		cpu += now(CLOCK_THREAD_CPUTIME_ID) - c;
		sleeps += switches() - s;
		/* No TIME_WAIT: ports would run out. */
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
		close(fd);
	}
	printf("%llu %llu %.3f\n", time / count, cpu / count,
	       (double)sleeps / count);
}

static void hold(int count, bool wait)
{
	char byte;
	int i, fd;

	for (i = 0; i < count; i++) {
		fd = new_socket(wait ? 0 : SOCK_NONBLOCK);
		if (wait)
			open_connection(fd);
		else if (connect(fd, (void *)&destination,
				 sizeof(destination)) && errno != EINPROGRESS)
			err(1, "connect");
	}
	printf("%d\n", count);
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
}

static void transfer(bool writing, long long bytes)
{
	static char data[1 << 16];
	long long left = bytes;
	unsigned long long t;
	int fd = new_socket(0);

	open_connection(fd);
	t = now(CLOCK_MONOTONIC);
	while (left > 0) {
		ssize_t n = writing ? write(fd, data, sizeof(data)) :
				      read(fd, data, sizeof(data));

		if (n <= 0)
			err(1, "transfer");
		left -= n;
	}
	printf("%.0f\n", bytes * 1e9 / (now(CLOCK_MONOTONIC) - t));
}

int main(int argc, char **argv)
{
	int count;

	if (argc != 6)
		errx(2, "usage: client MODE hand|plain SERVER DESTINATION COUNT");
	by_hand = !strcmp(argv[2], "hand");
	server = parse(argv[3]);
	destination = parse(argv[4]);
	count = atoi(argv[5]);

	if (!strcmp(argv[1], "connect"))
		measure_connect(count);
	else if (!strcmp(argv[1], "hold"))
		hold(count, true);
	else if (!strcmp(argv[1], "flood"))
		hold(count, false);
	else if (!strcmp(argv[1], "read") || !strcmp(argv[1], "write"))
		transfer(*argv[1] == 'w', count * 1000000LL);
	else
		errx(2, "%s: no such mode", argv[1]);
	return 0;
}
