/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lying — its notes tell of a marker where none is: on a byte that looks like a nop, in the middle
 * of an instruction. A breakpoint there would change what the instruction does.
 *
 *	lying [-w] [CALLS]
 */
#include "sample.h"

#define NOTE(name, label)                                               \
	".pushsection .note.stapsdt,\"\",\"note\"\n.balign 4\n"         \
	".4byte 992f-991f,994f-993f,3\n991: .asciz \"stapsdt\"\n"       \
	"992: .balign 4\n993: .8byte " label ",0,0\n.asciz \"lying\"\n" \
	".asciz \"" name "\"\n.asciz \"\"\n994: .balign 4\n.popsection\n"

long nops(void);

#ifdef __x86_64__
#define EXPECTED 0x90909090L
__asm__(".text\n.p2align 6\n.globl nops\n.type nops,@function\nnops:\n.cfi_startproc\n"
	"980: nop\n981: movl $0x90909090,%eax\n982: nop\nret\n"
	".cfi_endproc\n.size nops,.-nops\n" NOTE("honest", "980b") NOTE("inside", "981b+2")
		NOTE("mixed", "982b") NOTE("mixed", "981b+3"));
#else
#define EXPECTED 0L
long nops(void)
{
	return 0;
}
#endif

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	long n = sample_number(argc, argv, sample.next, 10);
	bool ok = true;
	for (long i = 0; i < n; i++)
		ok &= nops() == EXPECTED;
	sample_count("nops", (unsigned long)n);
	return sample_end(&sample, ok);
}
