// SPDX-License-Identifier: GPL-2.0-only
/* What top shows: servers with a graph each, and rules, as far as they fit. */
#define _XOPEN_SOURCE_EXTENDED 1
#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "array.h"
#include "connection.h"
#include "screen.h"

#define NAME_WIDTH	16
#define ADDRESS_WIDTH	21
#define FIGURE_WIDTH	10

enum pair {
	PAIR_TROUBLE = 1,
	PAIR_GRAPH,
};

static const char *const heads[FIGURES] = {
	[FIGURE_OPEN] = "OPEN",
	[FIGURE_OPENING] = "OPENING",
	[FIGURE_TRIED] = "TRIED/S",
	[FIGURE_GRANTED] = "GRANTED/S",
	[FIGURE_REJECTED] = "REJECTED/S",
	[FIGURE_FAILED] = "FAILED/S",
};

/**
 * screen_begin() - Take the terminal.
 * @view: How to show it; what the terminal can do is put there.
 */
void screen_begin(struct view *view)
{
	setlocale(LC_ALL, "");
	view->unicode = !strcmp(nl_langinfo(CODESET), "UTF-8");
	initscr();
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	curs_set(0);
	if (has_colors() && !getenv("NO_COLOR")) {
		start_color();
		use_default_colors();
		init_pair(PAIR_TROUBLE, COLOR_RED, -1);
		init_pair(PAIR_GRAPH, COLOR_GREEN, -1);
	}
}

/**
 * screen_end() - Give the terminal back, if that was not done.
 */
void screen_end(void)
{
	/* A second time, what was printed meanwhile would be written over. */
	if (isendwin())
		return;
	/* Not every terminal goes back to what it showed before. */
	move(LINES - 1, 0);
	clrtoeol();
	refresh();
	endwin();
}

/* Where the next character goes is within the screen. */
static int room(void)
{
	return getmaxx(stdscr) - getcurx(stdscr) - 1;
}

static void put(const char *text)
{
	if (room() > 0)
		addnstr(text, room());
}

/* A text of just so many columns. */
static void put_width(const char *text, int width)
{
	char cell[256];

	snprintf(cell, sizeof(cell), "%-*.*s ", width, width, text);
	put(cell);
}

static void put_figures(const double *figure)
{
	char text[32];
	int i;

	for (i = FIGURE_OPEN; i < FIGURES; i++) {
		bool trouble = figure[i] > 0 && (i == FIGURE_REJECTED ||
						 i == FIGURE_FAILED);
		attr_t attribute = A_BOLD | (has_colors() ?
					     COLOR_PAIR(PAIR_TROUBLE) : 0);

		snprintf(text, sizeof(text), "%*.*f ", FIGURE_WIDTH,
			 i >= FIGURE_TRIED, figure[i]);
		if (trouble)
			attron(attribute);
		put(text);
		if (trouble)
			attroff(attribute);
	}
}

static void put_heads(const struct view *view)
{
	char text[32];
	int i;

	for (i = FIGURE_OPEN; i < FIGURES; i++) {
		/* That by which it is sorted is marked. */
		snprintf(text, sizeof(text), "%*s%c", FIGURE_WIDTH, heads[i],
			 (enum figure)i != view->by ? ' ' :
			 view->reverse ? '^' : 'v');
		put(text);
	}
}

static void put_graph(const struct line *line, const struct view *view)
{
	static const char *const blocks[] = {
		" ", "\u2581", "\u2582", "\u2583", "\u2584", "\u2585",
		"\u2586", "\u2587", "\u2588",
	};
	static const char *const letters[] = {
		" ", ".", ":", "-", "=", "+", "*", "%", "#",
	};
	const char *const *levels = view->unicode ? blocks : letters;
	int i, width = room(), top = ARRAY_SIZE(blocks) - 1;
	float highest = 1;

	if (width > HISTORY)
		width = HISTORY;
	for (i = HISTORY - width; i < HISTORY; i++)
		if (line->history[i] > highest)
			highest = line->history[i];
	if (has_colors())
		attron(COLOR_PAIR(PAIR_GRAPH));
	for (i = HISTORY - width; i < HISTORY; i++) {
		int level = line->history[i] / highest * top + 0.5;

		/* What is not nothing shows. */
		if (line->history[i] > 0 && !level)
			level = 1;
		addstr(levels[level]);
	}
	if (has_colors())
		attroff(COLOR_PAIR(PAIR_GRAPH));
}

