/* SPDX-License-Identifier: Apache-2.0 */
/*
 * perish — processes whose threads all end in the same moment, on several CPUs, and the last of
 * them as well as any other.
 *
 *	perish [-w] [-h] [PROCESSES [THREADS]]
 *
 * Every other one is killed, the others exit. Prints "child PID" for each.
 */
#include "sample.h"

#include <pthread.h>
#include <sys/wait.h>

static void *spin(void *context)
{
	for (volatile long turns = 0;; turns++)
		;
	return context;
}

/* Never returns. `ends`: by itself, once it is told to; else it waits to be killed. */
static void live(long threads, bool ends, int tell)
{
	pthread_t thread;
	for (long i = 0; i < threads; i++)
		if (pthread_create(&thread, NULL, spin, NULL))
			_exit(2);
	if (write(tell, "x", 1) != 1)
		_exit(2);
	if (ends)
		_exit(0);
	spin(NULL);
}

static bool perish(long threads, bool ends)
{
	int tell[2], status;
	char byte;
	if (pipe(tell))
		return false;
	pid_t pid = fork();
	if (pid < 0)
		return false;
	if (pid == 0)
		live(threads, ends, tell[1]);
	printf("child %d\n", (int)pid);
	bool correct = read(tell[0], &byte, 1) == 1;
	if (!ends)
		kill(pid, SIGKILL);
	correct = waitpid(pid, &status, 0) == pid && correct;
	close(tell[0]);
	close(tell[1]);
	return correct && (ends ? WIFEXITED(status) && WEXITSTATUS(status) == 0
				: WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	long processes = sample_number(argc, argv, sample.next, 100);
	long threads = sample_number(argc, argv, sample.next + 1, 3);
	bool correct = true;
	for (long i = 0; i < processes && correct; i++)
		correct = perish(threads, i & 1);
	sample_count("processes", (unsigned long)processes);
	sample_count("threads", (unsigned long)(processes * (threads + 1)));
	return sample_end(&sample, correct);
}
