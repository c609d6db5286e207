/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seccomp: strict mode, a filter that kills at any system call it does not know, and one that makes
 * them fail. The kernel's own system calls of probes must not be seen by it.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "integrity.h"

static noinline long work(long n)
{
	return n ? n + work(n - 1) : 0;
}

static noinline long leaf(long n)
{
	return n * 3;
}

static long much(void)
{
	long sum = 0;
	for (long i = 0; i < 200; i++)
		sum += work(i % 10) + leaf(i);
	return sum;
}

static noinline void filter(unsigned int otherwise)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, otherwise),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {array_size(code), code};
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static noinline int confined(int how)
{
	int status = 0;
	fflush(stdout);
	pid_t child = fork();
	if (child) {
		waitpid(child, &status, 0);
		return status;
	}
	if (how == 0)
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
	else if (how == 1)
		filter(SECCOMP_RET_KILL_PROCESS);
	else
		filter(SECCOMP_RET_ERRNO | 13);
	long sum = much();
	if (how == 3) /* not allowed: fails, and goes on */
		sum += syscall(SYS_getppid) == -1 ? 1 : 0;
	syscall(SYS_exit, sum % 100);
	return -1;
}

int main(void)
{
	integrity_start();
	for (int i = 0; i < 4; i++)
		printf("confined %x\n", confined(i));
	integrity_end(END_PLAIN);
	fflush(stdout);
	/* And itself, for good. */
	filter(SECCOMP_RET_KILL_PROCESS);
	static const char done[] = "confined myself\n";
	if (much() && write(1, done, sizeof(done) - 1) < 0)
		_exit(9);
	_exit(4);
}
