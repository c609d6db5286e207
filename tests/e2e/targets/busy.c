/* SPDX-License-Identifier: Apache-2.0 */
/*
 * busy — works until it is told to end, and knows by itself whether anything of it was changed:
 * calls, nested calls, a call that sleeps, two markers behind semaphores, system calls, two
 * threads, children by fork() and by execve().
 *
 *	busy [-w] [-h]		ends with the second line on standard input
 *	busy child SUM		what it executes itself
 *
 * step() gets a number that goes up by one with each call of a thread, so that a trace shows
 * whether one is missing. Children keep on living until the end; they too must be as they were.
 */
#define _SDT_HAS_SEMAPHORES 1
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/sdt.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "sample.h"

enum { CHILD_STEPS = 40, KEPT = 3, EXECUTED = 1000000, PACE_NS = 40000 };

#define SEMAPHORE(name) \
	unsigned short busy_##name##_semaphore __attribute__((section(".probes"), used))
SEMAPHORE(before);
SEMAPHORE(after);

extern const unsigned char __executable_start[], etext[];

struct worker {
	pthread_t thread;
	_Atomic long steps;
	bool wrong;
};

/* Read by the tests, through /proc/PID/mem. */
struct worker busy_workers[2];
static atomic_bool ending;
static uint64_t text_sum;

static uint64_t sum_of_text(void)
{
	uint64_t sum = 14695981039346656037u;
	for (const unsigned char *byte = __executable_start; byte < etext; byte++)
		sum = (sum ^ *byte) * 1099511628211u;
	return sum;
}

static unsigned semaphores(void)
{
	return *(volatile unsigned short *)&busy_before_semaphore +
	       *(volatile unsigned short *)&busy_after_semaphore;
}

static traced long leaf(long n)
{
	return 3 * n + 1;
}

/* Four levels of calls of itself. */
static traced long deep(long n, int level)
{
	return level ? deep(n, level - 1) + 1 : leaf(n);
}

/* In progress most of the time, so also when the tracer ends. */
static traced long slow(long n)
{
	struct timespec pace = {.tv_nsec = PACE_NS};
	nanosleep(&pace, NULL);
	return n ^ 5;
}

static traced long step(long n)
{
	if (*(volatile unsigned short *)&busy_before_semaphore)
		DTRACE_PROBE1(busy, before, n);
	long result = deep(n, 4);
	if (n % 8 == 0)
		result += syscall(SYS_getppid) > 0 ? 1 : 2;
	if (*(volatile unsigned short *)&busy_after_semaphore)
		DTRACE_PROBE2(busy, after, n, result);
	return result;
}

/* True: the result is that of an undisturbed program. */
static bool one(long n)
{
	bool right = step(n) == 3 * n + 5 + (n % 8 == 0);
	return (n % 4 || slow(n) == (n ^ 5)) && right;
}

static void *work(void *context)
{
	struct worker *worker = context;
	while (!atomic_load(&ending)) {
		if (!one(worker->steps))
			worker->wrong = true;
		atomic_fetch_add(&worker->steps, 1);
	}
	return NULL;
}

/* Waits for the parent: a byte asks for a check, the end of the pipe for nothing. */
static int child(long first, int input)
{
	char c;
	for (long n = first; n < first + CHILD_STEPS; n++)
		if (!one(n))
			return 2;
	ssize_t got = read(input, &c, 1);
	while (got < 0 && errno == EINTR)
		got = read(input, &c, 1);
	if (got <= 0)
		return 0;
	if (semaphores())
		return 3;
	return sum_of_text() == text_sum ? 0 : 4;
}

struct children {
	struct {
		pid_t pid;
		int pipe;
	} of[KEPT];
	unsigned long started;
	unsigned wrong;
};

static pid_t start_child(const struct children *children, int input, int other)
{
	pid_t pid = fork();
	if (pid)
		return pid;
	/* Each pipe has one end that writes, or it would never come to its end. */
	for (int i = 0; i < KEPT; i++)
		if (children->of[i].pid)
			close(children->of[i].pipe);
	close(other);
	dup2(input, STDIN_FILENO);
	close(input);
	if (children->started % 2) {
		char sum[32];
		char *arguments[] = {"busy", "child", sum, NULL};
		snprintf(sum, sizeof(sum), "%#lx", (unsigned long)text_sum);
		execv("/proc/self/exe", arguments);
		_exit(9);
	}
	_exit(child(0, STDIN_FILENO));
}

static void end_child(struct children *children, int i, bool check)
{
	int status = 0;
	if (!children->of[i].pid)
		return;
	if (check && write(children->of[i].pipe, "c", 1) != 1)
		children->wrong++;
	close(children->of[i].pipe);
	if (waitpid(children->of[i].pid, &status, 0) < 0 || status) {
		printf("child status %x\n", (unsigned)status);
		children->wrong++;
	}
	children->of[i].pid = 0;
}

static void next_child(struct children *children)
{
	int ends[2], i = (int)(children->started % KEPT);
	end_child(children, i, false);
	if (pipe(ends))
		return;
	children->of[i].pid = start_child(children, ends[0], ends[1]);
	children->of[i].pipe = ends[1];
	children->started++;
	close(ends[0]);
}

static bool told_to_end(int timeout_ms)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	char c;
	return poll(&input, 1, timeout_ms) > 0 && read(STDIN_FILENO, &c, 1) >= 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "child")) {
		text_sum = strtoul(argv[2], NULL, 0);
		return child(EXECUTED, STDIN_FILENO);
	}

	struct children children = {.started = 0};
	/* Before anybody can have put a probe into it. */
	text_sum = sum_of_text();
	struct sample sample = sample_begin(argc, argv);
	bool wrong = false;
	for (int i = 0; i < 2; i++)
		if (pthread_create(&busy_workers[i].thread, NULL, work, &busy_workers[i]))
			return 1;
	while (!told_to_end(10))
		next_child(&children);
	atomic_store(&ending, true);
	for (int i = 0; i < 2; i++) {
		pthread_join(busy_workers[i].thread, NULL);
		sample_count(i ? "second" : "first", busy_workers[i].steps);
		wrong |= busy_workers[i].wrong;
	}
	sample_count("children", children.started);
	int status = sample_end(&sample, !wrong);
	/* Told after the hold: by then the tracer has gone. */
	for (int i = 0; i < KEPT; i++)
		end_child(&children, i, true);
	sample_count("semaphores", semaphores());
	sample_count("wrong-children", children.wrong);
	sample_count("changed-text", sum_of_text() != text_sum);
	return status;
}
