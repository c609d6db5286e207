/* SPDX-License-Identifier: Apache-2.0 */
/*
 * burst — all at once, as fast as it goes: nested calls, a marker, a system call, in threads that
 * come and go, in processes that end while others still work. Counts all of it by itself.
 *
 *	burst [-w] [-h] [PROCESSES [THREADS [ROUNDS [GENERATIONS]]]]
 *
 * Each process has THREADS places, and in each GENERATIONS threads, one after the other. The first
 * process makes the fewest rounds, the last one all of them.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/sdt.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "sample.h"

struct counts {
	unsigned long outer, inner, mark, getppid, threads;
};

/* Of one process; on pages that all of them share. */
struct page {
	struct counts counts;
	unsigned long wrong;
	char padding[4096 - sizeof(struct counts) - sizeof(long)];
};

struct task {
	pthread_t thread;
	struct page *page;
	long rounds, generations;
};

static _Thread_local struct counts mine;

static traced long inner(long n)
{
	mine.inner++;
	DTRACE_PROBE1(storm, mark, n);
	mine.mark++;
	return n * 3 + 1;
}

static traced long outer(long n)
{
	mine.outer++;
	long result = inner(n) + inner(n + 1);
	syscall(SYS_getppid);
	mine.getppid++;
	return result;
}

static void add(unsigned long *to, unsigned long count)
{
	__atomic_fetch_add(to, count, __ATOMIC_RELAXED);
}

static void *work(void *context)
{
	const struct task *task = context;
	for (long n = 0; n < task->rounds; n++)
		if (outer(n) != 6 * n + 5)
			add(&task->page->wrong, 1);
	struct counts *all = &task->page->counts;
	add(&all->outer, mine.outer);
	add(&all->inner, mine.inner);
	add(&all->mark, mine.mark);
	add(&all->getppid, mine.getppid);
	add(&all->threads, 1);
	return NULL;
}

/* One place: its threads come one after the other. */
static void *place(void *context)
{
	struct task *task = context;
	for (long i = 0; i < task->generations; i++) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, work, task)) {
			add(&task->page->wrong, 1);
			break;
		}
		pthread_join(thread, NULL);
	}
	return NULL;
}

static int process(struct page *page, long threads, long rounds, long generations)
{
	struct task *tasks = calloc(threads, sizeof(*tasks));
	for (long i = 0; tasks && i < threads; i++) {
		tasks[i] =
			(struct task){.page = page, .rounds = rounds, .generations = generations};
		if (pthread_create(&tasks[i].thread, NULL, place, &tasks[i]))
			return 1;
	}
	for (long i = 0; tasks && i < threads; i++)
		pthread_join(tasks[i].thread, NULL);
	return !tasks || page->wrong;
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	long processes = sample_number(argc, argv, sample.next, 2);
	long threads = sample_number(argc, argv, sample.next + 1, 4);
	long rounds = sample_number(argc, argv, sample.next + 2, 100);
	long generations = sample_number(argc, argv, sample.next + 3, 2);
	struct page *pages = mmap(NULL, processes * sizeof(*pages), PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct counts all = {0};
	bool correct = pages != MAP_FAILED;
	for (long i = 0; correct && i < processes; i++) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(process(&pages[i], threads, rounds * (i + 1) / processes,
				      generations));
		correct = pid > 0;
	}
	int status;
	while (wait(&status) > 0 || errno == EINTR)
		correct = correct && status == 0;
	for (long i = 0; correct && i < processes; i++) {
		all.outer += pages[i].counts.outer;
		all.inner += pages[i].counts.inner;
		all.mark += pages[i].counts.mark;
		all.getppid += pages[i].counts.getppid;
		all.threads += pages[i].counts.threads;
	}
	sample_count("outer", all.outer);
	sample_count("inner", all.inner);
	sample_count("mark", all.mark);
	sample_count("getppid", all.getppid);
	/* Beside those that work there is one for each place. */
	sample_count("forks", all.threads + processes * threads + processes);
	return sample_end(&sample, correct);
}
