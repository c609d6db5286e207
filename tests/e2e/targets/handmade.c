/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handmade — coroutines by a few instructions of the program's own. x86-64.
 *
 *	handmade [-w] [ROUNDS]
 *
 * Each of COROUTINES is in a call of work() when the others run. "count work" says how often it was
 * called; all but the last call of each have returned.
 */
#include "sample.h"

#define COROUTINES 5
#define STACK	   65536

#if defined(__x86_64__)

/* Puts the stack pointer away, and goes on where the other one was put away. */
void change_stack(void **from, void *to);
__asm__(".text\n.globl change_stack\n.type change_stack,@function\nchange_stack:\n"
	"push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\npush %r15\n"
	"mov %rsp,(%rdi)\nmov %rsi,%rsp\n"
	"pop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\nret\n"
	".size change_stack,.-change_stack\n");

static void *resumer, *waiting[COROUTINES];
static int current;
static unsigned long works;

traced int work(int coroutine)
{
	works++;
	change_stack(&waiting[coroutine], resumer);
	return coroutine + 1;
}

static void body(void)
{
	for (;;)
		work(current);
}

static void begin(int number)
{
	static char stacks[COROUTINES][STACK] __attribute__((aligned(16)));
	void **top = (void **)(void *)(stacks[number] + STACK);
	*--top = NULL;
	*--top = (void *)body;
	for (int i = 0; i < 6; i++)
		*--top = NULL;
	waiting[number] = top;
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	int rounds = (int)sample_number(argc, argv, sample.next, 4);
	for (int i = 0; i < COROUTINES; i++)
		begin(i);
	for (int round = 0; round < rounds; round++)
		for (current = 0; current < COROUTINES; current++)
			change_stack(&resumer, waiting[current]);
	sample_count("work", works);
	return sample_end(&sample, true);
}

#else

int main(void)
{
	return 1;
}

#endif
