// SPDX-License-Identifier: GPL-2.0-only
/*
 * A system call in which memory is short: the n-th allocation of this thread
 * fails, and where that is to last, all after it. Nothing else happens between
 * the time at which that begins and the time at which it is over: no page of this
 * process may have to be copied then, as after a fork(), or its page fault would
 * be tried again for ever.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Return what the system call returned; *error is its errno, *left how many
 * allocations are missing until the n-th, 0 where there were that many.
 */
long failing_call(int nth_file, int lasting_file, unsigned int n, int lasting,
		  unsigned int *left, int *error, long number, long *arguments)
{
	char text[16] = "";
	int length = sprintf(text, "%u", n);
	int saved;
	long result;

	*error = 0;
	*left = 0;
	if (lasting)
		(void)!write(lasting_file, "1", 1);
	(void)!write(nth_file, text, length);
	errno = 0;
	result = syscall(number, arguments[0], arguments[1], arguments[2],
			 arguments[3], arguments[4], arguments[5]);
	saved = errno;
	(void)!pread(nth_file, text, sizeof(text) - 1, 0);
	(void)!write(nth_file, "0", 1);
	(void)!write(lasting_file, "0", 1);
	*error = saved;
	*left = atoi(text);
	return result;
}
