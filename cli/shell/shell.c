/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/shell/shell.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "cli/report.h"
#include "cli/shell/events.h"
#include "cli/shell/find.h"
#include "common/cleanup.h"
#include "common/now.h"
#include "target/process_namespace.h"

/* A file that was looked at. */
struct known_file {
	char *key; /* device, inode and path, as the mapping says */
	enum shell_kind kind;
	char name[EVENT_COMM]; /* of the shell */
	struct image *image;   /* of the plan; NULL: none of ours, or another key's */
	bool added;	       /* its probes are in the plan */
	UT_hash_handle hh;
};

struct shell {
	const struct options *options;
	struct plan *plan;
	struct kernel *kernel;
	struct stream *stream;
	const struct process_view *view;
	struct mapping_watch *watch;
	struct shell_events *events;
	struct shell_places places;
	struct known_file *files;
	bool has_shared; /* a bash without a readline() of its own was seen */
	bool began;
};

/* --- files ------------------------------------------------------------------------------------ */

static void destroy_file(struct known_file *file)
{
	free(file->key);
	free(file);
}

/* NULL: out of memory. */
static struct known_file *get_file(struct shell *shell, const struct module *module, bool *ret_new)
{
	_cleanup_free_ char *key = NULL;
	struct known_file *file;
	if (asprintf(&key, "%jx:%jx:%s", (uintmax_t)module->device, (uintmax_t)module->inode,
		     module->path) < 0)
		return NULL;
	HASH_FIND_STR(shell->files, key, file);
	*ret_new = !file;
	if (file)
		return file;
	file = calloc(1, sizeof(*file));
	if (!file)
		return NULL;
	file->key = take_ptr(key);
	HASH_ADD_KEYPTR(hh, shell->files, file->key, strlen(file->key), file);
	return file;
}

/* The same file by another name, say through a bind mount: it is probed once. */
static bool is_known_image(const struct shell *shell, const struct image *image)
{
	for (const struct known_file *file = shell->files; file; file = file->hh.next)
		if (file->image && image_is_same_file(file->image, image))
			return true;
	return false;
}

static void name_file(struct known_file *file, const char *path)
{
	char name[64];
	module_short_name(path, name, sizeof(name));
	const char *text = file->kind == SHELL_PLAIN ? name : shell_kind_name(file->kind);
	size_t length = strnlen(text, sizeof(file->name) - 1);
	memcpy(file->name, text, length);
}

/* What it is, and the plan gets it when it is a shell. */
static struct err *look_into(struct shell *shell, struct known_file *file, const char *path, int fd)
{
	struct image *image = NULL;
	struct err *e = image_open_in(shell->plan->symbolizer, path, fd, &image);
	if (e == &err_nomem)
		return e;
	err_free(e);
	if (!image)
		return NULL;
	plan_use_cache(shell->plan, image);
	file->kind = shell_recognise(image);
	name_file(file, path);
	shell->has_shared |= file->kind == SHELL_BASH_SHARED;
	size_t index;
	if (file->kind == SHELL_NONE || is_known_image(shell, image)) {
		image_close(image);
		return NULL;
	}
	e = plan_add_module(shell->plan, path, NULL, NULL, &index);
	if (e) {
		image_close(image);
		return e;
	}
	shell->plan->modules.items[index].image = image;
	shell->plan->modules.items[index].tried = true;
	file->image = image;
	/* Worth a word where it was named. */
	if (file->kind != SHELL_PLAIN || !shell->plan->processes.count || shell->kernel)
		return NULL;
	return probe_set_note(
		&shell->plan->set,
		"%s: what is typed there cannot be seen, only what it runs: it has no "
		"symbols of bash or zsh",
		path);
}

/* Adds the probes of a file that has none yet, when it is time. */
static struct err *add_probes(struct shell *shell, struct known_file *file)
{
	if (!file->image || file->added || (file->kind == SHELL_READLINE && !shell->has_shared))
		return NULL;
	file->added = true;
	return shell_add_places(shell->options, shell->plan, file->image, file->kind,
				&shell->places);
}

static bool is_shell(const struct known_file *file)
{
	return file->kind != SHELL_NONE && file->kind != SHELL_READLINE;
}

/* --- the shells that run ---------------------------------------------------------------------- */

