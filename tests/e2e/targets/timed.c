/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timed — three loops of N rounds each: calls, markers, system calls. Tells the CPU time of each,
 *in nanoseconds, by its own clock.
 *
 *	timed [-w] [N]
 */
#include <sys/sdt.h>
#include <sys/syscall.h>
#include <time.h>

#include "sample.h"

static unsigned long cpu_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000UL + ts.tv_nsec;
}

static traced long f(long n)
{
	return n * 3 + 1;
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	long n = sample_number(argc, argv, sample.next, 1000), sum = 0;
	unsigned long times[4] = {cpu_ns()};
	for (long i = 0; i < n; i++)
		sum += f(i);
	times[1] = cpu_ns();
	for (long i = 0; i < n; i++)
		DTRACE_PROBE1(timed, mark, i);
	times[2] = cpu_ns();
	for (long i = 0; i < n; i++)
		sum += syscall(SYS_getppid) > 0;
	times[3] = cpu_ns();
	sample_count("f", times[1] - times[0]);
	sample_count("mark", times[2] - times[1]);
	sample_count("getppid", times[3] - times[2]);
	return sample_end(&sample, sum > n);
}
