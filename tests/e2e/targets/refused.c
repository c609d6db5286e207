/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refused — makes system calls that its own seccomp filter refuses, in two threads and in a child.
 *
 *	refused [-w] [CALLS]
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "sample.h"

static unsigned long refused, allowed;
static bool correct = true;

static bool forbid(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0]), .filter = filter};
	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static traced void ask(long calls)
{
	for (long i = 0; i < calls; i++) {
		correct &= syscall(SYS_getppid) == -1 && errno == EPERM;
		__atomic_fetch_add(&refused, 1, __ATOMIC_RELAXED);
		syscall(SYS_getuid);
		__atomic_fetch_add(&allowed, 1, __ATOMIC_RELAXED);
	}
}

static void *ask_in_thread(void *context)
{
	ask(*(long *)context);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	long calls = sample_number(argc, argv, sample.next, 5);
	pthread_t thread;
	int status = 0;
	correct &= forbid();
	ask(calls);
	pthread_create(&thread, NULL, ask_in_thread, &calls);
	pthread_join(thread, NULL);
	pid_t child = fork();
	if (child == 0) {
		ask(calls);
		_exit(!correct);
	}
	waitpid(child, &status, 0);
	sample_count("getppid", refused);
	sample_count("getuid", allowed);
	return sample_end(&sample, correct && status == 0);
}
