// SPDX-License-Identifier: GPL-2.0-only
/*
 * handshake SEED FIRST COUNT MEETINGS PROGRESS SECONDS
 *
 * Connect COUNT times, or until SECONDS are over where that is not 0, through
 * hostile servers, and see each time that what comes of it follows from what
 * the server did. So many MEETINGS of a program and its server go on at once,
 * and after each PROGRESS connections a line says so. The server of meeting N listens on 127.1.0.N;
 * rules have to send 203.0.113.N to it, and 203.0.114.N with a time limit of
 * one second. Its USERID is none for the first, "hostile" for the second, the
 * uid for the third, and so on. At the end prints what the module has to count.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "meeting.h"

#define SHOWN_MAX	20

static uint64_t seed, first, count;
static unsigned long progress;
static time_t stop = -1;
static atomic_ulong next, done, mistakes;
static atomic_ulong granted, rejected, failed, unsure;
static pthread_mutex_t print_lock = PTHREAD_MUTEX_INITIALIZER;

const char *errno_name(int number)
{
	const char *name = number ? strerrorname_np(number) : "0";

	return name ? name : "?";
}

void wrong(const struct plan *plan, const char *format, ...)
{
	va_list arguments;

	pthread_mutex_lock(&print_lock);
	if (atomic_fetch_add(&mistakes, 1) < SHOWN_MAX) {
		printf("FAIL seed %lu, connection %lu: ", seed, plan->number);
		va_start(arguments, format);
		vprintf(format, arguments);
		va_end(arguments);
		printf("\n");
		plan_print(plan);
		fflush(stdout);
	}
	pthread_mutex_unlock(&print_lock);
}

void meeting_tell(struct meeting *meeting, enum progress *who,
		  enum progress progress)
{
	pthread_mutex_lock(&meeting->lock);
	*who = progress;
	pthread_cond_broadcast(&meeting->changed);
	pthread_mutex_unlock(&meeting->lock);
}

bool meeting_is(struct meeting *meeting, const enum progress *who,
		enum progress progress)
{
	bool is;

	pthread_mutex_lock(&meeting->lock);
	is = *who >= progress;
	pthread_mutex_unlock(&meeting->lock);
	return is;
}

bool meeting_wait(struct meeting *meeting, const enum progress *who,
		  enum progress progress)
{
	struct timespec end;
	int error = 0;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 3 * DEADLINE_MS / 1000;
	pthread_mutex_lock(&meeting->lock);
	while (*who < progress && !error)
		error = pthread_cond_timedwait(&meeting->changed,
					       &meeting->lock, &end);
	pthread_mutex_unlock(&meeting->lock);
	if (error)
		wrong(meeting->plan, "the other side takes too long");
	return !error;
}

struct in_addr server_address(const struct meeting *meeting)
{
	return (struct in_addr){ htonl(0x7f010000 + meeting->index) };
}

struct in_addr target_address(const struct meeting *meeting,
			      const struct plan *plan)
{
	uint32_t net = plan->outcome == ETIMEDOUT ? 0xcb007200 : 0xcb007100;

	return (struct in_addr){ htonl(net + meeting->index) };
}

size_t expected_request(const struct meeting *meeting, const struct plan *plan,
			uint8_t *bytes)
{
	struct in_addr target = target_address(meeting, plan);

	if (plan->direct)
		return 0;
	bytes[0] = 4;
	bytes[1] = 1;
	bytes[2] = plan->port >> 8;
	bytes[3] = plan->port;
	memcpy(bytes + 4, &target, 4);
	memcpy(bytes + 8, meeting->userid, meeting->userid_size);
	bytes[8 + meeting->userid_size] = 0;
	return 8 + meeting->userid_size + 1;
}

void ping_bytes(const struct plan *plan, uint8_t *bytes)
{
	size_t i;

	for (i = 0; i < plan->ping; i++)
		bytes[i] = plan->number + i;
}

/* What the module has to count for a connection. */
static void tally(const struct plan *plan)
{
	if (plan->direct)
		return;
	if (plan->give_up || (plan->race && plan->tiny))
		unsure++;
	else if (!plan->outcome)
		granted++;
	else if (plan->outcome == ECONNREFUSED || plan->outcome == EACCES)
		rejected++;
	else
		failed++;
}

/*
 * What is sent over loopback queues up on the processor that sends it. From
 * another one, a RST could overtake the bytes that were sent before it.
 */
