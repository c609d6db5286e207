/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session/late.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/process/waker.h"
#include "cli/report.h"
#include "common/now.h"

struct late {
	struct late_parts parts;
	struct mapping_watch *watch;
	bool looks; /* not at a mapping that was just made, but at what is there */
	bool began; /* tracing has: from now on late means a gap */
};

struct err *late_open(const struct late_parts *parts, struct late **ret)
{
	struct late *late = calloc(1, sizeof(*late));
	if (!late)
		return &err_nomem;
	late->parts = *parts;
	struct err *e = mapping_watch_open(&late->watch);
	if (e) {
		free(late);
		return e;
	}
	*ret = late;
	return NULL;
}

void late_close(struct late *late)
{
	if (!late)
		return;
	mapping_watch_close(late->watch);
	free(late);
}

int late_fd(const struct late *late)
{
	return mapping_watch_fd(late->watch);
}

/* The trace goes on without what cannot be attached. */
static struct err *go_on(struct err *e)
{
	if (!e || e == &err_nomem)
		return e;
	/* Its only process has ended: there is nothing left to attach to. */
	if (err_errno(e) == ESRCH)
		err_free(e);
	else
		report_error(e);
	return NULL;
}

static struct err *attach(struct late *late, const struct mapping *mapping, size_t first,
			  bool close_returns)
{
	struct err *e = kernel_add_sites(late->parts.kernel, first, close_returns);
	if (e && e != &err_nomem)
		e = err_wrap(e, "probing '%s', which pid %d has mapped", mapping->module.path,
			     mapping->pid);
	return go_on(e);
}

/* A site of a probe that was not there before; NULL: there are only new ways to see old ones, or
 * their ends. */
static const struct probe_site *new_probe(const struct probe_set *set, size_t first)
{
	for (size_t i = first; i < set->sites.count; i++) {
		const struct probe_site *site = set->sites.items[i];
		if (site->wire.kind && site->wire.kind != SITE_CATCH &&
		    (site->wire.kind != SITE_RETURN || site->wire.owner >= first))
			return site;
	}
	return NULL;
}

static struct err *tell_gap(const struct late *late, const struct mapping *mapping,
			    const char *module, enum gap_kind kind)
{
	const struct stream_gap gap = {.tgid = (uint32_t)mapping->pid,
				       .module = module,
				       .from_ns = mapping->time_ns,
				       .until_ns = now_ns(CLOCK_BOOTTIME),
				       .kind = kind};
	return stream_tell_gap(late->parts.stream, &gap);
}

static struct err *on_mapping(void *context, const struct mapping *mapping)
{
	struct late *late = context;
	const struct late_parts *parts = &late->parts;
	struct probe_set *set = &parts->plan->set;
	size_t n_notes = set->notes.count;
	struct plan_addition added;
	if (!kernel_traced_process(parts->kernel, mapping->pid, mapping->time_ns))
		return NULL;
	struct err *e = plan_add_mapping(parts->options, parts->plan, parts->view, mapping, &added);
	if (!e && added.gone && late->began)
		e = tell_gap(late, mapping, added.gone, GAP_UNMAPPED);
	if (!e && (added.close_returns || set->sites.count > added.first)) {
		e = attach(late, mapping, added.first, added.close_returns);
		const struct probe_site *site = new_probe(set, added.first);
		if (!e && late->began && site &&
		    (late->looks || !waker_holds(parts->waker, mapping)))
			e = tell_gap(late, mapping, site->probe->module, GAP_LATE);
	}
	if (parts->options->quiet < 2)
		report_notes(set, n_notes);
	return e;
}

/* Looks through what a process has mapped. */
static struct err *look_at(struct late *late, pid_t pid, uint64_t since_ns)
{
	const struct process_view *view = late->parts.view;
	struct module_list list = {0};
	/* It may have ended by now. */
	err_free(view->modules(view->context, pid, &list));
	struct err *e = NULL;
	late->looks = true;
	for (size_t i = 0; !e && i < list.count; i++) {
		const struct mapping mapping = {
			.pid = pid, .time_ns = since_ns, .module = list.items[i]};
		e = on_mapping(late, &mapping);
	}
	late->looks = false;
	module_list_deinit(&list);
	return e;
}

static bool went_too_deep(const struct late_parts *parts)
{
	const struct probe_set *set = &parts->plan->set;
	const struct loss_row *rows = kernel_losses(parts->kernel);
	for (size_t i = 1; i < set->sites.count; i++)
		if ((set->sites.items[i]->wire.flags & SITE_TRAMPOLINE) &&
		    __atomic_load_n(&rows[i].count[LOSS_MISSED_RETURN], __ATOMIC_RELAXED))
			return true;
	return false;
}

/* Are there starts whose returns are not to be seen any more? */
static bool has_given_up(const struct probe_set *set)
{
	for (size_t i = 1; i < set->sites.count; i++)
		if (set->sites.items[i]->returns_until_ns == UINT64_MAX)
			return true;
	return false;
}

static struct err *leave_trampolines(struct late *late, const char *why)
{
	const struct late_parts *parts = &late->parts;
	struct probe_set *set = &parts->plan->set;
	size_t n_notes = set->notes.count, first;
	struct err *e = plan_leave_trampolines(parts->options, parts->plan, why, &first);
	if (!e && (set->sites.count > first || has_given_up(set)))
		e = go_on(kernel_add_sites(parts->kernel, first, true));
	if (!e && set->sites.count > first)
		e = probe_set_note(set, "returns are seen at `ret` instructions from now on: %s",
				   why);
	if (parts->options->quiet < 2)
		report_notes(set, n_notes);
	return e;
}

struct err *late_look_at_depth(struct late *late)
{
	return went_too_deep(&late->parts)
		       ? leave_trampolines(late, "more calls were open than the kernel follows")
		       : NULL;
}

static struct err *on_made_code(void *context, const struct mapping *mapping)
{
	struct late *late = context;
	return kernel_traced_process(late->parts.kernel, mapping->pid, mapping->time_ns)
		       ? leave_trampolines(late, plan_makes_code)
		       : NULL;
}

/* Looks through what all traced processes have mapped. */
static struct err *look(struct late *late, uint64_t since_ns)
{
	const struct kernel *kernel = late->parts.kernel;
	struct err *e = NULL;
	for (pid_t pid = kernel_next_target(kernel, 0); !e && pid;
	     pid = kernel_next_target(kernel, pid)) {
		/* Before its exec a command is a copy of ourselves. */
		if (!late->began && late->parts.plan->launch)
			continue;
		e = look_at(late, pid, since_ns);
	}
	return e;
}

struct err *late_joined(struct late *late, pid_t pid, uint64_t time_ns)
{
	/* What it had before tracing began is looked at then. */
	if (!late->began)
		return NULL;
	return pid ? look_at(late, pid, time_ns) : look(late, now_ns(CLOCK_BOOTTIME));
}

struct err *late_take(struct late *late)
{
	const struct mapping_sink sink = {
		.context = late, .mapped = on_mapping, .made = on_made_code};
	uint64_t began_ns = now_ns(CLOCK_BOOTTIME), lost;
	struct err *e = mapping_watch_read(late->watch, &sink, &lost);
	return e || !lost ? e : look(late, began_ns);
}

struct err *late_catch_up(struct late *late)
{
	struct err *e = look(late, now_ns(CLOCK_BOOTTIME));
	late->began = true;
	return e;
}
