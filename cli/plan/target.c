/* SPDX-License-Identifier: Apache-2.0 */
/* cli/plan/target.c — the target's processes and files. */
#include "cli/plan/plan.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cache.h"
#include "common/array.h"
#include "common/cleanup.h"
#include "common/descriptors.h"
#include "target/file_set.h"
#include "target/process_namespace.h"

struct err *plan_add_module(struct plan *plan, const char *path, const struct module *mapped,
			    struct process *process, size_t *ret_index)
{
	struct plan_module *module = array_push(&plan->modules);
	if (!module)
		return &err_nomem;
	module->path = strdup(path);
	if (!module->path)
		return &err_nomem;
	if (mapped)
		module->mapped = *mapped;
	module->mapped.path = module->path;
	module->process = process;
	module_short_name(path, module->name, sizeof(module->name));
	if (ret_index)
		*ret_index = plan->modules.count - 1;
	return NULL;
}

static bool has_file(const struct plan *plan, const struct process *process,
		     const struct module *mapped)
{
	for (size_t i = 0; i < plan->modules.count; i++) {
		const struct plan_module *known = &plan->modules.items[i];
		if (known->mapped.start &&
		    process_same_file(known->process, &known->mapped, process, mapped))
			return true;
	}
	return false;
}

static struct err *add_process(struct plan *plan, pid_t pid, struct file_set *seen)
{
	struct process **kept = array_push(&plan->processes);
	if (!kept)
		return &err_nomem;
	struct err *e = process_open(pid, kept);
	if (e) {
		plan->processes.count--;
		return e;
	}
	struct module_list list = {0};
	e = process_modules(*kept, &list);
	for (size_t i = 0; !e && i < list.count; i++)
		if (!file_set_add(seen, list.items[i].device, list.items[i].inode) ||
		    !has_file(plan, *kept, &list.items[i]))
			e = plan_add_module(plan, list.items[i].path, &list.items[i], *kept, NULL);
	if (!e && !list.count)
		e = err_why(err_new(ERR_FAILED, 0, "pid %d (%s) has no program file", pid,
				    process_comm(*kept)),
			    "it is a kernel thread, or it is just ending");
	module_list_deinit(&list);
	return e;
}

/* System calls alone are in no file. */
bool plan_is_in_files(const struct options *options)
{
	for (size_t i = 0; i < options->specs.count; i++)
		if (plan_is_open_ended(&options->specs.items[i]))
			return true;
	return false;
}

static bool reads_files(const struct options *options)
{
	return plan_is_in_files(options) || (!options->specs.count && !options->tally_only);
}

/* Answers are of one build of us: another may understand types in another way. */
static struct err *open_cache(const struct options *options, struct plan *ret)
{
	struct stat self;
	if (options->no_cache || stat("/proc/self/exe", &self) != 0)
		return NULL;
	snprintf(ret->program, sizeof(ret->program), "%s %lld %lld.%09ld", UTRAIL_VERSION,
		 (long long)self.st_size, (long long)self.st_mtim.tv_sec, self.st_mtim.tv_nsec);
	ret->cache = cache_new("types", options->verbose ? stderr : NULL);
	ret->kept = (struct image_cache){.context = ret->cache,
					 .program = ret->program,
					 .read = cache_read,
					 .write = cache_write};
	return ret->cache ? NULL : &err_nomem;
}

struct err *plan_find_target(const struct options *options, struct plan *ret)
{
	_cleanup_(file_set_deinit) struct file_set seen = {0};
	struct err *e = symbolizer_create(NULL, &ret->symbolizer);
	if (e)
		return e;
	/* Each file of the target stays open, twice. */
	descriptors_allow_all(&ret->descriptors);
	/* It makes itself ready while we look for the files. A list may need none. */
	if (reads_files(options) && options->command != COMMAND_LIST)
		symbolizer_start(ret->symbolizer);
	bool tracing = options->command == COMMAND_TRACE || options->command == COMMAND_SHELL ||
		       options->command == COMMAND_STAT;
	e = tracing ? pid_namespace_check() : NULL;
	if (!e && options->debuginfod)
		e = debug_server_check();
	if (options->debuginfod)
		debug_server_init(&ret->server, !options->quiet);
	e = e ? e : open_cache(options, ret);
	for (size_t i = 0; !e && i < options->pids.count; i++)
		e = add_process(ret, options->pids.items[i], &seen);
	if (!e && options->argv && options->command != COMMAND_LIST)
		e = plan_add_command(options, ret);
	return e;
}

