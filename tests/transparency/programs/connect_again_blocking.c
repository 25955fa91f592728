// SPDX-License-Identifier: GPL-2.0-only
/* connect() of a socket that is connecting already waits for that. */
#include "observe.h"

void program(void)
{
	int fd = connecting(0);

	CALL(nonblocking(fd, false));
	far_when_blocked("grant");
	CALL(connect_to(fd, 0));
	CALL(connect_to(fd, 0));
	show(fd);
	exchange(fd, 0);
	CALL(close(fd));

	fd = connecting(1);
	CALL(nonblocking(fd, false));
	far_when_blocked("1:refuse");
	CALL(connect_to(fd, 1));
	show_error(fd);
	show(fd);
	CALL(close(fd));

	/* It was granted meanwhile. */
	fd = connecting(2);
	CALL(nonblocking(fd, false));
	far("2:grant");
	CALL(connect_to(fd, 2));
	CALL(connect_to(fd, 2));
	CALL(close(fd));

	/* It was refused meanwhile. */
	fd = connecting(3);
	CALL(nonblocking(fd, false));
	far("3:refuse");
	wait_end(fd);
	CALL(connect_to(fd, 3));
	show_error(fd);
	CALL(close(fd));
}
