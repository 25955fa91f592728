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
 * @HELP_LIMIT: "limit".
 * @HELP_APPLY: "apply".
 * @HELP_SAVE: "save".
 * @HELP_FLUSH: "flush".
 * @HELP_CHECK: "check".
 * @HELP_IMPORT: "import".
 * @HELP_PROBE: "probe".
 * @HELP_DOCTOR: "doctor".
 * @HELP_TOP: "top".
 * @HELP_ABORT: "abort".
 * @HELP_MONITOR: "monitor".
 * @HELP_COUNT: How many there are.
 */
enum help {
	HELP_ALL,
	HELP_SERVER,
	HELP_RULE,
	HELP_SHOW,
	HELP_LOOKUP,
	HELP_LIMIT,
	HELP_APPLY,
	HELP_SAVE,
	HELP_FLUSH,
	HELP_CHECK,
	HELP_IMPORT,
	HELP_PROBE,
	HELP_DOCTOR,
	HELP_TOP,
	HELP_ABORT,
	HELP_MONITOR,
	HELP_COUNT,
};

void print_help(enum help about);

#endif
