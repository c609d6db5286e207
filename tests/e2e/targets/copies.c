/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copies — functions of which gcc makes copies that are called by rules of their own. Each call
 * says what it was given: "call NAME VALUE BY" or "call NAME VALUE".
 *
 *	copies [-w] [ROUNDS]
 */
#include "sample.h"

struct parcel {
	long count, weight;
};

static volatile long sink;

/* All callers give the same `by`: f.constprop. */
static __attribute__((noinline)) long shift(long value, int by)
{
	printf("call shift %ld %d\n", value, by);
	sink += value;
	return value << by;
}

/* Nobody wants the result, and one member is all that is read: f.isra. */
static __attribute__((noinline)) long weigh(const struct parcel *parcel, long times)
{
	long weight = parcel->weight * times;
	printf("call weigh %ld\n", times);
	sink += weight;
	return weight;
}

/* Others may call it, too: there is the function, and a copy. */
__attribute__((noinline)) long repeat(long value, int by)
{
	printf("call repeat %ld %d\n", value, by);
	if (by == 7) {
		sink += value;
		return value;
	}
	for (int i = 0; i < by; i++) {
		value = value * 31 + i;
		sink += value;
	}
	return value;
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	long rounds = sample_number(argc, argv, sample.next, 10), sum = 0;
	struct parcel parcel = {1, argc};
	int by = rounds > 0 ? 3 : 4;
	for (long i = 0; i < rounds; i++) {
		sum += shift(i, 3);
		weigh(&parcel, i);
		sum += repeat(i, 7);
		sum += repeat(i, by + (int)(sink & 1));
	}
	sink += sum;
	return sample_end(&sample, true);
}
