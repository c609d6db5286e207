/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first thread ends long before the process does, and another one executes a new program, which
 * takes over the process id.
 */
#include <pthread.h>

#include "integrity.h"

static noinline long work(long n)
{
	long sum = 0;
	for (long i = 0; i < n; i++)
		sum += i ^ n;
	return sum;
}

static char *program;

static void *thread(void *at)
{
	(void)at;
	usleep(20000);
	long sum = 0;
	for (long i = 0; i < 200; i++)
		sum += work(i);
	printf("thread %ld\n", sum);
	fflush(stdout);
	execl("/proc/thread-self/exe", program, "again", (char *)NULL);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t one;
	if (argc > 1) {
		printf("again %ld\n", work(100));
		integrity_end(END_PLAIN);
		return 5;
	}
	integrity_start();
	program = argv[0];
	pthread_create(&one, NULL, thread, NULL);
	syscall(60 /* exit, of this thread alone */, 0);
	return 1;
}
