// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many who change the configuration of one network namespace at once, leave
 * transactions and dumps unfinished, and make namespaces which go with all that
 * is in them. What comes of it nobody can say; it has to be sound.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "draw.h"
#include "model.h"
#include "part.h"

#define SOCKETS		3
#define FORKS		4

static void talk(struct random *random, int fd)
{
	static struct message messages[BATCH_MAX];
	static struct answer answers[BATCH_MAX];
	unsigned int n = 1 + random_below(random, BATCH_MAX), i;

	for (i = 0; i < n; i++)
		draw_message(random, &messages[i], random_below(random, 2));
	netlink_talk(fd, messages, n, answers);
	for (i = 0; i < n; i++) {
		count(&totals->messages);
		count(&totals->chaos);
	}
}

static void empty(int fd)
{
	static struct message message;
	static struct answer answer;

	draw_step(&message, SOCKS_STEP_BEGIN, true);
	netlink_talk(fd, &message, 1, &answer);
	draw_step(&message, SOCKS_STEP_COMMIT, false);
	netlink_talk(fd, &message, 1, &answer);
}

/* A namespace of its own, which ends with a transaction open. */
static void pass_by(struct random *random)
{
	struct message message;
	struct answer answer;
	unsigned int i;
	int fd;

	if (unshare(CLONE_NEWNET))
		exit(2);
	fd = netlink_open();
	for (i = 0; i < 20; i++)
		talk(random, fd);
	draw_step(&message, SOCKS_STEP_BEGIN, false);
	netlink_talk(fd, &message, 1, &answer);
	for (i = 0; i < 5; i++)
		talk(random, fd);
	exit(0);
}

static void one(uint64_t stream, uint64_t messages)
{
	struct random random = random_for(seed, stream);
	uint64_t end = messages / BATCH_MAX * 2, i;
	static uint8_t bytes[1 << 16];
	int fds[SOCKETS], fd, n;

	for (n = 0; n < SOCKETS; n++)
		fds[n] = netlink_open();
	for (i = 0; i < end; i++) {
		n = random_below(&random, SOCKETS);
		fd = fds[n];
		talk(&random, fd);
		if (random_once_in(&random, 20)) {
			netlink_start_dump(fd, random_below(&random, 2) ?
					       SOCKS_CMD_RULE_GET :
					       SOCKS_CMD_SERVER_GET);
			if (random_below(&random, 2))
				netlink_go_on(fd, bytes, sizeof(bytes));
		}
		if (random_once_in(&random, 10)) {
			close(fd);
			fds[n] = netlink_open();
		}
		/* It must not grow for ever. */
		if (random_once_in(&random, 50))
			empty(fd);
		if (random_once_in(&random, 300) && !fork())
			pass_by(&random);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	while (wait(NULL) > 0)
		;
	exit(0);
}

void chaos(uint64_t stream, uint64_t messages)
{
	struct config *config = calloc(1, sizeof(*config));
	const char *why = "";
	bool interrupted;
	int status, fd, i;

	for (i = 0; i < FORKS; i++)
		if (!fork())
			one(stream + i, messages / FORKS);
	while (wait(&status) > 0)
		if (status)
			wrong("chaos", 0, NULL, "a process ends with %#x",
			      status);
	fd = netlink_open();
	if (!read_config(fd, config, &interrupted, &why) ||
	    !config_sound(config, &why))
		wrong("chaos", 0, NULL, "%s", why);
	empty(fd);
	if (!read_config(fd, config, &interrupted, &why) ||
	    config->n_rules || config->n_servers)
		wrong("chaos", 0, NULL, "it could not be emptied");
	close(fd);
	free(config);
}
