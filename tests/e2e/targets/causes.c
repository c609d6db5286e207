/* SPDX-License-Identifier: Apache-2.0 */
/*
 * causes — makes system calls in functions, and counts for each function which ones, and how many
 * of them fail: nested, recursive, left by longjmp(), ended by a tail call, in several threads.
 *
 *	causes [-w] [-h] [ROUNDS [THREADS]]
 *
 * "count FUNCTION N" are calls; "count FUNCTION/SYSCALL N" is what was called with that function
 * innermost, "count FUNCTION/SYSCALL/errors N" how many of those failed. "outside" is no function.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <sys/sdt.h>
#include <sys/syscall.h>
#include <time.h>

#include "sample.h"

#define FUNCTIONS(f) \
	f(outside) f(a) f(b) f(both) f(deep) f(caught) f(leap) f(through) f(tail) f(outer) f(inner)
#define CALLS(f)     f(write) f(read) f(getppid) f(lseek) f(nanosleep)

#define IN(name)     IN_##name,
#define NUMBER(name) CALL_##name,
#define WORD(name)   #name,
enum function { FUNCTIONS(IN) N_FUNCTIONS };
enum call { CALLS(NUMBER) N_CALLS };
static const char *const functions[] = {FUNCTIONS(WORD)}, *const calls[] = {CALLS(WORD)};

struct counts {
	unsigned long entered[N_FUNCTIONS], made[N_FUNCTIONS][N_CALLS],
		failed[N_FUNCTIONS][N_CALLS];
	unsigned long marks, outer_ns, inner_ns, slept_ns;
};

struct worker {
	pthread_t thread;
	int rounds;
	struct counts counts;
	jmp_buf home;
};

static int null_fd, zero_fd;

/* Part of whoever calls it, so that it has no frame of its own. */
static inline __attribute__((always_inline)) void count(struct worker *w, enum function in,
							enum call call, long result)
{
	w->counts.made[in][call]++;
	w->counts.failed[in][call] += result < 0;
}

traced void a(struct worker *w)
{
	w->counts.entered[IN_a]++;
	for (int i = 0; i < 1000; i++)
		count(w, IN_a, CALL_write, syscall(SYS_write, i % 10 ? null_fd : -1, "x", 1));
}

traced void b(struct worker *w)
{
	char byte;
	w->counts.entered[IN_b]++;
	for (int i = 0; i < 500; i++)
		count(w, IN_b, CALL_read, syscall(SYS_read, i % 7 ? zero_fd : -1, &byte, 1));
	DTRACE_PROBE1(causes, mark, w);
	w->counts.marks++;
}

traced void both(struct worker *w)
{
	w->counts.entered[IN_both]++;
	count(w, IN_both, CALL_getppid, syscall(SYS_getppid));
	a(w);
	count(w, IN_both, CALL_lseek, syscall(SYS_lseek, -1, 0, SEEK_SET));
	b(w);
	count(w, IN_both, CALL_getppid, syscall(SYS_getppid));
}

traced int deep(struct worker *w, int n)
{
	w->counts.entered[IN_deep]++;
	count(w, IN_deep, CALL_getppid, syscall(SYS_getppid));
	int below = n > 0 ? deep(w, n - 1) : 0;
	count(w, IN_deep, CALL_lseek, syscall(SYS_lseek, null_fd, 0, SEEK_SET));
	return below + 1;
}

traced void leap(struct worker *w)
{
	w->counts.entered[IN_leap]++;
	count(w, IN_leap, CALL_write, syscall(SYS_write, null_fd, "x", 1));
	longjmp(w->home, 1);
}

traced void caught(struct worker *w)
{
	w->counts.entered[IN_caught]++;
	if (!setjmp(w->home))
		leap(w);
	count(w, IN_caught, CALL_getppid, syscall(SYS_getppid));
	count(w, IN_caught, CALL_read, syscall(SYS_read, -1, NULL, 0));
}

