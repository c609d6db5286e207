/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Coroutines by hand-written assembler, that switch with `mov`, `pop %rsp` or `xchg %rax,%rsp`: no
 * library and no symbol tells of them.
 */
#include "integrity.h"

#if defined(BY_POP)
#define SWITCH "push %rsi\npop %rsp\n"
#elif defined(BY_XCHG)
#define SWITCH "mov %rsi,%rax\n.byte 0x48,0x94\n"
#else
#define SWITCH "mov %rsi,%rsp\n"
#endif

/* How the new stack pointer gets into its register. */
__asm__(".globl switch_stack\n.type switch_stack,@function\nswitch_stack: .cfi_startproc\n"
	"push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\n"
	"mov %rsp,(%rdi)\n" SWITCH
	"pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\nret\n"
	".cfi_endproc\n.size switch_stack,.-switch_stack\n");
void switch_stack(void **save, void *to);

static void *home, *away;
static long trace;
static char stack[65536] __attribute__((aligned(16)));

static noinline void yield_away(int mark)
{
	trace = trace * 5 + mark;
	switch_stack(&home, away);
	trace = trace * 3 + mark;
}

static noinline void yield_home(int mark)
{
	trace = trace * 7 + mark;
	switch_stack(&away, home);
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
