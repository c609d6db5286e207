/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiler — a program that profiles itself: its signal handler goes up along the frame pointers of
 * what it interrupts. x86-64, with frame pointers.
 *
 *	profiler [-w] [ROUNDS]
 *
 * "count reached" says how often it came to main(), which is always, and "count inner" how often
 * there was something to interrupt.
 */
#include <sys/syscall.h>
#include <ucontext.h>

#include "sample.h"

#define FRAMES_MAX 16
#define MAIN_BYTES 512

struct frame {
	struct frame *next;
	const char *back;
};

static volatile unsigned long reached;

#if defined(__x86_64__)

int main(int argc, char **argv);

static void handler(int number, siginfo_t *info, void *context)
{
	const struct frame *frame =
		(struct frame *)((ucontext_t *)context)->uc_mcontext.gregs[REG_RBP];
	const char *start = (const char *)main;
	(void)number;
	(void)info;
	for (int i = 0; frame && i < FRAMES_MAX; i++, frame = frame->next)
		if (frame->back >= start && frame->back < start + MAIN_BYTES) {
			reached++;
			return;
		}
}

/* The handler comes when the call returns: here, and not in the C library, which has no frame
 * pointers. */
traced int inner(int n)
{
	long result = SYS_kill;
	__asm__ volatile("syscall"
			 : "+a"(result)
			 : "D"((long)getpid()), "S"((long)SIGUSR2)
			 : "rcx", "r11", "memory");
	return n + (int)result + 1;
}

traced int outer(int n)
{
	return inner(n) * 10;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
	struct sample sample = sample_begin(argc, argv);
	int rounds = (int)sample_number(argc, argv, sample.next, 10);
	sigaction(SIGUSR2, &action, NULL);
	for (int i = 0; i < rounds; i++)
		outer(i);
	sample_count("inner", (unsigned long)rounds);
	sample_count("reached", reached);
	return sample_end(&sample, true);
}

#else

int main(void)
{
	return 1;
}

#endif
