/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spends its thread's CPU time in two functions, three parts in one and one in the other, sleeps in
 * a third, and prints how much by its own clock: `count much NS`, `count little NS`, `count all
 * NS`. It waits for a line before it begins. share [MILLISECONDS [THREADS]]
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define noinline    __attribute__((noinline, noclone))
#define THREADS_MAX 16

static uint64_t part_ns;
static _Atomic uint64_t much_ns, little_ns;
static volatile int sink;

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t spin(uint64_t ns)
{
	uint64_t began_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID), now_ns = began_ns;
	while (now_ns - began_ns < ns) {
		for (int i = 0; i < 10000; i++)
			sink++;
		now_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	}
	return now_ns - began_ns;
}

noinline uint64_t much(void)
{
	return spin(3 * part_ns);
}

noinline uint64_t little(void)
{
	return spin(part_ns);
}

noinline void idle(void)
{
	const struct timespec t = {.tv_nsec = 100000000};
	nanosleep(&t, NULL);
}

static void *work(void *context)
{
	much_ns += much();
	little_ns += little();
	idle();
	return context;
}

int main(int argc, char **argv)
{
	int threads = argc > 2 ? atoi(argv[2]) : 1;
	pthread_t ids[THREADS_MAX];
	part_ns = (argc > 1 ? strtoull(argv[1], NULL, 10) : 100) * 1000000;
	printf("ready %d\n", getpid());
	fflush(stdout);
	if (getchar() == EOF || threads < 1 || threads > THREADS_MAX)
		return 1;
	uint64_t began_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	for (int i = 1; i < threads; i++)
		if (pthread_create(&ids[i], NULL, work, NULL))
			return 1;
	work(NULL);
	for (int i = 1; i < threads; i++)
		pthread_join(ids[i], NULL);
	printf("count much %llu\ncount little %llu\ncount all %llu\n", (unsigned long long)much_ns,
	       (unsigned long long)little_ns,
	       (unsigned long long)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - began_ns));
	return 0;
}