/* What the process itself would find there, beneath its own root. */
static bool stat_in_process(const struct process *process, const char *path, struct stat *ret)
{
	_cleanup_close_ int fd = -1;
	if (!process || path[0] != '/')
		return false;
	struct err *e = process_open_path(process, path, &fd);
	bool found = !e && fstat(fd, ret) == 0;
	err_free(e);
	return found;
}

/* A package upgrade, say: the kernel keeps the file that the process runs until it ends. */
static struct err *note_replaced(struct plan *plan, const struct plan_module *module)
{
	struct stat st;
	if (!module->mapped.deleted || !stat_in_process(module->process, module->path, &st))
		return NULL;
	return probe_set_note(&plan->set,
			      "%s: replaced on disk since pid %d has mapped it: traced is the file "
			      "that it runs, not the new one",
			      module->path, (int)process_pid(module->process));
}

/* Reading goes on here, where a file made to do harm can do more of it. */
static struct err *note_no_sandbox(struct plan *plan)
{
	const struct err *refused = symbolizer_refused(plan->symbolizer);
	if (!refused || plan->no_sandbox_noted)
		return NULL;
	plan->no_sandbox_noted = true;
	return probe_set_note(&plan->set, "files are read without a sandbox: %s: %s",
			      err_what(refused), err_reason(refused));
}

static struct err *note_failure(struct plan *plan, struct plan_module *module,
				const struct err *failure)
{
	if (module->failure_noted)
		return NULL;
	module->failure_noted = true;
	return probe_set_note(&plan->set, "%s: %s", err_what(failure), err_reason(failure));
}

struct err *plan_note_failure(struct plan *plan, struct plan_module *module, struct err *e)
{
	const struct err *failure = module->image ? image_failure(module->image) : NULL;
	if (e == &err_nomem)
		return e;
	if (!module->image && e && symbolizer_gave_up(plan->symbolizer))
		failure = e;
	struct err *noted = failure ? note_failure(plan, module, failure) : e;
	if (failure)
		err_free(e);
	return noted;
}

void plan_use_cache(const struct plan *plan, struct image *image)
{
	if (plan->cache && image)
		image_use_cache(image, &plan->kept);
}

struct err *plan_module_image(struct plan *plan, struct plan_module *module, bool named,
			      struct image **ret)
{
	*ret = module->image;
	if (module->image || (module->tried && !named))
		return NULL;
	module->tried = true;
	_cleanup_close_ int fd = -1;
	struct err *e = NULL;
	if (module->process && module->mapped.start)
		e = process_open_module(module->process, &module->mapped, &fd);
	else if (module->process)
		e = process_open_path(module->process, module->path, &fd);
	module->gone = e && module->mapped.start;
	e = e ? e : image_open_in(plan->symbolizer, module->path, fd, &module->image);
	if (e && !named) {
		if (symbolizer_gave_up(plan->symbolizer))
			return plan_note_failure(plan, module, e);
		/* A mapped file that is no ELF file of this machine: data, or another ABI. */
		err_free(e);
		return NULL;
	}
	if (!e && module->process)
		image_set_root(module->image, process_root(module->process));
	if (!e)
		plan_use_cache(plan, module->image);
	if (!e && plan->server.is_asked)
		image_set_source(module->image, &plan->server.source);
	*ret = module->image;
	e = e ? e : note_no_sandbox(plan);
	return e ? e : note_replaced(plan, module);
}

static bool maps_file(const struct plan_module *module, const struct stat *st)
{
	if (module->process)
		return process_maps_file(module->process, &module->mapped, st);
	/* Its process may have ended by now: see plan_add_mapping(). */
	return st->st_ino == module->mapped.inode && st->st_dev == module->mapped.device;
}

