/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tailcall — functions that end in a jump to another, which returns in their place. A tracer may
 * show the result that the caller gets, or that the function left by a jump; both are true.
 *
 *	tailcall [-w] [-h] [ROUNDS]
 */
#include "sample.h"

static unsigned long calls_of_final;

traced long final(long n)
{
	calls_of_final++;
	return n * 3;
}

/* Always leaves by a jump. */
traced long hand_over(long n)
{
	return final(n + 1);
}

/* Leaves by a jump for even numbers, by its own return for odd ones. */
traced long either(long n)
{
	if (n % 2)
		return n;
	return final(n);
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	long rounds = sample_number(argc, argv, sample.next, 20);
	bool correct = true;
	for (long i = 0; i < rounds; i++) {
		correct = hand_over(i) == (i + 1) * 3 && correct;
		correct = either(i) == (i % 2 ? i : i * 3) && correct;
	}
	sample_count("final", calls_of_final);
	sample_count("hand_over", (unsigned long)rounds);
	sample_count("either", (unsigned long)rounds);
	return sample_end(&sample, correct);
}
