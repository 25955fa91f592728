/* SPDX-License-Identifier: GPL-2.0-only */
/* What can be said to socksctl. */
#ifndef SOCKSCTL_HELP_H
#define SOCKSCTL_HELP_H

/**
 * enum help - What help is about.
 * @HELP_ALL: Everything.
 * @HELP_SERVER: The commands about servers.
 * @HELP_RULE: The commands about rules.
 * @HELP_SHOW: "show".
 * @HELP_LOOKUP: "lookup".
 * @HELP_APPLY: "apply".
 * @HELP_SAVE: "save".
 * @HELP_FLUSH: "flush".
 */
enum help {
	HELP_ALL,
	HELP_SERVER,
	HELP_RULE,
	HELP_SHOW,
	HELP_LOOKUP,
	HELP_APPLY,
	HELP_SAVE,
	HELP_FLUSH,
};

void print_help(enum help about);

#endif
