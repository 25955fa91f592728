// SPDX-License-Identifier: GPL-2.0-only
/* What can be said to socksctl. */
#include <stdio.h>

#include "help.h"

static const char *const texts[] = {
	[HELP_SERVER] =
		"socksctl server add NAME ADDRESS[:PORT] [userid none|uid|[string] STRING]\n"
		"                    [timeout SECONDS]\n"
		"socksctl server del NAME\n"
		"socksctl server [show [NAME]]\n",
	[HELP_RULE] =
		"socksctl rule add [index N] [to PREFIX|ADDRESS|any] [port A[-B]]\n"
		"                  [uid A[-B]|USER] [gid A[-B]|GROUP] [cgroup PATH]\n"
		"                  {via SERVER | direct | reject}\n"
		"socksctl rule del N\n"
		"socksctl rule [show]\n",
	[HELP_SHOW] =
		"socksctl show\n",
	[HELP_LOOKUP] =
		"socksctl lookup ADDRESS:PORT [uid UID|USER] [gid GID|GROUP] [cgroup PATH]\n",
	[HELP_APPLY] =
		"socksctl apply FILE\n",
	[HELP_SAVE] =
		"socksctl save\n",
	[HELP_FLUSH] =
		"socksctl flush\n",
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
	for (i = HELP_ALL + 1; i <= HELP_FLUSH; i++)
		fputs(texts[i], stdout);
	fputs("socksctl [OPTIONS] -batch FILE\n"
	      "OPTIONS: -json -pretty -netns NAME|PATH -batch FILE -force -Version -help\n"
	      "See socksctl(8).\n", stdout);
}
