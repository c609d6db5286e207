/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leaf — functions that put nothing on the stack, and have markers and system calls all the same.
 *
 *	leaf [-w] [ROUNDS]
 */
#include <sys/sdt.h>
#include <sys/syscall.h>

#include "expect.h"

static unsigned long asked, marked_inside, marked_first;

static inline __attribute__((always_inline)) long raw_getppid(void)
{
#if defined(__x86_64__)
	long result = SYS_getppid;
	__asm__ volatile("syscall" : "+a"(result) : : "rcx", "r11", "memory");
#else
	register long number __asm__("x8") = SYS_getppid;
	register long result __asm__("x0");
	__asm__ volatile("svc #0" : "=r"(result) : "r"(number) : "memory");
#endif
	return result;
}

traced long ask(long n)
{
	asked++;
	return raw_getppid() + n;
}

traced long mark(long n)
{
	marked_inside++;
	DTRACE_PROBE1(leaf, inside, n);
	return n + 1;
}

traced long mark_first(long n)
{
	DTRACE_PROBE1(leaf, first, n);
	marked_first++;
	return n + 1;
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	long rounds = sample_number(argc, argv, sample.next, 5);
	for (long i = 0; i < rounds; i++) {
		ask(i);
		mark(i);
		mark_first(i);
	}
	sample_count("ask", asked);
	sample_count("mark", marked_inside);
	sample_count("mark_first", marked_first);
	return sample_end(&sample, true);
}
