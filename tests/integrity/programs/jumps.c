/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setjmp, sigsetjmp, and the compiler's own __builtin_setjmp out of deep frames: frames vanish
 * without a return.
 */
#include <setjmp.h>

#include "integrity.h"

static jmp_buf plain;
static sigjmp_buf masked;
static void *own[5];
static long total;

static noinline void dive(int depth, int kind)
{
	volatile char frame[64];
	frame[depth % 64] = (char)depth;
	if (!depth && kind == 0)
		longjmp(plain, 3);
	if (!depth && kind == 1)
		siglongjmp(masked, 4);
	if (!depth)
		__builtin_longjmp(own, 1);
	dive(depth - 1, kind);
	total += frame[depth % 64];
}

static noinline int by_builtin(int depth)
{
	if (__builtin_setjmp(own))
		return 5;
	dive(depth, 2);
	return 0;
}

static noinline int by_setjmp(int depth)
{
	int got = setjmp(plain);
	if (!got)
		dive(depth, 0);
	return got;
}

static noinline int by_sigsetjmp(int depth)
{
	int got = sigsetjmp(masked, 1);
	if (!got)
		dive(depth, 1);
	return got;
}

int main(void)
{
	integrity_start();
	long sum = 0;
	for (int i = 0; i < 60; i++)
		sum = sum * 3 + by_setjmp(i) + by_sigsetjmp(i % 7) + by_builtin(i % 5);
	printf("sum %ld total %ld\n", sum, total);
	integrity_end(END_NO_DATA); /* buffers of longjmp are scrambled */
	return 0;
}
