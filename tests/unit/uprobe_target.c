/* SPDX-License-Identifier: Apache-2.0 */
/* Programs to be judged, one for each TARGET_x; they are never run. */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <linux/seccomp.h>

#if defined(TARGET_UCONTEXT)
static ucontext_t here, there;
static void work(void)
{
	swapcontext(&here, &there);
}
#elif defined(TARGET_CLEANUP)
static void release(void *pointer)
{
	free(*(void **)pointer);
}
static void work(void)
{
	__attribute__((cleanup(release))) char *text = strdup("x");
	puts(text);
}
#elif defined(TARGET_THREAD)
static void work(void)
{
	pthread_exit(NULL);
}
#elif defined(TARGET_ALTSTACK)
static void work(void)
{
	static char memory[65536];
	sigaltstack(&(stack_t){.ss_sp = memory, .ss_size = sizeof(memory)}, NULL);
}
#elif defined(TARGET_FILTERING)
static void work(void)
{
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
}
#elif defined(TARGET_FRAMES)
/* A stack trace by hand. */
static void work(void)
{
	void **frame = __builtin_frame_address(0);
	for (int i = 0; i < 3 && frame; i++, frame = frame[0])
		printf("%p\n", frame[1]);
}
#elif defined(TARGET_RAW_SIGNALS)
/* sigaltstack(2) without its wrapper. */
static void work(void)
{
	stack_t stack = {.ss_flags = SS_DISABLE};
	syscall(SYS_sigaltstack, &stack, NULL);
}
#elif defined(TARGET_OWN_SIGNALS)
static void work(void)
{
	stack_t stack = {.ss_flags = SS_DISABLE};
	long result = SYS_sigaltstack;
	__asm__ volatile("syscall"
			 : "+a"(result)
			 : "D"(&stack), "S"(NULL)
			 : "rcx", "r11", "memory");
}
#elif defined(TARGET_SWITCH)
/* As coroutine libraries do it. */
void go_there(void **from, void **to);
__asm__(".globl go_there\ngo_there:\npush %rbp\nmov %rsp,(%rdi)\n" TARGET_SWITCH
	"\npop %rbp\nret\n");
static void work(void)
{
	static void *stacks[2];
	go_there(&stacks[0], &stacks[1]);
}
#else
/* A jump drops frames but keeps to one stack; so do arrays of variable length. */
static jmp_buf back;
static void leave(int depth)
{
	char text[depth + 1];
	snprintf(text, sizeof(text), "%d", depth);
	puts(text);
	longjmp(back, 1);
}
static void work(void)
{
	if (!setjmp(back))
		leave(3);
	for (int i = 1; i < 100; i++) {
		char text[i];
		memset(text, i, sizeof(text));
		fwrite(text, 1, sizeof(text), stdout);
	}
}
#endif

int main(void)
{
	work();
	return 0;
}
