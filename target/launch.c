/* SPDX-License-Identifier: Apache-2.0 */
#include "target/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"

struct launch {
	pid_t pid;
	int go_fd;     /* closing it without a byte ends the child */
	int failed_fd; /* errno of a failed exec; closed by a good one */
	bool released, ended;
	int status;
	char *path;
};

static struct err *not_runnable(const char *name, int errnum)
{
	struct err *e = err_new(ERR_FAILED, errnum, "cannot run '%s'", name);
	if (errnum == ENOENT)
		return err_hint(e, "check the name and $PATH");
	if (errnum == EISDIR)
		return err_hint(e, "name a program in it");
	return err_hint(e, "make it executable: chmod +x '%s'", name);
}

static struct err *find_program(const char *name, char **ret)
{
	struct stat st;
	struct err *e = module_search(name, ret);
	if (e)
		return e;
	if (!*ret)
		return not_runnable(name, ENOENT);
	int errnum = 0;
	if (stat(*ret, &st) != 0)
		errnum = errno;
	else if (S_ISDIR(st.st_mode))
		errnum = EISDIR;
	else if (access(*ret, X_OK) != 0)
		errnum = errno;
	if (!errnum)
		return NULL;
	free(take_ptr(*ret));
	return not_runnable(name, errnum);
}

/* In the child, between fork and exec: system calls only, and as few as can be, as the last of them
 * are traced already. Descriptors close themselves at the exec. */
static _Noreturn void child(struct launch *launch, int go_fd, int failed_fd, char *const argv[])
{
	char byte;
	ssize_t got;
	close(launch->go_fd);
	close(launch->failed_fd);
	do
		got = read(go_fd, &byte, 1);
	while (got < 0 && errno == EINTR);
	if (got != 1)
		_exit(0); /* the tracer changed its mind, or has died */
	execv(launch->path, argv);
	int errnum = errno;
	ssize_t written = write(failed_fd, &errnum, sizeof(errnum));
	_exit(written == sizeof(errnum) ? 127 : 126);
}

struct err *launch_prepare(char *const argv[], struct launch **ret)
{
	_cleanup_(launch_closep) struct launch *launch = calloc(1, sizeof(*launch));
	if (!launch)
		return &err_nomem;
	*launch = (struct launch){.pid = -1, .go_fd = -1, .failed_fd = -1};
	struct err *e = find_program(argv[0], &launch->path);
	if (e)
		return e;
	int go[2], failed[2];
	if (pipe2(go, O_CLOEXEC) != 0)
		return err_new(ERR_FAILED, errno, "making a pipe");
	_cleanup_close_ int child_go = go[0];
	launch->go_fd = go[1];
	if (pipe2(failed, O_CLOEXEC) != 0)
		return err_new(ERR_FAILED, errno, "making a pipe");
	_cleanup_close_ int child_failed = failed[1];
	launch->failed_fd = failed[0];
	launch->pid = fork();
	if (launch->pid < 0)
		return err_new(ERR_FAILED, errno, "starting a process for '%s'", argv[0]);
	if (launch->pid == 0)
		child(launch, child_go, child_failed, argv);
	*ret = take_ptr(launch);
	return NULL;
}

pid_t launch_pid(const struct launch *launch)
{
	return launch->pid;
}

const char *launch_path(const struct launch *launch)
{
	return launch->path;
}

struct err *launch_release(struct launch *launch)
{
	int errnum = 0;
	ssize_t got;
	if (write(launch->go_fd, "g", 1) != 1)
		return err_new(ERR_FAILED, errno, "releasing '%s'", launch->path);
	close(take_fd(launch->go_fd));
	do
		got = read(launch->failed_fd, &errnum, sizeof(errnum));
	while (got < 0 && errno == EINTR);
	close(take_fd(launch->failed_fd));
	launch->released = true;
	if (got == sizeof(errnum))
		return err_new(ERR_FAILED, errnum, "cannot run '%s'", launch->path);
	return NULL;
}

bool launch_has_ended(struct launch *launch, int *ret_status)
{
	if (!launch->ended) {
		int status = 0;
		pid_t ended = waitpid(launch->pid, &status, WNOHANG);
		/* ECHILD: while SIGCHLD was ignored. Nobody knows how it ended then. */
		if (ended != launch->pid && !(ended < 0 && errno == ECHILD))
			return false;
		launch->ended = true;
		launch->status = status;
	}
	*ret_status = launch->status;
	return true;
}

void launch_close(struct launch *launch)
{
	if (!launch)
		return;
	closep(&launch->go_fd);
	closep(&launch->failed_fd);
	if (launch->pid > 0 && !launch->released)
		waitpid(launch->pid, NULL, 0);
	free(launch->path);
	free(launch);
}

void launch_closep(struct launch **launch)
{
	launch_close(*launch);
}
