/* SPDX-License-Identifier: Apache-2.0 */
/*
 * count — calls f(int, const char *) CALLS times in each of THREADS threads and counts the calls.
 * A tracer that loses nothing reports exactly as many.
 *
 *	count [-w] [-h] [CALLS [THREADS]]
 */
#include <pthread.h>

#include "sample.h"

struct worker {
	pthread_t thread;
	long wanted;	     /* calls to make */
	unsigned long calls; /* counted inside f() */
	uint64_t sum;	     /* of what f() returned */
};

static _Thread_local unsigned long calls;

traced int f(int n, const char *text)
{
	calls++;
	return n + text[n & 3];
}

static void *work(void *context)
{
	struct worker *worker = context;
	for (long i = 0; i < worker->wanted; i++)
		worker->sum += f((int)i, "four");
	worker->calls = calls;
	return NULL;
}

/* What the returned values add up to, computed without calling f(). */
static uint64_t expected_sum(long n)
{
	uint64_t sum = 0;
	for (long i = 0; i < n; i++)
		sum += i + "four"[i & 3];
	return sum;
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	long n = sample_number(argc, argv, sample.next, 1000);
	long threads = sample_number(argc, argv, sample.next + 1, 1);
	struct worker *workers = calloc(threads, sizeof(*workers));
	unsigned long total = 0;
	bool correct = workers != NULL;

	for (long i = 0; correct && i < threads; i++) {
		workers[i].wanted = n;
		correct = !pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	}
	for (long i = 0; correct && i < threads; i++) {
		pthread_join(workers[i].thread, NULL);
		total += workers[i].calls;
		correct = workers[i].sum == expected_sum(n);
	}
	sample_count("f", total);
	free(workers);
	return sample_end(&sample, correct && total == (unsigned long)(n * threads));
}
