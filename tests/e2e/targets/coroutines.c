/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coroutines — calls that wait on stacks of their own, go on in other threads, or never.
 *
 *	coroutines [-w] [ROUNDS [THREADS]]
 *
 * Each of COROUTINES makes ROUNDS calls of work(), which waits between its steps; those with odd
 * numbers wait for good after half of that, and their stacks are taken by new ones. Two threads
 * resume all of them in turn, or one. "expect" says which calls of work() returned, and what;
 * "count" says how many there were.
 */
#include <pthread.h>
#include <ucontext.h>

#include "expect.h"

#define COROUTINES 6
#define STACK	   65536
#define STEPS	   3

static struct coroutine {
	ucontext_t context;
	int number, rounds;
	bool over;
} coroutines[COROUTINES];
static ucontext_t *resumer; /* of the one that runs */
static char *stacks;
static unsigned long works, steps;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static long turns;

/* Whoever comes back may be in another thread: nothing of the old one is kept across. */
static traced void pause_here(struct coroutine *me)
{
	swapcontext(&me->context, resumer);
}

traced int step(int coroutine, int number)
{
	steps++;
	return coroutine * 100 + number;
}

traced int work(int coroutine, int round)
{
	struct coroutine *me = &coroutines[coroutine % COROUTINES];
	int sum = round;
	works++;
	for (int i = 0; i < STEPS; i++) {
		sum += step(coroutine, i);
		pause_here(me);
	}
	return sum;
}

static void body(int number)
{
	struct coroutine *me = &coroutines[number % COROUTINES];
	for (int round = 0; round < me->rounds; round++) {
		int result = work(number, round);
		expect("work(coroutine=%d, round=%d) = %d", number, round, result);
	}
	me->over = true;
	for (;;)
		pause_here(me);
}

static void begin(int number, int rounds)
{
	struct coroutine *me = &coroutines[number % COROUTINES];
	getcontext(&me->context);
	me->context.uc_stack.ss_sp = stacks + (size_t)(number % COROUTINES) * STACK;
	me->context.uc_stack.ss_size = STACK;
	me->number = number;
	me->rounds = rounds;
	me->over = false;
	makecontext(&me->context, (void (*)(void))(void *)body, 1, number);
}

/* False: none of them goes on. */
static bool resume_all(void)
{
	bool any = false;
	for (int i = 0; i < COROUTINES; i++) {
		ucontext_t here;
		if (coroutines[i].over)
			continue;
		any = true;
		resumer = &here;
		swapcontext(&here, &coroutines[i].context);
	}
	return any;
}

/* Those with odd numbers wait in a call that will never return. */
static void replace_some(int rounds)
{
	for (int i = 1; i < COROUTINES; i += 2) {
		if (coroutines[i].over || coroutines[i].number >= COROUTINES)
			continue;
		begin(i + COROUTINES, rounds);
	}
}

struct part {
	int parity, rounds;
	bool alone;
};

static void *run(void *context)
{
	const struct part *part = context;
	for (bool any = true; any;) {
		pthread_mutex_lock(&turn);
		while (!part->alone && turns % 2 != part->parity)
			pthread_cond_wait(&changed, &turn);
		any = resume_all();
		turns++;
		if (turns == STEPS * part->rounds / 2 + 1)
			replace_some(part->rounds);
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&turn);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	int rounds = (int)sample_number(argc, argv, sample.next, 4);
	bool alone = sample_number(argc, argv, sample.next + 1, 2) == 1;
	struct part parts[2] = {{0, rounds, alone}, {1, rounds, alone}};
	pthread_t other;
	stacks = malloc((size_t)COROUTINES * STACK);
	for (int i = 0; i < COROUTINES; i++)
		begin(i, rounds);
	if (!alone)
		pthread_create(&other, NULL, run, &parts[1]);
	run(&parts[0]);
	if (!alone)
		pthread_join(other, NULL);
	sample_count("work", works);
	sample_count("step", steps);
	free(stacks);
	return sample_end(&sample, true);
}
