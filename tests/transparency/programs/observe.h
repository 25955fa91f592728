/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs have in common: sockets, targets, the far end, and the log
 * of all that a program observes. What is logged must not depend on the time
 * that anything takes.
 */
#ifndef OBSERVE_H
#define OBSERVE_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
/* Unlike netinet/tcp.h, this knows all options. */
#include <linux/tcp.h>

#ifndef SOL_TCP
#define SOL_TCP		IPPROTO_TCP
#endif

/*
 * Nobody answers on a target before the program has the far end do so. On
 * UNREACHABLE nobody ever does.
 */
#define TARGETS		5
#define UNREACHABLE	4

/* More than anything takes. */
#define DEADLINE	60

/* AF_INET, or AF_INET6: then all addresses are IPv4-mapped. */
extern int family;
/* The first of four ports which no other run uses. */
extern unsigned int own_port;

union address {
	struct sockaddr		any;
	struct sockaddr_in	in;
	struct sockaddr_in6	in6;
};

/* What a program does, in its own file. */
void program(void);

/* The log. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A call's text, what it returned, its errno, and the signals it brought. */
long report(const char *call, long result);
#define CALL(call)							\
	report(#call, ({ errno = 0; (long)(call); }))
const char *error_name(int error);
const char *events(unsigned int mask);
const char *quoted(const void *bytes, long size);
/* End the program: the test itself went wrong. */
void die(const char *what) __attribute__((noreturn));
/* For what has to work on every path. */
#define MUST(call)							\
	({ long must_ = (long)(call); if (must_ < 0) die(#call); must_; })

/* Wait for what comes true by itself. */
#define UNTIL(condition)						\
	for (long until_ = 0; !(condition); until_++)			\
		wait_more(#condition, until_)
void wait_more(const char *what, long turns);

/*
 * The far end: the target itself, or the SOCKS server. far() has it do
 * something, and logs what it says, the same on both paths:
 *
 *   arrived          wait until only its answer to connect() is missing
 *   grant [BYTES]    let the connection succeed, and send some bytes at once
 *   refuse           let it fail
 *   unreachable      let it find no way to the target
 *   again            forget this connection, and wait for another
 *   send BYTES       and wait until the program's kernel has them
 *   urgent BYTES     the same, the last byte being urgent
 *   fill COUNT       send that many bytes, not waiting
 *   read COUNT       read so many bytes, and say which
 *   drain COUNT      read so many bytes, and say only whether they came
 *   read-urgent      wait for an urgent byte
 *   pending          what has come, not waiting
 *   finish           end its half of the connection
 *   end              wait for the other half's end, and say what it was
 *   reset            reset the connection
 *   vanish           say nothing any more
 *   ktls             set up kTLS (see ktls.c)
 *   blocked TID      wait until a thread sleeps in a system call
 *   signal TID NAME  send it a signal, and wait until it has been delivered
 *
 * "N:" before it names another target than the first.
 */
void far(const char *command, ...) __attribute__((format(printf, 1, 2)));
/* The same, when this thread sleeps in one of its next calls. Not logged. */
void far_when_blocked(const char *command, ...)
	__attribute__((format(printf, 1, 2)));

/* Sockets. */
int tcp(int flags);
socklen_t target(int n, union address *address);
socklen_t make_address(const char *host, unsigned int port,
		       union address *address);
int connect_to(int fd, int n);
int unconnect(int fd);
int set(int fd, int level, int option, int value);
/* The option's value, or -1. */
int get(int fd, int level, int option);
int nonblocking(int fd, bool on);
int ioctl_int(int fd, unsigned long request);
/* A connection to target N which has been granted; the socket blocks. */
int connected(int n);
/* A connection to target N which is in progress. */
int connecting(int n);

/* Log what can be seen of a socket without changing it. */
void show(int fd);
void show_poll(int fd);
void show_names(int fd);
/* SO_ERROR, which is cleared by that. */
void show_error(int fd);
/* recv(), with the bytes. */
long take(int fd, size_t size, int flags);
/* Some bytes there and some back. */
void exchange(int fd, int n);
/* Wait until the connection has failed or ended, and all events are there. */
void wait_end(int fd);
/* Wait until poll() says what is asked for. */
void wait_events(int fd, unsigned int mask);
/* Wait until the far end's kernel has all that was sent. */
void wait_acked(int fd);

/* Signals: note them for report(). */
void catch(int number, bool restart);

/* Threads, of which others may wait until they sleep. */
struct worker {
	void		*(*function)(struct worker *worker);
	int		fd;
	int		other;
	long		result;
	int		error;
	int		tid;
	unsigned long	thread;
};

void worker_start(struct worker *worker, void *(*function)(struct worker *),
		  int fd);
/* Have it sleep in its call. */
void worker_asleep(struct worker *worker);
/* Log what its call gave. */
void worker_report(struct worker *worker, const char *what);
void worker_done(struct worker *worker, long result);
void worker_begins(struct worker *worker);

#endif
