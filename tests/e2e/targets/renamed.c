/* SPDX-License-Identifier: Apache-2.0 */
/*
 * renamed — has two functions of one name, each local to its file. Each call says what it was
 * given: "call weigh VALUE" here, "call other VALUE" in the other file.
 *
 *	renamed [-w] [ROUNDS]
 */
#include "sample.h"

long weigh_other(long value);

static volatile long sink;

static __attribute__((noinline)) long weigh(long value)
{
	printf("call weigh %ld\n", value);
	sink += value;
	return sink;
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	long rounds = sample_number(argc, argv, sample.next, 10);
	for (long i = 0; i < rounds; i++)
		sink += weigh(i) + weigh_other(i + 100);
	return sample_end(&sample, true);
}
