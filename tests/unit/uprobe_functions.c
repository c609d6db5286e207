/* SPDX-License-Identifier: Apache-2.0 */
/* A file full of functions to be probed; it is never run. Built with -g -O2 -fcf-protection. */
#ifndef __clang__
/* Here and not as an option, which clang and clang-tidy do not know: frames are made at the entry.
 */
#pragma GCC optimize("no-shrink-wrap")
#endif

#include <stdlib.h>
#include <string.h>

#define KEPT __attribute__((noinline, noclone, used))

int sink;

KEPT long shared_callee(long n)
{
	sink += (int)n;
	return n + sink;
}

/* Pushes behind its endbr64; returns by ret. */
KEPT long with_frame(const char *text, int n)
{
	long sum = 0;
	for (int i = 0; i < n; i++)
		sum += shared_callee(text[i]) * n;
	return sum;
}

/* Ends in a jump. */
KEPT long hands_over(long n)
{
	return shared_callee(n + 1);
}

KEPT long recursive(long n)
{
	return n < 2 ? n : shared_callee(recursive(n - 1)) + recursive(n - 2);
}

KEPT __attribute__((noreturn)) void never_returns(int status)
{
	exit(status);
}

struct box {
	int a;
};

KEPT void nothing_back(struct box *unused)
{
	sink = unused->a;
}

KEPT double in_floats(double x, int n)
{
	return x * n;
}

long other_name(long n) __attribute__((alias("shared_callee")));

static long chosen(long n)
{
	return n;
}

static void *resolve(void)
{
	return (void *)chosen;
}
long indirect(long n) __attribute__((ifunc("resolve")));

/* A loop comes back to its first instruction. */
__asm__(".text\n.globl looping\n.type looping,@function\nlooping:\n"
	"1: dec %edi\njne 1b\nret\n.size looping, . - looping\n");

/* Data in the text: entries only. */
__asm__(".globl with_data\n.type with_data,@function\nwith_data:\n"
	"push %rax\npop %rax\nret\n.quad 0x1122334455667788\n.size with_data, . - with_data\n");

/* A nop of five bytes that some kernels would make a call of. */
__asm__(".globl with_nop5\n.type with_nop5,@function\nwith_nop5:\n"
	"push %rax\n.byte 0x0f,0x1f,0x44,0,0\npop %rax\nret\n.size with_nop5, . - with_nop5\n");

/* A name for a place inside a function: the stack's top is what was pushed, as the unwind tables
 * tell. Taken for a function, its return would be sought there. */
__asm__(".globl around\n.type around,@function\naround:\n.cfi_startproc\n"
	"push %rbx\n.cfi_adjust_cfa_offset 8\n"
	".globl inside\n.type inside,@function\ninside:\nmov %edi,%ebx\nmov %ebx,%eax\n"
	"pop %rbx\n.cfi_adjust_cfa_offset -8\nret\n.cfi_endproc\n"
	".size inside, . - inside\n.size around, . - around\n");

/* No unwind tables tell of this one. */
__asm__(".globl untold\n.type untold,@function\nuntold:\n"
	"push %rax\npop %rax\nret\n.size untold, . - untold\n");

/* The same without tables: the name leads into an instruction's operand. */
__asm__(".globl operand_around\n.type operand_around,@function\noperand_around:\n"
	"mov $0x90909090,%eax\nret\n.size operand_around, . - operand_around\n"
	".globl operand\n.type operand,@function\n.set operand, operand_around + 1\n"
	".size operand, 5\n");

/* What setjmp is called elsewhere. */
__asm__(".globl _setjmp\n.type _setjmp,@function\n_setjmp:\n"
	"push %rax\npop %rax\nret\n.size _setjmp, . - _setjmp\n");
