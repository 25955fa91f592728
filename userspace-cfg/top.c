// SPDX-License-Identifier: GPL-2.0-only
/* A live view of servers and rules, on the whole terminal. */
#include <curses.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "report.h"
#include "sample.h"
#include "screen.h"
#include "top.h"
#include "values.h"

#define INTERVAL_DEFAULT	1
#define INTERVAL_MAX		3600

static const struct keyword top_words[] = {
	{ "interval", 0, false },
	{ NULL, 0, false },
};

/* Signals which end it, after the terminal was given back. */
static const int deadly[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

static atomic_int caught;

static void catch(int number)
{
	caught = number;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = catch };
	size_t i;

	sigemptyset(&action.sa_mask);
	for (i = 0; i < ARRAY_SIZE(deadly); i++)
		sigaction(deadly[i], &action, NULL);
}

/* Die as if the signal had not been caught. */
static void die(int number)
{
	struct sigaction action = { .sa_handler = SIG_DFL };

	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
	raise(number);
}

static void sort_by(struct view *view, enum figure by)
{
	view->reverse = view->by == by && !view->reverse;
	view->by = by;
}

/* Returns false where it is to end. */
static bool take_key(struct view *view, int key)
{
	size_t page = LINES > 8 ? LINES - 8 : 1;

	switch (key) {
	case 'q':
	case 'Q':
		return false;
	case 'n':
		sort_by(view, FIGURE_NAME);
		break;
	case 'o':
		sort_by(view, FIGURE_OPEN);
		break;
	case 'p':
		sort_by(view, FIGURE_OPENING);
		break;
	case 't':
		sort_by(view, FIGURE_TRIED);
		break;
	case 'g':
		sort_by(view, FIGURE_GRANTED);
		break;
	case 'j':
		sort_by(view, FIGURE_REJECTED);
		break;
	case 'f':
		sort_by(view, FIGURE_FAILED);
		break;
	case 'r':
		view->reverse = !view->reverse;
		break;
	case KEY_DOWN:
		view->first++;
		break;
	case KEY_UP:
		view->first -= !!view->first;
		break;
	case KEY_NPAGE:
		view->first += page;
		break;
	case KEY_PPAGE:
		view->first -= view->first < page ? view->first : page;
		break;
	case KEY_HOME:
		view->first = 0;
		break;
	case KEY_END:
		/* As far as there are rules. */
		view->first = SIZE_MAX / 2;
		break;
	}
	return true;
}

/* Show it, and obey keys, until it is time to read again or to end. */
static bool show(struct sample *sample, struct view *view, bool *failed)
{
	double left, end;
	int key;

	end = sample->time + view->interval;
	for (;;) {
		sample_sort(sample, view->by, view->reverse);
		if (!screen_draw(sample, view)) {
			*failed = true;
			return false;
		}
		left = end - sample_clock();
		if (left <= 0)
			return true;
		timeout(left * 1000 + 1);
		key = getch();
		if (caught || (key != ERR && !take_key(view, key)))
			return false;
	}
}

static enum status run(struct session *session, const struct place *place,
		       struct view *view)
{
	struct sample sample = { .time = 0 };
	enum status status;
	bool failed = false;

	/* What is wrong from the start is told without taking the terminal. */
	status = sample_read(session, place, &sample);
	if (status)
		return status;
	screen_begin(view);
	catch_signals();
	while (show(&sample, view, &failed)) {
		status = sample_read(session, place, &sample);
		if (!status)
			continue;
		/* What it said went away with the screen; so let it say it again. */
		screen_end();
		status = sample_read(session, place, &sample);
		if (status)
			break;
		clearok(stdscr, TRUE);
	}
	screen_end();
	sample_clear(&sample);
	if (caught)
		die(caught);
	return failed ? no_memory(place) : status;
}

/**
 * top_show() - Carry out "top".
 * @session: The run.
 * @words: The words behind it.
 *
 * Return: What to exit with.
 */
enum status top_show(struct session *session, struct words *words)
{
	struct place place = words_start(words);
	struct view view = {
		.by = FIGURE_NAME,
		.interval = INTERVAL_DEFAULT,
	};
	enum status status = STATUS_OK;

	if (words_left(words)) {
		if (keyword_take(words, top_words, 0) < 0)
			return STATUS_WRONG;
		status = take_number(words, "interval", 1, INTERVAL_MAX,
				     &view.interval);
	}
	if (!status)
		status = words_end(words);
	if (status)
		return status;
	if (session->json) {
		report(&place, "top: it has no JSON: see 'show' for that");
		return STATUS_WRONG;
	}
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		report(&place, "top: it needs a terminal: see 'show' for files and pipes");
		return STATUS_WRONG;
	}
	return run(session, &place, &view);
}
