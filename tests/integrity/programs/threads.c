/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 64 threads at the same probes at once, more than the kernel has slots to step instructions in;
 * then 100 short ones, one after the other; all with thread-local variables.
 */
#include <pthread.h>

#include "integrity.h"

static _Thread_local long own;
static pthread_barrier_t barrier;
static long results[64];

static noinline long step(long n)
{
	own = own * 31 + n;
	return own;
}

static noinline long leaf(long a)
{
	return a ^ (a >> 3);
}

static void *thread(void *at)
{
	long which = (long)(intptr_t)at;
	pthread_barrier_wait(&barrier);
	for (long i = 0; i < 50; i++)
		results[which] ^= leaf(step(i + which));
	return (void *)(intptr_t)own;
}

static void *shortly(void *at)
{
	step((long)(intptr_t)at);
	return (void *)(intptr_t)own;
}

int main(void)
{
	integrity_start();
	pthread_t threads[64];
	long sum = 0;
	pthread_barrier_init(&barrier, NULL, 64);
	for (long i = 0; i < 64; i++)
		pthread_create(&threads[i], NULL, thread, (void *)(intptr_t)i);
	for (int i = 0; i < 64; i++) {
		void *ret;
		pthread_join(threads[i], &ret);
		sum = sum * 7 + (long)(intptr_t)ret + results[i];
	}
	for (long i = 0; i < 100; i++) {
		void *ret;
		pthread_t one;
		pthread_create(&one, NULL, shortly, (void *)(intptr_t)i);
		pthread_join(one, &ret);
		sum += (long)(intptr_t)ret;
	}
	printf("sum %ld own %ld\n", sum, own);
	integrity_end(END_NO_MAPS);
	return 0;
}
