/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folded — two functions with one piece of code, as linkers make it of equal ones (--icf=all).
 *
 *	folded [-w] [ROUNDS]
 */
#include "sample.h"

traced int get_width(int n)
{
	return n * 3 + 1;
}

int get_height(int n) __attribute__((alias("get_width")));

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	int rounds = (int)sample_number(argc, argv, sample.next, 5);
	volatile int sum = 0;
	for (int i = 0; i < rounds; i++)
		sum += get_width(i) + get_height(i);
	sample_count("calls", (unsigned long)rounds * 2);
	return sample_end(&sample, true);
}
