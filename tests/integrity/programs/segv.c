/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A handler of SIGSEGV that repairs and goes on, or leaves by siglongjmp. The faulting instruction
 * is a function's first one, which a probe makes run elsewhere: address, cause and %rip must be
 * those of the original.
 */
#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "integrity.h"

__asm__(".globl load\n.type load,@function\nload: .cfi_startproc\n"
	"mov (%rdi),%rax\nadd $1,%rax\nret\n.cfi_endproc\n.size load,.-load\n"
	".globl divide\n.type divide,@function\ndivide: .cfi_startproc\n"
	"idiv %rsi\nret\n.cfi_endproc\n.size divide,.-divide\n");
long load(const long *from);
long divide(long a, long b);

static char *page;
static long right, faults;
static sigjmp_buf out;

static void on_fault(int number, siginfo_t *info, void *context)
{
	const ucontext_t *at = (const ucontext_t *)context;
	uintptr_t ip = (uintptr_t)at->uc_mcontext.gregs[REG_RIP];
	faults++;
	if (number == SIGFPE) {
		right += info->si_code == FPE_INTDIV && ip == (uintptr_t)divide &&
			 (uintptr_t)info->si_addr == ip;
		siglongjmp(out, 1);
	}
	right += (char *)info->si_addr == page && ip == (uintptr_t)load;
	mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

int main(void)
{
	integrity_start();
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGFPE, &action, NULL);
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile long sum = 0;
	for (volatile int i = 0; i < 50; i++) {
		*(long *)(void *)page = i;
		mprotect(page, 4096, PROT_NONE);
		sum += load((long *)(void *)page);
		if (!sigsetjmp(out, 1))
			sum += divide(1, 0);
	}
	printf("sum %ld faults %ld right %ld\n", sum, faults, right);
	integrity_end(END_NO_DATA);
	return 0;
}
