/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mutual [-w] [-h] DEPTH TIMES: two functions call each other, DEPTH calls deep, TIMES times, with
 * pauses of 30 ms for a tracer to change its mind. No self-recursion, so nothing in one function
 * tells.
 */
#include "sample.h"

#include <time.h>

static unsigned long calls[2];

static traced int pong(int left);

static traced int ping(int left)
{
	calls[0]++;
	int result = left ? pong(left - 1) : 0;
	/* Work after the call: a jump cannot take its place. */
	__asm__ volatile("" : "+r"(result));
	return result + 1;
}

static traced int pong(int left)
{
	calls[1]++;
	int result = left ? ping(left - 1) : 0;
	__asm__ volatile("" : "+r"(result));
	return result + 1;
}

int main(int argc, char **argv)
{
	const struct timespec pause = {.tv_nsec = 30000000};
	struct sample sample = sample_begin(argc, argv);
	int depth = (int)sample_number(argc, argv, sample.next, 200);
	int times = (int)sample_number(argc, argv, sample.next + 1, 10), sum = 0;
	for (int i = 0; i < times; i++) {
		sum += ping(depth - 1);
		nanosleep(&pause, NULL);
	}
	sample_count("ping", calls[0]);
	sample_count("pong", calls[1]);
	return sample_end(&sample, sum == depth * times);
}
