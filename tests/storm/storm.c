// SPDX-License-Identifier: GPL-2.0-only
/*
 * storm SEED SECONDS PROCESSES THREADS THROUGH REJECTED DIRECT SILENT SERVER
 *
 * A storm of system calls, chosen at random, on sockets in every state of the
 * handshake: as a user without rights, from many threads that share sockets,
 * and many processes that pass them on. What the calls return does not matter;
 * the kernel has to survive it. A process lives for seconds, and then ends in
 * the midst of whatever its threads do; another one follows it. What a thread
 * does is determined by SEED, not when it does it.
 *
 * Run it as root: it gives that up. The addresses are those of struct places.
 * Prints how many calls were made, and what the connect() calls gave.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "storm.h"

#define NOBODY		65534
#define THREADS_MAX	32
#define PROCESSES_MAX	16
/* More processes than these can't be forked. */
#define FORKED_MAX	300

struct places places;
struct counts *counts;
atomic_int slots[SLOTS];
int sockmap = -1, reuseport_array = -1;

static unsigned int n_threads;
static int unix_pair[2];
static pid_t tids[THREADS_MAX];

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static uint64_t mix(uint64_t seed, uint64_t number)
{
	struct random random = { seed ^ number * 0xd1342543de82ef95 };

	return random_u64(&random);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void nothing(int signal)
{
	(void)signal;
}

static void signals_set(void)
{
	struct sigaction action = { .sa_handler = nothing };

	sigaction(SIGUSR1, &action, NULL);
	action.sa_flags = SA_RESTART;
	sigaction(SIGUSR2, &action, NULL);
	sigaction(SIGRTMIN + 1, &action, NULL);
	signal(SIGIO, SIG_IGN);
	signal(SIGURG, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
}

static void *thread_run(void *argument)
{
	struct thread *t = argument;

	t->tids[t->index] = gettid();
	for (;;)
		call_any(t);
	return NULL;
}

/* A process, until it is killed or ends by itself. */
static void process_run(uint64_t seed)
{
	static struct thread threads[THREADS_MAX + 1];
	struct random random = { mix(seed, THREADS_MAX) };
	double end = now() + 0.5 + below(&random, 5000) / 1000.0;
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	unsigned int i;
	pthread_t id;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signals_set();
	for (i = 0; i < SLOTS; i++)
		atomic_store(&slots[i], -1);
	/* The last one's is not a thread's. */
	threads[n_threads].random.state = mix(seed, n_threads);
	sockets_fill(&threads[n_threads]);
	for (i = 0; i < n_threads; i++) {
		struct thread *t = &threads[i];

		t->random.state = mix(seed, i);
		t->index = i;
		t->tids = tids;
		t->n_tids = n_threads;
		t->epoll = epoll;
		memcpy(t->unix_pair, unix_pair, sizeof(unix_pair));
		ring_make(&t->ring);
		if (pipe2(t->pipe, O_NONBLOCK | O_CLOEXEC) ||
		    pthread_create(&id, NULL, thread_run, t))
			_exit(3);
	}
	/* Nobody is to wait for long. */
	while (now() < end) {
		struct timespec pause = { .tv_nsec = 3000000 };
		pid_t tid = tids[below(&random, n_threads)];

		nanosleep(&pause, NULL);
		if (tid)
			syscall(SYS_tgkill, getpid(), tid,
				below(&random, 2) ? SIGUSR1 : SIGUSR2);
	}
	_exit(0);
}

/* Processes, one after another in each place, until the time is over. */
static void processes_run(uint64_t seed, double end, unsigned int n)
{
	pid_t pids[PROCESSES_MAX] = {};
	struct random random = { mix(seed, ~0ULL) };
	uint64_t generations[PROCESSES_MAX] = {};
	unsigned int i;

	/* What processes leave behind when they end comes to us. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	while (now() < end) {
		struct timespec pause = { .tv_nsec = 20000000 };
		int status;
		pid_t pid;

		for (i = 0; i < n; i++) {
			if (pids[i])
				continue;
			generations[i]++;
			pids[i] = fork();
			if (!pids[i])
				process_run(mix(seed, generations[i] * n + i));
			if (pids[i] < 0)
				pids[i] = 0;
		}
		nanosleep(&pause, NULL);
		if (one_in(&random, 50) && pids[0])
			kill(pids[0], SIGKILL);
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			for (i = 0; i < n; i++)
				if (pids[i] == pid)
					pids[i] = 0;
			if (WIFSIGNALED(status) &&
			    WTERMSIG(status) != SIGKILL &&
			    WTERMSIG(status) != SIGALRM)
				fprintf(stderr, "a process ended by signal %d\n",
					WTERMSIG(status));
		}
	}
	for (i = 0; i < n; i++)
		if (pids[i])
			kill(pids[i], SIGKILL);
	while (wait(NULL) > 0 || errno == EINTR)
		;
}

static int map_make(enum bpf_map_type type, unsigned int value_size)
{
	union bpf_attr attr = {
		.map_type = type,
		.key_size = 4,
		.value_size = value_size,
		.max_entries = 8,
	};

	return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static void give_up_rights(void)
{
	struct rlimit limit = { FORKED_MAX, FORKED_MAX };

	if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
		die("setuid");
	setrlimit(RLIMIT_NPROC, &limit);
	limit.rlim_cur = 0;
	limit.rlim_max = 0;
	setrlimit(RLIMIT_CORE, &limit);
	/* Or /proc/self would be root's. */
	prctl(PR_SET_DUMPABLE, 1);
}

static void report(void)
{
	unsigned int i, k;

	for (i = 0; call_name(i); i++)
		printf("%s %ld\n", call_name(i), counts->calls[i]);
	for (k = 0; k < CONNECT_KINDS; k++) {
		printf("connect:%s", connect_kind_name(k));
		for (i = 0; i < ERRNOS; i++)
			if (counts->connects[k][i])
				printf(" %s=%ld", i ? strerrorname_np(i) : "0",
				       counts->connects[k][i]);
		printf("\n");
	}
	for (k = 0; k < RBIND_KINDS; k++) {
		printf("rbind:%s", rbind_kind_name(k));
		for (i = 0; i < ERRNOS; i++)
			if (counts->rbinds[k][i])
				printf(" %s=%ld", i ? strerrorname_np(i) : "0",
				       counts->rbinds[k][i]);
		printf("\n");
	}
}

int main(int argc, char **argv)
{
	uint64_t seed;
	double end;

	if (argc != 10 || !inet_aton(argv[5], &places.through) ||
	    !inet_aton(argv[6], &places.rejected) ||
	    !inet_aton(argv[7], &places.direct) ||
	    !inet_aton(argv[8], &places.silent) ||
	    !inet_aton(argv[9], &places.server))
		return 2;
	seed = strtoull(argv[1], NULL, 0);
	end = now() + atof(argv[2]);
	n_threads = atoi(argv[4]);
	if (n_threads > THREADS_MAX || atoi(argv[3]) > PROCESSES_MAX)
		return 2;

	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED ||
	    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, unix_pair))
		die("storm");
	netlink_init();
	sockmap = map_make(BPF_MAP_TYPE_SOCKMAP, 4);
	reuseport_array = map_make(BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 8);
	give_up_rights();
	processes_run(mix(seed, 0), end, atoi(argv[3]));
	report();
	return 0;
}
