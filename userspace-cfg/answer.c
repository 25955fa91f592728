// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting for a confirmation, whatever becomes of the terminal: nothing here
 * may block, be stopped or be ended before there is an answer.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <unistd.h>

#include "answer.h"
#include "array.h"

/* How often to look whether the terminal is ours, in milliseconds. */
#define LOOK_AGAIN	500

/* Those which are an answer, and those which are unless they were ignored. */
static const int answers[] = { SIGUSR1, SIGTERM };
static const int more_answers[] = { SIGHUP, SIGINT, SIGQUIT };
/*
 * Those which would stop or end the process: a key, touching the terminal from
 * the background, and writing to where nobody reads.
 */
static const int troubles[] = { SIGTSTP, SIGTTIN, SIGTTOU, SIGPIPE };

static void add_signals(sigset_t *set, const int *list, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		sigaddset(set, list[i]);
}

/* nohup(1) ignores some, so that the end of a session means nothing. */
static bool is_ignored(int number)
{
	struct sigaction action;

	return !sigaction(number, NULL, &action) &&
	       action.sa_handler == SIG_IGN;
}

static void add_answers(sigset_t *set)
{
	size_t i;

	add_signals(set, answers, ARRAY_SIZE(answers));
	for (i = 0; i < ARRAY_SIZE(more_answers); i++)
		if (!is_ignored(more_answers[i]))
			sigaddset(set, more_answers[i]);
}

static enum status can_not_wait(const struct place *place)
{
	report(place, "waiting for a confirmation: %s", strerror(errno));
	return STATUS_REFUSED;
}

/**
 * answer_begin() - From here on signals are answers.
 * @answer: What to wait for, for answer_end().
 * @place: Where the command stands.
 * @seconds: For how long to wait.
 * @ask: Read standard input, too.
 *
 * Return: STATUS_OK; another on an error, which has been reported.
 */
enum status answer_begin(struct answer *answer, const struct place *place,
			 uint32_t seconds, bool ask)
{
	sigset_t taken, blocked;

	*answer = (struct answer){ .seconds = seconds, .ask = ask };
	sigemptyset(&taken);
	add_answers(&taken);
	answer->signals = signalfd(-1, &taken, SFD_CLOEXEC);
	if (answer->signals < 0)
		return can_not_wait(place);
	/* Time goes on where the host sleeps. */
	answer->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);
	if (answer->timer < 0) {
		close(answer->signals);
		return can_not_wait(place);
	}
	blocked = taken;
	add_signals(&blocked, troubles, ARRAY_SIZE(troubles));
	sigprocmask(SIG_BLOCK, &blocked, &answer->before);
	return STATUS_OK;
}

/**
 * answer_end() - Signals are signals again.
 * @answer: What was waited for.
 */
void answer_end(struct answer *answer)
{
	static const struct timespec at_once = { 0, 0 };
	sigset_t all;

	close(answer->signals);
	close(answer->timer);
	/* Those that came since are answered, too. */
	sigemptyset(&all);
	add_answers(&all);
	add_signals(&all, troubles, ARRAY_SIZE(troubles));
	while (sigtimedwait(&all, NULL, &at_once) > 0)
		;
	sigprocmask(SIG_SETMASK, &answer->before, NULL);
}

/* Say something, unless that might have to wait for whoever reads it. */
static void say(const char *text)
{
	struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (poll(&out, 1, 0) == 1 && out.revents == POLLOUT)
		(void)!write(STDERR_FILENO, text, strlen(text));
}

static void ask(const struct answer *answer)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "socksctl: the new configuration is in effect; the old one comes back in %u seconds unless %syou say: kill -USR1 %d\n",
		 answer->seconds, answer->ask ? "you type yes, or " : "",
		 getpid());
	say(text);
}

/* Reading the terminal in the background is an error. */
static bool in_background(void)
{
	pid_t foreground = tcgetpgrp(STDIN_FILENO);

	return foreground >= 0 && foreground != getpgrp();
}

/* A line was typed: is the answer in it? */
static bool judge_line(struct answer *answer, const char **why)
{
	static const char hint[] =
		"socksctl: type yes to keep the new configuration, no to go back to the old one\n";

	if (answer->used < sizeof(answer->line)) {
		answer->line[answer->used] = '\0';
		if (!strcasecmp(answer->line, "yes") ||
		    !strcasecmp(answer->line, "y")) {
			*why = NULL;
			return true;
		}
		if (!strcasecmp(answer->line, "no") ||
		    !strcasecmp(answer->line, "n")) {
			*why = "not confirmed";
			return true;
		}
	}
	say(hint);
	return false;
}

/* Standard input can be read: is the answer there? */
static bool read_input(struct answer *answer, const char **why)
{
	char text[256];
	ssize_t got = read(STDIN_FILENO, text, sizeof(text));
	ssize_t i;

	if (got < 0 && (errno == EAGAIN || errno == EINTR || in_background()))
		return false;
	if (got <= 0) {
		/* Whoever has no terminal may still send a signal. */
		answer->ask = false;
		*why = "the terminal is gone";
		return isatty(STDIN_FILENO) || (got < 0 && errno == EIO);
	}
	for (i = 0; i < got; i++) {
		if (text[i] == '\n') {
			if (judge_line(answer, why))
				return true;
			answer->used = 0;
		} else if (text[i] != '\r') {
			if (answer->used < sizeof(answer->line))
				answer->line[answer->used] = text[i];
			answer->used += answer->used < sizeof(answer->line);
		}
	}
	return false;
}

static const char *signal_text(int number)
{
	switch (number) {
	case SIGUSR1:
		return NULL;
	case SIGHUP:
		return "the terminal is gone";
	case SIGTERM:
		return "terminated";
	}
	return "interrupted";
}

/**
 * answer_wait() - Wait for the confirmation.
 * @answer: What to wait for.
 *
 * Return: NULL where it came, else a text which says why it did not.
 */
const char *answer_wait(struct answer *answer)
{
	struct itimerspec time = { .it_value.tv_sec = answer->seconds };
	struct signalfd_siginfo info;
	const char *why = NULL;

	/* What was typed before the change does not count. */
	if (answer->ask && !in_background())
		tcflush(STDIN_FILENO, TCIFLUSH);
	timerfd_settime(answer->timer, 0, &time, NULL);
	ask(answer);
	for (;;) {
		bool foreign = answer->ask && in_background();
		bool listen = answer->ask && !foreign;
		struct pollfd in[] = {
			{ .fd = answer->signals, .events = POLLIN },
			{ .fd = answer->timer, .events = POLLIN },
			{ .fd = listen ? STDIN_FILENO : -1, .events = POLLIN },
		};

		if (poll(in, ARRAY_SIZE(in), foreign ? LOOK_AGAIN : -1) < 0)
			continue;
		if (in[0].revents &&
		    read(answer->signals, &info, sizeof(info)) == sizeof(info))
			return signal_text(info.ssi_signo);
		if (in[1].revents)
			return "not confirmed in time";
		if (in[2].revents && read_input(answer, &why))
			return why;
	}
}
