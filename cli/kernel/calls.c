/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/kernel/calls.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "kernel/tracepoints.h"

/* Calls named in the note on what is not seen. */
#define NAMED_MAX 8

uint64_t calls_tracepoint_id(const char *directory, const char *side, const char *call)
{
	char path[PATH_MAX];
	uint64_t id = 0;
	snprintf(path, sizeof(path), "%s/syscalls/sys_%s_%s/id", directory, side,
		 syscall_kernel_name(call));
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	return file && fscanf(file, "%" SCNu64, &id) == 1 ? id : 0;
}

static size_t count_calls(const struct probe_set *set)
{
	size_t count = 0;
	for (size_t i = 1; i < set->sites.count; i++)
		count += set->sites.items[i]->wire.kind == SITE_SYSCALL;
	return count;
}

/* --- what it cannot see ----------------------------------------------------------------------- */

static bool is_seen_at_tracepoint(const void *context, const struct probe_site *site)
{
	return calls_tracepoint_id(context, "enter", site->probe->name) != 0;
}

/* Names of functions, which stay readable when their addresses are hidden. Sorted. */
struct functions {
	ARRAY_OF(char *) names;
};

static void functions_deinit(struct functions *functions)
{
	for (size_t i = 0; i < functions->names.count; i++)
		free(functions->names.items[i]);
	free(functions->names.items);
}

static int compare_names(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

static struct err *functions_read(struct functions *ret)
{
	char line[512], name[256];
	_cleanup_fclose_ FILE *file = fopen("/proc/kallsyms", "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s %*s " SYSCALL_FUNCTION "%255s", name) != 1)
			continue;
		char **place = array_push(&ret->names);
		if (!place)
			return &err_nomem;
		*place = strdup(name);
		if (!*place)
			return &err_nomem;
	}
	qsort(ret->names.items, ret->names.count, sizeof(char *), compare_names);
	return NULL;
}

static bool has_function(const void *context, const struct probe_site *site)
{
	const struct functions *functions = context;
	const char *name = syscall_kernel_name(site->probe->name);
	/* Who cannot read any believes that all are there. */
	return !functions->names.count ||
	       bsearch(&name, functions->names.items, functions->names.count, sizeof(char *),
		       compare_names);
}

struct visibility {
	bool (*sees)(const void *context, const struct probe_site *site);
	const void *context;
};

/* Marks them, too. */
static struct err *note_unseen(struct probe_set *set, const struct visibility *visibility,
			       struct call_choice *choice)
{
	const char *names = "";
	for (size_t i = 1; i < set->sites.count; i++) {
		struct probe_site *site = set->sites.items[i];
		if (site->wire.kind != SITE_SYSCALL || visibility->sees(visibility->context, site))
			continue;
		site->is_unseen = true;
		if (choice->unseen++ < NAMED_MAX)
			names = arena_printf(&set->arena, "%s%s%s", names, *names ? ", " : "",
					     site->probe->name);
		if (!names)
			return &err_nomem;
	}
	const char *name = syscall_backend_info(choice->backend)->name;
	if (choice->unseen && choice->unseen == count_calls(set))
		return err_hint(
			err_why(err_new(ERR_UNSUPPORTED, 0,
					"--syscall-backend=%s sees none of these calls", name),
				"this kernel has nothing to attach to for %s", names),
			"'auto' sees all of them");
	if (!choice->unseen)
		return NULL;
	return probe_set_note(set, "%zu system call%s not seen by '%s': %s%s", choice->unseen,
			      choice->unseen == 1 ? " is" : "s are", name, names,
			      choice->unseen > NAMED_MAX ? ", ..." : "");
}

/* --- choosing --------------------------------------------------------------------------------- */

/* Of fentry, as of the tracepoints of all calls, the kernel always has counted them. */
static struct err *note_misses(struct probe_set *set, const struct call_choice *choice)
{
	if (choice->backend == SYSCALLS_FENTRY || syscall_events_count_misses())
		return NULL;
	return probe_set_note(set,
			      "--syscall-backend=%s: this kernel does not count what it misses "
			      "there (Linux 6.7)",
			      syscall_backend_info(choice->backend)->name);
}

/* The tracepoints of single calls go by the number, which the end of this one has not
 * (perf_syscall_exit() in kernel/trace/trace_syscalls.c). */
static bool is_sigreturn(const struct probe_site *site)
{
	return site->wire.kind == SITE_SYSCALL && strcmp(site->probe->name, "rt_sigreturn") == 0;
}

static void forget_ends(struct probe_set *set)
{
	for (size_t i = 1; i < set->sites.count; i++)
		if (is_sigreturn(set->sites.items[i]))
			set->sites.items[i]->wire.flags &= ~(uint32_t)SITE_HAS_RETURN;
}

static struct err *check_asked(struct probe_set *set, struct call_choice *choice)
{
	const struct syscall_backend_info *info = syscall_backend_info(choice->backend);
	struct err *e = syscall_backend_try(choice->backend);
	if (!e && info->by_call)
		e = note_misses(set, choice);
	if (!e && choice->backend == SYSCALLS_TRACEPOINT) {
		forget_ends(set);
		e = tracepoints_directory(set, &choice->directory);
		return e ? e
			 : note_unseen(
				   set,
				   &(struct visibility){is_seen_at_tracepoint, choice->directory},
				   choice);
	}
	if (!e && info->calls_max && count_calls(set) > info->calls_max)
		e = err_hint(err_new(ERR_USAGE, 0,
				     "--syscall-backend=%s is for %zu calls at most, and these "
				     "are %zu",
				     info->name, info->calls_max, count_calls(set)),
			     "name fewer: -e syscall:NAME; 'kprobe.multi' takes all");
	if (e || !info->by_call)
		return e;
	_cleanup_(functions_deinit) struct functions functions = {0};
	e = functions_read(&functions);
	return e ? e : note_unseen(set, &(struct visibility){has_function, &functions}, choice);
}

/* Why not each at its own tracepoint? NULL: it can be. */
static const char *against_tracepoints(struct probe_set *set, struct call_choice *choice)
{
	if (count_calls(set) > SYSCALLS_FEW)
		return "more than three calls";
	struct err *e = tracepoints_directory(set, &choice->directory);
	if (e) {
		const char *why = arena_printf(&set->arena, "not each at its own tracepoint: %s",
					       err_reason(e));
		err_free(e);
		return why ? why : "no tracefs";
	}
	for (size_t i = 1; i < set->sites.count; i++) {
		const struct probe_site *site = set->sites.items[i];
		if (is_sigreturn(site))
			return "the end of rt_sigreturn has no tracepoint of its own";
		if (site->wire.kind != SITE_SYSCALL ||
		    is_seen_at_tracepoint(choice->directory, site))
			continue;
		const char *why = arena_printf(&set->arena, "%s has no tracepoint of its own",
					       site->probe->name);
		return why ? why : "no tracepoint";
	}
	if (!syscall_events_count_misses())
		return "of single calls, this kernel does not count what it misses (Linux 6.7)";
	return NULL;
}

struct err *calls_choose(enum syscall_backend asked, struct probe_set *set, struct call_choice *ret)
{
	*ret = (struct call_choice){.backend = asked, .why = "--syscall-backend was given"};
	if (asked != SYSCALLS_AUTO)
		return check_asked(set, ret);
	ret->why = against_tracepoints(set, ret);
	ret->backend = ret->why ? SYSCALLS_TP_BTF : SYSCALLS_TRACEPOINT;
	if (!ret->why)
		ret->why = "three calls or fewer";
	return NULL;
}
