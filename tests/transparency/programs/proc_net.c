// SPDX-License-Identifier: GPL-2.0-only
/* What /proc/net/tcp and tcp6 say of the program's socket. */
#include "observe.h"

#include <sys/stat.h>

static void look(int fd)
{
	const char *path = family == AF_INET ? "/proc/net/tcp" :
			   "/proc/net/tcp6";
	unsigned long long inode;
	char line[512], remote[64];
	unsigned int state, uid;
	struct stat status;
	bool found = false;
	FILE *file;

	MUST(fstat(fd, &status));
	file = fopen(path, "r");
	if (!file)
		die(path);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, " %*d: %*s %63s %x %*s %*s %*s %u %*d %llu",
			   remote, &state, &uid, &inode) != 4 ||
		    inode != status.st_ino)
			continue;
		found = true;
		say("remote %s", remote);
		say("state %u", state);
		say("uid %u", uid);
	}
	fclose(file);
	say("%s", found ? "found" : "not there");
}

void program(void)
{
	int fd = tcp(SOCK_NONBLOCK);

	look(fd);
	CALL(connect_to(fd, 0));
	far("arrived");
	look(fd);
	far("grant");
	look(fd);
	CALL(connect_to(fd, 0));
	CALL(unconnect(fd));
	look(fd);
	CALL(close(fd));

	fd = connecting(1);
	far("1:refuse");
	wait_end(fd);
	look(fd);
	CALL(close(fd));
}
