/* SPDX-License-Identifier: Apache-2.0 */
/* cli/plan/command.c — a command that is going to be run: its file, and what its loader will map.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/plan/plan.h"
#include "common/cleanup.h"
#include "common/descriptors.h"

struct loader_list {
	pid_t pid; /* 0: it does not run */
	FILE *from;
};

/*
 * Which libraries will the loader map? The loader itself knows best: run as `ld.so --list PROG` it
 * says so without running the program. It is the loader that the program names, which the exec
 * would run anyway, with our own rights.
 */
static pid_t start_loader(const char *loader, const char *program, int to)
{
	char list[] = "--list";
	char *const argv[] = {(char *)loader, list, (char *)program, NULL};
	posix_spawn_file_actions_t actions;
	pid_t pid = 0;
	/* A fork would copy the tables of our memory, and us each page that is written after it. */
	if (posix_spawn_file_actions_init(&actions) != 0)
		return 0;
	posix_spawn_file_actions_adddup2(&actions, to, STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&actions, STDERR_FILENO);
	if (posix_spawn(&pid, loader, &actions, NULL, argv, environ) != 0)
		pid = 0;
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

/* Nothing comes from a file that names no loader. */
static void list_start(const char *program, struct loader_list *ret)
{
	_cleanup_free_ char *loader = NULL;
	int pipe_fds[2];
	struct err *e = image_find_interpreter(program, &loader);
	/* Who opens the file says what is wrong with it. */
	err_free(e);
	if (e || !loader || pipe2(pipe_fds, O_CLOEXEC) != 0)
		return;
	ret->pid = start_loader(loader, program, pipe_fds[1]);
	close(pipe_fds[1]);
	ret->from = fdopen(pipe_fds[0], "re");
	if (!ret->from)
		close(pipe_fds[0]);
}

static struct err *list_take(struct plan *plan, struct loader_list *list)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	struct err *e = NULL;
	while (!e && list->from && getline(&line, &size, list->from) > 0) {
		/* "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)" */
		char *path = strchr(line, '/');
		char *end = path ? strstr(path, " (0x") : NULL;
		if (!end)
			continue;
		*end = '\0';
		e = plan_add_module(plan, path, NULL, NULL, NULL);
	}
	return e;
}

/* Who is still writing is not heard any more. */
static void list_end(struct loader_list *list)
{
	if (list->from)
		fclose(list->from);
	if (list->pid > 0)
		waitpid(list->pid, NULL, 0);
}

static struct err *add_program(const struct options *options, struct plan *plan,
			       struct loader_list *list)
{
	const char *path = launch_path(plan->launch);
	struct image *image = NULL;
	size_t index = 0;
	struct err *e = plan_add_module(plan, path, NULL, NULL, &index);
	e = e ? e : plan_module_image(plan, &plan->modules.items[index], false, &image);
	if (e || !image)
		return e;
	plan_foresee(options, plan, image, path);
	/* A script has an interpreter of its own: what it maps is not known before the exec. */
	return list_take(plan, list);
}

struct err *plan_add_command(const struct options *options, struct plan *plan)
{
	struct loader_list list = {0};
	/* It is forked here, with whatever limits there are now. */
	descriptors_allow(&plan->descriptors);
	struct err *e = launch_prepare(options->argv, &plan->launch);
	descriptors_allow_all(NULL);
	if (e)
		return e;
	/* It takes some milliseconds, in which the file is opened and looked through. */
	list_start(launch_path(plan->launch), &list);
	e = add_program(options, plan, &list);
	list_end(&list);
	return e;
}
