// SPDX-License-Identifier: GPL-2.0-only
/* Is the module loaded, and is it the one that belongs to this tool? */
#include <stdio.h>
#include <string.h>

#include "doctor.h"
#include "textfile.h"
#include "version.h"

#define MODULE	"/sys/module/socks"

/**
 * doctor_module() - Look at the module.
 * @doctor: The examination; afterwards it has the configuration.
 */
void doctor_module(struct doctor *doctor)
{
	char version[64], source[64];

	if (!text_line(MODULE "/refcnt", source, sizeof(source))) {
		found(doctor, FINDING_PROBLEM, "module",
		      "socks is not loaded, so every connection is direct: try 'modprobe socks'");
		return;
	}
	if (!text_line(MODULE "/srcversion", source, sizeof(source)))
		snprintf(source, sizeof(source), "unknown");
	if (!text_line(MODULE "/version", version, sizeof(version)))
		found(doctor, FINDING_WARNING, "module",
		      "it has no version; socksctl is " VERSION);
	else if (strcmp(version, VERSION))
		found(doctor, FINDING_WARNING, "module",
		      "it is version %s, and socksctl %s: install both from the same source, then load the module anew",
		      version, VERSION);
	else
		found(doctor, FINDING_OK, "module",
		      "version %s, as socksctl; source %s", version, source);

	if (config_get(doctor->session, &doctor->place, &doctor->config)) {
		found(doctor, FINDING_PROBLEM, "configuration",
		      "it can't be read, see the error message");
		return;
	}
	doctor->loaded = true;
	found(doctor, FINDING_OK, "configuration", "%zu servers, %zu rules",
	      doctor->config.servers.count, doctor->config.rules.count);
}
