/* SPDX-License-Identifier: Apache-2.0 */
/*
 * makecontext and swapcontext: two coroutines, whose functions return in another order than they
 * were called. With a list of return addresses kept by stack order, this hangs or crashes.
 */
#include <ucontext.h>

#include "integrity.h"

static ucontext_t home, one, two;
static char stacks[2][65536];
static long trace;

static noinline void hop(ucontext_t *from, ucontext_t *to, int mark)
{
	trace = trace * 5 + mark;
	swapcontext(from, to);
	trace = trace * 3 + mark;
}

static noinline void nested(ucontext_t *from, ucontext_t *to, int depth)
{
	if (depth)
		nested(from, to, depth - 1);
	else
		hop(from, to, 2);
	trace++;
}

static void first(int rounds)
{
	for (int i = 0; i < rounds; i++)
		nested(&one, &two, i % 5);
}

static void second(int rounds)
{
	for (int i = 0; i < rounds; i++)
		hop(&two, &one, 1);
}

int main(void)
{
	integrity_start();
	getcontext(&one);
	one.uc_stack = (stack_t){.ss_sp = stacks[0], .ss_size = sizeof(stacks[0])};
	one.uc_link = &home;
	makecontext(&one, (void (*)(void))(void *)first, 1, 100);
	getcontext(&two);
	two.uc_stack = (stack_t){.ss_sp = stacks[1], .ss_size = sizeof(stacks[1])};
	two.uc_link = &home;
	makecontext(&two, (void (*)(void))(void *)second, 1, 1000);
	swapcontext(&home, &one);
	printf("trace %ld\n", trace);
	integrity_end(END_NO_DATA); /* the stacks hold random values */
	return 0;
}