static void stay_on_a_processor(const struct meeting *meeting)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(meeting->index % sysconf(_SC_NPROCESSORS_ONLN), &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static void *server_thread(void *argument)
{
	struct meeting *meeting = argument;
	long turn = 0;

	stay_on_a_processor(meeting);
	for (;;) {
		pthread_mutex_lock(&meeting->lock);
		while (meeting->turn == turn)
			pthread_cond_wait(&meeting->changed, &meeting->lock);
		turn = meeting->turn;
		pthread_mutex_unlock(&meeting->lock);
		if (turn < 0)
			return NULL;
		serve(meeting);
		meeting_tell(meeting, &meeting->server, PROGRESS_END);
	}
}

static void begin(struct meeting *meeting, const struct plan *plan)
{
	pthread_mutex_lock(&meeting->lock);
	meeting->plan = plan;
	meeting->program = PROGRESS_NONE;
	meeting->server = PROGRESS_NONE;
	meeting->turn = plan ? meeting->turn + 1 : -1;
	pthread_cond_broadcast(&meeting->changed);
	pthread_mutex_unlock(&meeting->lock);
}

static void *program_thread(void *argument)
{
	struct meeting *meeting = argument;
	struct plan plan;
	uint64_t number;

	while ((stop < 0 || time(NULL) < stop) &&
	       (number = atomic_fetch_add(&next, 1)) < count) {
		plan_make(&plan, seed, first + number);
		begin(meeting, &plan);
		run_program(meeting);
		meeting_tell(meeting, &meeting->program, PROGRESS_END);
		if (!meeting_wait(meeting, &meeting->server, PROGRESS_END))
			abort();
		tally(&plan);
		free(plan.bytes);
		number = atomic_fetch_add(&done, 1) + 1;
		if (number % progress == 0) {
			printf("%lu of %lu connections, %lu mistakes\n",
			       number, count, mistakes);
			fflush(stdout);
		}
	}
	if (meeting->again >= 0)
		close(meeting->again);
	begin(meeting, NULL);
	return NULL;
}

static void prepare(struct meeting *meeting, unsigned int index)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	pthread_condattr_t attributes;
	int on = 1;

	memset(meeting, 0, sizeof(*meeting));
	meeting->index = index;
	meeting->again = -1;
	if (index % 3 == 2)
		snprintf(meeting->userid, sizeof(meeting->userid), "hostile");
	else if (index % 3 == 0)
		snprintf(meeting->userid, sizeof(meeting->userid), "%u",
			 geteuid());
	meeting->userid_size = strlen(meeting->userid);
	pthread_mutex_init(&meeting->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_cond_init(&meeting->changed, &attributes);

	meeting->listener = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(meeting->listener, SOL_SOCKET, SO_REUSEADDR, &on,
		   sizeof(on));
	address.sin_addr = server_address(meeting);
	address.sin_port = htons(SERVER_PORT);
	if (bind(meeting->listener, (struct sockaddr *)&address,
		 sizeof(address)) || listen(meeting->listener, 8)) {
		perror("handshake: listen");
		exit(2);
	}
}

static void ignore(int number)
{
}

int main(int argc, char **argv)
{
	struct sigaction interrupts = { .sa_handler = ignore };
	struct sigaction restarts = { .sa_handler = ignore,
				      .sa_flags = SA_RESTART };
	struct meeting *meetings;
	unsigned int n, i;

	if (argc != 7)
		return 2;
	seed = strtoull(argv[1], NULL, 10);
	first = strtoull(argv[2], NULL, 10);
	count = strtoull(argv[3], NULL, 10);
	n = strtoul(argv[4], NULL, 10);
	progress = strtoul(argv[5], NULL, 10);
	if (strtol(argv[6], NULL, 10))
		stop = time(NULL) + strtol(argv[6], NULL, 10);
	sigaction(SIGUSR1, &interrupts, NULL);
	sigaction(SIGUSR2, &restarts, NULL);

	meetings = calloc(n, sizeof(*meetings));
	for (i = 0; i < n; i++)
		prepare(&meetings[i], i + 1);
	for (i = 0; i < n; i++)
		if (pthread_create(&meetings[i].server_thread, NULL,
				   server_thread, &meetings[i]) ||
		    pthread_create(&meetings[i].program_thread, NULL,
				   program_thread, &meetings[i]))
			return 2;
	for (i = 0; i < n; i++) {
		pthread_join(meetings[i].program_thread, NULL);
		pthread_join(meetings[i].server_thread, NULL);
		close(meetings[i].listener);
	}
	free(meetings);
	printf("granted %lu rejected %lu failed %lu unsure %lu mistakes %lu\n",
	       granted, rejected, failed, unsure, mistakes);
	return mistakes != 0;
}
