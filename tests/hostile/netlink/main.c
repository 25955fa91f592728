// SPDX-License-Identifier: GPL-2.0-only
/*
 * netlink SEED COUNT
 *
 * COUNT messages or so to the module, by those who may change its
 * configuration and those who may not: in a network namespace of the initial
 * user namespace, in one of a user namespace's own, and many at once. Needs the
 * cgroups /hostile and /hostile/inner.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "part.h"

#define SHOWN_MAX	20

struct totals *totals;
uint64_t seed;

void wrong(const char *who, uint64_t number, const struct message *message,
	   const char *format, ...)
{
	char text[2000];
	va_list arguments;
	int at, i;

	if (__atomic_fetch_add(&totals->mistakes, 1, __ATOMIC_RELAXED) >=
	    SHOWN_MAX)
		return;
	at = snprintf(text, sizeof(text),
		      "FAIL seed %" PRIu64 ", %s, message %" PRIu64 ": ",
		      seed, who, number);
	va_start(arguments, format);
	at += vsnprintf(text + at, 500, format, arguments);
	va_end(arguments);
	if (message) {
		at += snprintf(text + at, 100, "\n    ");
		for (i = 0; i < (int)message->header.nlmsg_len && i < 300; i++)
			at += snprintf(text + at, 10, "%02x%s",
				       message->bytes[i],
				       i % 4 == 3 ? " " : "");
	}
	printf("%s\n", text);
	fflush(stdout);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		perror(path);
		exit(2);
	}
	close(fd);
}

/* A user namespace whose ids are others than those outside, all the same. */
static void enter_user_namespace(void)
{
	int ready[2], done[2], status;
	pid_t child, parent = getpid();
	char path[64], byte = 0;

	if (pipe(ready) || pipe(done))
		exit(2);
	child = fork();
	if (!child) {
		/* Who has the rights to write the maps stays outside. */
		if (read(ready[0], &byte, 1) != 1)
			exit(2);
		snprintf(path, sizeof(path), "/proc/%d/uid_map", parent);
		write_file(path, "0 100000 2000");
		snprintf(path, sizeof(path), "/proc/%d/gid_map", parent);
		write_file(path, "0 100000 2000");
		exit(0);
	}
	if (unshare(CLONE_NEWUSER) || write(ready[1], &byte, 1) != 1 ||
	    waitpid(child, &status, 0) != child || status ||
	    setresgid(0, 0, 0) || setresuid(0, 0, 0)) {
		perror("user namespace");
		exit(2);
	}
}

/* An owner and all kinds of strangers, in a network namespace. */
static void world(const char *name, bool user_namespace, uint64_t stream,
		  uint64_t messages)
{
	pid_t pids[N_STRANGERS];
	int i, status;

	if (user_namespace)
		enter_user_namespace();
	if (unshare(CLONE_NEWNET)) {
		perror("network namespace");
		exit(2);
	}
	for (i = 0; i < N_STRANGERS; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			stranger(name, stream + 1 + i, i);
			exit(0);
		}
	}
	owner(name, stream, messages);
	__atomic_store_n(&totals->over, true, __ATOMIC_RELAXED);
	for (i = 0; i < N_STRANGERS; i++)
		if (waitpid(pids[i], &status, 0) != pids[i] || status)
			wrong(name, i, NULL, "a stranger ends with %#x", status);
	exit(0);
}

/* Run a world, or the chaos, as a process. */
static void run(const char *name, int which, uint64_t messages)
{
	uint64_t stream = which * 100;
	pid_t child;
	int status;

	totals->over = false;
	totals->owners = 0;
	child = fork();
	if (!child) {
		if (which < 2)
			world(name, which, stream, messages);
		if (unshare(CLONE_NEWNET))
			exit(2);
		chaos(stream, messages);
		exit(0);
	}
	if (waitpid(child, &status, 0) != child || status)
		wrong(name, 0, NULL, "it ends with %#x", status);
	printf("%s: %" PRIu64 " messages so far, %" PRIu64 " mistakes\n", name,
	       totals->messages, totals->mistakes);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	uint64_t messages;
	int i;

	if (argc < 3)
		return 2;
	seed = strtoull(argv[1], NULL, 10);
	messages = strtoull(argv[2], NULL, 10);
	totals = mmap(NULL, sizeof(*totals), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (totals == MAP_FAILED)
		return 2;
	netlink_find_family();

	/* Of a world's messages, the strangers send most. */
	run("initial user namespace", 0, messages / 28);
	run("own user namespace", 1, messages / 28);
	run("chaos", 2, messages / 14);

	printf("messages %" PRIu64 " mistakes %" PRIu64 " commits %" PRIu64
	       " dumps %" PRIu64 " interrupted %" PRIu64 " denied %" PRIu64
	       " chaos %" PRIu64, totals->messages, totals->mistakes,
	       totals->commits, totals->dumps, totals->interrupted,
	       totals->denied, totals->chaos);
	for (i = 1; i <= SOCKS_CMD_MAX; i++)
		printf(" taken%d %" PRIu64 " refused%d %" PRIu64, i,
		       totals->taken[i], i, totals->refused[i]);
	printf("\n");
	return totals->mistakes != 0;
}
