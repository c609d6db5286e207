/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tight limits: address space, stack, locked memory (mlockall), processes, files, CPU time. What
 * fails must fail at the same place, but for the one page that the kernel maps for probes.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "integrity.h"

static noinline long leaf(long n)
{
	return n * 3 + 1;
}

static noinline void limit(int what, rlim_t value)
{
	struct rlimit limit = {value, value};
	if (setrlimit(what, &limit))
		printf("setrlimit %d: %d\n", what, errno);
}

static noinline long map_until_full(size_t size)
{
	long count = 0;
	while (count < 1000 && mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				    -1, 0) != MAP_FAILED)
		count++;
	return count;
}

int main(void)
{
	integrity_start();
	printf("mlockall %d\n", mlockall(MCL_CURRENT | MCL_FUTURE) ? errno : 0);
	long sum = 0;
	for (int i = 0; i < 50; i++)
		sum += leaf(i);
	munlockall();
	limit(RLIMIT_STACK, 256 << 10);
	limit(RLIMIT_NOFILE, 8);
	limit(RLIMIT_NPROC, 1);
	limit(RLIMIT_CORE, 0);
	/* Not a multiple of what is mapped: a page more or less does not matter. */
	limit(RLIMIT_AS, (200 << 20) + (512 << 10));
	printf("mapped enough %d\n", map_until_full(1 << 20) > 150);
	printf("full %d\n", map_until_full(4 << 20) == 0);
	for (int i = 0; i < 50; i++)
		sum += leaf(i);
	printf("sum %ld files %d\n", sum, dup(dup(dup(dup(dup(0))))) == 7 && dup(0) == -1);
	fflush(stdout);
	limit(RLIMIT_CPU, 20);
	integrity_end(END_NO_MAPS | END_NO_DATA);
	return 0;
}
