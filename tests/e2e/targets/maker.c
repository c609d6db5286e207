/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maker — code made at run time that looks at the return address of its caller. x86-64, with frame
 * pointers.
 *
 *	maker [-w] early|late [ROUNDS]
 *
 * Its memory is there before a tracer comes (early), or LATE_US before it is used. "count main"
 *says how often the return address was one of main(), which is always, and "count asks" how often
 *it was looked at.
 */
#include <sys/mman.h>

#include "sample.h"

#define LATE_US	   500000
#define MAIN_BYTES 512

#if defined(__x86_64__)

typedef const char *looker(void);

static looker *look;
/* Computed, as far as anybody can see. */
static volatile int protection = PROT_READ | PROT_WRITE | PROT_EXEC;

int main(int argc, char **argv);

static void make(void)
{
	/* mov 8(%rbp),%rax; ret */
	static const unsigned char code[] = {0x48, 0x8b, 0x45, 0x08, 0xc3};
	void *memory = mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(memory, code, sizeof(code));
	look = (looker *)memory;
}

traced int ask(int n)
{
	const char *back = look(), *start = (const char *)main;
	return back >= start && back < start + MAIN_BYTES ? n : -1;
}

int main(int argc, char **argv)
{
	bool early =
		argc > 1 && (!strcmp(argv[1], "early") || (argc > 2 && !strcmp(argv[2], "early")));
	if (early)
		make();
	struct sample sample = sample_begin(argc, argv);
	int rounds = (int)sample_number(argc, argv, sample.next + 1, 10);
	unsigned long in_main = 0;
	if (!early) {
		make();
		usleep(LATE_US);
	}
	for (int i = 0; i < rounds; i++)
		in_main += ask(i) == i;
	sample_count("asks", (unsigned long)rounds);
	sample_count("main", in_main);
	return sample_end(&sample, true);
}

#else

int main(void)
{
	return 1;
}

#endif
