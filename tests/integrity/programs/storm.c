/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A timer's signal each 200 microseconds while traced functions run: between the breakpoint and the
 * instruction stepped aside, too. Handlers call traced functions.
 */
#include <sys/time.h>

#include "integrity.h"

static volatile sig_atomic_t alarms;

static noinline long work(long n)
{
	volatile long sum = 0;
	for (long i = 0; i < n; i++)
		sum += i * i;
	return sum;
}

static void on_alarm(int number)
{
	int saved = alarms;
	alarms = saved + (work(number) == 819);
}

static noinline long leaf(long a, long b)
{
	return a * 17 + b;
}

int main(void)
{
	integrity_start();
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	sigaction(SIGALRM, &action, NULL);
	struct itimerval often = {{0, 200}, {0, 200}}, never = {0};
	setitimer(ITIMER_REAL, &often, NULL);
	long sum = 0;
	for (long i = 0; i < 20000; i++)
		sum = leaf(sum, i) + (i % 100 ? 0 : work(20));
	while (alarms < 50)
		work(10);
	setitimer(ITIMER_REAL, &never, NULL);
	printf("sum %ld, enough alarms\n", sum);
	integrity_end(END_NO_DATA);
	return 0;
}