static void draw_server(const struct sample *sample, const struct line *line,
			const struct view *view)
{
	const struct server *server =
		&sample->config.servers.list[line->index];
	const struct endpoint endpoint = { server->address, server->port };
	char text[ENDPOINT_TEXT_SIZE];

	put_width(server->name, NAME_WIDTH);
	put_width(endpoint_text(text, &endpoint), ADDRESS_WIDTH);
	put_figures(line->figure);
	put_graph(line, view);
}

static bool draw_rule(const struct sample *sample, const struct line *line)
{
	const struct rule *rule = &sample->config.rules.list[line->index];
	char number[16], *text = NULL;
	size_t size;
	FILE *memory = open_memstream(&text, &size);
	bool done;

	if (!memory)
		return false;
	done = rule_print(memory, rule);
	if (fclose(memory))
		done = false;
	if (done) {
		snprintf(number, sizeof(number), "%u", rule->index);
		put_width(number, 7);
		put_width(text, NAME_WIDTH + ADDRESS_WIDTH - 7);
		put_figures(line->figure);
	}
	free(text);
	return done;
}

static void draw_title(const struct sample *sample, const struct view *view)
{
	double open = 0, opening = 0, granted = 0;
	char text[256], clock[16];
	time_t seconds = time(NULL);
	size_t i;

	for (i = 0; i < sample->servers.count; i++) {
		const double *figure = sample->servers.list[i].figure;

		open += figure[FIGURE_OPEN];
		opening += figure[FIGURE_OPENING];
		granted += figure[FIGURE_GRANTED];
	}
	strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&seconds));
	snprintf(text, sizeof(text),
		 "socksctl top %s, every %u s: %.0f open, %.0f opening, %.1f granted/s",
		 clock, view->interval, open, opening, granted);
	move(0, 0);
	attron(A_BOLD);
	put(text);
	attroff(A_BOLD);
}

static const char *const keys[] = {
	"q quit  sort by: n name, o open, p opening, t tried, g granted, ",
	"j rejected, f failed; r reverse  up, down: rules",
};

/* Leave out so much of the rules' list that the last screen is full. */
static void bound(size_t *first, size_t count, int rows)
{
	size_t most = rows > 0 && count > (size_t)rows ? count - rows : 0;

	if (*first > most)
		*first = most;
}

static void draw_head(int row, const char *what, const char *then, int width,
		      const struct view *view, const char *last)
{
	move(row, 0);
	attron(A_REVERSE);
	put_width(what, width);
	put_width(then, NAME_WIDTH + ADDRESS_WIDTH - width);
	put_heads(view);
	put(last);
	while (room() > 0)
		addch(' ');
	attroff(A_REVERSE);
}

/**
 * screen_draw() - Draw all of it.
 * @sample: What was read.
 * @view: How to show it.
 *
 * Return: false where there was no memory.
 */
bool screen_draw(const struct sample *sample, struct view *view)
{
	int row, rows = getmaxy(stdscr), last = rows - 1;
	/* Half of the screen at most is for the servers. */
	int servers = (rows - 4) / 2;
	bool done = true;
	size_t i;

	erase();
	draw_title(sample, view);
	draw_head(1, "SERVER", "ADDRESS", NAME_WIDTH, view, "GRANTED/S, LATELY");
	row = 2;
	for (i = 0; i < sample->servers.count && (int)i < servers; i++) {
		move(row++, 0);
		draw_server(sample, &sample->servers.list[i], view);
	}
	if (i < sample->servers.count && row < last) {
		char more[64];

		snprintf(more, sizeof(more), "... and %zu more servers",
			 sample->servers.count - i);
		move(row++, 0);
		put(more);
	}
	if (row < last)
		draw_head(row++, "RULE", "", 7, view, "");
	bound(&view->first, sample->rules.count, last - row);
	for (i = view->first; done && i < sample->rules.count && row < last;
	     i++) {
		move(row++, 0);
		done = draw_rule(sample, &sample->rules.list[i]);
	}
	move(last, 0);
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		put(keys[i]);
	refresh();
	return done;
}
