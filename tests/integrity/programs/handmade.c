/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Coroutines by hand-written assembler, that switch with `pop %rsp`, `xchg %rax,%rsp` and `mov`: no
 * library and no symbol tells of them.
 */
#include "integrity.h"

__asm__(".globl switch_mov\n.type switch_mov,@function\nswitch_mov: .cfi_startproc\n"
	"push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\n"
	"mov %rsp,(%rdi)\nmov %rsi,%rsp\n"
	"pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\nret\n"
	".cfi_endproc\n.size switch_mov,.-switch_mov\n"
	".globl switch_xchg\n.type switch_xchg,@function\nswitch_xchg: .cfi_startproc\n"
	"push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\n"
	"mov %rsi,%rax\n.byte 0x48,0x94\nmov %rax,(%rdi)\n"
	"pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\nret\n"
	".cfi_endproc\n.size switch_xchg,.-switch_xchg\n"
	".globl switch_pop\n.type switch_pop,@function\nswitch_pop: .cfi_startproc\n"
	"push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\n"
	"mov %rsp,(%rdi)\npush %rsi\npop %rsp\n"
	"pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\nret\n"
	".cfi_endproc\n.size switch_pop,.-switch_pop\n");
typedef void switcher(void **save, void *to);
void switch_mov(void **save, void *to);
void switch_xchg(void **save, void *to);
void switch_pop(void **save, void *to);

#ifndef SWITCH
#define SWITCH switch_mov
#endif
static void *home, *away;
static long trace;
static char stack[65536] __attribute__((aligned(16)));

static noinline void yield_away(int mark)
{
	trace = trace * 5 + mark;
	SWITCH(&home, away);
	trace = trace * 3 + mark;
}

static noinline void yield_home(int mark)
{
	trace = trace * 7 + mark;
	SWITCH(&away, home);
}

static void body(void)
{
	for (int i = 0;; i++)
		yield_home(i % 4);
}

int main(void)
{
	integrity_start();
	void **top = (void **)(void *)(stack + sizeof(stack) - 64);
	*--top = NULL;
	*--top = (void *)body;
	away = top - 6;
	for (int i = 0; i < 100; i++)
		yield_away(i % 3);
	printf("trace %ld\n", trace);
	integrity_end(END_NO_DATA);
	return 0;
}
