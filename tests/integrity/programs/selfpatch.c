/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that makes its own text writable and patches functions of itself, also their first
 * bytes, where a breakpoint may be. What it wrote must be what runs, with one exception that is
 * documented: of the instruction under a breakpoint, the kernel runs the copy that it took when it
 * set it, until the breakpoint itself is written over. That result has a line of its own.
 */
#include <sys/mman.h>

#include "integrity.h"

__asm__(".globl patched\n.type patched,@function\npatched: .cfi_startproc\n"
	"movl $1,%eax\nret\n.cfi_endproc\n.size patched,.-patched\n"
	".globl inner\n.type inner,@function\ninner: .cfi_startproc\n"
	"push %rbx\nmovl $1,%eax\npop %rbx\nret\n.cfi_endproc\n.size inner,.-inner\n");
int patched(int n);
int inner(void);

static noinline void patch(void *at, int value)
{
	char *page = (char *)((uintptr_t)at & ~4095ul);
	mprotect(page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC);
	memcpy(at, &value, sizeof(value));
	mprotect(page, 8192, PROT_READ | PROT_EXEC);
}

int main(void)
{
	integrity_start();
	int sum = 0, under_probe = 0;
	for (int i = 0; i < 50; i++) {
		patch((char *)patched + 1, i);
		patch((char *)inner + 2, i * 3);
		under_probe = under_probe * 7 + patched(0);
		sum = sum * 7 + inner();
	}
	/* Over the first byte: a function that returns at once what %edi holds. */
	patch((char *)patched, (int)0x90c3f889); /* mov %edi,%eax; ret; nop */
	sum += patched(1000);
	printf("under probe %d\n", under_probe);
	printf("sum %d\n", sum);
	integrity_end(END_NO_MAPS);
	return 0;
}
