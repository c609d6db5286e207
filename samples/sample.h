/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sample.h — what the sample programs share: how they wait for a tracer, and how they say what a
 * tracer must have seen.
 *
 *	program [-w] [-h] ARGUMENTS...
 *	-w  print "ready PID", then wait for a line (or end of file) on stdin, or for SIGUSR1
 *	-h  hold: when the work is done, print "done" and wait once more before the exit
 *
 * Every line of standard output is for a machine: "count NAME N" is what the program counted
 * itself, "expect TEXT" is a line of the trace it must have caused, without time and duration.
 * Output is collected in memory and written at the end, so that it causes no system call inside
 * the work that is traced.
 */
#ifndef UTRAIL_SAMPLES_SAMPLE_H
#define UTRAIL_SAMPLES_SAMPLE_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * A function that is really called, with the arguments of its declaration: neither inlined nor
 * cloned, and its callers know nothing of its body.
 */
#if defined(__has_attribute) && __has_attribute(noipa)
#define traced __attribute__((noipa))
#else
#define traced __attribute__((noinline))
#endif

struct sample {
	bool wait, hold;
	int next; /* index of the first argument that is the program's own */
};

static inline void sample_wake(int signal)
{
	(void)signal;
}

/* One line, the end of the input, or SIGUSR1, which is blocked except in here. */
static inline void sample_wait(const char *word)
{
	printf("%s %d\n", word, getpid());
	fflush(stdout);
	for (char c = 0; c != '\n';) {
		struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
		sigset_t none;
		sigemptyset(&none);
		if (ppoll(&input, 1, NULL, &none) < 0 || read(STDIN_FILENO, &c, 1) != 1)
			return;
	}
}

static inline struct sample sample_begin(int argc, char **argv)
{
	static char output[1 << 20];
	struct sample sample = {.wait = false, .hold = false, .next = 1};
	setvbuf(stdout, output, _IOFBF, sizeof(output));
	for (; sample.next < argc; sample.next++) {
		if (!strcmp(argv[sample.next], "-w"))
			sample.wait = true;
		else if (!strcmp(argv[sample.next], "-h"))
			sample.hold = true;
		else
			break;
	}
	if (sample.wait || sample.hold) {
		struct sigaction action;
		sigset_t usr1;
		memset(&action, 0, sizeof(action));
		action.sa_handler = sample_wake;
		sigaction(SIGUSR1, &action, NULL);
		sigemptyset(&usr1);
		sigaddset(&usr1, SIGUSR1);
		sigprocmask(SIG_BLOCK, &usr1, NULL);
	}
	if (sample.wait)
		sample_wait("ready");
	return sample;
}

/* The number at argv[i], or `otherwise` when there are fewer arguments. */
static inline long sample_number(int argc, char **argv, int i, long otherwise)
{
	return i < argc ? strtol(argv[i], NULL, 0) : otherwise;
}

static inline void sample_count(const char *name, unsigned long count)
{
	printf("count %s %lu\n", name, count);
}

/* Returns the exit status: a failed self-check is told and ends in 1. */
static inline int sample_end(const struct sample *sample, bool correct)
{
	printf("self-check %s\n", correct ? "passed" : "FAILED");
	fflush(stdout);
	if (sample->hold)
		sample_wait("done");
	return correct ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
