/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the programs share. Each prints what it has computed, and at its end what it can see of
 * itself: check.py compares all of it with a run that nobody traces.
 */
#ifndef INTEGRITY_H
#define INTEGRITY_H

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __clang__
#define noinline __attribute__((noinline))
#else
#define noinline __attribute__((noinline, noclone))
#endif
#define unused	      __attribute__((unused))
#define array_size(a) (sizeof(a) / sizeof((a)[0]))

/* Tells that it runs, and waits for a line: time to attach to it. */
static unused void integrity_start(void)
{
	char c = 0;
	printf("ready\n");
	fflush(stdout);
	while (c != '\n' && read(STDIN_FILENO, &c, 1) == 1)
		;
}

static unused uint64_t integrity_hash(uint64_t hash, const void *bytes, size_t size)
{
	const unsigned char *at = (const unsigned char *)bytes;
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ at[i]) * 0x100000001b3;
	return hash;
}

struct integrity_mapping {
	char key[96]; /* permissions and file */
	unsigned long size;
};

struct integrity_view {
	struct integrity_mapping mappings[128];
	unsigned long ranges[256][2];
	int n_mappings, n_ranges;
};

static unused int integrity_compare(const void *left, const void *right)
{
	return strcmp((const char *)left, (const char *)right);
}

static unused void integrity_add(struct integrity_view *view, const char *key, unsigned long size)
{
	int i = 0;
	while (i < view->n_mappings && strcmp(view->mappings[i].key, key) != 0)
		i++;
	if (i == (int)array_size(view->mappings))
		return;
	if (i == view->n_mappings)
		snprintf(view->mappings[view->n_mappings++].key, sizeof(view->mappings[i].key),
			 "%s", key);
	view->mappings[i].size += size;
}

/* Sizes, summed up by file and permissions: addresses are random. [uprobes] is the kernel's page
 * for single-stepping, which the documentation tells of; the stack's size depends on its random
 * start. */
static unused void integrity_look(struct integrity_view *view)
{
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "r");
	view->n_mappings = view->n_ranges = 0;
	memset(view->mappings, 0, sizeof(view->mappings));
	while (maps && fgets(line, sizeof(line), maps)) {
		unsigned long start, end;
		char permissions[8], name[256] = "", key[96];
		sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &start, &end, permissions, name);
		if (view->n_ranges < (int)array_size(view->ranges)) {
			view->ranges[view->n_ranges][0] = start;
			view->ranges[view->n_ranges++][1] = end;
		}
		if (!strncmp(name, "[uprobes", 8))
			continue;
		const char *slash = strrchr(name, '/');
		snprintf(key, sizeof(key), "%s %.80s", permissions, slash ? slash + 1 : name);
		integrity_add(view, key, !strcmp(name, "[stack]") ? 0 : end - start);
	}
	if (maps)
		fclose(maps);
	qsort(view->mappings, (size_t)view->n_mappings, sizeof(view->mappings[0]),
	      integrity_compare);
}

extern char __bss_start[], _edata[], _end[];
extern char __data_start[] __attribute__((weak));

/* The program's variables. Words that lead to somewhere are left out, as addresses are random. */
static unused uint64_t integrity_data(const struct integrity_view *view)
{
	const char *start = __data_start ? __data_start : __bss_start;
	uint64_t hash = 1;
	for (const char *at = start; at + 8 <= _end; at += 8) {
		uint64_t word;
		int is_address = 0;
		memcpy(&word, at, sizeof(word));
		for (int i = 0; i < view->n_ranges; i++)
			is_address |= word >= view->ranges[i][0] && word <= view->ranges[i][1];
		if (!is_address)
			hash = integrity_hash(hash, &word, sizeof(word));
	}
	return hash;
}

static unused void integrity_signals(void)
{
	sigset_t blocked, pending;
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	sigpending(&pending);
	printf("signals blocked");
	for (int i = 1; i < 32; i++)
		if (sigismember(&blocked, i))
			printf(" %d", i);
	printf(" pending");
	for (int i = 1; i < 32; i++)
		if (sigismember(&pending, i))
			printf(" %d", i);
	printf(" ignored");
	for (int i = 1; i < 32; i++) {
		struct sigaction action;
		if (!sigaction(i, NULL, &action) && action.sa_handler == SIG_IGN)
			printf(" %d", i);
	}
	printf("\n");
}

#ifdef __x86_64__
static unused void integrity_machine(void)
{
	unsigned int mxcsr = 0;
	unsigned short control = 0;
	unsigned long flags;
	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	__asm__ volatile("fnstcw %0" : "=m"(control));
	__asm__ volatile("pushfq\n\tpop %0" : "=r"(flags) : : "memory", "cc");
	/* Without the sticky exception bits, which arithmetic sets. TF, DF, NT, AC. */
	printf("machine mxcsr %x x87 %x flags %lx\n", mxcsr & ~0x3fu, control, flags & 0x44500);
}
#else
static unused void integrity_machine(void)
{
}
#endif

enum { END_PLAIN = 0, END_NO_MAPS = 1, END_NO_DATA = 2 };

/* What the program sees of itself at its end. */
static unused void integrity_end(int flags)
{
	struct integrity_view view;
#ifdef INTEGRITY_NO_DATA /* a C library inside, with random values of its own */
	flags |= END_NO_DATA;
#endif
	integrity_look(&view);
	if (!(flags & END_NO_DATA))
		printf("data %016lx\n", (unsigned long)integrity_data(&view));
	for (int i = 0; i < view.n_mappings && !(flags & END_NO_MAPS); i++)
		printf("map %s %lu\n", view.mappings[i].key, view.mappings[i].size / 1024);
	integrity_signals();
	integrity_machine();
	printf("end\n");
	fflush(stdout);
}

#endif
