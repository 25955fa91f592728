// SPDX-License-Identifier: GPL-2.0-only
/* Network namespaces. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netns.h"
#include "quote.h"

/**
 * netns_enter() - Enter a network namespace.
 * @place: Where the command stands that needs it.
 * @netns: The path of its file, or its name under /run/netns.
 *
 * Return: STATUS_OK; another on an error, which has been reported.
 */
enum status netns_enter(const struct place *place, const char *netns)
{
	enum status status = STATUS_OK;
	char *path;
	int fd;

	if (asprintf(&path, "%s%s", strchr(netns, '/') ? "" : "/run/netns/",
		     netns) < 0)
		return no_memory(place);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		report(place, "the network namespace %s can't be opened: %s: %s",
		       quoted(netns), plain(path), strerror(errno));
		status = STATUS_WRONG;
	} else if (setns(fd, CLONE_NEWNET) < 0) {
		report(place, "the network namespace %s can't be entered: %s",
		       quoted(netns), strerror(errno));
		status = errno == EINVAL ? STATUS_WRONG : STATUS_REFUSED;
	}
	if (fd >= 0)
		close(fd);
	free(path);
	return status;
}
