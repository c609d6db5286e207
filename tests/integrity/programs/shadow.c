/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shadow stack by hand: every function keeps its return address at its entry, and compares it
 * before it returns, as instrumented programs do (-finstrument-functions).
 */
#include "integrity.h"

static void *shadow[4096];
static int top;
static long mismatches;

#define HOOK __attribute__((no_instrument_function))
HOOK void __cyg_profile_func_enter(void *function, void *caller);
HOOK void __cyg_profile_func_exit(void *function, void *caller);

void __cyg_profile_func_enter(void *function, void *caller)
{
	(void)function;
	shadow[top++ & 4095] = caller;
}

void __cyg_profile_func_exit(void *function, void *caller)
{
	(void)function;
	mismatches += shadow[--top & 4095] != caller;
}

extern char __executable_start[], __etext[];

static noinline long work(long n)
{
	return n ? work(n - 1) + n : 1;
}

static noinline long more(long n)
{
	long mine = 0;
	for (int i = 1; i < top; i++)
		mine += (char *)shadow[i] > __executable_start && (char *)shadow[i] < __etext;
	return work(n % 7) + mine;
}

HOOK int main(void)
{
	integrity_start();
	long sum = 0;
	for (long i = 0; i < 40; i++)
		sum = sum * 3 + more(i);
	printf("sum %ld mismatches %ld top %d\n", sum, mismatches, top);
	integrity_end(END_NO_DATA);
	return 0;
}
