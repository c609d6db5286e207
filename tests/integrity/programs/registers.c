/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All registers and flags around probed instructions: general ones, the flags (the direction flag
 * set, too), x87, MXCSR, and the whole vector state as xsave stores it.
 */
#include <cpuid.h>

#include "integrity.h"

struct state {
	unsigned long words[16]; /* rax rbx rcx rdx rsi rdi rbp r8-r15 flags */
};

/* The function that is probed: its instructions are of all kinds that the kernel treats specially.
 */
__asm__(".globl quiet\n.type quiet,@function\nquiet: .cfi_startproc\nnop\nret\n"
	".cfi_endproc\n.size quiet,.-quiet\n"
	".globl quiet_lea\n.type quiet_lea,@function\nquiet_lea: .cfi_startproc\n"
	"lea (%rax),%rax\njmp 1f\nnop\n1: ret\n.cfi_endproc\n.size quiet_lea,.-quiet_lea\n"
	".globl quiet_push\n.type quiet_push,@function\nquiet_push: .cfi_startproc\n"
	"push %r9\n.cfi_adjust_cfa_offset 8\npop %r9\n.cfi_adjust_cfa_offset -8\nret\n"
	".cfi_endproc\n.size quiet_push,.-quiet_push\n"
	/* Loads all registers from a pattern, calls, stores them; %rsp and the state's place are
	 * kept in memory. */
	".local saved_sp\n.comm saved_sp,8,8\n.local saved_to\n.comm saved_to,8,8\n"
	".local saved_call\n.comm saved_call,8,8\n"
	".globl around\n.type around,@function\naround:\n"
	"push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\npush %r15\n"
	"mov %rsi,saved_to(%rip)\nmov %rdx,saved_call(%rip)\nmov %rsp,saved_sp(%rip)\n"
	"pushq 120(%rdi)\npopfq\n"
	"mov (%rdi),%rax\nmov 8(%rdi),%rbx\nmov 16(%rdi),%rcx\nmov 24(%rdi),%rdx\n"
	"mov 32(%rdi),%rsi\nmov 48(%rdi),%rbp\nmov 56(%rdi),%r8\nmov 64(%rdi),%r9\n"
	"mov 72(%rdi),%r10\nmov 80(%rdi),%r11\nmov 88(%rdi),%r12\nmov 96(%rdi),%r13\n"
	"mov 104(%rdi),%r14\nmov 112(%rdi),%r15\nmov 40(%rdi),%rdi\n"
	"call *saved_call(%rip)\n"
	"push %rdi\nmov saved_to(%rip),%rdi\nmov %rax,(%rdi)\npushfq\npop %rax\n"
	"mov %rax,120(%rdi)\ncld\nmov %rbx,8(%rdi)\nmov %rcx,16(%rdi)\nmov %rdx,24(%rdi)\n"
	"mov %rsi,32(%rdi)\nmov %rbp,48(%rdi)\nmov %r8,56(%rdi)\nmov %r9,64(%rdi)\n"
	"mov %r10,72(%rdi)\nmov %r11,80(%rdi)\nmov %r12,88(%rdi)\nmov %r13,96(%rdi)\n"
	"mov %r14,104(%rdi)\nmov %r15,112(%rdi)\npop %rax\nmov %rax,40(%rdi)\n"
	"mov saved_sp(%rip),%rsp\n"
	"pop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\nret\n.size around,.-around\n");
void quiet(void);
void quiet_lea(void);
void quiet_push(void);
void around(const struct state *from, struct state *to, void (*f)(void));

static unsigned char before[16384] __attribute__((aligned(64)));
static unsigned char after[16384] __attribute__((aligned(64)));

static size_t vector_size(void)
{
	unsigned int a, b = 0, c, d;
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) ||
	    !__get_cpuid_count(13, 0, &a, &b, &c, &d) || b > sizeof(before))
		return 0;
	return b;
}

/* No vector instruction of the compiler's may come in between. */
static noinline __attribute__((target("general-regs-only"))) void vectors(void (*f)(void),
									  int can_save)
{
	if (!can_save) {
		__asm__ volatile("fxsave64 %0" : "=m"(before));
		f();
		__asm__ volatile("fxsave64 %0" : "=m"(after));
		return;
	}
	__asm__ volatile("xsave64 %0" : "=m"(before) : "a"(0xe7), "d"(0));
	f();
	__asm__ volatile("xsave64 %0" : "=m"(after) : "a"(0xe7), "d"(0));
}

static void (*const functions[])(void) = {quiet, quiet_lea, quiet_push};

int main(void)
{
	integrity_start();
	long wrong = 0, wrong_vectors = 0;
	size_t size = vector_size();
	for (long round = 0; round < 60; round++) {
		struct state from, to;
		for (int i = 0; i < 15; i++)
			from.words[i] = (unsigned long)(round + 1) * 0x9e3779b97f4a7c15u * (i + 3u);
		/* All arithmetic flags, and the direction flag, in all mixtures. */
		unsigned long bits = (unsigned long)round;
		from.words[15] = 0x202 | (bits & 1) | (bits & 2) << 1 | (bits & 4) << 2 |
				 (bits & 8) << 3 | (bits & 16) << 3 | (bits & 32) << 5;
		around(&from, &to, functions[round % 3]);
		from.words[15] |= 0x200;
		wrong += memcmp(&from, &to, sizeof(from)) != 0;
		__asm__ volatile("movq %0,%%xmm7\n\tpunpcklqdq %%xmm7,%%xmm7\n\tpshufd $27,%%xmm7,"
				 "%%xmm13\n\tfldpi\n\tfldl2e"
				 :
				 : "r"(from.words[3])
				 : "xmm7", "xmm13");
		vectors(functions[round % 3], size > 0);
		__asm__ volatile("fstp %%st(0)\n\tfstp %%st(0)" : : :);
		wrong_vectors += memcmp(before, after, sizeof(before)) != 0;
	}
	printf("wrong %ld wrong vectors %ld\n", wrong, wrong_vectors);
	memset(before, 0, sizeof(before));
	memset(after, 0, sizeof(after));
	integrity_end(END_NO_DATA);
	return 0;
}
