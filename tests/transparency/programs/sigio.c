// SPDX-License-Identifier: GPL-2.0-only
/*
 * SIGIO: F_SETOWN, F_SETSIG and O_ASYNC, set before and after connect(). The
 * signals are queued with what they tell.
 */
#include "observe.h"

static sigset_t set_of_signals;

static void async(int fd, int number)
{
	struct f_owner_ex owner = { .type = F_OWNER_PID, .pid = getpid() };

	CALL(fcntl(fd, F_SETOWN_EX, &owner));
	CALL(fcntl(fd, F_SETSIG, number));
	CALL(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC));
}

static void signals(void)
{
	struct timespec now = {};
	siginfo_t info;
	int number;

	while ((number = sigtimedwait(&set_of_signals, &info, &now)) > 0) {
		if (number == SIGIO)
			say("  SIGIO");
		else
			say("  signal %d code %d band %s", number - SIGRTMIN,
			    info.si_code, events(info.si_band));
	}
	say("  no more");
}

static void granted(bool before, int number, int n)
{
	int fd = tcp(SOCK_NONBLOCK);

	say("granted, O_ASYNC %s, %s", before ? "before" : "after",
	    number ? "a real-time signal" : "SIGIO");
	if (before)
		async(fd, number);
	CALL(connect_to(fd, n));
	if (!before)
		async(fd, number);
	signals();
	far("%d:arrived", n);
	signals();
	far("%d:grant", n);
	signals();
	show_error(fd);
	far("%d:send hello", n);
	signals();
	take(fd, 10, 0);
	far("%d:finish", n);
	signals();
	CALL(close(fd));
	signals();
	far("%d:again", n);
}

static void refused(bool before, int number, int n)
{
	int fd = tcp(SOCK_NONBLOCK);

	say("refused, O_ASYNC %s", before ? "before" : "after");
	if (before)
		async(fd, number);
	CALL(connect_to(fd, n));
	far("%d:arrived", n);
	if (!before)
		async(fd, number);
	far("%d:refuse", n);
	wait_end(fd);
	signals();
	show_error(fd);
	CALL(close(fd));
	signals();
	far("%d:again", n);
}

void program(void)
{
	sigemptyset(&set_of_signals);
	sigaddset(&set_of_signals, SIGIO);
	sigaddset(&set_of_signals, SIGRTMIN);
	MUST(sigprocmask(SIG_BLOCK, &set_of_signals, NULL));

	granted(true, 0, 0);
	granted(false, 0, 0);
	granted(true, SIGRTMIN, 1);
	granted(false, SIGRTMIN, 1);
	refused(true, 0, 2);
	refused(false, SIGRTMIN, 3);
	refused(true, SIGRTMIN, 3);
}
