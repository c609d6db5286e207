/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crowd threads|processes COUNT N: N calls of f(int, const char *) in all, made by COUNT threads or
 * processes at the same time. All of them are there before the first call, and until the last.
 *
 * crowd modules COUNT N: by one thread, after the files leaf/0 to leaf/COUNT-1 have been mapped as
 * code.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target.h"

traced int f(int number, const char *text);

traced int f(int number, const char *text)
{
	__asm__ volatile("" : : "r"(text), "r"(__builtin_frame_address(0)) : "memory");
	return number + 1;
}

struct crowd {
	pthread_barrier_t begin, end;
	long calls; /* of each */
	const char *text;
	uint64_t cpu_ns;
};

static void *work(void *argument)
{
	struct crowd *crowd = argument;
	volatile long sink = 0;
	pthread_barrier_wait(&crowd->begin);
	struct stopwatch start = stopwatch_read();
	for (long i = 0; i < crowd->calls; i++)
		sink += f((int)i, crowd->text);
	struct stopwatch end = stopwatch_read();
	__atomic_fetch_add(&crowd->cpu_ns, end.cpu_ns - start.cpu_ns, __ATOMIC_RELAXED);
	pthread_barrier_wait(&crowd->end);
	return NULL;
}

static int start_thread(struct crowd *crowd)
{
	pthread_t thread;
	pthread_attr_t small;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, (size_t)256 << 10);
	return pthread_create(&thread, &small, work, crowd);
}

static int start_process(struct crowd *crowd)
{
	pid_t pid = fork();
	if (pid == 0) {
		/* Where one of them could not be made, the others would wait for ever. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		work(crowd);
		_exit(0);
	}
	return pid < 0;
}

static int map_file(unsigned int number)
{
	char path[32];
	snprintf(path, sizeof(path), "leaf/%u", number);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	close(fd);
	return at == MAP_FAILED;
}

/* What it maps is there before its one thread is made. */
static int map_files(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (map_file(i) != 0)
			return -1;
	return 0;
}

static struct crowd *make_crowd(unsigned int count, long calls)
{
	struct crowd *crowd = mmap(NULL, sizeof(*crowd), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrierattr_t shared;
	if (crowd == MAP_FAILED)
		return NULL;
	pthread_barrierattr_init(&shared);
	pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	/* And the one that waits for them. */
	pthread_barrier_init(&crowd->begin, &shared, count + 1);
	pthread_barrier_init(&crowd->end, &shared, count + 1);
	crowd->calls = calls;
	crowd->text = make_text();
	return crowd;
}

int main(int argc, char **argv)
{
	unsigned int count = argc == 4 ? (unsigned int)strtoul(argv[2], NULL, 10) : 0;
	if (!count) {
		fputs("usage: crowd threads|processes|modules COUNT N\n", stderr);
		return 2;
	}
	if (strcmp(argv[1], "modules") == 0) {
		if (map_files(count) != 0)
			return 1;
		count = 1;
	}
	long calls = number_of_calls(argc, argv) / (long)count;
	struct crowd *crowd = make_crowd(count, calls);
	for (unsigned int i = 0; crowd && i < count; i++)
		if ((strcmp(argv[1], "processes") == 0 ? start_process : start_thread)(crowd) != 0)
			_exit(1); /* with all threads */
	if (!crowd)
		return 1;
	pthread_barrier_wait(&crowd->begin);
	struct stopwatch start = stopwatch_read();
	pthread_barrier_wait(&crowd->end);
	struct stopwatch end = stopwatch_read();
	end.cpu_ns = start.cpu_ns + crowd->cpu_ns;
	while (wait(NULL) > 0)
		continue;
	return report(start, end, calls * (long)count);
}
