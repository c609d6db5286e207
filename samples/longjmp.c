/* SPDX-License-Identifier: Apache-2.0 */
/*
 * longjmp — leaves two functions without their return. The tracer must say that it saw no return
 * of those, must show what follows at the right depth, and must not disturb the jump.
 *
 *	longjmp [-w] [-h] [ROUNDS]
 */
#include <setjmp.h>

#include "sample.h"

static jmp_buf home;
static unsigned long calls_of_leap, calls_of_after;

traced int leap(int n)
{
	calls_of_leap++;
	if (n >= 0)
		longjmp(home, n + 1);
	return n;
}

traced int middle(int n)
{
	return leap(n) * 2;
}

traced int after(int n)
{
	calls_of_after++;
	return n + 1;
}

/* Further down the stack than the frames that were left: the stack pointer does not show that they
 * are over. */
static __attribute__((noinline)) int far_below(void)
{
	volatile char frame[4096];
	int at = getppid() & 4095;
	frame[at] = 1;
	return frame[at];
}

traced int around(int n)
{
	int landed = setjmp(home);
	if (landed == 0)
		return middle(n); /* never returns */
	far_below();
	return after(landed);
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	int rounds = (int)sample_number(argc, argv, sample.next, 20);
	bool correct = true;
	for (int i = 0; i < rounds; i++)
		correct = around(i) == i + 2 && correct;
	sample_count("around", (unsigned long)rounds);
	sample_count("middle", (unsigned long)rounds);
	sample_count("leap", calls_of_leap);
	sample_count("after", calls_of_after);
	return sample_end(&sample, correct && calls_of_after == (unsigned long)rounds);
}
