/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crowd — 128 functions, each of which calls each: more pairs than a table of usual size holds.
 *
 *	crowd [-w] [-h]
 */
#include "sample.h"

#define EIGHT(of, n) of(n##0) of(n##1) of(n##2) of(n##3) of(n##4) of(n##5) of(n##6) of(n##7)
#define ALL_LOW(of)  EIGHT(of, 0) EIGHT(of, 1) EIGHT(of, 2) EIGHT(of, 3)
#define ALL_MID(of)  EIGHT(of, 4) EIGHT(of, 5) EIGHT(of, 6) EIGHT(of, 7)
#define ALL_HIGH(of) EIGHT(of, 8) EIGHT(of, 9) EIGHT(of, a) EIGHT(of, b)
#define ALL_TOP(of)  EIGHT(of, c) EIGHT(of, d) EIGHT(of, e) EIGHT(of, f)
#define ALL(of)	     ALL_LOW(of) ALL_MID(of) ALL_HIGH(of) ALL_TOP(of)

typedef int member(int next);
static member *const *members;
static unsigned long entered;

/* The return is no jump into the next one: something is done with its result. */
#define MEMBER(n)                                            \
	traced int member_##n(int next)                      \
	{                                                    \
		entered++;                                   \
		return next < 0 ? 1 : members[next](-1) + 1; \
	}
ALL(MEMBER)

#define ADDRESS(n) member_##n,
static member *const table[] = {ALL(ADDRESS)};
#define MEMBERS ((int)(sizeof(table) / sizeof(table[0])))

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	bool correct = true;
	members = table;
	for (int i = 0; i < MEMBERS; i++)
		for (int next = 0; next < MEMBERS; next++)
			correct = table[i](next) == 2 && correct;
	sample_count("entered", entered);
	return sample_end(&sample, correct);
}
