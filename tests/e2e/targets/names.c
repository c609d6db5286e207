/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names — threads get other names, from themselves and from each other, and tell them: `name N
 * NAME` before each call of f(N), which makes a system call after it.
 *
 * Then a line is read, by the first thread; another one, with a name of its own, waits meanwhile.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static pthread_barrier_t barrier;
static volatile pid_t other;

__attribute__((noipa)) void f(int n)
{
	__asm__ volatile("" : : "r"(n) : "memory");
}

static void tell(int n)
{
	char name[17] = "";
	prctl(PR_GET_NAME, name);
	printf("name %d %s\n", n, name);
	f(n);
	syscall(SYS_getppid);
}

static void *run(void *unused)
{
	const struct timespec forever = {.tv_sec = 1000};
	other = (pid_t)syscall(SYS_gettid);
	tell(2);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	tell(3);
	prctl(PR_SET_NAME, "] [9/9] x");
	tell(4);
	pthread_barrier_wait(&barrier);
	nanosleep(&forever, NULL);
	return unused;
}

static void rename_other(const char *name)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", other);
	FILE *file = fopen(path, "w");
	if (!file || fputs(name, file) < 0 || fclose(file) != 0)
		exit(1);
}

int main(void)
{
	pthread_t thread;
	pthread_barrier_init(&barrier, NULL, 2);
	tell(0);
	prctl(PR_SET_NAME, "first");
	tell(1);
	if (pthread_create(&thread, NULL, run, NULL))
		return 1;
	pthread_barrier_wait(&barrier);
	rename_other("second");
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	tell(5);
	printf("ready %d\n", getpid());
	fflush(stdout);
	getchar();
	return 0;
}
