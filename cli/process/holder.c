/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/process/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* The descriptors from `first` to before `end` are this child's. */
static void hold(const int pipe[2], const int *fds, size_t count, size_t first, size_t end)
{
	char nothing;
	setsid();
	close(pipe[1]);
	for (size_t i = 0; i < count; i++)
		if (i < first || i >= end)
			close(fds[i]);
	while (read(pipe[0], &nothing, 1) < 0 && errno == EINTR)
		continue;
	_exit(0);
}

/* What has no holder of its own, the first one holds. */
static void start(struct holders *holders, const int pipe[2], const int *fds, size_t count)
{
	size_t wanted = count < HOLDERS_MAX ? count : HOLDERS_MAX, end = count;
	wanted = wanted ? wanted : 1;
	for (size_t left = wanted; left > 0; left--) {
		size_t first = left == 1 ? 0 : count * (left - 1) / wanted;
		pid_t pid = fork();
		if (pid == 0)
			hold(pipe, fds, count, first, end);
		if (pid < 0)
			continue;
		holders->pids[holders->count++] = pid;
		end = first;
	}
}

struct holders holders_start(const int *fds, size_t count)
{
	struct holders holders = {.pipe = -1};
	int ends[2];
	sigset_t all, before;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return holders;
	/* Ctrl-C is for the whole process group: the children stay deaf to it, and leave the group
	 * for the one signal that nobody can be deaf to. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	start(&holders, ends, fds, count);
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(ends[0]);
	holders.pipe = ends[1];
	return holders;
}

void holders_release(struct holders *holders)
{
	if (holders->pipe >= 0)
		close(holders->pipe);
	holders->pipe = -1;
}

void holders_end(struct holders *holders)
{
	holders_release(holders);
	for (size_t i = 0; i < holders->count; i++)
		while (waitpid(holders->pids[i], NULL, 0) < 0 && errno == EINTR)
			continue;
	*holders = (struct holders){.pipe = -1};
}