/* The program is what is mapped first; of libraries, only one is of interest. */
static bool is_candidate(const struct module *module, bool is_first)
{
	const char *name = strrchr(module->path, '/');
	return is_first || (name && strstr(name, "readline"));
}

static struct err *look_at_module(struct shell *shell, const struct process *process,
				  const struct module *module, bool *ret_is_shell)
{
	bool is_new;
	struct known_file *file = get_file(shell, module, &is_new);
	if (!file)
		return &err_nomem;
	if (is_new) {
		_cleanup_close_ int fd = -1;
		struct err *e = process_open_module(process, module, &fd);
		if (!e)
			e = look_into(shell, file, module->path, fd);
		if (e == &err_nomem)
			return e;
		err_free(e);
	}
	if (is_shell(file)) {
		*ret_is_shell = true;
		struct err *e = shell_events_found(shell->events, (uint32_t)process_pid(process),
						   file->name, file->kind == SHELL_BASH_SHARED);
		if (e)
			return e;
	}
	return add_probes(shell, file);
}

static struct err *look_at_process(struct shell *shell, const struct process *process,
				   bool *ret_is_shell)
{
	struct module_list list = {0};
	struct err *e = process_modules(process, &list);
	*ret_is_shell = false;
	for (size_t i = 0; !e && i < list.count; i++)
		if (is_candidate(&list.items[i], i == 0))
			e = look_at_module(shell, process, &list.items[i], ret_is_shell);
	module_list_deinit(&list);
	return e;
}

/* The processes that were named. */
static struct err *look_at_named(struct shell *shell)
{
	struct err *e = NULL;
	for (size_t i = 0; !e && i < shell->plan->processes.count; i++) {
		const struct process *process = shell->plan->processes.items[i];
		bool found;
		e = look_at_process(shell, process, &found);
		if (!e && !found)
			e = err_hint(err_why(err_new(ERR_USAGE, 0, "pid %d (%s) is no shell",
						     process_pid(process), process_comm(process)),
					     "it is none of bash, zsh, dash and their relatives"),
				     "name a shell, or no process at all: utrail shell");
	}
	return e;
}

/* All of the machine; one that ends meanwhile, or may not be looked at, is none of ours. */
static struct err *look_at_machine(struct shell *shell)
{
	DIR *directory = opendir("/proc");
	struct err *e = directory ? NULL : err_new(ERR_FAILED, errno, "reading /proc");
	const struct dirent *entry;
	while (!e && (entry = readdir(directory))) {
		struct process *process = NULL;
		bool found;
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		e = process_open((pid_t)strtol(entry->d_name, NULL, 10), &process);
		if (!e)
			e = look_at_process(shell, process, &found);
		process_close(process);
		if (e && e != &err_nomem) {
			err_free(e);
			e = NULL;
		}
	}
	if (directory)
		closedir(directory);
	return e;
}

static struct err *look(struct shell *shell)
{
	return shell->plan->processes.count ? look_at_named(shell) : look_at_machine(shell);
}

struct err *shell_plan(const struct options *options, struct plan *plan, struct shell **ret)
{
	struct shell *shell = calloc(1, sizeof(*shell));
	*plan = (struct plan){0};
	if (!shell)
		return &err_nomem;
	*ret = shell;
	shell->options = options;
	shell->plan = plan;
	const struct compile_options compile = {.string_limit = options->output.string_limit,
						.files = true};
	struct err *e = probe_set_init(&plan->set, &compile);
	if (!e && pid_namespace_is_inner())
		e = err_hint(
			err_why(err_new(ERR_UNSUPPORTED, 0, "shells cannot be traced from in here"),
				"utrail runs in a PID namespace (a container), where processes "
				"have other numbers"),
			"run it on the host: shells in containers are found from there");
	e = e ? e : plan_find_target(options, plan);
	e = e ? e : shell_events_create(&shell->places, &options->selection, &shell->events);
	plan->show_fork = plan->show_exec = plan->show_exit = true;
	/* A shell may be at its prompt already: a return at the function's own `ret` is seen then,
	 * too. And whatever is mapped later cannot make that unsafe. */
	plan->verdict = (struct return_verdict){
		RETURN_SITE, "a line that was begun before the trace is seen, too"};
	return e ? e : look(shell);
}

