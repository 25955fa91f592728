// SPDX-License-Identifier: GPL-2.0-only
/* Is this a kernel which the module can hook? */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <zlib.h>

#include "array.h"
#include "doctor.h"
#include "textfile.h"

/*
 * Where kernels keep how they were configured, %s being their release. What is
 * not compressed, zlib reads as it is.
 */
static const char *const config_paths[] = {
	"/boot/config-%s",
	"/proc/config.gz",
	"/lib/modules/%s/config",
	"/lib/modules/%s/build/.config",
};

enum option {
	OPTION_MODULES,
	OPTION_INET,
	OPTION_DYNAMIC_FTRACE,
	OPTION_WITH_REGS,
	OPTION_WITH_ARGS,
	OPTIONS,
};

static const char *const options[OPTIONS] = {
	[OPTION_MODULES] = "CONFIG_MODULES=y\n",
	[OPTION_INET] = "CONFIG_INET=y\n",
	[OPTION_DYNAMIC_FTRACE] = "CONFIG_DYNAMIC_FTRACE=y\n",
	[OPTION_WITH_REGS] = "CONFIG_DYNAMIC_FTRACE_WITH_REGS=y\n",
	[OPTION_WITH_ARGS] = "CONFIG_DYNAMIC_FTRACE_WITH_ARGS=y\n",
};

static gzFile open_config(const char *release, char *path, size_t size)
{
	gzFile file = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(config_paths) && !file; i++) {
		snprintf(path, size, config_paths[i], release);
		file = gzopen(path, "re");
	}
	return file;
}

/*
 * Which options are set; bits of enum option. False where the file can't be read
 * to its end.
 */
static bool read_options(gzFile file, unsigned int *set)
{
	char line[512];
	int i;

	*set = 0;
	while (gzgets(file, line, sizeof(line)))
		for (i = 0; i < OPTIONS; i++)
			if (!strcmp(line, options[i]))
				*set |= 1u << i;
	gzerror(file, &i);
	return i == Z_OK;
}

static void check_options(struct doctor *doctor, const char *release)
{
	unsigned int either = 1u << OPTION_WITH_REGS | 1u << OPTION_WITH_ARGS;
	unsigned int needed = ((1u << OPTIONS) - 1) & ~either;
	unsigned int set;
	char path[256];
	gzFile file;
	bool whole;
	int i;

	file = open_config(release, path, sizeof(path));
	if (!file) {
		found(doctor, FINDING_WARNING, "kernel",
		      "%s; how it is configured can't be told: there is neither /boot/config-%s nor /proc/config.gz",
		      release, release);
		return;
	}
	whole = read_options(file, &set);
	gzclose(file);
	if (!whole) {
		found(doctor, FINDING_WARNING, "kernel",
		      "%s; how it is configured can't be told: %s can't be read",
		      release, path);
		return;
	}
	for (i = 0; i < OPTIONS; i++)
		if (needed & ~set & 1u << i)
			found(doctor, FINDING_PROBLEM, "kernel",
			      "%s is without %.*s, which the module needs (%s)",
			      release, (int)strlen(options[i]) - 1, options[i],
			      path);
	if (!(set & either))
		found(doctor, FINDING_PROBLEM, "kernel",
		      "%s is without CONFIG_DYNAMIC_FTRACE_WITH_REGS and _WITH_ARGS, one of which the module needs (%s)",
		      release, path);
	else if (!(needed & ~set))
		found(doctor, FINDING_OK, "kernel", "%s has what is needed",
		      release);
}

static void check_ftrace(struct doctor *doctor)
{
	char enabled[16];

	if (!text_line("/proc/sys/kernel/ftrace_enabled", enabled,
		       sizeof(enabled)))
		found(doctor, FINDING_PROBLEM, "ftrace",
		      "there is no sysctl kernel.ftrace_enabled: this kernel has no ftrace");
	else if (!strcmp(enabled, "1"))
		found(doctor, FINDING_OK, "ftrace", "it is enabled");
	else
		found(doctor, FINDING_WARNING, "ftrace",
		      "sysctl kernel.ftrace_enabled is %s: the module can't be loaded then, while one that is loaded goes on: set it to 1",
		      enabled);
}

/**
 * doctor_kernel() - Look at the kernel.
 * @doctor: The examination.
 */
void doctor_kernel(struct doctor *doctor)
{
	struct utsname name;

	if (!uname(&name))
		check_options(doctor, name.release);
	check_ftrace(doctor);
}
