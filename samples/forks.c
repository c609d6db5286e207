/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forks — makes children in every way, and tells which. Each calls the traced function f() as its
 * very first work, so that a tracer that follows too late misses calls.
 *
 *	forks [-w] [-h] [ROUNDS]
 *
 * For each child one line, "child PID HOW STATUS": HOW is fork, vfork-exec, spawn or signal; STATUS
 * is as wait(2) tells it. "thread TID" for each thread. "count f N" is over all of them.
 */
#include <errno.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "sample.h"

extern char **environ;

struct shared {
	unsigned long calls;
	pid_t thread;
};

/* In memory that children share; those after an exec count by their exit status. */
static struct shared *shared;

traced int f(int n, const char *who)
{
	if (shared)
		__atomic_add_fetch(&shared->calls, 1, __ATOMIC_RELAXED);
	return n + who[0];
}

static void reap(pid_t child, const char *how)
{
	int status = -1;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	printf("child %d %s %d\n", child, how, status);
}

static void by_fork(int round)
{
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		f(round, "fork");
		_exit(3);
	}
	reap(child, "fork");
}

static void by_signal(int round)
{
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		f(round, "signal");
		raise(SIGKILL);
	}
	reap(child, "signal");
}

static void by_vfork(char *self)
{
	char *const argv[] = {self, "--child", "vfork-exec", "with space", NULL};
	pid_t child = vfork();
	if (!child) {
		execv(self, argv);
		_exit(127);
	}
	shared->calls++; /* the one it makes after the exec */
	reap(child, "vfork-exec");
}

static void by_spawn(char *self)
{
	char *const argv[] = {self, "--child", "spawn", NULL};
	pid_t child = -1;
	if (!posix_spawn(&child, self, NULL, NULL, argv, environ))
		shared->calls++;
	reap(child, "spawn");
}

static void *in_thread(void *context)
{
	f(*(int *)context, "thread");
	shared->thread = (pid_t)syscall(SYS_gettid);
	return NULL;
}

static void by_thread(int round)
{
	pthread_t thread;
	pthread_create(&thread, NULL, in_thread, &round);
	pthread_join(thread, NULL);
	printf("thread %d\n", shared->thread);
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "--child"))
		return f(0, argv[2]) == argv[2][0] ? 5 : 6;
	struct sample sample = sample_begin(argc, argv);
	int rounds = (int)sample_number(argc, argv, sample.next, 1);
	char self[4096];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[length > 0 ? length : 0] = '\0';
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return 2;
	for (int i = 0; i < rounds; i++) {
		f(i, "parent");
		by_fork(i);
		by_vfork(self);
		by_spawn(self);
		by_signal(i);
		by_thread(i);
	}
	sample_count("f", shared->calls);
	return sample_end(&sample, shared->calls == 6ul * (unsigned long)rounds);
}
