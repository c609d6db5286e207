/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target.h — what the benchmark targets share: they time their own loop and count their own calls,
 * so that no figure comes from the tracer that is measured.
 *
 * The report is one JSON object, written when the loop is over, to the file that
 * UTRAIL_BENCH_REPORT names (else to standard output). CPU time is the thread's own: other load on
 * the machine does not count. Times are CLOCK_MONOTONIC, comparable with those of the program that
 * started the tracer.
 */
#ifndef UTRAIL_BENCHMARKS_TARGET_H
#define UTRAIL_BENCHMARKS_TARGET_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#if defined(__has_attribute) && __has_attribute(noipa)
#define traced __attribute__((noipa))
#else
#define traced __attribute__((noinline))
#endif

/* Written at run time, so that its page is there: reading what was never touched is another story.
 */
static inline const char *make_text(void)
{
	static char text[16];
	return strcpy(text, "hello, tracers!");
}

struct stopwatch {
	uint64_t cpu_ns, wall_ns;
};

static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;
	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

static inline struct stopwatch stopwatch_read(void)
{
	return (struct stopwatch){clock_ns(CLOCK_THREAD_CPUTIME_ID), clock_ns(CLOCK_MONOTONIC)};
}

static inline double seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

/* `calls`: what was to be traced, counted where it was done. */
static inline int report(struct stopwatch start, struct stopwatch end, long calls)
{
	const char *path = getenv("UTRAIL_BENCH_REPORT");
	FILE *file = path ? fopen(path, "w") : stdout;
	struct rusage usage;
	if (!file)
		return 1;
	getrusage(RUSAGE_SELF, &usage);
	fprintf(file,
		"{\"calls\":%ld,\"cpu_ns\":%llu,\"wall_ns\":%llu,\"start_ns\":%llu,\"end_ns\":%llu,"
		"\"process_cpu_s\":%.6f}\n",
		calls, (unsigned long long)(end.cpu_ns - start.cpu_ns),
		(unsigned long long)(end.wall_ns - start.wall_ns),
		(unsigned long long)start.wall_ns, (unsigned long long)end.wall_ns,
		seconds(usage.ru_utime) + seconds(usage.ru_stime));
	return fclose(file) != 0;
}

static inline long number_of_calls(int argc, char **argv)
{
	return argc > 1 ? strtol(argv[argc - 1], NULL, 10) : 100000;
}

#endif
