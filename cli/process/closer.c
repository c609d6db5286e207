/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/process/closer.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_among(const int *fds, size_t count, int fd)
{
	for (size_t i = 0; i < count; i++)
		if (fds[i] == fd)
			return true;
	return false;
}

/* All but these: who reads our output must see its end. */
static void close_others(const int *fds, size_t count)
{
	DIR *open = opendir("/proc/self/fd");
	struct dirent *entry;
	if (!open) {
		for (int fd = 0; fd < 3; fd++)
			close(fd);
		return;
	}
	while ((entry = readdir(open))) {
		int fd = atoi(entry->d_name);
		if (entry->d_name[0] != '.' && fd != dirfd(open) && !is_among(fds, count, fd))
			close(fd);
	}
	closedir(open);
}

/* In a child of a child, which belongs to init as soon as its parent has ended. */
static void close_alone(const int *fds, size_t count)
{
	if (fork() != 0)
		_exit(0);
	setsid();
	close_others(fds, count);
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
	_exit(0);
}

void close_later(const int *fds, size_t count)
{
	sigset_t all, before;
	if (!count)
		return;
	/* A signal for the group would have all of them closed in the middle, by nobody's fault. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid == 0)
		close_alone(fds, count);
	sigprocmask(SIG_SETMASK, &before, NULL);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
}