void shell_close(struct shell *shell)
{
	if (!shell)
		return;
	struct known_file *file, *next;
	HASH_ITER (hh, shell->files, file, next) {
		HASH_DEL(shell->files, file);
		destroy_file(file);
	}
	mapping_watch_close(shell->watch);
	shell_events_destroy(shell->events);
	free(shell->places.items);
	free(shell);
}

struct stream_sink shell_sink(struct shell *shell, struct output *output)
{
	return shell_events_sink(shell->events, output);
}

uint64_t shell_count(const struct shell *shell)
{
	return shell_events_count(shell->events);
}

struct err *shell_finish(struct shell *shell)
{
	return shell_events_finish(shell->events);
}

/* --- those that come later -------------------------------------------------------------------- */

struct err *shell_watch(struct shell *shell, struct kernel *kernel, struct stream *stream,
			const struct process_view *view)
{
	shell->kernel = kernel;
	shell->stream = stream;
	shell->view = view;
	return mapping_watch_open(&shell->watch);
}

int shell_fd(const struct shell *shell)
{
	return mapping_watch_fd(shell->watch);
}

/* The trace goes on without what cannot be attached. */
static struct err *attach(struct shell *shell, size_t first, const struct mapping *mapping)
{
	const struct probe_set *set = &shell->plan->set;
	struct err *e = kernel_add_sites(shell->kernel, first, false);
	if (e && e != &err_nomem) {
		report_error(err_wrap(e, "probing '%s', which pid %d has mapped",
				      mapping->module.path, mapping->pid));
		return NULL;
	}
	if (e || !shell->began || set->sites.count <= first)
		return e;
	const struct stream_gap gap = {.tgid = (uint32_t)mapping->pid,
				       .module = set->sites.items[first]->probe->module,
				       .from_ns = mapping->time_ns,
				       .until_ns = now_ns(CLOCK_BOOTTIME),
				       .kind = GAP_LATE};
	return stream_tell_gap(shell->stream, &gap);
}

static struct err *look_at_mapping(struct shell *shell, const struct mapping *mapping,
				   struct known_file **ret)
{
	bool is_new;
	struct known_file *file = *ret = get_file(shell, &mapping->module, &is_new);
	if (!file)
		return &err_nomem;
	if (!is_new)
		return NULL;
	_cleanup_close_ int fd = -1;
	struct err *e =
		shell->view->open_module(shell->view->context, mapping->pid, &mapping->module, &fd);
	if (!e)
		return look_into(shell, file, mapping->module.path, fd);
	/* Its process has ended: the next one that maps it is asked again. */
	HASH_DEL(shell->files, file);
	destroy_file(file);
	*ret = NULL;
	if (e == &err_nomem)
		return e;
	err_free(e);
	return NULL;
}

static struct err *on_mapping(void *context, const struct mapping *mapping)
{
	struct shell *shell = context;
	struct probe_set *set = &shell->plan->set;
	size_t first = set->sites.count, n_notes = set->notes.count;
	struct known_file *file;
	if (shell->plan->processes.count &&
	    !kernel_traced_process(shell->kernel, mapping->pid, mapping->time_ns))
		return NULL;
	struct err *e = look_at_mapping(shell, mapping, &file);
	if (e || !file)
		return e;
	if (is_shell(file))
		e = shell_events_image(shell->events, (uint32_t)mapping->pid, mapping->time_ns,
				       file->name);
	e = e ? e : add_probes(shell, file);
	if (!e && set->sites.count > first)
		e = attach(shell, first, mapping);
	if (shell->options->quiet < 2)
		report_notes(set, n_notes);
	return e;
}

struct err *shell_take(struct shell *shell)
{
	const struct mapping_sink sink = {.context = shell, .mapped = on_mapping};
	uint64_t lost;
	struct err *e = mapping_watch_read(shell->watch, &sink, &lost);
	/* Only a look at all can tell what these were. */
	return e || !lost ? e : look(shell);
}

struct err *shell_catch_up(struct shell *shell)
{
	size_t first = shell->plan->set.sites.count;
	struct err *e = look(shell);
	if (!e && shell->plan->set.sites.count > first)
		e = kernel_add_sites(shell->kernel, first, false);
	e = e ? e : shell_take(shell);
	shell->began = true;
	return e;
}
