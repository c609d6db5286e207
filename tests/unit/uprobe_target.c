/* SPDX-License-Identifier: Apache-2.0 */
/* Programs to be judged, one for each TARGET_x; they are never run. */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <linux/seccomp.h>

/* What lies before and behind it in the function are not close to each other. */
#define FAR __asm__ volatile("jmp 1f\n.skip 2048, 0xcc\n1:")

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
#elif defined(TARGET_PROFILER)
/* Goes up from the frame pointer that it interrupts. */
static volatile long frames;
static void handler(int signal, siginfo_t *info, void *context)
{
	void **frame = (void **)((ucontext_t *)context)->uc_mcontext.gregs[REG_RBP];
	(void)signal, (void)info;
	for (int i = 0; i < 3 && frame; i++, frame = *frame)
		frames += frame[1] != NULL;
}
static void work(void)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
	sigaction(SIGALRM, &action, NULL);
}
#elif defined(TARGET_PROFILER_TABLE)
/* The same by the stack pointer, and in a constant. */
static volatile long words;
static void handler(int signal, siginfo_t *info, void *context)
{
	long *stack = (long *)((ucontext_t *)context)->uc_mcontext.gregs[REG_RSP];
	(void)signal, (void)info;
	for (int i = 0; i < 3; i++)
		words += stack[i];
}
static const struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
static void work(void)
{
	sigaction(SIGALRM, &action, NULL);
}
#elif defined(TARGET_PROFILER_CALLS)
/* Set by a function for all, and another one looks at the context. */
static volatile long words;
static __attribute__((noinline)) void look(const char *what, const mcontext_t *registers)
{
	printf("%s at %llx\n", what, registers->gregs[REG_RIP]);
	words += *(long *)registers->gregs[REG_RSP];
}
static void handler(int signal, siginfo_t *info, void *context)
{
	look(info && signal ? "signal" : "nothing", &((ucontext_t *)context)->uc_mcontext);
}
__attribute__((noinline)) void set(int signal, void (*f)(int, siginfo_t *, void *))
{
	struct sigaction action = {.sa_sigaction = f, .sa_flags = SA_SIGINFO};
	FAR;
	sigaction(signal, &action, NULL);
	FAR;
}
static void work(void)
{
	for (int i = 1; i < 3; i++)
		set(i, handler);
}
#elif defined(TARGET_CALLBACKS)
/* A third argument with pointers where a context has its registers; no handler. */
struct item {
	char name[0x78], *text;
	long padding[4], *numbers, count;
};
static void handler(int signal)
{
	(void)signal;
}
static int each(const void *key, size_t size, const struct item *item)
{
	return item->text[0] + (int)size + (key != NULL);
}
static int fourth(const void *key, size_t size, const struct item *item, int add)
{
	return (int)(item->numbers[0] + item->count) + add + (int)size + (key != NULL);
}
static int named(const void *key, size_t size, const struct item *item)
{
	return item->name[0x30] + (int)(item->numbers[0] + item->count + (long)size) +
	       (key != NULL);
}
int (*volatile callback)(const void *, size_t, const struct item *) = named;
int (*volatile other)(const void *, size_t, const struct item *, int) = fourth;
__attribute__((noinline)) void set(void)
{
	struct sigaction action = {.sa_handler = handler};
	mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	FAR;
	sigaction(SIGALRM, &action, NULL);
	FAR;
}
static void work(void)
{
	set();
	callback = each;
}
#elif defined(TARGET_PROFILER_COPIES)
/* Looks at it later, in a copy. */
static volatile long words;
static ucontext_t copy;
static void handler(int signal, siginfo_t *info, void *context)
{
	(void)signal, (void)info;
	memcpy(&copy, context, sizeof(copy));
	words += *(long *)copy.uc_mcontext.gregs[REG_RSP];
}
static void work(void)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
	sigaction(SIGALRM, &action, NULL);
}
#elif defined(TARGET_PROFILER_KEEPS)
/* By another function, which finds it in a variable. */
static volatile long words;
static ucontext_t *volatile kept;
static __attribute__((noinline)) void look(void)
{
	words += *(long *)kept->uc_mcontext.gregs[REG_RBP];
}
static void handler(int signal, siginfo_t *info, void *context)
{
	(void)signal, (void)info;
	kept = context;
	look();
}
static void work(void)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
	sigaction(SIGALRM, &action, NULL);
}
#elif defined(TARGET_PROFILER_COUNTS)
/* By the register's number. */
static volatile long words;
static volatile int number = REG_RSP;
static void handler(int signal, siginfo_t *info, void *context)
{
	(void)signal, (void)info;
	words += *(long *)((ucontext_t *)context)->uc_mcontext.gregs[number];
}
static void work(void)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
	sigaction(SIGALRM, &action, NULL);
}
#elif defined(TARGET_MAKER)
static void work(void)
{
	mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
#elif defined(TARGET_RAW_MAKER)
static void work(void)
{
	static char page[8192] __attribute__((aligned(4096)));
	long result = SYS_mprotect;
	__asm__ volatile("syscall"
			 : "+a"(result)
			 : "D"(page), "S"(4096L), "d"(PROT_READ | PROT_WRITE | PROT_EXEC)
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
