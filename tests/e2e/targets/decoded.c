/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decoded — system calls whose arguments mean something else from case to case, and the line that
 * each must cause, as their manual pages tell.
 */
#include <linux/sched/types.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define WHO_PROCESS 1 /* of ioprio_get(2), linux/ioprio.h */

static void end_of_child(int signal, const char *code, const char *status)
{
	siginfo_t info;
	pid_t child = fork();
	if (child < 0)
		exit(1);
	if (child == 0 && signal)
		raise(signal);
	if (child == 0)
		_exit(5);
	syscall(SYS_waitid, P_PID, child, &info, WEXITED, NULL);
	printf("expect waitid(P_PID, %d, {si_signo=SIGCHLD, si_code=%s, si_pid=%d, si_uid=%d, "
	       "si_status=%s, si_utime=*, si_stime=*}, WEXITED, NULL) = 0\n",
	       child, code, child, getuid(), status);
}

static void on_signal(int signal)
{
	(void)signal;
}

static void end_of_handler(void)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGUSR1, on_signal);
	kill(getpid(), SIGUSR1);
	/* What kill() has returned. */
	printf("expect rt_sigreturn({mask=[]}) = 0\n");
}

static void scheduling(unsigned int size, const char *more)
{
	struct sched_attr attributes = {.size = size, .sched_util_max = 7};
	/* Nobody has this number. */
	syscall(SYS_sched_setattr, 0x7fffffff, &attributes, 0);
	printf("expect sched_setattr(2147483647, {size=%u, sched_policy=SCHED_OTHER, sched_flags=0, "
	       "sched_nice=0, sched_priority=0, sched_runtime=0, sched_deadline=0, "
	       "sched_period=0%s}, 0) = -1 ESRCH\n",
	       size, more);
}

int main(void)
{
	long priority = syscall(SYS_ioprio_get, WHO_PROCESS, 0);
	printf("expect ioprio_get(IOPRIO_WHO_PROCESS, 0) = %ld\n", priority);
	syscall(SYS_ioprio_set, WHO_PROCESS, 0, priority);
	printf("expect ioprio_set(IOPRIO_WHO_PROCESS, 0, *) = 0\n");
	printf("expect personality(0xffffffff) = %ld\n", syscall(SYS_personality, 0xffffffff));
	end_of_handler();
	end_of_child(SIGKILL, "CLD_KILLED", "SIGKILL");
	end_of_child(0, "CLD_EXITED", "5");
	scheduling(48, "");
	scheduling(56, ", sched_util_min=0, sched_util_max=7");
	return 0;
}
