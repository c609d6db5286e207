/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What programs do that do not want to be debugged: trace themselves, look for a tracer in /proc,
 * let int3 and single-stepping lead to handlers of their own.
 */
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <ucontext.h>

#include "integrity.h"

static volatile long traps, steps;

static noinline long leaf(long n)
{
	return n * 5 + 1;
}

static void on_trap(int number, siginfo_t *info, void *context)
{
	ucontext_t *at = (ucontext_t *)context;
	(void)number;
	(void)info;
	if (at->uc_mcontext.gregs[REG_EFL] & 0x100)
		steps++;
	else
		traps++;
}

static noinline long stepped(long n)
{
	long ret;
	__asm__ volatile("pushfq\n\torq $0x100,(%%rsp)\n\tpopfq\n\t"
			 "lea 3(%1),%0\n\tadd %1,%0\n\tnop\n\t"
			 "pushfq\n\tandq $~0x100,(%%rsp)\n\tpopfq"
			 : "=&r"(ret)
			 : "r"(n)
			 : "memory", "cc");
	return ret;
}

static long tracer(void)
{
	char line[256];
	long found = -1;
	FILE *status = fopen("/proc/self/status", "r");
	while (status && fgets(line, sizeof(line), status))
		sscanf(line, "TracerPid: %ld", &found);
	if (status)
		fclose(status);
	return found;
}

static noinline int traced_child(void)
{
	int status = 0;
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(90);
		raise(SIGSTOP);
		_exit((int)leaf(3));
	}
	waitpid(child, &status, 0);
	ptrace(PTRACE_CONT, child, NULL, NULL);
	waitpid(child, &status, 0);
	return status;
}

int main(void)
{
	integrity_start();
	struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
	sigaction(SIGTRAP, &action, NULL);
	long sum = 0;
	for (int i = 0; i < 20; i++) {
		__asm__ volatile("int3");
		sum += leaf(i) + stepped(i);
	}
	printf("tracer %ld child %x traps %ld steps %ld sum %ld\n", tracer(), traced_child(), traps,
	       steps, sum);
	printf("traceme %ld\n", ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	integrity_end(END_PLAIN);
	return 0;
}
