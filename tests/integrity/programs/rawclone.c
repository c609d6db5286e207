/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clone with CLONE_VM and a stack of its own: no thread, no copy. The child runs traced functions
 * in the same memory, while the parent waits and while it does not.
 */
#include <sched.h>
#include <sys/wait.h>

#include "integrity.h"

static char stacks[2][65536] __attribute__((aligned(16)));
static long results[2];

static noinline long work(long n)
{
	long sum = 0;
	for (long i = 0; i < n; i++)
		sum = sum * 3 + (i ^ n);
	return sum;
}

static noinline long fib(long n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static int child(void *at)
{
	long which = (long)(intptr_t)at;
	for (long i = 0; i < 100; i++)
		results[which] += work(i) + (i % 10 ? 0 : fib(6));
	return (int)which + 5;
}

int main(void)
{
	integrity_start();
	long own = 0;
	int status[2] = {0};
	pid_t pids[2];
	for (long i = 0; i < 2; i++)
		pids[i] = clone(child, stacks[i] + sizeof(stacks[i]) - 16,
				CLONE_VM | SIGCHLD | (i ? CLONE_FILES | CLONE_FS : 0),
				(void *)(intptr_t)i);
	for (long i = 0; i < 100; i++)
		own += work(i) + (i % 10 ? 0 : fib(6));
	for (int i = 0; i < 2; i++)
		waitpid(pids[i], &status[i], 0);
	printf("%ld %ld %ld %x %x\n", own, results[0], results[1], status[0], status[1]);
	integrity_end(END_NO_DATA);
	return 0;
}