/* Kernels show numbers for mappings that stat(2) does not (overlayfs before 6.7, btrfs). */
static bool leads_to(const char *wanted, const char *path)
{
	_cleanup_free_ char *real = realpath(wanted, NULL);
	return real && strcmp(real, path) == 0;
}

static bool is_same_file(const struct plan_module *module, const char *wanted)
{
	struct stat st;
	if (!strchr(wanted, '/') || !module->mapped.start)
		return false;
	return (stat_in_process(module->process, wanted, &st) && maps_file(module, &st)) ||
	       (stat(wanted, &st) == 0 && maps_file(module, &st)) || leads_to(wanted, module->path);
}

/* A file that is not mapped: in the root of the first process that has it, else in ours. */
static struct err *add_unmapped(struct plan *plan, const char *wanted, bool *ret_found)
{
	struct process *process = NULL;
	struct stat st;
	for (size_t i = 0; i < plan->processes.count && !process; i++)
		if (stat_in_process(plan->processes.items[i], wanted, &st))
			process = plan->processes.items[i];
	_cleanup_free_ char *path = NULL;
	struct err *e = process ? NULL : module_search(wanted, &path);
	*ret_found = process || path;
	if (e || !*ret_found)
		return e;
	path = path ? path : strdup(wanted);
	if (!path)
		return &err_nomem;
	if (plan->processes.count)
		e = probe_set_note(
			&plan->set,
			"%s: the process has not mapped it: nothing is seen until it does", path);
	return e ? e : plan_add_module(plan, path, NULL, process, NULL);
}

/* A program may be known by the name of a link to its file: Debian's redis-server is one. */
static bool is_linked_program(const struct plan_module *module, const char *wanted)
{
	static const char *const folders[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
					      "/usr/bin",	 "/sbin",	   "/bin"};
	if (!module->process || !module->mapped.start || strpbrk(wanted, "/*?["))
		return false;
	for (size_t i = 0; i < array_size(folders); i++) {
		char path[PATH_MAX];
		struct stat st;
		snprintf(path, sizeof(path), "%s/%s", folders[i], wanted);
		if (stat_in_process(module->process, path, &st) && maps_file(module, &st))
			return true;
	}
	return false;
}

bool plan_is_module(const struct plan_module *module, const char *wanted)
{
	return module_name_matches(module->path, wanted) || is_same_file(module, wanted);
}

static struct err *find_named(struct plan *plan, const char *wanted,
			      bool (*matches)(const struct plan_module *, const char *),
			      struct plan_modules *ret)
{
	for (size_t i = 0; i < plan->modules.count; i++) {
		const struct plan_module *module = &plan->modules.items[i];
		bool any = !wanted && (module->process || plan->launch);
		if (!any && !(wanted && matches(module, wanted)))
			continue;
		size_t *index = array_push(&ret->indexes);
		if (!index)
			return &err_nomem;
		*index = i;
	}
	return NULL;
}

struct err *plan_find_modules(struct plan *plan, const char *wanted, struct plan_modules *ret)
{
	struct err *e = find_named(plan, wanted, plan_is_module, ret);
	if (!e && !ret->indexes.count && wanted)
		e = find_named(plan, wanted, is_linked_program, ret);
	if (e || ret->indexes.count || !wanted)
		return e;
	bool found;
	e = add_unmapped(plan, wanted, &found);
	size_t *index = e || !found ? NULL : array_push(&ret->indexes);
	if (e || !found)
		return e;
	if (!index)
		return &err_nomem;
	*index = plan->modules.count - 1;
	return NULL;
}

struct err *plan_check_alive(const struct plan *plan)
{
	for (size_t i = 0; i < plan->processes.count; i++)
		if (process_is_alive(plan->processes.items[i]))
			return NULL;
	if (!plan->processes.count)
		return NULL;
	return err_why(err_new(ERR_FAILED, 0, "pid %d (%s) has ended",
			       process_pid(plan->processes.items[0]),
			       process_comm(plan->processes.items[0])),
		       "it ended while the probes were being attached");
}
