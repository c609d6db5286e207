/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that single-steps itself, with its own SIGTRAP handler, through whole calls of probed
 * functions. The kernel steps the replaced instruction too, and must not take the flag away; but at
 * each probe the program gets signals more than the instructions it ran, as documented. So their
 * number stands on a line of its own, which check.py knows about.
 */
#include <ucontext.h>

#include "integrity.h"

static volatile long steps;

static void on_trap(int number)
{
	steps += number == SIGTRAP;
}

__asm__(".globl probed\n.type probed,@function\nprobed: .cfi_startproc\n"
	"push %rbx\n.cfi_adjust_cfa_offset 8\nlea 5(%rdi),%rax\npop %rbx\n"
	".cfi_adjust_cfa_offset -8\nret\n.cfi_endproc\n.size probed,.-probed\n"
	".globl probed2\n.type probed2,@function\nprobed2: .cfi_startproc\n"
	"lea 7(%rdi),%rax\nadd %rdi,%rax\nret\n.cfi_endproc\n.size probed2,.-probed2\n");
long probed(long n);
long probed2(long n);

int main(void)
{
	integrity_start();
	signal(SIGTRAP, on_trap);
	long sum = 0, last = 0, enough = 0;
	for (int i = 0; i < 20; i++) {
		__asm__ volatile("pushfq\n\torq $0x100,(%%rsp)\n\tpopfq" : : : "memory", "cc");
		sum += probed(i) + probed2(sum);
		__asm__ volatile("pushfq\n\tandq $~0x100,(%%rsp)\n\tpopfq" : : : "memory", "cc");
		enough += steps - last >= 17;
		last = steps;
	}
	printf("sum %ld enough %ld\n", sum, enough);
	printf("steps %ld\n", steps);
	integrity_end(END_NO_DATA);
	return 0;
}
