/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that reads its own text: through a pointer, through /proc/self/mem, and through a
 * private mapping of its own file. There a breakpoint can be seen; that is how probes work, and
 * documented. Nothing but breakpoints may differ, and read() of the file must show none. The number
 * of bytes that differ goes to a line of its own, which check.py knows about; all others must be as
 * they were.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "integrity.h"

extern char __executable_start[], __etext[];

static noinline long leaf(long n)
{
	return n * 5 + 1;
}

static long breakpoints, others;

static noinline void compare(const char *what, const unsigned char *file, const unsigned char *seen,
			     size_t size)
{
	long before = others;
	for (size_t i = 0; i < size; i++) {
		if (seen[i] == file[i])
			continue;
		if (seen[i] == 0xcc)
			breakpoints++;
		else
			others++;
	}
	printf("%s: %ld other differences\n", what, others - before);
}

int main(void)
{
	integrity_start();
	long sum = 0;
	for (int i = 0; i < 20; i++)
		sum += leaf(i);
	struct stat st;
	int fd = open("/proc/self/exe", O_RDONLY);
	fstat(fd, &st);
	unsigned char *file = malloc((size_t)st.st_size), *seen = malloc((size_t)st.st_size);
	if (pread(fd, file, (size_t)st.st_size, 0) != st.st_size)
		return 9;
	printf("file %016lx\n", (unsigned long)integrity_hash(1, file, (size_t)st.st_size));
	/* The text is at the same place in file and memory, page by page. */
	size_t start = 0x1000, end = (size_t)(__etext - __executable_start);
	compare("memory", file + start, (unsigned char *)__executable_start + start, end - start);
	int mem = open("/proc/self/mem", O_RDONLY);
	if (pread(mem, seen, end - start, (off_t)(uintptr_t)(__executable_start + start)) !=
	    (ssize_t)(end - start))
		return 8;
	compare("/proc/self/mem", file + start, seen, end - start);
	unsigned char *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	compare("private mapping", file, map, (size_t)st.st_size);
	munmap(map, (size_t)st.st_size);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	long before = breakpoints;
	compare("shared mapping", file, map, (size_t)st.st_size);
	printf("shared mapping: %ld breakpoints\n", breakpoints - before);
	munmap(map, (size_t)st.st_size);
	printf("sum %ld\n", sum);
	printf("breakpoints %ld\n", breakpoints);
	close(fd);
	close(mem);
	integrity_end(END_NO_DATA);
	return 0;
}
