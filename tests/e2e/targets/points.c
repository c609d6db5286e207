/* SPDX-License-Identifier: Apache-2.0 */
/*
 * points — threads that make system calls inside of a function, and nowhere else; what the kernel
 * does for each is known.
 *
 *	points [-w] [-h] [CALLS [THREADS]]
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>

#include "sample.h"

#define THREADS_MAX 64

static int zero = -1;
static long calls;

/* By number: the C library may make others. */
traced long work(long i)
{
	char bytes[16];
	long parent = syscall(SYS_getppid);
	long got = syscall(SYS_read, zero, bytes, (size_t)(i % 16) + 1);
	syscall(SYS_sched_yield);
	return parent > 0 && got == i % 16 + 1 ? i : -1;
}

traced int look(const char *path)
{
	return (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
}

static void *run(void *context)
{
	bool *correct = context;
	for (long i = 0; i < calls; i++)
		*correct = *correct && work(i) == i;
	return NULL;
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	calls = sample_number(argc, argv, sample.next, 10);
	long threads = sample_number(argc, argv, sample.next + 1, 1);
	pthread_t running[THREADS_MAX];
	bool correct[THREADS_MAX], all = threads <= THREADS_MAX;

	zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	all = all && look("/nonexistent/points") == -1 && zero >= 0;
	for (long i = 0; all && i < threads; i++) {
		correct[i] = true;
		all = pthread_create(&running[i], NULL, run, &correct[i]) == 0;
	}
	for (long i = 0; all && i < threads; i++)
		pthread_join(running[i], NULL);
	for (long i = 0; all && i < threads; i++)
		all = all && correct[i];
	sample_count("work", (unsigned long)(calls * threads));
	return sample_end(&sample, all);
}
