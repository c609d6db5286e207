/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redzone — does tracing corrupt its target? Two leaf functions keep a value below the stack
 * pointer, in the red zone that the x86-64 calling convention grants them, across a marker: one
 * marker is a 1-byte nop, the other a 5-byte nop, which some kernels rewrite into a call that
 * pushes its return address right there. The self-check fails when the value has changed.
 *
 *	redzone [-w] [-h] [CALLS]
 */
#include "sample.h"

#ifdef __x86_64__

/* long NAME(long a, long b): 0 when b was still in the red zone after the marker redzone:NAME. */
#define LEAF(name, nop)                                                                        \
	long name(long a, long b);                                                             \
	__asm__(".text\n.p2align 6\n.globl " #name "\n.type " #name ",@function\n" #name ":\n" \
		"movq %rsi,-8(%rsp)\n"                                                         \
		"990: " nop "\n"                                                               \
		"movq -8(%rsp),%rcx\nxorl %eax,%eax\ncmpq %rsi,%rcx\nsetne %al\nret\n"         \
		".size " #name ",.-" #name "\n"                                                \
		".pushsection .note.stapsdt,\"\",\"note\"\n.balign 4\n"                        \
		".4byte 992f-991f,994f-993f,3\n"                                               \
		"991: .asciz \"stapsdt\"\n992: .balign 4\n"                                    \
		"993: .8byte 990b,_.stapsdt.base,0\n"                                          \
		".asciz \"redzone\"\n.asciz \"" #name "\"\n"                                   \
		".asciz \"-8@%rdi -8@-8(%rsp)\"\n994: .balign 4\n.popsection\n")

__asm__(".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"
	".weak _.stapsdt.base\n.hidden _.stapsdt.base\n"
	"_.stapsdt.base: .space 1\n.size _.stapsdt.base,1\n.popsection\n");

LEAF(short_nop, "nop");
LEAF(long_nop, ".byte 0x0f,0x1f,0x44,0x00,0x00");
LEAF(both_nops, "nop\n.byte 0x0f,0x1f,0x44,0x00,0x00");

#else

/* No red zone elsewhere: nothing can go wrong in this way. */
#define LEAF(name)                              \
	static traced long name(long a, long b) \
	{                                       \
		return a - a + b - b;           \
	}
LEAF(short_nop)
LEAF(long_nop)
LEAF(both_nops)

#endif

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	long n = sample_number(argc, argv, sample.next, 1000);
	unsigned long corrupted = 0;
	for (long i = 0; i < n; i++) {
		corrupted += (unsigned long)short_nop(i, i * 7 + 1);
		corrupted += (unsigned long)long_nop(i, i * 7 + 2);
		corrupted += (unsigned long)both_nops(i, i * 7 + 3);
	}
	sample_count("short_nop", (unsigned long)n);
	sample_count("long_nop", (unsigned long)n);
	sample_count("both_nops", (unsigned long)n);
	sample_count("corrupted", corrupted);
	return sample_end(&sample, corrupted == 0);
}
