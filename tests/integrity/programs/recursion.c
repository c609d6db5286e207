/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 100,000 frames deep, with a limited stack around it: no probe may need stack of the target's, and
 * what is not followed any further must still return.
 */
#include <sys/resource.h>

#include "integrity.h"

static noinline long deep(long n)
{
	return n ? deep(n - 1) + (n & 3) : 1;
}

static noinline long pong(long n);
static noinline long ping(long n)
{
	return n ? pong(n - 1) * 3 + n : 2;
}
static noinline long pong(long n)
{
	return n ? ping(n - 1) + 5 : 3;
}

int main(void)
{
	integrity_start();
	struct rlimit limit = {8 << 20, 8 << 20};
	setrlimit(RLIMIT_STACK, &limit);
	printf("deep %ld\n", deep(100000));
	for (long n = 60; n < 70; n++)
		printf("ping %ld\n", ping(n));
	printf("ping %ld\n", ping(300));
	integrity_end(END_PLAIN);
	return 0;
}
