/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a program and its server, two threads of this process, meet. They see
 * the plans of one connection after another.
 */
#ifndef _HOSTILE_MEETING_H
#define _HOSTILE_MEETING_H

#include <netinet/in.h>
#include <pthread.h>

#include "plan.h"

/* Far more than anything takes, even on a debug kernel on a busy host. */
#define DEADLINE_MS	90000

/* How far one of the two has come with the plan. */
enum progress {
	PROGRESS_NONE,
	PROGRESS_OUTCOME,	/* the program knows what came of connect() */
	PROGRESS_END,		/* it is done with the plan */
};

struct meeting {
	pthread_mutex_t		lock;
	pthread_cond_t		changed;
	/* Which plan is being carried out; 0 before the first, -1 at the end. */
	long			turn;
	enum progress		program;
	enum progress		server;
	const struct plan	*plan;

	unsigned int		index;
	pthread_t		program_thread;
	pthread_t		server_thread;
	int			listener;
	/* USERID which the requests must have. */
	char			userid[256];
	size_t			userid_size;
	/* A socket whose connect() has failed, for the next plan; or -1. */
	int			again;
	bool			again_unread;
};

void meeting_tell(struct meeting *meeting, enum progress *who,
		  enum progress progress);
bool meeting_is(struct meeting *meeting, const enum progress *who,
		enum progress progress);
bool meeting_wait(struct meeting *meeting, const enum progress *who,
		  enum progress progress);

/* Something is not as the plan says. */
void wrong(const struct plan *plan, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
const char *errno_name(int number);

/* Where requests are to go, and where the server of this meeting listens. */
struct in_addr target_address(const struct meeting *meeting,
			      const struct plan *plan);
struct in_addr server_address(const struct meeting *meeting);

#define SERVER_PORT	1080

/* The longest of a request's heads and USERIDs, with its NUL. */
#define REQUEST_MAX	(8 + 255 + 1)

size_t expected_request(const struct meeting *meeting, const struct plan *plan,
			uint8_t *bytes);
void ping_bytes(const struct plan *plan, uint8_t *bytes);

void serve(struct meeting *meeting);
void run_program(struct meeting *meeting);

#endif /* _HOSTILE_MEETING_H */
