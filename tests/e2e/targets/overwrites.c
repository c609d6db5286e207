/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overwrites — a function in a page of its own, called ROUNDS times before and after the program
 * has done something to that page, and waited for input.
 *
 *	overwrites [-w] [-h] discard|patch|share|protect|map [ROUNDS]
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "sample.h"

#define PAGE_BYTES 4096UL

static unsigned long calls;

traced __attribute__((aligned(4096))) int f(int n)
{
	calls++;
	return n + 1;
}

/* Nothing else is in f()'s page. */
traced __attribute__((aligned(4096))) int run(int rounds)
{
	int sum = 0;
	for (int i = 0; i < rounds; i++)
		sum += f(i);
	return sum;
}

/* Where f() is in the program's file. */
static off_t offset_of(const char *page)
{
	char line[512];
	off_t found = -1;
	FILE *maps = fopen("/proc/self/maps", "re");
	while (maps && fgets(line, sizeof(line), maps)) {
		unsigned long start, end, offset;
		if (sscanf(line, "%lx-%lx %*s %lx", &start, &end, &offset) == 3 &&
		    (unsigned long)page >= start && (unsigned long)page < end)
			found = (off_t)(offset + ((unsigned long)page - start));
	}
	if (maps)
		fclose(maps);
	return found;
}

static bool change(const char *how, char *page)
{
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	off_t offset = offset_of(page);
	const int all = PROT_READ | PROT_WRITE | PROT_EXEC, code = PROT_READ | PROT_EXEC;
	if (file < 0 || offset < 0)
		return false;
	if (strcmp(how, "discard") == 0)
		return madvise(page, PAGE_BYTES, MADV_DONTNEED) == 0;
	if (strcmp(how, "share") == 0)
		return mmap(page, PAGE_BYTES, code, MAP_SHARED | MAP_FIXED, file, offset) == page;
	if (strcmp(how, "map") == 0)
		return mmap(page, PAGE_BYTES, code, MAP_PRIVATE | MAP_FIXED, file, offset) == page;
	bool done = mprotect(page, PAGE_BYTES, all) == 0;
	if (strcmp(how, "patch") == 0)
		done = pread(file, page, 16, offset) == 16 && done;
	return mprotect(page, PAGE_BYTES, code) == 0 && done;
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	const char *how = argc > sample.next ? argv[sample.next] : "discard";
	int rounds = (int)sample_number(argc, argv, sample.next + 1, 10);
	bool correct = run(rounds) == rounds * (rounds + 1) / 2;
	correct = change(how, (char *)f) && correct;
	sample_wait("changed");
	correct = run(rounds) == rounds * (rounds + 1) / 2 && correct;
	sample_count("f", calls);
	return sample_end(&sample, correct);
}
