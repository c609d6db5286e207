/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaf functions keep values below the stack pointer. Whatever writes there (a push of the
 * tracer's, an emulated call) changes the result.
 */
#include "integrity.h"

static volatile long seed = 3;

#define LEAF(name, k)                                              \
	static noinline long name(long a, long b)                  \
	{                                                          \
		volatile long kept[14]; /* 112 of the 128 bytes */ \
		for (int i = 0; i < 14; i++)                       \
			kept[i] = a * (i + k) + b;                 \
		long sum = 0;                                      \
		for (int i = 13; i >= 0; i--)                      \
			sum = sum * 31 + kept[i];                  \
		return sum;                                        \
	}
LEAF(leaf1, 1)
LEAF(leaf2, 2)
LEAF(leaf3, 3)

int main(void)
{
	integrity_start();
	long total = 0;
	for (long i = 0; i < 300; i++)
		total += leaf1(i, seed) ^ leaf2(total, i) ^ leaf3(seed, total);
	printf("total %ld\n", total);
	integrity_end(END_PLAIN);
	return 3;
}
