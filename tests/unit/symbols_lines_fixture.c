/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that tests ask for by the words in their comments. */
#include <stdio.h>

static volatile int number = 3;

static inline __attribute__((always_inline)) int twice(int n)
{
	int more = n + number;
	return more * number; /* line: inlined */
}

__attribute__((noinline)) int left(int n)
{
	int sum = 0;
	for (int i = 0; i < n; i++)
		sum += number + i; /* line: loop */
	return sum + twice(n);
}

__attribute__((noinline)) int right(int n)
{
	/* line: no code */
	number = n; /* line: single */
	return twice(n + 1) - 3;
}

int main(int argc, char **argv)
{
	(void)argv;
	printf("%d\n", left(argc) + right(argc));
	return 0;
}
