/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans that a program knows itself: prints for each `span NAME KEY LEAST MOST`, what lies between
 * two calls in nanoseconds, by its own clock just inside and just outside of them; and `open`,
 * `alone` for those that lack an end. It waits for a line before it begins.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define noinline __attribute__((noinline, noclone))

struct lock {
	int depth;
};

static volatile int sink;

noinline void take_lock(struct lock *lock)
{
	sink += lock->depth++;
}

noinline void drop_lock(int how, struct lock *lock)
{
	sink += how + lock->depth--;
}

noinline void begin_job(long id)
{
	sink += (int)id;
}

noinline void end_job(long id)
{
	sink -= (int)id;
}

noinline void begin_name(const char *name)
{
	sink += *name;
}

noinline void end_name(const char *name)
{
	sink -= *name;
}

noinline long make_id(int n)
{
	sink += n;
	return n + 100;
}

static uint64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void pause_ms(long ms)
{
	const struct timespec t = {.tv_nsec = ms * 1000000};
	nanosleep(&t, NULL);
}

static void say(const char *name, unsigned long long key, uint64_t outer_begin,
		uint64_t inner_begin, uint64_t inner_end, uint64_t outer_end)
{
	printf("span %s %llu %llu %llu\n", name, key, (unsigned long long)(inner_end - inner_begin),
	       (unsigned long long)(outer_end - outer_begin));
}

/* One lock inside of itself: the inner one ends first. */
static void locks(int depth)
{
	static struct lock lock;
	uint64_t a = now();
	take_lock(&lock);
	uint64_t b = now();
	pause_ms(3);
	if (depth > 1)
		locks(depth - 1);
	uint64_t c = now();
	drop_lock(1, &lock);
	say("lock", (unsigned long long)(uintptr_t)&lock, a, b, c, now());
}

struct job {
	long id;
	uint64_t a, b, c, d;
};

static void *start_job(void *context)
{
	struct job *job = context;
	job->a = now();
	begin_job(job->id);
	job->b = now();
	return NULL;
}

static void *finish_job(void *context)
{
	struct job *job = context;
	job->c = now();
	end_job(job->id);
	job->d = now();
	return NULL;
}

static void in_thread(void *(*function)(void *context), struct job *job)
{
	pthread_t thread;
	pthread_create(&thread, NULL, function, job);
	pthread_join(thread, NULL);
}

/* Each begins in one thread and ends in another, and they overlap. */
static void jobs(void)
{
	struct job job[4] = {{.id = 11}, {.id = 12}, {.id = -13}, {.id = 14}};
	for (int i = 0; i < 4; i++)
		in_thread(start_job, &job[i]);
	pause_ms(5);
	for (int i = 0; i < 3; i++) {
		pause_ms(2);
		in_thread(finish_job, &job[i]);
		say("job", (unsigned long long)job[i].id, job[i].a, job[i].b, job[i].c, job[i].d);
	}
	end_job(99);
	printf("alone job 99\nopen job 14\n");
}

/* What one call returns, another one gets; names at different addresses. */
static void others(void)
{
	char first[] = "name one", second[] = "name one";
	uint64_t a = now();
	begin_name(first);
	uint64_t b = now();
	pause_ms(2);
	uint64_t c = now();
	end_name(second);
	say("name", 0, a, b, c, now());
	a = now();
	long id = make_id(1);
	b = now();
	pause_ms(2);
	c = now();
	end_job(id);
	say("made", (unsigned long long)id, a, b, c, now());
	a = now();
	int fd = open("/dev/null", O_RDONLY);
	b = now();
	pause_ms(2);
	c = now();
	close(fd);
	say("file", (unsigned long long)fd, a, b, c, now());
}

/* The same, often, and as fast as can be: the longest of all. */
static void hurry(long count)
{
	struct lock lock = {0};
	uint64_t longest = 0;
	for (long i = 0; i < count; i++) {
		uint64_t a = now();
		take_lock(&lock);
		drop_lock(1, &lock);
		uint64_t took = now() - a;
		longest = took > longest ? took : longest;
	}
	printf("count lock %ld\nlongest %llu\n", count, (unsigned long long)longest);
}

int main(int argc, char **argv)
{
	printf("ready %d\n", getpid());
	fflush(stdout);
	if (getchar() == EOF)
		return 1;
	if (argc > 1) {
		hurry(atol(argv[1]));
		return 0;
	}
	locks(3);
	jobs();
	others();
	return 0;
}
