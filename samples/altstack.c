/* SPDX-License-Identifier: Apache-2.0 */
/*
 * altstack — a signal handler on a stack of its own calls a traced function, inside another traced
 * function. Stack addresses then say nothing about which call is inside which.
 *
 *	altstack [-w] [-h] [ROUNDS]
 */
#include "sample.h"

static volatile sig_atomic_t handled;
static char other_stack[1 << 16] __attribute__((aligned(16)));

traced int on_signal(int n)
{
	handled = handled + 1;
	return n * 2;
}

static void handler(int signal)
{
	on_signal(signal);
}

traced int interrupted(int n)
{
	raise(SIGUSR2);
	return n + 1;
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	int rounds = (int)sample_number(argc, argv, sample.next, 20);
	stack_t stack = {.ss_sp = other_stack, .ss_size = sizeof(other_stack)};
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
	bool correct = !sigaltstack(&stack, NULL) && !sigaction(SIGUSR2, &action, NULL);
	for (int i = 0; i < rounds; i++) {
		correct = interrupted(i) == i + 1 && correct;
		printf("expect altstack:interrupted(n=%d)\n", i);
		printf("expect |  altstack:on_signal(n=%d) = %d\n", SIGUSR2, SIGUSR2 * 2);
		printf("expect altstack:interrupted = %d\n", i + 1);
	}
	sample_count("interrupted", (unsigned long)rounds);
	sample_count("on_signal", (unsigned long)handled);
	return sample_end(&sample, correct && handled == rounds);
}
