// SPDX-License-Identifier: GPL-2.0-only
/* What can be said to socksctl. */
#include <stdio.h>

#include "help.h"

#define FILTER_HELP \
	"    FILTER: [via SERVER] [to PREFIX|ADDRESS|any] [port A[-B]] [uid A[-B]|USER]\n" \
	"            [pid N] [program NAME] [state connecting|listening|established]\n"

static const char *const texts[] = {
	[HELP_SERVER] =
		"socksctl server add NAME ADDRESS[:PORT] [userid none|uid|[string] STRING]\n"
		"                    [timeout SECONDS] [accept-timeout SECONDS]\n"
		"                    [local auto] [retry SECONDS]\n"
		"socksctl server del NAME\n"
		"socksctl server [show [NAME]]\n",
	[HELP_RULE] =
		"socksctl rule add [index N] [to PREFIX|ADDRESS|any] [port A[-B]]\n"
		"                  [uid A[-B]|USER] [gid A[-B]|GROUP] [cgroup PATH]\n"
		"                  {via SERVER [rbind auto] | direct | reject}\n"
		"                  SERVER: NAME or NAME,NAME... or balance NAME,NAME...\n"
		"socksctl rule del N\n"
		"socksctl rule [show]\n",
	[HELP_SHOW] =
		"socksctl show\n"
		"socksctl show connections [FILTER]\n"
		FILTER_HELP,
	[HELP_LOOKUP] =
		"socksctl lookup ADDRESS:PORT [uid UID|USER] [gid GID|GROUP] [cgroup PATH]\n",
	[HELP_LIMIT] =
		"socksctl limit [rbind N] [rbind-per-user N]\n",
	[HELP_APPLY] =
		"socksctl apply [--confirm SECONDS] FILE...\n",
	[HELP_SAVE] =
		"socksctl save\n",
	[HELP_FLUSH] =
		"socksctl flush\n",
	[HELP_CHECK] =
		"socksctl check FILE...\n",
	[HELP_IMPORT] =
		"socksctl import tsocks|proxychains|redsocks|dante|socks.conf FILE\n",
	[HELP_PROBE] =
		"socksctl probe SERVER|ADDRESS:PORT [ADDRESS:PORT]\n",
	[HELP_DOCTOR] =
		"socksctl doctor [connect]\n",
	[HELP_TOP] =
		"socksctl top [interval SECONDS]\n",
	[HELP_ABORT] =
		"socksctl abort all|FILTER\n"
		FILTER_HELP,
	[HELP_MONITOR] =
		"socksctl monitor [FILTER]\n"
		FILTER_HELP,
};

/**
 * print_help() - Print what can be said to socksctl.
 * @about: What about.
 */
void print_help(enum help about)
{
	int i;

	if (about != HELP_ALL) {
		fputs(texts[about], stdout);
		return;
	}
	for (i = HELP_ALL + 1; i < HELP_COUNT; i++)
		fputs(texts[i], stdout);
	fputs("socksctl [OPTIONS] -batch FILE\n"
	      "OPTIONS: -json -pretty -netns NAME|PATH -batch FILE -force -Version -help\n"
	      "See socksctl(8).\n", stdout);
}
