/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain [-w] [ROUNDS [SHAPE...]] — calls leaf(NUMBER) through chains of calls that it knows.
 *
 *	chain N NAME...	    who called leaf(N), the innermost first; '*': others, of libraries
 *	line N NUMBER FILE  where leaf(N) was called, in a function that is inlined
 *	ips N ADDRESS...    return addresses on the stack of leaf(N), as backtrace(3) finds them
 *	deep N COUNT	    calls of deep() around leaf(N)
 */
#include <execinfo.h>
#include <pthread.h>

#include "sample.h"

static unsigned long leaves;
static volatile int zero;

traced int leaf(int number)
{
	leaves++;
	return number + zero;
}

/* --- a chain of frames of various sizes --------------------------------------------------------
 */

traced int three(int number)
{
	return leaf(number) + 1;
}

traced int two(int number)
{
	volatile char buffer[3000];
	buffer[number] = 1;
	return three(number) + buffer[number];
}

traced int one(int number)
{
	return two(number) * 2;
}

static bool straight(int number)
{
	printf("chain %d leaf three two one straight run main\n", number);
	return one(number) > number;
}

/* --- recursion ----------------------------------------------------------------------------------
 */

traced int descend(int depth, int number)
{
	return depth ? descend(depth - 1, number) + 1 : leaf(number) + 1;
}

static bool recursion(int number)
{
	printf("chain %d leaf", number);
	for (int i = 0; i <= 40; i++)
		printf(" descend");
	printf(" recursion run main\n");
	return descend(40, number) == number + 41;
}

/* --- a signal -----------------------------------------------------------------------------------
 */

static volatile int signalled;

traced void on_signal(int signal)
{
	(void)signal;
	signalled = leaf(signalled) + 1;
}

traced int interrupted(int number)
{
	signalled = number;
	raise(SIGUSR2);
	return signalled;
}

static bool handler(int number)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigaction(SIGUSR2, &action, NULL);
	printf("chain %d leaf on_signal * interrupted handler run main\n", number);
	return interrupted(number) == number + 1;
}

/* --- inlined ------------------------------------------------------------------------------------
 */

static inline __attribute__((always_inline)) int inner(int number)
{
	printf("line %d %d %s\n", number, __LINE__ + 1, "chain.c");
	return leaf(number) + 2;
}

static inline __attribute__((always_inline)) int outer(int number)
{
	return inner(number) * 2;
}

traced int around(int number)
{
	return outer(number) + 1;
}

static bool inlined(int number)
{
	printf("chain %d leaf inner outer around inlined run main\n", number);
	return around(number) > number;
}

/* --- through a library that keeps no frame pointers ----------------------------------------------
 */

static int sorting;

traced int compare(const void *left, const void *right)
{
	leaf(sorting);
	return *(const int *)left - *(const int *)right;
}

traced int sorter(int number)
{
	int numbers[] = {2, 1};
	sorting = number;
	qsort(numbers, 2, sizeof(numbers[0]), compare);
	return numbers[0];
}

static bool callback(int number)
{
	printf("chain %d leaf compare * sorter callback run main\n", number);
	return sorter(number) == 1;
}

/* --- held against the unwinder of the compiler ---------------------------------------------------
 */

traced int witness(int number)
{
	void *addresses[64];
	int n = backtrace(addresses, 64);
	/* Its first one is in this call; those above are the same for leaf(). */
	printf("ips %d", number);
	for (int i = 1; i < n; i++)
		printf(" %p", addresses[i]);
	printf("\n");
	return leaf(number) + 1;
}

static bool oracle(int number)
{
	printf("chain %d leaf witness oracle run main\n", number);
	return witness(number) == number + 1;
}

/* --- more than is copied
 * -------------------------------------------------------------------------- */

traced int deep(int depth, int number)
{
	volatile char buffer[1000];
	buffer[depth] = 1;
	return depth ? deep(depth - 1, number) + buffer[depth] : leaf(number) + 1;
}

static bool large(int number)
{
	printf("deep %d 100\n", number);
	return deep(99, number) > 0;
}

/* --- another thread, another stack
 * ---------------------------------------------------------------- */

traced void *thread(void *number)
{
	leaf(*(int *)number);
	return NULL;
}

static bool threaded(int number)
{
	pthread_t id;
	printf("chain %d leaf thread *\n", number);
	return pthread_create(&id, NULL, thread, &number) == 0 && pthread_join(id, NULL) == 0;
}

static const struct shape {
	const char *name;
	bool (*run)(int number);
} shapes[] = {
	{"straight", straight}, {"recursion", recursion}, {"handler", handler},
	{"inlined", inlined},	{"callback", callback},	  {"oracle", oracle},
	{"large", large},	{"threaded", threaded},
};

#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static bool is_wanted(const char *name, char **names)
{
	for (char **wanted = names; *wanted; wanted++)
		if (strcmp(*wanted, name) == 0)
			return true;
	return !*names;
}

/* The number of a leaf is that of its shape, from 1 on. */
traced bool run(char **names)
{
	bool ok = true;
	for (size_t i = 0; i < SHAPES; i++)
		if (is_wanted(shapes[i].name, names))
			ok &= shapes[i].run((int)i + 1);
	return ok;
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	long rounds = sample_number(argc, argv, sample.next, 1);
	char **names = argv + (sample.next < argc ? sample.next + 1 : argc);
	bool ok = true;
	for (long i = 0; i < rounds; i++)
		ok &= run(names);
	sample_count("leaf", leaves);
	return sample_end(&sample, ok);
}
