/* SPDX-License-Identifier: Apache-2.0 */
/*
 * USDT markers in leaf functions, with operands in registers, on the stack and in the red zone; one
 * in a function that is inlined many times; and in a child that a fork leaves behind.
 */
#include <sys/sdt.h>
#include <sys/wait.h>

#include "integrity.h"

static noinline long marked(long a, long b)
{
	volatile long kept[8];
	for (int i = 0; i < 8; i++)
		kept[i] = a * i + b;
	DTRACE_PROBE3(integrity, red_zone, kept[1], kept[7], a);
	return kept[a & 7] * 3 + kept[b & 7];
}

static inline __attribute__((always_inline)) long inlined(long a)
{
	DTRACE_PROBE1(integrity, inlined, a);
	return a * 3;
}

static noinline long leaf(long a, long b)
{
	DTRACE_PROBE2(integrity, plain, a, "text");
	return inlined(a) + inlined(b) * inlined(a + b);
}

int main(void)
{
	integrity_start();
	long sum = 0;
	for (long i = 0; i < 200; i++)
		sum = leaf(sum, i) ^ marked(i, sum);
	fflush(stdout);
	int status = 0;
	pid_t child = fork();
	if (!child)
		_exit((int)(leaf(1, 2) % 100));
	waitpid(child, &status, 0);
	printf("sum %ld child %x\n", sum, status);
	integrity_end(END_PLAIN);
	return 0;
}
