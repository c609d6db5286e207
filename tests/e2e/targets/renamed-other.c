/* SPDX-License-Identifier: Apache-2.0 */
/* The other file of renamed.c. */
#include <stdio.h>

long weigh_other(long value);

static volatile long sink;

static __attribute__((noinline)) long weigh(long value, const char *name)
{
	printf("call %s %ld\n", name, value);
	sink -= value;
	return sink;
}

long weigh_other(long value)
{
	return weigh(value, "other");
}
