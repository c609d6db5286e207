/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recurse — a function that calls itself DEPTH times; ROUNDS times over. Every call must show at
 * its own depth, with its own result. (The kernel's return probes give up beyond 64.)
 *
 *	recurse [-w] [-h] [DEPTH [ROUNDS]]
 */
#include "sample.h"

static unsigned long calls;

traced int down(int n)
{
	calls++;
	int below = n ? down(n - 1) : 0;
	/* Keeps the compiler from turning the recursion into a loop. */
	__asm__ volatile("" : "+r"(below));
	return below + n;
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	int depth = (int)sample_number(argc, argv, sample.next, 200);
	long rounds = sample_number(argc, argv, sample.next + 1, 1);
	bool correct = true;
	for (long i = 0; i < rounds; i++)
		correct = down(depth - 1) == depth * (depth - 1) / 2 && correct;
	sample_count("down", calls);
	return sample_end(&sample, correct);
}
