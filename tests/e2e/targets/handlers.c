/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handlers — a signal handler on a stack of its own, in the midst of two traced functions; every
 * third time it is left by siglongjmp(), and so are they. The thread's stack is right below or
 * above the handler's, or far from it.
 *
 *	handlers [-w] [-h] below|above|far [ROUNDS]
 */
#include <pthread.h>
#include <setjmp.h>
#include <sys/mman.h>

#include "sample.h"

#define STACK_BYTES (256UL << 10)

static sigjmp_buf before;
static volatile sig_atomic_t handled, leaves;
static volatile int results;

traced int on_signal(int n)
{
	handled = handled + 1;
	if (leaves)
		siglongjmp(before, 1);
	return n * 2;
}

static void handler(int signal)
{
	on_signal(signal);
}

traced int inner(int n)
{
	raise(SIGUSR2);
	return n + 1;
}

traced int outer(int n)
{
	return inner(n) * 10;
}

/* At the place where one of them was when it was left. */
traced int alone(int n)
{
	return n - 1;
}

struct task {
	void *handlers_stack;
	int rounds;
};

static void *work(void *context)
{
	const struct task *task = context;
	stack_t stack = {.ss_sp = task->handlers_stack, .ss_size = STACK_BYTES};
	sigaltstack(&stack, NULL);
	for (volatile int i = 0; i < task->rounds; i++) {
		leaves = i % 3 == 2;
		if (sigsetjmp(before, 1) == 0)
			results += outer(i) == (i + 1) * 10;
		results += alone(i) == i - 1;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	const char *where = argc > sample.next ? argv[sample.next] : "far";
	struct task task = {.rounds = (int)sample_number(argc, argv, sample.next + 1, 300)};
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
	char *both = mmap(NULL, 2 * STACK_BYTES, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool correct = both != MAP_FAILED && !sigaction(SIGUSR2, &action, NULL);
	if (correct && strcmp(where, "far") != 0) {
		bool is_below = strcmp(where, "below") == 0;
		pthread_attr_t attributes;
		pthread_t thread;
		pthread_attr_init(&attributes);
		pthread_attr_setstack(&attributes, both + (is_below ? 0 : STACK_BYTES),
				      STACK_BYTES);
		task.handlers_stack = both + (is_below ? STACK_BYTES : 0);
		correct = !pthread_create(&thread, &attributes, work, &task) &&
			  !pthread_join(thread, NULL);
	} else if (correct) {
		task.handlers_stack = both;
		work(&task);
	}
	sample_count("outer", (unsigned long)task.rounds);
	sample_count("on_signal", (unsigned long)handled);
	sample_count("left", (unsigned long)task.rounds / 3);
	sample_count("results", (unsigned long)results);
	return sample_end(&sample, correct && handled == task.rounds);
}
