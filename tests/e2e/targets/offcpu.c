/* SPDX-License-Identifier: Apache-2.0 */
/*
 * offcpu — a thread that is off its CPU in known ways, and says what the kernel has counted of it.
 *
 *	offcpu [-w] [SLEEPS]
 *
 * In work(): SLEEPS sleeps of 2 ms (lines "sleep BEGIN END", nanoseconds of CLOCK_BOOTTIME), a wait
 * for a lock that another thread holds ("lock ADDRESS TID"), a read of a pipe that it writes to,
 * and some work that may be preempted. "window BEGIN END SWITCHES DELAY RUNS": what getrusage(2)
 * and /proc/thread-self/schedstat have counted between.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include "sample.h"

static atomic_int lock = 1;
static int pipe_ends[2];

struct counted {
	uint64_t time_ns, switches, delay_ns, runs;
};

static uint64_t now(void)
{
	struct timespec at;
	clock_gettime(CLOCK_BOOTTIME, &at);
	return (uint64_t)at.tv_sec * 1000000000ULL + (uint64_t)at.tv_nsec;
}

static uint64_t switches(void)
{
	struct rusage usage;
	getrusage(RUSAGE_THREAD, &usage);
	return (uint64_t)(usage.ru_nvcsw + usage.ru_nivcsw);
}

/* The time is of the switches: of one moment, or it is asked again. */
static struct counted count(int schedstat)
{
	char text[128] = "";
	unsigned long long ran, delay = 0, runs = 0;
	struct counted ret;
	if (pread(schedstat, text, sizeof(text) - 1, 0) <= 0 ||
	    sscanf(text, "%llu %llu %llu", &ran, &delay, &runs) != 3)
		delay = runs = 0;
	do {
		ret.switches = switches();
		ret.time_ns = now();
	} while (switches() != ret.switches);
	ret.delay_ns = delay;
	ret.runs = runs;
	return ret;
}

/* By proc(5): the state stands behind the name. */
static bool main_sleeps(void)
{
	char path[64], text[64] = "";
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", getpid());
	int stat = open(path, O_RDONLY | O_CLOEXEC);
	bool is_read = stat >= 0 && read(stat, text, sizeof(text) - 1) > 0;
	const char *name_end = strrchr(text, ')');
	close(stat);
	return is_read && name_end && name_end[2] == 'S';
}

/* However long it takes to get there, and for a while. */
static void let_main_sleep(void)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	while (!main_sleeps())
		sched_yield();
	nanosleep(&pause, NULL);
}

static void *help(void *context)
{
	printf("lock %p %ld\n", (void *)&lock, syscall(SYS_gettid));
	let_main_sleep();
	lock = 0;
	syscall(SYS_futex, &lock, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	let_main_sleep();
	return write(pipe_ends[1], "x", 1) == 1 ? context : NULL;
}

traced bool work(long sleeps)
{
	const struct timespec pause = {.tv_nsec = 2000000};
	char byte;
	volatile unsigned long spent = 0;
	while (lock)
		syscall(SYS_futex, &lock, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
	bool correct = read(pipe_ends[0], &byte, 1) == 1;
	for (long i = 0; i < sleeps; i++) {
		uint64_t begin = now();
		clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
		printf("sleep %llu %llu\n", (unsigned long long)begin, (unsigned long long)now());
	}
	for (uint64_t end = now() + 20000000; now() < end;)
		spent++;
	return correct;
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	long sleeps = sample_number(argc, argv, sample.next, 5);
	int schedstat = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	pthread_t helper;
	bool correct = pipe2(pipe_ends, O_CLOEXEC) == 0;
	struct counted before = count(schedstat);
	correct = correct && pthread_create(&helper, NULL, help, &sample) == 0;
	correct = correct && work(sleeps);
	struct counted after = count(schedstat);
	correct = correct && pthread_join(helper, NULL) == 0;
	printf("window %llu %llu %llu %llu %llu\n", (unsigned long long)before.time_ns,
	       (unsigned long long)after.time_ns,
	       (unsigned long long)(after.switches - before.switches),
	       (unsigned long long)(after.delay_ns - before.delay_ns),
	       (unsigned long long)(after.runs - before.runs));
	return sample_end(&sample, correct);
}
