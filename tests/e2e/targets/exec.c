/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec — becomes another program, in a vfork child each time: from texts that were not touched
 *before, with many arguments, and in vain.
 *
 *	exec [-w] [-h] BROKEN SCRIPT
 *
 * BROKEN is no program, which the kernel sees after it has read the arguments. SCRIPT is one for
 *which it makes others.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include "sample.h"

#define PAGE 4096

/* Pages of their own, which no page table knows when the call is made. */
static const struct {
	char path[PAGE], first[PAGE], second[PAGE];
} cold __attribute__((aligned(PAGE))) = {"/bin/true", "first argument", "second"};

#define ARGUMENTS 300

static void run(const char *path, char *const *argv)
{
	char *const envp[] = {(char[]){"A=1"}, (char[]){"B=2"}, NULL};
	pid_t child = vfork();
	if (child == 0) {
		execve(path, argv, envp);
		_exit(7);
	}
	int status;
	if (child < 0 || waitpid(child, &status, 0) != child)
		exit(1);
}

static void chill(void)
{
	madvise((void *)(uintptr_t)&cold, sizeof(cold), MADV_DONTNEED);
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	char *const frozen[] = {(char *)(uintptr_t)cold.first, (char *)(uintptr_t)cold.second,
				NULL};
	char one[] = "x", *many[ARGUMENTS + 1] = {NULL};
	for (int i = 0; i < ARGUMENTS; i++)
		many[i] = one;
	chill();
	run(cold.path, frozen);
	if (sample.next + 2 != argc)
		return 2;
	chill();
	run(argv[sample.next], frozen);
	run("/bin/true", many);
	chill();
	run(argv[sample.next + 1], frozen);
	return 0;
}
