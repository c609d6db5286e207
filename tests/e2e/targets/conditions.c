/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conditions — makes calls of many classes, and counts each class itself, in C: what a condition on
 * the same words must let through.
 *
 *	conditions [-w] [-h] [ROUNDS [THREADS]]
 */
#include <fcntl.h>
#include <fnmatch.h>
#include <pthread.h>
#include <sys/sdt.h>
#include <time.h>

#include "sample.h"

enum color { RED, GREEN, BLUE = 7 };

struct body {
	long length;
	const char *text;
};

struct request {
	int id;
	const char *path;
	unsigned int kind : 3, rest : 5;
	struct body body;
	struct body *next;
	char tag[8];
};

/* What a condition is compared with: the class's name, and the same in C. */
#define CLASSES(class)                                                                             \
	class(n_above, n > 90) class(n_negative, n < 0) class(n_bits, (n & 3) == 3) class(         \
		n_bit, n & 4) class(small,                                                         \
				    small == 0xfe) class(wide, wide > 0x8000000000000000ULL) class \
		(text, text && !strcmp(text, "hello")) class(no_text, !text) class(                \
			letter,                                                                    \
			letter == 'x') class(color, color == BLUE) class(path, !fnmatch("/etc/*5", \
											r->path,   \
											0)) class  \
		(path_class, !fnmatch("/[a-e]tc/?[!0-4]", r->path, 0)) class(                      \
			path_literal,                                                              \
			!strcmp(r->path, "/etc/*")) class(stars,                                   \
							  !fnmatch("*a*b*c", r->path,              \
								   0)) class(length,               \
									     r->body.length >=     \
										     500) class    \
		(next, r->next && r->next->length == 3) class(kind, r->kind == 5) class(           \
			tag,                                                                       \
			!memcmp(r->tag, "abcdefgh",                                                \
				8)) class(tag_short,                                               \
					  !strcmp(r->tag,                                          \
						  "xy")) class(both,                               \
							       n > 50 && text &&                   \
								       !strcmp(text,               \
									       "hello")) class     \
		(either, n < 10 || n > 95) class(not_either, !(n < 10 || n > 95)) class(           \
			ret, result < -40) class(ret_and,                                          \
						 (n & 1) && n > 0 &&                               \
							 result > 0) class(ret_or,                 \
									   n < 5 || result == 45)

#define NAME(name, test) CLASS_##name,
enum class { CLASSES(NAME) N_CLASSES };
#define WORD(name, test) #name,
static const char *const names[] = {CLASSES(WORD)};

struct worker {
	pthread_t thread;
	long rounds;
	unsigned long calls, inner, outer_kept, opened, opened_etc, deep_odd, deep;
	unsigned long classes[N_CLASSES];
};

traced int inner(int n)
{
	__asm__ volatile("" : "+r"(n));
	return n * 2;
}

/* Inside of every third call there is another one. */
traced int handle(struct request *r, int n, unsigned char small, unsigned long wide,
		  const char *text, char letter, enum color color)
{
	__asm__ volatile(""
			 :
			 : "r"(r), "r"(small), "r"(wide), "r"(text), "r"(letter), "r"(color)
			 : "memory");
	if (n % 3 == 0)
		inner(n);
	return n - 50;
}

/* Odd numbers and even ones, one inside of the other. */
traced int deep(int n)
{
	int below = n ? deep(n - 1) : 0;
	__asm__ volatile("" : "+r"(below));
	return below + (n & 1);
}

static void count_classes(struct worker *worker, const struct request *r, int n,
			  unsigned char small, unsigned long wide, const char *text, char letter,
			  enum color color, int result)
{
#define COUNT(name, test) worker->classes[CLASS_##name] += (test) ? 1 : 0;
	CLASSES(COUNT)
}

static void call(struct worker *worker, int i)
{
	char path[32];
	struct body next = {i % 5, "next"};
	int n = i % 100 - (i % 17 == 0 ? 200 : 0);
	const char *texts[] = {"hello", "hell", "hello!", "", NULL};
	const char *paths[] = {"/etc/%d", "/dtc/%d", "/etc/*", "/xaybzc", "/aaaaaaaaaaaaaaaaaaab"};
	snprintf(path, sizeof(path), paths[i % 5], i % 100);
	struct request r = {.id = i,
			    .path = path,
			    .kind = (unsigned int)i % 8,
			    .rest = (unsigned int)i % 32,
			    .body = {i * 10L % 1000, "body"},
			    .next = i % 4 ? &next : NULL};
	memcpy(r.tag, i % 4 ? "abcdefgh" : "xy\0\0\0\0\0", 8);
	unsigned char small = i % 2 ? 0xfe : 1;
	unsigned long wide = (unsigned long)i << 57;
	char letter = i % 3 ? 'x' : 'y';
	enum color color = i % 7 ? RED : BLUE;
	int result = handle(&r, n, small, wide, texts[i % 5], letter, color);
	worker->calls++;
	worker->inner += n % 3 == 0;
	count_classes(worker, &r, n, small, wide, texts[i % 5], letter, color, result);
	DTRACE_PROBE3(conditions, mark, n, texts[i % 5], wide);
}

static void open_files(struct worker *worker, int i)
{
	char path[64];
	snprintf(path, sizeof(path), i % 3 ? "/nowhere/etc/%d" : "/nowhere/lib/%d", i);
	int fd = open(path, i % 2 ? O_RDONLY : O_RDWR);
	if (fd >= 0)
		close(fd);
	worker->opened++;
	worker->opened_etc += i % 3 != 0;
}

static void *work(void *context)
{
	struct worker *worker = context;
	for (int i = 0; i < worker->rounds; i++) {
		int depth = i % 12;
		call(worker, i);
		open_files(worker, i);
		deep(depth);
		worker->deep += (unsigned long)depth + 1;
		worker->deep_odd += ((unsigned long)depth + 1) / 2;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	long rounds = sample_number(argc, argv, sample.next, 1000);
	long n = sample_number(argc, argv, sample.next + 1, 1);
	struct worker *workers = calloc((size_t)n, sizeof(*workers));
	struct worker sum = {.rounds = 0};
	for (long i = 0; i < n; i++) {
		workers[i].rounds = rounds;
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	}
	for (long i = 0; i < n; i++) {
		pthread_join(workers[i].thread, NULL);
		sum.calls += workers[i].calls;
		sum.inner += workers[i].inner;
		sum.opened += workers[i].opened;
		sum.opened_etc += workers[i].opened_etc;
		sum.deep += workers[i].deep;
		sum.deep_odd += workers[i].deep_odd;
		for (size_t c = 0; c < N_CLASSES; c++)
			sum.classes[c] += workers[i].classes[c];
	}
	sample_count("handle", sum.calls);
	sample_count("inner", sum.inner);
	sample_count("opened", sum.opened);
	sample_count("opened_etc", sum.opened_etc);
	sample_count("deep", sum.deep);
	sample_count("deep_odd", sum.deep_odd);
	for (size_t c = 0; c < N_CLASSES; c++)
		sample_count(names[c], sum.classes[c]);
	free(workers);
	return sample_end(&sample, true);
}
