/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waits — threads wait in system calls for what others do, one after the other.
 *
 *	waits [MS [SIGNAL]]
 *
 * A thread reads from a pipe, which the main one writes to MS milliseconds later; then it joins it,
 * and so waits for a futex. With SIGNAL, a second one reads when the process gets that signal.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int pipe_ends[2];

static void *reader(void *unused)
{
	char byte;
	if (read(pipe_ends[0], &byte, 1) != 1)
		exit(1);
	return unused;
}

/* Until the thread waits, for whoever looks. */
static void pause_for(long ms)
{
	struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	nanosleep(&left, NULL);
}

int main(int argc, char **argv)
{
	pthread_t thread;
	long ms = argc > 1 ? atol(argv[1]) : 100;
	if (pipe(pipe_ends) || pthread_create(&thread, NULL, reader, NULL))
		return 1;
	pause_for(ms);
	if (write(pipe_ends[1], "x", 1) != 1 || pthread_join(thread, NULL))
		return 1;
	if (argc > 2) {
		if (pthread_create(&thread, NULL, reader, NULL))
			return 1;
		pause_for(ms);
		kill(getpid(), atoi(argv[2]));
		pause();
	}
	return 0;
}
