/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hold — THREADS threads call brief() CALLS times each, and then hold(), which does not return
 * before the end of standard input. "holding N" is printed when all are in there.
 *
 *	hold [-w] CALLS THREADS
 */
#include <pthread.h>
#include <stdatomic.h>

#include "sample.h"

#define THREADS_MAX 1000
#define TEXT	    "what a call is asked to do while it does not return, long enough to need some room"

static atomic_long holding;
static int gate[2];
static long n_calls;

traced int brief(int n)
{
	return n + 1;
}

traced int hold(int n, const char *text)
{
	char byte;
	holding++;
	return read(gate[0], &byte, sizeof(byte)) == 0 ? n + text[0] : -1;
}

static void *work(void *context)
{
	long sum = 0;
	for (long i = 0; i < n_calls; i++)
		sum += brief((int)i);
	return (void *)(sum + hold((int)(intptr_t)context, TEXT));
}

int main(int argc, char **argv)
{
	static pthread_t threads[THREADS_MAX];
	struct sample sample = sample_begin(argc, argv);
	n_calls = sample_number(argc, argv, sample.next, 10);
	long n = sample_number(argc, argv, sample.next + 1, 1);
	bool correct = n <= THREADS_MAX && !pipe(gate);
	for (long i = 0; correct && i < n; i++)
		correct = !pthread_create(&threads[i], NULL, work, (void *)(intptr_t)i);
	while (correct && holding < n)
		usleep(1000);
	/* Counted before they wait: now they do. */
	usleep(20000);
	sample_wait("holding");
	close(gate[1]);
	for (long i = 0; correct && i < n; i++) {
		void *got;
		pthread_join(threads[i], &got);
		correct = (long)got == n_calls * (n_calls + 1) / 2 + i + TEXT[0];
	}
	return sample_end(&sample, correct);
}