traced int tail(struct worker *w)
{
	w->counts.entered[IN_tail]++;
	count(w, IN_tail, CALL_getppid, syscall(SYS_getppid));
	return 1;
}

traced int through(struct worker *w)
{
	w->counts.entered[IN_through]++;
	count(w, IN_through, CALL_lseek, syscall(SYS_lseek, null_fd, 0, SEEK_SET));
	return tail(w);
}

/* Without a system call: the clock is read in user space. */
static unsigned long now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long)now.tv_sec * 1000000000 + (unsigned long)now.tv_nsec;
}

static unsigned long spin(unsigned long ns)
{
	unsigned long from = now_ns(), now = from;
	while (now - from < ns)
		now = now_ns();
	return now - from;
}

traced void inner(struct worker *w)
{
	w->counts.entered[IN_inner]++;
	w->counts.inner_ns += spin(300000);
}

traced void outer(struct worker *w)
{
	const struct timespec nap = {.tv_nsec = 200000};
	w->counts.entered[IN_outer]++;
	w->counts.outer_ns += spin(100000);
	inner(w);
	unsigned long from = now_ns();
	count(w, IN_outer, CALL_nanosleep, syscall(SYS_nanosleep, &nap, NULL));
	w->counts.slept_ns += now_ns() - from;
	w->counts.outer_ns += spin(100000);
}

static void *work(void *argument)
{
	struct worker *w = argument;
	for (int i = 0; i < w->rounds; i++) {
		a(w);
		b(w);
		both(w);
		deep(w, 9);
		caught(w);
		through(w);
		outer(w);
		count(w, IN_outside, CALL_getppid, syscall(SYS_getppid));
		count(w, IN_outside, CALL_write, syscall(SYS_write, -1, "x", 1));
		DTRACE_PROBE1(causes, mark, w);
	}
	return NULL;
}

static void add(struct counts *to, const struct counts *from)
{
	const unsigned long *words = (const unsigned long *)from;
	for (size_t i = 0; i < sizeof(*to) / sizeof(*words); i++)
		((unsigned long *)to)[i] += words[i];
}

static void tell(const struct counts *all)
{
	char name[64];
	for (int f = 0; f < N_FUNCTIONS; f++) {
		if (all->entered[f])
			sample_count(functions[f], all->entered[f]);
		for (int c = 0; c < N_CALLS; c++) {
			if (!all->made[f][c])
				continue;
			snprintf(name, sizeof(name), "%s/%s", functions[f], calls[c]);
			sample_count(name, all->made[f][c]);
			snprintf(name, sizeof(name), "%s/%s/errors", functions[f], calls[c]);
			sample_count(name, all->failed[f][c]);
		}
	}
	sample_count("b/mark", all->marks);
	sample_count("outer_ns", all->outer_ns);
	sample_count("inner_ns", all->inner_ns);
	sample_count("slept_ns", all->slept_ns);
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	int rounds = (int)sample_number(argc, argv, sample.next, 3);
	int threads = (int)sample_number(argc, argv, sample.next + 1, 1);
	struct worker *workers = calloc((size_t)threads + 1, sizeof(*workers));
	struct counts all = {0};
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	zero_fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	bool correct = workers && null_fd >= 0 && zero_fd >= 0;
	int started = 0;
	/* The first worker is this thread. */
	for (; correct && started + 1 < threads; started++) {
		workers[started].rounds = rounds;
		if (pthread_create(&workers[started].thread, NULL, work, &workers[started])) {
			correct = false;
			break;
		}
	}
	if (correct) {
		workers[threads].rounds = rounds;
		work(&workers[threads]);
		add(&all, &workers[threads].counts);
	}
	for (int i = 0; i < started; i++) {
		pthread_join(workers[i].thread, NULL);
		add(&all, &workers[i].counts);
	}
	free(workers);
	tell(&all);
	sample_count("outside/mark", (unsigned long)rounds * (unsigned long)threads);
	return sample_end(&sample, correct);
}
