/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signal handlers on a stack of their own, which lies above the interrupted frames (in main's
 * frame), below them, and in the heap. Whoever takes a higher stack pointer for a sign that frames
 * are gone forgets the calls that the handler has interrupted.
 */
#include "integrity.h"

static volatile long hits;

static noinline long in_handler(long n)
{
	return n < 2 ? 1 : in_handler(n - 1) + in_handler(n - 2);
}

static void on_signal(int number)
{
	hits += number + in_handler(4);
}

static noinline long interrupted(long depth)
{
	volatile char frame[256];
	frame[depth] = (char)depth;
	if (depth)
		return interrupted(depth - 1) + frame[depth];
	raise(SIGUSR1);
	return in_handler(3);
}

static noinline long once(void)
{
	raise(SIGUSR1);
	return 1;
}

static noinline long outer(void)
{
	return once() + 1;
}

static noinline void use(char *memory, size_t size)
{
	stack_t stack = {.ss_sp = memory, .ss_size = size};
	sigaltstack(&stack, NULL);
	long sum = 0;
	for (int i = 0; i < 20; i++)
		sum += interrupted(i % 5) + outer();
	printf("sum %ld hits %ld\n", sum, hits);
}

static noinline void above(void)
{
	char memory[65536];
	use(memory, sizeof(memory));
}

int main(void)
{
	static char below[65536];
	integrity_start();
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
	sigaction(SIGUSR1, &action, NULL);
	above();
	use(below, sizeof(below));
	char *heap = malloc(65536);
	use(heap, 65536);
	sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
	integrity_end(END_NO_DATA);
	return 0;
}
