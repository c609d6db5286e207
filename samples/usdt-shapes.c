/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usdt-shapes — markers whose operands have forms that a compiler seldom chooses, written as
 * assembler: parts of registers, scaled indexes, symbols, sizes that are missing or large.
 * x86-64 only; elsewhere it has no markers and says so.
 *
 *	usdt-shapes [-w] [-h]
 */
#include "sample.h"

#ifdef __x86_64__

#define TEXT(x)	 #x
#define VALUE(x) TEXT(x)

/*
 * A function NAME that fires the marker shapes:NAME: `before` sets registers up, `operands` is what
 * the note says. Format: https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation
 */
#define MARKER(name, before, operands)                                                         \
	void name(void *, long, long);                                                         \
	__asm__(".text\n.p2align 4\n.globl " #name "\n.type " #name ",@function\n" #name ":\n" \
		"endbr64\npush %rbx\n" before "\n990: nop\npop %rbx\nret\n"                    \
		".size " #name ",.-" #name "\n"                                                \
		".pushsection .note.stapsdt,\"\",\"note\"\n.balign 4\n"                        \
		".4byte 992f-991f,994f-993f,3\n"                                               \
		"991: .asciz \"stapsdt\"\n992: .balign 4\n"                                    \
		"993: .8byte 990b,_.stapsdt.base,0\n"                                          \
		".asciz \"shapes\"\n.asciz \"" #name "\"\n.asciz \"" operands "\"\n"           \
		"994: .balign 4\n.popsection\n")

__asm__(".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"
	".weak _.stapsdt.base\n.hidden _.stapsdt.base\n"
	"_.stapsdt.base: .space 1\n.size _.stapsdt.base,1\n.popsection\n");

/* Reached by name from the operands. */
int32_t shapes_table[4] __attribute__((used)) = {-1, 20, -300, 4000};
uint64_t shapes_words[4] = {0x1111111111111111, 2, 0xfffffffffffffffe, 4};

MARKER(parts, "movq $0x1122334455667788, %rax\nmovq $-1, %rbx",
       "8@%rax 4@%eax 2@%ax 1@%al 1@%ah -8@%rbx -4@%ebx -2@%bx -1@%bl -1@%bh 4@%ebx");
MARKER(highparts, "movq $0x8877665544332211, %r10", "8@%r10 4@%r10d 2@%r10w 1@%r10b -4@%r10d");
MARKER(immediates, "", "-4@$-5 4@$5 8@$0x10 -8@$-0x10 -1@$-1 1@$255 -4@$+9");
/* %rdi points to shapes_words[0], %rsi is 1, %rdx is 2. */
MARKER(addresses, "",
       "8@(%rdi) 8@16(%rdi) 8@0x8(%rdi) 8@(%rdi,%rdx,8) 8@8(%rdi,%rsi,8) 8@-8(%rdi,%rdx,8) "
       "8@(%rdi,%rsi)");
MARKER(cut_addresses, "", "4@16(%rdi) -4@16(%rdi) 1@16(%rdi) 8@0+16(%rdi) 8@-8+8+8(%rdi)");
MARKER(symbols, "",
       "-4@shapes_table(%rip) -4@8+shapes_table(%rip) -4@shapes_table+12(%rip) "
       "8@shapes_words+8(%rip)");
MARKER(no_size, "movq $-7, %rbx", "%rbx (%rdi) $3");
/* Unreadable ones stand between readable ones, which must not suffer. */
MARKER(unreadable, "movq $5, %rbx\npxor %xmm0, %xmm0",
       "-4@%ebx 8@%xmm0 -4@%ebx 8@no_such_symbol_anywhere(%rip) -4@%ebx 8@%nonsense -4@%ebx");
MARKER(bytes16, "", "16@(%rdi) -4@$1");
/* 0x3ff8000000000000 is the double 1.5, 0xc0100000 the float -2.25. */
MARKER(floats, "movq $0x3ff8000000000000, %rax\nmovl $0xc0100000, %ebx", "8f@%rax 4f@%ebx");
/* An address that is not mapped: this argument is unavailable, the next is not. */
MARKER(unmapped, "movq $16, %rax\nmovq $6, %rbx", "8@(%rax) 8@%rbx");

static void fire(void)
{
	parts(shapes_words, 1, 2);
	printf("expect shapes:parts(1234605616436508552, 1432778632, 30600, 136, 119, -1, -1, -1, "
	       "-1, -1, 4294967295)\n");
	highparts(shapes_words, 1, 2);
	printf("expect shapes:highparts(9833440827789222417, 1144201745, 8721, 17, 1144201745)\n");
	immediates(shapes_words, 1, 2);
	printf("expect shapes:immediates(-5, 5, 16, -16, -1, 255, 9)\n");
	addresses(shapes_words, 1, 2);
	printf("expect shapes:addresses(1229782938247303441, 18446744073709551614, 2, "
	       "18446744073709551614, 18446744073709551614, 2, 148919027678384401)\n");
	cut_addresses(shapes_words, 1, 2);
	printf("expect shapes:cut_addresses(4294967294, -2, 254, 18446744073709551614, 2)\n");
	symbols(shapes_words, 1, 2);
	printf("expect shapes:symbols(-1, -300, 4000, 2)\n");
	no_size(shapes_words, 1, 2);
	printf("expect shapes:no_size(*, 1229782938247303441, 3)\n");
	unreadable(shapes_words, 1, 2);
	printf("expect shapes:unreadable(5, <in xmm0>, 5, <no symbol>, 5, <bad operand>, 5)\n");
	bytes16(shapes_words, 1, 2);
	printf("expect shapes:bytes16(*, 1)\n");
	floats(shapes_words, 1, 2);
	printf("expect shapes:floats(1.5, -2.25)\n");
	unmapped(shapes_words, 1, 2);
	printf("expect shapes:unmapped(<not resident>, 6)\n");
}

#else

static void fire(void)
{
	printf("skip: x86-64 only\n");
}

#endif

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	fire();
	return sample_end(&sample, true);
}
