/* SPDX-License-Identifier: GPL-2.0-only */
/* What is wrong with this host. */
#ifndef SOCKSCTL_DOCTOR_H
#define SOCKSCTL_DOCTOR_H

#include <jansson.h>
#include <libmnl/libmnl.h>

#include "config.h"
#include "session.h"
#include "words.h"

/**
 * enum finding - How well something is.
 * @FINDING_OK: As it should be.
 * @FINDING_WARNING: Perhaps not, or it can't be told.
 * @FINDING_PROBLEM: Connections fail, or go where they should not.
 */
enum finding {
	FINDING_OK,
	FINDING_WARNING,
	FINDING_PROBLEM,
};

/**
 * struct doctor - An examination.
 * @session: The run.
 * @place: Where the command stands.
 * @connects: Connect to the servers, too.
 * @loaded: The module is there, and its configuration was read.
 * @config: Its configuration.
 * @problem: Something was found to be a problem.
 * @failed: There was no memory.
 * @findings: What was found, with JSON; else NULL.
 */
struct doctor {
	struct session *session;
	struct place place;
	bool connects;
	bool loaded;
	struct config config;
	bool problem;
	bool failed;
	json_t *findings;
};

enum status doctor(struct session *session, struct words *words);

void __printf(4, 5) found(struct doctor *doctor, enum finding finding,
			  const char *check, const char *format, ...);
int doctor_ask(int bus, struct nlmsghdr *request, mnl_cb_t take, void *data);

void doctor_module(struct doctor *doctor);
void doctor_kernel(struct doctor *doctor);
void doctor_hooks(struct doctor *doctor);
void doctor_rules(struct doctor *doctor);
void doctor_servers(struct doctor *doctor);
void doctor_loops(struct doctor *doctor, const struct server *server);

#endif
