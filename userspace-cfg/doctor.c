// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is wrong with this host. Each check prints a line; doctor_*.c have the
 * checks.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "doctor.h"
#include "json.h"

static const char *const finding_words[] = {
	[FINDING_OK] = "ok",
	[FINDING_WARNING] = "warning",
	[FINDING_PROBLEM] = "problem",
};

/**
 * found() - Tell what a check has found.
 * @doctor: The examination.
 * @finding: How well it is.
 * @check: What was looked at, in one word.
 * @format: What it is, and what would be right, as for printf().
 */
void found(struct doctor *doctor, enum finding finding, const char *check,
	   const char *format, ...)
{
	va_list arguments;
	json_t *object;
	char *text;
	int length;

	if (finding == FINDING_PROBLEM)
		doctor->problem = true;
	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0) {
		doctor->failed = true;
		return;
	}
	if (!doctor->findings) {
		printf("%-8s %s: %s\n", finding_words[finding], check, text);
	} else {
		object = json_object();
		if (!json_put(object, "check", json_string(check)) ||
		    !json_put(object, "result",
			      json_string(finding_words[finding])) ||
		    !json_put(object, "text", json_text(text))) {
			json_decref(object);
			object = NULL;
		}
		if (json_array_append_new(doctor->findings, object))
			doctor->failed = true;
	}
	free(text);
}

/**
 * doctor_ask() - Ask another part of the kernel by netlink.
 * @bus: Which one.
 * @request: The question.
 * @take: What to call for each message of the answer.
 * @data: What to call it with.
 *
 * Return: 0 or a negative errno.
 */
int doctor_ask(int bus, struct nlmsghdr *request, mnl_cb_t take, void *data)
{
	struct mnl_socket *socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
	struct nlmsghdr buffer[32768 / sizeof(struct nlmsghdr)];
	int result = MNL_CB_OK;
	ssize_t got;

	if (!socket)
		return -errno;
	request->nlmsg_seq = 1;
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		result = MNL_CB_ERROR;
	while (result > MNL_CB_STOP) {
		got = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
		result = got < 0 ? MNL_CB_ERROR :
			 mnl_cb_run(buffer, got, 1,
				    mnl_socket_get_portid(socket), take, data);
		/* One answer, and no more. */
		if (!(request->nlmsg_flags & NLM_F_DUMP) &&
		    result > MNL_CB_STOP)
			result = MNL_CB_STOP;
	}
	result = result < 0 ? -errno : 0;
	mnl_socket_close(socket);
	return result;
}

static const struct keyword doctor_words[] = {
	{ "connect", 0, false },
	{ NULL, 0, false },
};

static enum status take_words(struct words *words, struct doctor *doctor)
{
	if (!words_left(words))
		return STATUS_OK;
	if (keyword_take(words, doctor_words, 0) < 0)
		return STATUS_WRONG;
	doctor->connects = true;
	return words_end(words);
}

static void examine(struct doctor *doctor)
{
	doctor_kernel(doctor);
	doctor_module(doctor);
	if (!doctor->loaded)
		return;
	doctor_hooks(doctor);
	doctor_servers(doctor);
	doctor_rules(doctor);
}

/**
 * doctor() - Carry out "doctor".
 * @session: The run.
 * @words: The words behind it.
 *
 * Return: What to exit with.
 */
enum status doctor(struct session *session, struct words *words)
{
	struct doctor examination = {
		.session = session,
		.place = words_start(words),
	};
	enum status status = take_words(words, &examination);

	if (status)
		return status;
	if (session->json) {
		examination.findings = json_array();
		examination.failed = !examination.findings;
	}
	if (!examination.failed)
		examine(&examination);
	config_clear(&examination.config);
	if (examination.failed) {
		json_decref(examination.findings);
		return no_memory(&examination.place);
	}
	if (session->json && !json_print(session, examination.findings))
		return no_memory(&examination.place);
	return examination.problem ? STATUS_REFUSED : STATUS_OK;
}
