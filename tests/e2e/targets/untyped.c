/* SPDX-License-Identifier: Apache-2.0 */
/*
 * untyped — what assembler files have when nobody says .type: functions, and a table among them.
 * x86-64.
 *
 *	untyped [-w] [ROUNDS]
 */
#include "sample.h"

#if defined(__x86_64__)

long add_three(long n);
long jump_away(long n);
extern const unsigned char table[];

__asm__(".text\n.balign 16\n"
	".globl add_three\nadd_three:\npush %rbx\nlea 3(%rdi),%rax\npop %rbx\nret\n"
	".globl table\ntable: .byte 0xc3,0x11,0x22,0x33,0x27\n"
	".globl jump_away\njump_away:\n.cfi_startproc\njmp *target(%rip)\n.cfi_endproc\n"
	".local inside\ninside: nop\nret\n");

traced long twice(long n)
{
	return n * 2;
}

long (*volatile target)(long) __attribute__((used, visibility("hidden"))) = twice;

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	int rounds = (int)sample_number(argc, argv, sample.next, 5);
	for (int i = 0; i < rounds; i++)
		if (add_three(i) + jump_away(i) != 3 * i + 3 + table[0] - 0xc3)
			return 1;
	sample_count("add_three", (unsigned long)rounds);
	sample_count("jump_away", (unsigned long)rounds);
	return sample_end(&sample, true);
}

#else

int main(void)
{
	return 1;
}

#endif
