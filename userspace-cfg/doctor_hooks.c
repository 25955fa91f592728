// SPDX-License-Identifier: GPL-2.0-only
/*
 * Are the kernel's functions hooked, and by whom else? ftrace lists them so:
 *
 *	inet_stream_connect (1) R I   tramp: 0x... (socks_hook_connect+0x0/0x50 [socks]) ->...
 *
 * with the number of users in parentheses, and letters: I where one of them may
 * change where the function returns to, D where something calls it directly, as
 * BPF trampolines do.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "doctor.h"

/* Those in kmod/hook.c. */
static const char *const functions[] = {
	"tcp_disconnect", "tcp_set_ulp", "inet_listen", "inet_getname",
	"inet6_getname", "tcp_v4_connect", "inet_stream_connect",
};

static const char *const lists[] = {
	"/sys/kernel/tracing/enabled_functions",
	"/sys/kernel/debug/tracing/enabled_functions",
};

/**
 * struct hook - What ftrace says of a function.
 * @listed: It has users.
 * @users: How many.
 * @redirected: One of them may change where it returns to.
 * @direct: Something calls it directly.
 * @stranger: Its only user is not this module.
 */
struct hook {
	bool listed;
	unsigned long users;
	bool redirected;
	bool direct;
	bool stranger;
};

static void read_hook(const char *line, struct hook *hook)
{
	const char *at = strchr(line, '(');
	const char *end = strpbrk(line, "\t");
	char *rest;

	if (!at)
		return;
	hook->listed = true;
	hook->users = strtoul(at + 1, &rest, 10);
	/* The letters stand before what the trampoline is. */
	for (at = rest; *at && *at != '\n' && at != end &&
	     strncmp(at, "->", 2); at++) {
		hook->redirected |= *at == 'I';
		hook->direct |= *at == 'D';
	}
	hook->stranger = hook->users == 1 && strstr(line, "tramp:") &&
			 !strstr(line, "[socks]");
}

static bool read_hooks(struct hook *hooks)
{
	FILE *file = NULL;
	char line[1024];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lists) && !file; i++)
		file = fopen(lists[i], "re");
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		size_t length = strcspn(line, " ");

		for (i = 0; i < ARRAY_SIZE(functions); i++)
			if (length == strlen(functions[i]) &&
			    !strncmp(line, functions[i], length))
				read_hook(line, &hooks[i]);
	}
	fclose(file);
	return true;
}

/* Return true where this one is as it should be, and nobody else uses it. */
static bool judge(struct doctor *doctor, const char *function,
		  const struct hook *hook)
{
	if (!hook->listed || !hook->redirected || hook->stranger) {
		found(doctor, FINDING_PROBLEM, "hooks",
		      "%s() is not hooked by this module%s: load it anew", function,
		      hook->stranger ? ", but by something else" : "");
		return false;
	}
	if (hook->users == 1 && !hook->direct)
		return true;
	found(doctor, FINDING_OK, "hooks",
	      "%s() has other users as well, which do no harm: %lu of ftrace in all%s",
	      function, hook->users,
	      hook->direct ? ", of them a direct call, as of a BPF program" : "");
	return false;
}

/**
 * doctor_hooks() - Look at the hooked functions.
 * @doctor: The examination.
 */
void doctor_hooks(struct doctor *doctor)
{
	struct hook hooks[ARRAY_SIZE(functions)] = { { .listed = false } };
	size_t i, alone = 0, missing = 0;

	if (!read_hooks(hooks)) {
		found(doctor, FINDING_WARNING, "hooks",
		      "they can't be seen: it takes root, and tracefs on /sys/kernel/tracing");
		return;
	}
	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		/* A kernel may be without IPv6. */
		if (!hooks[i].listed && !strcmp(functions[i], "inet6_getname"))
			missing++;
		else if (judge(doctor, functions[i], &hooks[i]))
			alone++;
	}
	if (alone + missing == ARRAY_SIZE(functions))
		found(doctor, FINDING_OK, "hooks",
		      "all %zu functions are hooked, and nobody else uses them",
		      alone);
}
