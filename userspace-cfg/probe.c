// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does a SOCKS server answer, and how fast? An ordinary socket, and the protocol
 * spoken here: to the address of a server the kernel connects directly.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config.h"
#include "connection.h"
#include "json.h"
#include "probe.h"
#include "tcp.h"
#include "values.h"

#define REPLY_SIZE	8
/* Its head, the longest USERID, and NUL. */
#define REQUEST_MAX	(8 + SOCKS_USERID_MAX + 1)

enum step {
	STEP_CONNECT,
	STEP_REQUEST,
	STEP_REPLY,
	STEPS,
};

static const char *const step_names[STEPS] = {
	[STEP_CONNECT] = "connect",
	[STEP_REQUEST] = "request",
	[STEP_REPLY] = "reply",
};

/**
 * struct trial - A server being probed.
 * @server: The server; without a name where only its address was given.
 * @destination: What it is asked for.
 * @socket: The connection to it.
 * @began: When the step began, in nanoseconds.
 * @deadline: When time is up.
 * @done: How many steps were done.
 * @took: How long each of them took, in nanoseconds.
 * @replied: There is a whole reply.
 * @version: The reply's first byte.
 * @code: The reply's second byte; 0 where the first one was enough.
 * @wrong: It is no reply of SOCKS4.
 * @error: The negative errno with which the step after @done failed, or 0.
 */
struct trial {
	struct server server;
	struct endpoint destination;
	int socket;
	int64_t began;
	int64_t deadline;
	int done;
	int64_t took[STEPS];
	bool replied;
	unsigned char version;
	unsigned char code;
	bool wrong;
	int error;
};

static void step_done(struct trial *trial)
{
	int64_t end = tcp_clock();

	trial->took[trial->done++] = end - trial->began;
	trial->began = end;
}

static int do_connect(struct trial *trial)
{
	const struct endpoint endpoint = {
		trial->server.address, trial->server.port,
	};

	return tcp_connect(trial->socket, &endpoint, trial->deadline);
}

static int await(const struct trial *trial, short events)
{
	return tcp_await(trial->socket, events, trial->deadline);
}

static size_t make_request(const struct trial *trial, unsigned char *request)
{
	const struct server *server = &trial->server;
	uint16_t port = htons(trial->destination.port);
	char *userid = (char *)request + 8;

	request[0] = 4;
	request[1] = 1;
	memcpy(request + 2, &port, sizeof(port));
	memcpy(request + 4, &trial->destination.address, 4);
	*userid = '\0';
	if (server->userid_mode == SOCKS_USERID_MODE_FIXED)
		memcpy(userid, server->userid, strlen(server->userid) + 1);
	else if (server->userid_mode == SOCKS_USERID_MODE_UID)
		sprintf(userid, "%u", geteuid());
	return 8 + strlen(userid) + 1;
}

static int do_request(struct trial *trial)
{
	unsigned char request[REQUEST_MAX];
	size_t length = make_request(trial, request), sent = 0;

	while (sent < length) {
		ssize_t count = send(trial->socket, request + sent,
				     length - sent, MSG_NOSIGNAL);
		int error = 0;

		if (count > 0)
			sent += count;
		else if (errno == EAGAIN)
			error = await(trial, POLLOUT);
		else if (errno != EINTR)
			error = -errno;
		if (error)
			return error;
	}
	return 0;
}

static bool is_socks4(const unsigned char *reply, size_t length)
{
	return (!length || !reply[0] || reply[0] == 4) &&
	       (length < 2 || (reply[1] >= 90 && reply[1] <= 93));
}

/*
 * -ENODATA is the connection's end before the whole reply. A reply of another
 * protocol is known by its first wrong byte; more of it may never come.
 */
static int do_reply(struct trial *trial)
{
	unsigned char reply[REPLY_SIZE] = { 0 };
	size_t got = 0;

	while (got < sizeof(reply) && is_socks4(reply, got)) {
		ssize_t count = recv(trial->socket, reply + got,
				     sizeof(reply) - got, 0);
		int error = 0;

		if (count > 0)
			got += count;
		else if (!count)
			error = -ENODATA;
		else if (errno == EAGAIN)
			error = await(trial, POLLIN);
		else if (errno != EINTR)
			error = -errno;
		if (error)
			return error;
	}
	trial->replied = true;
	trial->version = reply[0];
	trial->code = reply[1];
	trial->wrong = !is_socks4(reply, got);
	return 0;
}

/* Returns 0, or a negative errno where there is no socket. */
static int try_server(struct trial *trial)
{
	static int (*const steps[STEPS])(struct trial *trial) = {
		[STEP_CONNECT] = do_connect,
		[STEP_REQUEST] = do_request,
		[STEP_REPLY] = do_reply,
	};

	trial->socket = tcp_socket();
	if (trial->socket < 0)
		return trial->socket;
	trial->began = tcp_clock();
	trial->deadline = trial->began +
			  trial->server.timeout * INT64_C(1000000000);
	while (trial->done < STEPS && !trial->error) {
		trial->error = steps[trial->done](trial);
		if (!trial->error)
			step_done(trial);
	}
	close(trial->socket);
	return 0;
}

/* What the reply says, in one word. */
static const char *result_word(const struct trial *trial)
{
	static const char *const words[] = {
		"granted", "rejected", "no-identd", "other-user",
	};

	if (!trial->replied)
		return "failed";
	return trial->wrong ? "not-socks4" : words[trial->code - 90];
}

