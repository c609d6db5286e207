/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compat — system calls through the 32-bit entry of a 64-bit kernel, among others. Their numbers
 *are of another table: 3 is close in the one, and read in the other.
 *
 *	compat [-w] [-h] [N]
 *
 * "count wide" are calls of getppid, "count narrow" those through the 32-bit entry, with that
 * number. Exits with 77 where there is none.
 */
#include <sys/syscall.h>
#include <sys/wait.h>

#include "sample.h"

#if defined(__x86_64__)
#define NARROW_NUMBER SYS_getppid /* 110, which is iopl there: fails, or does nothing */

static long narrow(long number, long first)
{
	long result;
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(first)
			 : "memory", "r8", "r9", "r10", "r11", "cc");
	return result;
}
#else
#define NARROW_NUMBER 0
static long narrow(long number, long first)
{
	(void)number, (void)first;
	raise(SIGSEGV);
	return -1;
}
#endif

/* Without the entry, the instruction faults. */
static bool has_entry(void)
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0) {
		narrow(NARROW_NUMBER, 0);
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status);
}

int main(int argc, char **argv)
{
	if (!has_entry())
		return 77;
	struct sample sample = sample_begin(argc, argv);
	long n = sample_number(argc, argv, sample.next, 100);
	for (long i = 0; i < n; i++) {
		syscall(SYS_getppid);
		narrow(NARROW_NUMBER, 0);
		narrow(NARROW_NUMBER, 0);
	}
	sample_count("wide", (unsigned long)n);
	sample_count("narrow", 2 * (unsigned long)n);
	return sample_end(&sample, true);
}
