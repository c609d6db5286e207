/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void hold(const int pipe[2])
{
	char end;
	setsid();
	close(pipe[1]);
	while (read(pipe[0], &end, 1) < 0 && errno == EINTR)
		continue;
	_exit(0);
}

struct holder holder_start(void)
{
	struct holder none = {0, -1};
	int fds[2];
	sigset_t all, before;
	if (pipe2(fds, O_CLOEXEC) != 0)
		return none;
	/* Ctrl-C is for the whole process group: the child stays deaf to it, and leaves the group
	 * for the one signal that nobody can be deaf to. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid == 0)
		hold(fds);
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(fds[0]);
	if (pid > 0)
		return (struct holder){pid, fds[1]};
	close(fds[1]);
	return none;
}

void holder_end(struct holder *holder)
{
	if (!holder->pid)
		return;
	close(holder->pipe);
	while (waitpid(holder->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	*holder = (struct holder){0, -1};
}