static bool is_granted(const struct trial *trial)
{
	return trial->replied && !trial->wrong && trial->code == 90;
}

/* Why it was not granted, for people. */
static void describe(const struct trial *trial, char *text, size_t size)
{
	static const char *const refusals[] = {
		[1] = "rejected the request, or could not reach the destination",
		[2] = "rejected the request: it can't reach identd on this host",
		[3] = "rejected the request: identd on this host names another user",
	};

	if (!trial->replied)
		snprintf(text, size, "%s: %s", step_names[trial->done],
			 trial->error == -ENODATA ?
			 "the server closed the connection before it had replied" :
			 strerror(-trial->error));
	else if (trial->wrong)
		snprintf(text, size,
			 "the reply is not one of SOCKS4: version %u, code %u",
			 trial->version, trial->code);
	else
		snprintf(text, size, "the server %s (%u)",
			 refusals[trial->code - 90], trial->code);
}

static double milliseconds(int64_t nanoseconds)
{
	return nanoseconds / 1e6;
}

static void print_trial(const struct trial *trial)
{
	const struct endpoint endpoint = {
		trial->server.address, trial->server.port,
	};
	char text[ENDPOINT_TEXT_SIZE];
	int i;

	printf("server: %s%s%s\n", trial->server.name,
	       *trial->server.name ? " " : "", endpoint_text(text, &endpoint));
	printf("destination: %s\n", endpoint_text(text, &trial->destination));
	for (i = 0; i < trial->done; i++)
		printf("%s: %.3f ms\n", step_names[i],
		       milliseconds(trial->took[i]));
	if (is_granted(trial))
		puts("result: granted (90)");
}

static bool print_json(const struct session *session,
		       const struct trial *trial, const char *error)
{
	json_t *object = json_object();
	bool done = true;
	int i;

	if (*trial->server.name)
		done = json_put(object, "server",
				json_text(trial->server.name));
	done = done &&
	       json_put(object, "address",
			json_address(&trial->server.address)) &&
	       json_put(object, "port", json_integer(trial->server.port)) &&
	       json_put(object, "destination_address",
			json_address(&trial->destination.address)) &&
	       json_put(object, "destination_port",
			json_integer(trial->destination.port));
	for (i = 0; done && i < trial->done; i++)
		done = json_put(object, step_names[i],
				json_real(milliseconds(trial->took[i])));
	done = done && json_put(object, "result",
				json_string(result_word(trial)));
	if (done && trial->replied)
		done = json_put(object, "code", json_integer(trial->code));
	if (done && *error)
		done = json_put(object, "error", json_text(error));
	if (done)
		return json_print(session, object);
	json_decref(object);
	return false;
}

static enum status take_server(struct session *session, struct words *words,
			       const struct place *place, struct trial *trial)
{
	const char *word = words_peek(words);
	struct config config = { .servers = { .list = NULL } };
	enum status status;
	const char *name;

	/* No name has a ":" in it. */
	if (word && strchr(word, ':')) {
		trial->server.timeout = SOCKS_TIMEOUT_DEFAULT;
		return take_endpoint(words, "probe", 0, &trial->server.address,
				     &trial->server.port);
	}
	status = take_name(words, "probe", &name);
	if (status)
		return status;
	/* All words are looked at before the kernel is asked. */
	snprintf(trial->server.name, sizeof(trial->server.name), "%s", name);
	if (words_left(words)) {
		struct words rest = *words;

		status = take_endpoint(&rest, "probe", 0,
				       &trial->destination.address,
				       &trial->destination.port);
		if (!status)
			status = words_end(&rest);
		if (status)
			return status;
	}
	status = config_get_server(session, place, name, &config);
	if (!status && config.servers.count)
		trial->server = config.servers.list[0];
	config_clear(&config);
	return status;
}

static enum status take_trial(struct session *session, struct words *words,
			      const struct place *place, struct trial *trial)
{
	enum status status = take_server(session, words, place, trial);

	if (status)
		return status;
	if (!words_left(words)) {
		trial->destination.address = trial->server.address;
		trial->destination.port = trial->server.port;
		return STATUS_OK;
	}
	status = take_endpoint(words, "probe", 0, &trial->destination.address,
			       &trial->destination.port);
	return status ? status : words_end(words);
}

/**
 * probe_server() - Carry out "probe".
 * @session: The run.
 * @words: The words behind it.
 *
 * Return: What to exit with.
 */
enum status probe_server(struct session *session, struct words *words)
{
	struct place place = words_start(words);
	struct trial trial = { .socket = -1 };
	char error[256] = "";
	enum status status;
	int failed;

	status = take_trial(session, words, &place, &trial);
	/* A named server was read from where it is to be reached. */
	if (!status && session->netns)
		status = session_connect(session, &place);
	if (status)
		return status;
	failed = try_server(&trial);
	if (failed) {
		report(&place, "probe: %s", strerror(-failed));
		return STATUS_REFUSED;
	}
	if (!is_granted(&trial))
		describe(&trial, error, sizeof(error));
	if (!session->json)
		print_trial(&trial);
	else if (!print_json(session, &trial, error))
		return no_memory(&place);
	if (!*error)
		return STATUS_OK;
	report(&place, "probe: %s", error);
	return STATUS_REFUSED;
}
