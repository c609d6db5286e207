/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that end in a jump to another: direct, through a pointer, conditional, and two that
 * chase each other for 100,000 rounds. A probe that made calls of them would use up the stack.
 */
#include "integrity.h"

typedef long step(long, long);
static noinline long even(long n, long sum);
static noinline long odd(long n, long sum)
{
	return n ? even(n - 1, sum * 3 + n) : sum;
}
static noinline long even(long n, long sum)
{
	return n ? odd(n - 1, sum ^ n) : -sum;
}
static noinline long plus(long a, long b)
{
	return a + b;
}
static noinline long minus(long a, long b)
{
	return a - b;
}
static step *const steps[] = {plus, minus, odd};
static noinline long through(long which, long b)
{
	return steps[which % 3]((long)((unsigned long)b % 7), which);
}
static noinline long either(long a, long b)
{
	if (a & 1)
		return plus(a, b);
	return minus(b, a);
}

int main(void)
{
	integrity_start();
	long sum = odd(2000, 1);
	for (long i = 0; i < 300; i++)
		sum += through(i, sum) + either(i, sum);
	printf("sum %ld\n", sum);
	integrity_end(END_PLAIN);
	return 0;
}
