/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters read again and again, and how fast they grow. */
#ifndef SOCKSCTL_SAMPLE_H
#define SOCKSCTL_SAMPLE_H

#include "config.h"
#include "session.h"

/* So many past values are kept for the graphs. */
#define HISTORY	120

/**
 * enum figure - What is shown of a server or a rule, and can be sorted by.
 * @FIGURE_NAME: Its name or number.
 * @FIGURE_OPEN: Connections that are open.
 * @FIGURE_OPENING: Connections that wait for the server.
 * @FIGURE_TRIED: Connections begun, each second.
 * @FIGURE_GRANTED: Those granted, each second.
 * @FIGURE_REJECTED: Those rejected, each second.
 * @FIGURE_FAILED: Those which failed, each second.
 * @FIGURES: How many there are.
 */
enum figure {
	FIGURE_NAME,
	FIGURE_OPEN,
	FIGURE_OPENING,
	FIGURE_TRIED,
	FIGURE_GRANTED,
	FIGURE_REJECTED,
	FIGURE_FAILED,
	FIGURES,
};

/**
 * struct line - A server or a rule, with its figures.
 * @index: Its place in the configuration.
 * @figure: The figures.
 * @history: With a server, granted connections each second, the newest last.
 */
struct line {
	size_t index;
	double figure[FIGURES];
	float history[HISTORY];
};

/**
 * struct lines_of - The lines of the servers, or of the rules.
 * @list: The lines.
 * @count: How many.
 */
struct lines_of {
	struct line *list;
	size_t count;
};

/**
 * struct sample - What was read last.
 * @config: The configuration, with its counters.
 * @servers: Its servers.
 * @rules: Its rules.
 * @time: When it was read, in seconds.
 */
struct sample {
	struct config config;
	struct lines_of servers;
	struct lines_of rules;
	double time;
};

double sample_clock(void);
enum status sample_read(struct session *session, const struct place *place,
			struct sample *sample);
void sample_sort(struct sample *sample, enum figure by, bool reverse);
void sample_clear(struct sample *sample);

#endif
