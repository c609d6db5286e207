/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Large stack frames, arrays of variable length, alloca, realigned frames, stack protector, a stack
 * that ends at a guard page, and a thread with the smallest stack allowed.
 */
#include <alloca.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <sys/mman.h>

#include "integrity.h"

#pragma GCC diagnostic ignored "-Winfinite-recursion"

static sigjmp_buf out;
static volatile long depth_reached;

static noinline long large(long n)
{
	volatile char frame[300000];
	for (long i = 0; i < 300000; i += 4096)
		frame[i] = (char)(i + n);
	return frame[4096] + frame[8192 * 3];
}

static noinline long variable(long n)
{
	volatile long frame[n + 1];
	for (long i = 0; i <= n; i++)
		frame[i] = i;
	return frame[n] + frame[n / 2];
}

static noinline long allocated(long n)
{
	long sum = 0;
	for (long i = 0; i < 5; i++) {
		char *more = alloca((size_t)(n + i));
		memset(more, (int)i, (size_t)(n + i));
		sum += more[n / 2];
	}
	return sum;
}

static noinline long realigned(long n)
{
	volatile long frame[8] __attribute__((aligned(256)));
	frame[n % 8] = n;
	return ((uintptr_t)frame & 255) ? -1 : frame[n % 8];
}

static noinline long many(long a, long b, long c, long d, long e, long f, long g, long h)
{
	volatile long frame[8] __attribute__((aligned(64))) = {a, b, c, d, e, f, g, h};
	return frame[(a + b) % 8] + g * h;
}

static noinline long without_end(long n)
{
	volatile char frame[512];
	frame[0] = (char)n;
	depth_reached = n;
	return without_end(n + 1) + frame[0];
}

static void on_overflow(int number)
{
	(void)number;
	siglongjmp(out, 1);
}

static void *thread(void *at)
{
	(void)at;
	return (void *)(intptr_t)(variable(30) + realigned(7) + allocated(20));
}

int main(void)
{
	integrity_start();
	long sum = 0;
	for (long i = 1; i < 20; i++)
		sum += large(i) + variable(i * 10) + allocated(i * 3) + realigned(i) +
		       many(i, 2, 3, 4, 5, 6, 7, i);
	pthread_attr_t attributes;
	pthread_t one;
	void *ret = NULL;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, (size_t)PTHREAD_STACK_MIN);
	pthread_create(&one, &attributes, thread, NULL);
	pthread_join(one, &ret);
	static char handler_stack[65536];
	stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof(handler_stack)};
	struct sigaction action = {.sa_handler = on_overflow, .sa_flags = SA_ONSTACK};
	sigaltstack(&stack, NULL);
	sigaction(SIGSEGV, &action, NULL);
	int overflowed = 0;
	if (!sigsetjmp(out, 1))
		sum += without_end(0);
	else
		overflowed = 1;
	printf("sum %ld thread %ld overflowed %d deep %d\n", sum, (long)(intptr_t)ret, overflowed,
	       depth_reached > 5000);
	integrity_end(END_NO_MAPS | END_NO_DATA);
	return 0;
}
