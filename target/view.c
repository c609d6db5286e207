/* SPDX-License-Identifier: Apache-2.0 */
/* target/view.c — looking at processes with our own rights. */
#include "target/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

static struct err *own_calls(void *context, pid_t pid, const struct call_sink *sink,
			     size_t *ret_denied)
{
	(void)context;
	return process_calls(pid, sink, ret_denied);
}

static bool own_fd_path(void *context, pid_t pid, int fd, char *buffer, size_t size)
{
	(void)context;
	return process_fd_path(pid, fd, buffer, size);
}

static struct err *own_modules(void *context, pid_t pid, struct module_list *ret)
{
	struct process *process = NULL;
	(void)context;
	struct err *e = process_open(pid, &process);
	e = e ? e : process_modules(process, ret);
	process_close(process);
	return e;
}

static struct err *own_maps(void *context, pid_t pid, struct module_list *ret)
{
	struct process *process = NULL;
	(void)context;
	struct err *e = process_open(pid, &process);
	e = e ? e : process_maps(process, ret);
	process_close(process);
	return e;
}

static const struct module *find(const struct module_list *list, const struct module *wanted)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].device == wanted->device &&
		    list->items[i].inode == wanted->inode)
			return &list->items[i];
	return NULL;
}

static struct err *own_open_module(void *context, pid_t pid, const struct module *wanted,
				   int *ret_fd)
{
	struct process *process = NULL;
	struct module_list list = {0};
	(void)context;
	struct err *e = process_open(pid, &process);
	e = e ? e : process_modules(process, &list);
	const struct module *found = e ? NULL : find(&list, wanted);
	if (found)
		e = process_open_module(process, found, ret_fd);
	else if (!e)
		e = err_new(ERR_FAILED, ENOENT, "opening '%s', mapped by pid %d", wanted->path,
			    pid);
	module_list_deinit(&list);
	process_close(process);
	return e;
}

static struct err *own_open_perf_map(void *context, pid_t pid, int *ret_fd)
{
	struct process *process = NULL;
	(void)context;
	struct err *e = process_open(pid, &process);
	e = e ? e : process_open_perf_map(process, ret_fd);
	process_close(process);
	return e;
}

struct err *process_open_memory(pid_t pid, int *ret_fd)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	*ret_fd = open(path, O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? err_new(errno == EACCES ? ERR_PERMISSION : ERR_FAILED, errno,
				     "opening '%s'", path)
			   : NULL;
}

static struct err *own_open_memory(void *context, pid_t pid, int *ret_fd)
{
	(void)context;
	return process_open_memory(pid, ret_fd);
}

const struct process_view process_own_view = {
	.calls = own_calls,
	.fd_path = own_fd_path,
	.modules = own_modules,
	.maps = own_maps,
	.open_module = own_open_module,
	.open_perf_map = own_open_perf_map,
	.open_memory = own_open_memory,
};
