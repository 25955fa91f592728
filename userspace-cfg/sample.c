// SPDX-License-Identifier: GPL-2.0-only
/* Counters read again and again, and how fast they grow. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sample.h"

/* A rule is looked for so far from where it was. */
#define RULES_MOVE	64

/**
 * sample_clock() - The clock of samples, in seconds.
 */
double sample_clock(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static bool same_range(const struct range *a, const struct range *b)
{
	return a->min == b->min && a->max == b->max;
}

static bool same_rule(const struct rule *a, const struct rule *b)
{
	return a->matches == b->matches && a->action == b->action &&
	       a->rbind_auto == b->rbind_auto &&
	       a->to.s_addr == b->to.s_addr && a->to_length == b->to_length &&
	       same_range(&a->port, &b->port) &&
	       same_range(&a->uid, &b->uid) && same_range(&a->gid, &b->gid) &&
	       !strcmp(via_text(&a->via), via_text(&b->via)) &&
	       a->via.balance == b->via.balance &&
	       (!(a->matches & MATCH_CGROUP) || !strcmp(a->cgroup, b->cgroup));
}

static bool same_server(const struct server *a, const struct server *b)
{
	return !strcmp(a->name, b->name) &&
	       a->address.s_addr == b->address.s_addr && a->port == b->port;
}

static double rate(uint64_t after, uint64_t before, double seconds)
{
	/* It counts anew where the rule or server was removed and added. */
	if (after < before || seconds <= 0)
		return 0;
	return (after - before) / seconds;
}

/* Fill in a line; before is NULL where it was not there. */
static void measure(struct line *line, const struct stats *after,
		    const struct stats *before, double seconds)
{
	double *figure = line->figure;

	figure[FIGURE_OPEN] = after->established;
	figure[FIGURE_OPENING] = after->in_progress;
	if (!before)
		return;
	figure[FIGURE_TRIED] = rate(after->tried, before->tried, seconds);
	figure[FIGURE_GRANTED] = rate(after->granted, before->granted, seconds);
	figure[FIGURE_REJECTED] =
		rate(after->rejected, before->rejected, seconds);
	figure[FIGURE_FAILED] = rate(after->failed, before->failed, seconds);
}

static void follow(struct line *line, const struct line *before)
{
	if (before)
		memcpy(line->history, before->history + 1,
		       sizeof(line->history) - sizeof(*line->history));
	line->history[HISTORY - 1] = line->figure[FIGURE_GRANTED];
}

static bool make_lines(struct lines_of *lines, size_t count)
{
	size_t i;

	lines->list = calloc(count ? count : 1, sizeof(*lines->list));
	if (!lines->list)
		return false;
	lines->count = count;
	for (i = 0; i < count; i++) {
		lines->list[i].index = i;
		lines->list[i].figure[FIGURE_NAME] = i;
	}
	return true;
}

/* The line of before which has this index, whatever they are sorted by. */
static const struct line *line_of(const struct lines_of *lines, size_t index)
{
	size_t i;

	for (i = 0; i < lines->count; i++)
		if (lines->list[i].index == index)
			return &lines->list[i];
	return NULL;
}

static void measure_servers(struct sample *after, const struct sample *before)
{
	const struct server_list *list = &after->config.servers;
	const struct server_list *old = &before->config.servers;
	double seconds = after->time - before->time;
	size_t i, at;

	for (i = 0; i < list->count; i++) {
		struct line *line = &after->servers.list[i];

		for (at = 0; at < old->count; at++)
			if (same_server(&list->list[i], &old->list[at]))
				break;
		if (at == old->count) {
			measure(line, &list->list[i].stats, NULL, seconds);
			follow(line, NULL);
			continue;
		}
		measure(line, &list->list[i].stats, &old->list[at].stats,
			seconds);
		follow(line, line_of(&before->servers, at));
	}
}

static void measure_rules(struct sample *after, const struct sample *before)
{
	const struct rule_list *list = &after->config.rules;
	const struct rule_list *old = &before->config.rules;
	double seconds = after->time - before->time;
	size_t i, from = 0;

	for (i = 0; i < list->count; i++) {
		const struct stats *stats = NULL;
		size_t at = from;

		while (at < old->count && at < from + RULES_MOVE &&
		       !same_rule(&list->list[i], &old->list[at]))
			at++;
		if (at < old->count && at < from + RULES_MOVE) {
			stats = &old->list[at].stats;
			from = at + 1;
		}
		measure(&after->rules.list[i], &list->list[i].stats, stats,
			seconds);
	}
}

/**
 * sample_read() - Read the counters, and compare them with those read before.
 * @session: The run.
 * @place: Where the command stands.
 * @sample: Those read before, or all zero; it is replaced where this succeeds.
 *
 * Return: STATUS_OK; another on an error, which has been reported.
 */
enum status sample_read(struct session *session, const struct place *place,
			struct sample *sample)
{
	struct sample after = { .time = 0 };
	enum status status;

	status = config_get(session, place, &after.config);
	if (!status && (!make_lines(&after.servers,
				    after.config.servers.count) ||
			!make_lines(&after.rules, after.config.rules.count)))
		status = no_memory(place);
	if (status) {
		sample_clear(&after);
		return status;
	}
	after.time = sample_clock();
	measure_servers(&after, sample);
	measure_rules(&after, sample);
	sample_clear(sample);
	*sample = after;
	return STATUS_OK;
}

/* What qsort() compares by. */
static enum figure sort_by;
static bool sort_reverse;

static int compare(const void *a, const void *b)
{
	const struct line *one = a, *other = b;
	double difference = one->figure[sort_by] - other->figure[sort_by];

	/* Names begin with the first, numbers with the highest. */
	if (sort_by != FIGURE_NAME)
		difference = -difference;
	if (sort_reverse)
		difference = -difference;
	if (difference)
		return difference < 0 ? -1 : 1;
	return one->index < other->index ? -1 : one->index > other->index;
}

/**
 * sample_sort() - Sort servers and rules.
 * @sample: The sample.
 * @by: What to sort by.
 * @reverse: The other way round.
 */
void sample_sort(struct sample *sample, enum figure by, bool reverse)
{
	sort_by = by;
	sort_reverse = reverse;
	qsort(sample->servers.list, sample->servers.count,
	      sizeof(struct line), compare);
	qsort(sample->rules.list, sample->rules.count, sizeof(struct line),
	      compare);
}

/**
 * sample_clear() - Free what belongs to a sample.
 * @sample: The sample.
 */
void sample_clear(struct sample *sample)
{
	free(sample->servers.list);
	free(sample->rules.list);
	config_clear(&sample->config);
	*sample = (struct sample){ .time = 0 };
}
