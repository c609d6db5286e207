/* SPDX-License-Identifier: Apache-2.0 */
#include "common/steady.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Attaching formats errors, and libbpf has room for paths on its stack. */
#define STACK_BYTES (1u << 20)

struct job {
	struct err *(*work)(void *context);
	void *context;
	struct err *e;
};

static int run(void *argument)
{
	struct job *job = argument;
	/* Signals for a whole process group are not for this one. */
	setpgid(0, 0);
	job->e = job->work(job->context);
	return 0;
}

/* False: there is no child. */
static bool run_in_child(struct job *job)
{
	char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED)
		return false;
	/* Its end is told by no signal (flags without SIGCHLD), so that nobody else waits for it.
	 * As after vfork(2), we do not run meanwhile: it has our thread's storage, too. */
	pid_t pid = clone(run, stack + STACK_BYTES, CLONE_VM | CLONE_FILES | CLONE_VFORK, job);
	while (pid > 0 && waitpid(pid, NULL, __WCLONE) < 0 && errno == EINTR)
		;
	munmap(stack, STACK_BYTES);
	return pid > 0;
}

struct err *steady_run(struct err *(*work)(void *context), void *context)
{
	struct job job = {.work = work, .context = context};
	sigset_t all, before;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	if (!run_in_child(&job))
		job.e = work(context);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return job.e;
}
