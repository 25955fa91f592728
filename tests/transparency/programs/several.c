// SPDX-License-Identifier: GPL-2.0-only
/* Several sockets connect at the same time, and are answered in another order. */
#include "observe.h"

#define SOCKETS	4

static struct pollfd all[SOCKETS];

static void look(void)
{
	int i;

	CALL(poll(all, SOCKETS, 0));
	for (i = 0; i < SOCKETS; i++)
		say("  %d: %s", i, events(all[i].revents));
}

void program(void)
{
	int i;

	for (i = 0; i < SOCKETS; i++) {
		all[i].fd = tcp(SOCK_NONBLOCK);
		all[i].events = POLLIN | POLLOUT | POLLRDHUP;
		CALL(connect_to(all[i].fd, i));
	}
	for (i = 0; i < SOCKETS; i++)
		far("%d:arrived", i);
	look();
	far("2:grant");
	look();
	far("0:refuse");
	wait_end(all[0].fd);
	look();
	far("3:grant banner");
	look();
	CALL(close(all[1].fd));
	look();
	for (i = 0; i < SOCKETS; i++) {
		CALL(connect_to(all[i].fd, i));
		show_error(all[i].fd);
		show_names(all[i].fd);
	}
	exchange(all[2].fd, 2);
	take(all[3].fd, 10, 0);
	exchange(all[3].fd, 3);
	for (i = 0; i < SOCKETS; i++)
		CALL(close(all[i].fd));
}
