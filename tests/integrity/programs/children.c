/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fork, vfork, posix_spawn and system, from inside of traced functions; children return through the
 * frames of their parent and end with a status of their own.
 */
#include <spawn.h>
#include <sys/wait.h>

#include "integrity.h"

extern char **environ;

static noinline pid_t forked(int depth)
{
	if (depth)
		return forked(depth - 1);
	return fork();
}

static noinline long count_down(long n)
{
	return n ? n + count_down(n - 1) : 0;
}

static noinline int by_fork(int n)
{
	int status = 0;
	fflush(stdout);
	pid_t child = forked(n % 6);
	if (!child)
		_exit((int)(count_down(n) % 100));
	waitpid(child, &status, 0);
	return status;
}

static noinline int by_vfork(int n)
{
	int status = 0;
	pid_t child = vfork();
	if (!child)
		_exit((int)(count_down(n) % 50));
	waitpid(child, &status, 0);
	return status;
}

static noinline int by_vfork_exec(void)
{
	int status = 0;
	pid_t child = vfork();
	if (!child) {
		execl("/bin/sh", "sh", "-c", "exit 9", (char *)NULL);
		_exit(99);
	}
	waitpid(child, &status, 0);
	return status;
}

static noinline int by_spawn(void)
{
	int status = 0;
	pid_t child;
	char *const words[] = {(char *)"sh", (char *)"-c", (char *)"kill -TERM $$", NULL};
	if (posix_spawn(&child, "/bin/sh", NULL, NULL, words, environ))
		return -1;
	waitpid(child, &status, 0);
	return status;
}

int main(void)
{
	integrity_start();
	long sum = 0;
	for (int i = 0; i < 12; i++)
		sum = sum * 3 + by_fork(i) + by_vfork(i);
	printf("sum %ld exec %x spawn %x system %x\n", sum, by_vfork_exec(), by_spawn(),
	       system("exit 5"));
	integrity_end(END_PLAIN);
	return 7;
}
