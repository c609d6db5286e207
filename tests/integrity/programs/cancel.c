/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pthread_exit and pthread_cancel out of nested functions with clean-up handlers: the C library
 * unwinds the frames, and every handler must run.
 */
#include <pthread.h>

#include "integrity.h"

#pragma GCC diagnostic ignored "-Winfinite-recursion"

static long cleaned;

static void clean(void *at)
{
	__atomic_add_fetch(&cleaned, (long)(intptr_t)at, __ATOMIC_RELAXED);
}

static noinline void dive(int depth, int how)
{
	pthread_cleanup_push(clean, (void *)(intptr_t)(depth + 1));
	if (depth)
		dive(depth - 1, how);
	else if (how)
		pthread_exit((void *)(intptr_t)12);
	else
		for (;;)
			usleep(1000);
	pthread_cleanup_pop(0);
}

static void *thread(void *at)
{
	dive(5, (int)(intptr_t)at);
	return NULL;
}

int main(void)
{
	integrity_start();
	long canceled = 0, ended = 0;
	for (long i = 0; i < 20; i++) {
		pthread_t one;
		void *ret;
		pthread_create(&one, NULL, thread, (void *)(intptr_t)(i & 1));
		if (!(i & 1))
			pthread_cancel(one);
		pthread_join(one, &ret);
		canceled += ret == PTHREAD_CANCELED;
		ended += ret == (void *)(intptr_t)12;
	}
	/* A thread may be canceled before it dives; one that ends by itself has dived. */
	printf("canceled %ld ended %ld cleaned enough %d\n", canceled, ended, cleaned >= 210);
	integrity_end(END_NO_MAPS | END_NO_DATA);
	return 0;
}
