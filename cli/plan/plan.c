/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "cli/cache.h"
#include "cli/debuginfo/notes.h"
#include "cli/plan/pairs.h"
#include "cli/plan/suggest.h"
#include "common/cleanup.h"
#include "kernel/syscalls.h"
#include "uprobe/uprobe.h"
#include "usdt/usdt.h"

static void plan_modules_deinit(struct plan_modules *found)
{
	free(found->indexes.items);
}

/* --- returns: proven safe, or at the `ret` instructions --------------------------------------- */

static struct err *open_all_images(struct plan *plan, struct image ***ret, size_t *ret_count,
				   bool *ret_complete)
{
	*ret_complete = plan->processes.count > 0;
	*ret_count = 0;
	*ret = calloc(plan->modules.count + 1, sizeof(**ret));
	if (!*ret)
		return &err_nomem;
	for (size_t i = 0; i < plan->modules.count; i++) {
		struct plan_module *module = &plan->modules.items[i];
		struct image *image = NULL;
		struct err *e = plan_module_image(plan, module, false, &image);
		if (e)
			return e;
		if (image)
			(*ret)[(*ret_count)++] = image;
		else if (module->mapped.start)
			*ret_complete = false;
	}
	/* A command's libraries were listed by the loader; a script's are not known. */
	if (plan->launch && *ret_count)
		*ret_complete = true;
	return NULL;
}

enum return_filter plan_return_filter(const struct plan *plan)
{
	struct utsname name;
	for (size_t i = 0; i < plan->processes.count; i++)
		if (process_has_seccomp(plan->processes.items[i]))
			return FILTER_IN_FORCE;
	return return_filter_of(uname(&name) ? "" : name.release);
}

static struct err *decide_return_mode(const struct options *options, struct plan *plan)
{
	if (plan->verdict.mode != RETURN_AUTO)
		return NULL;
	if (options->return_mode != RETURN_AUTO) {
		plan->verdict = (struct return_verdict){options->return_mode, "--return was given"};
		return NULL;
	}
	enum return_filter filter = plan_return_filter(plan);
	_cleanup_free_ struct image **images = NULL;
	size_t count;
	bool complete;
	struct err *e = open_all_images(plan, &images, &count, &complete);
	/* A followed child may exec anything. */
	return e ? e
		 : return_prove(images, count, filter, !complete || options->follow,
				&plan->set.arena, &plan->verdict);
}

/* --- one spec --------------------------------------------------------------------------------- */

bool plan_is_function_kind(enum probe_kind kind)
{
	return kind == PROBE_CALL || kind == PROBE_UPROBE || kind == PROBE_URETPROBE;
}

/* A marker's place is vouched for by its note alone: what the code around it says is asked too. */
static struct err *check_marker(void *context, struct image *image, uint64_t offset,
				const char **ret_why)
{
	struct plan *plan = context;
	bool inside;
	struct err *e = code_contradicts(image, offset, &plan->set.arena, &inside);
	if (!e && inside)
		*ret_why = "it is in the middle of an instruction";
	return e;
}

struct err *plan_add_from_image(const struct options *options, struct plan *plan,
				struct image *image, const char *name, const struct spec *spec)
{
	const struct usdt_options markers = {.check = check_marker, .check_context = plan};
	if (spec->kind == PROBE_USDT)
		return usdt_add_probes(&plan->set, image, name, spec, &markers);
	if (spec->kind != PROBE_UPROBE) {
		struct err *e = decide_return_mode(options, plan);
		if (e)
			return e;
	}
	const struct uprobe_options how = {.return_mode = plan->verdict.mode,
					   .return_why = plan->verdict.why,
					   .return_forced =
						   options->return_mode == RETURN_TRAMPOLINE,
					   .max_probes = options->max_probes};
	return uprobe_add_probes(&plan->set, image, name, spec, &how);
}

static struct err *add_from_modules(const struct options *options, struct plan *plan,
				    const struct spec *spec)
{
	_cleanup_(plan_modules_deinit) struct plan_modules found = {0};
	struct err *e = plan_find_modules(plan, spec->module, &found);
	for (size_t i = 0; !e && i < found.indexes.count; i++) {
		struct image *image = NULL;
		struct plan_module *module = &plan->modules.items[found.indexes.items[i]];
		e = plan_module_image(plan, module, spec->module != NULL, &image);
		if (!e && image)
			e = plan_add_from_image(options, plan, image, module->name, spec);
		if (image && !spec->module)
			e = plan_note_failure(plan, module, e);
		if (!e && image)
			e = debug_note(plan, module, image);
	}
	if (!e && !found.indexes.count && !spec->optional && !plan->selects)
		e = spec->module
			    ? suggest_module(plan, spec)
			    : err_hint(err_new(ERR_USAGE, 0, "'%s': in which program or library?",
					       spec->text),
				       "name it (MODULE:%s), or the process (-p PID)", spec->name);
	return e;
}

/* "open" alone may be a function and a system call: one of them is what was meant. */
static struct err *check_ambiguous(const struct spec *spec, bool found_function)
{
	if (spec->kind_given || spec->module || spec->name_kind != SPEC_NAME_EXACT ||
	    !syscall_by_name(spec->name) || !found_function)
		return NULL;
	struct err *e = err_new(ERR_USAGE, 0, "'%s' is ambiguous", spec->text);
	e = err_why(e, "there is a function and a system call of that name");
	return err_hint(e, "the function: -e 'call:%s'\nthe system call: -e 'syscall:%s'",
			spec->name, spec->name);
}

bool plan_spec_matches(const struct probe_site *site, const struct spec *spec)
{
	const struct probe *probe = site->probe;
	bool same_kind = plan_is_function_kind(spec->kind) ? plan_is_function_kind(probe->kind)
							   : probe->kind == spec->kind;
	bool same_module =
		!spec->module ||
		(site->image && module_name_matches(image_path(site->image), spec->module));
	return same_kind && same_module &&
	       (spec_name_matches(spec, probe->name) ||
		(probe->symbol && spec_name_matches(spec, probe->symbol)));
}

static bool has_site(const struct plan *plan, const struct spec *spec)
{
	for (size_t i = 1; i < plan->set.sites.count; i++)
		if (plan->set.sites.items[i]->wire.kind &&
		    plan_spec_matches(plan->set.sites.items[i], spec))
			return true;
	return false;
}

struct err *plan_note_waiting(const struct options *options, struct plan *plan)
{
	struct err *e = NULL;
	for (size_t i = 0; !e && plan->selects && i < options->specs.count; i++) {
		const struct spec *spec = &options->specs.items[i];
		if (spec->negated || spec->optional || !plan_is_open_ended(spec) ||
		    has_site(plan, spec))
			continue;
		e = probe_set_note(&plan->set,
				   "'%s': in none of the files that are known yet; those that come "
				   "are looked through",
				   spec->text);
	}
	return e;
}

/* '!': takes away what the specs before it have matched. */
void plan_remove_matches(struct plan *plan, size_t first, const struct spec *spec)
{
	for (size_t i = first; i < plan->set.sites.count; i++)
		if (plan_spec_matches(plan->set.sites.items[i], spec))
			plan->set.sites.items[i]->wire.kind = 0;
}

/* `exec`, `fork`, `exit` and `signal` alone are task life; the functions are call:fork, libc:exit.
 */
static bool is_bare(const struct spec *spec, const char *name)
{
	return !spec->kind_given && !spec->module && spec->name_kind == SPEC_NAME_EXACT &&
	       strcmp(spec->name, name) == 0;
}

static bool is_life(const struct spec *spec, enum probe_kind kind, const char *name)
{
	return spec->kind == kind || is_bare(spec, name);
}

bool plan_is_task_life(const struct spec *spec)
{
	return is_life(spec, PROBE_EXEC, "exec") || is_life(spec, PROBE_FORK, "fork") ||
	       is_life(spec, PROBE_EXIT, "exit") || is_life(spec, PROBE_SIGNAL, "signal");
}

/* A bare name turns out to be task life only here. */
static struct err *check_no_condition(const struct spec *spec)
{
	if (!spec->condition && !spec->rate.count)
		return NULL;
	return err_hint(err_new(ERR_USAGE, 0, "'%s': task life takes no condition, and no rate",
				spec->text),
			"leave them out; they are for functions, markers and system calls");
}

static struct err *add_task_life(struct plan *plan, const struct spec *spec)
{
	if (spec->kind == PROBE_SIGNAL)
		return plan_choose_signals(plan, spec);
	if (is_bare(spec, "signal"))
		plan->signals = spec->negated ? 0 : UINT64_MAX;
	else if (is_life(spec, PROBE_EXEC, "exec"))
		plan->show_exec = !spec->negated;
	else if (is_life(spec, PROBE_FORK, "fork"))
		plan->show_fork = !spec->negated;
	else
		plan->show_exit = !spec->negated;
	return check_no_condition(spec);
}

/* A file that is there has been looked through; one that is not may yet come. */
static struct err *may_come(struct plan *plan, const struct spec *spec, bool *ret)
{
	_cleanup_(plan_modules_deinit) struct plan_modules known = {0};
	*ret = plan->selects && plan_is_open_ended(spec);
	if (!*ret || !spec->module)
		return NULL;
	struct err *e = plan_find_modules(plan, spec->module, &known);
	*ret = known.indexes.count == 0;
	return e;
}

static struct err *add_spec(const struct options *options, struct plan *plan,
			    const struct spec *spec)
{
	size_t before = plan->set.probes.count + plan->set.repeated;
	size_t noted = plan->set.notes.count;
	struct err *e = NULL;
	if (plan_is_task_life(spec))
		return add_task_life(plan, spec);
	switch (spec->kind) {
	case PROBE_TRACEPOINT:
	case PROBE_RAWTRACEPOINT:
	case PROBE_KPROBE:
	case PROBE_KRETPROBE:
		return points_add_spec(options, plan, spec);
	case PROBE_SYSCALL:
		e = syscalls_add_probes(&plan->set, spec);
		break;
	default:
		if (spec->negated) {
			plan_remove_matches(plan, 1, spec);
			return spec->kind_given ? NULL : syscalls_add_probes(&plan->set, spec);
		}
		e = add_from_modules(options, plan, spec);
	}
	bool found = plan->set.probes.count + plan->set.repeated > before;
	if (!e && plan_is_function_kind(spec->kind))
		e = check_ambiguous(spec, found);
	if (!e && !found && !spec->kind_given && !spec->module) {
		e = syscalls_add_probes(&plan->set, spec);
		found = plan->set.probes.count + plan->set.repeated > before;
	}
	bool waits = false;
	if (e || found || spec->negated || spec->optional)
		return e;
	e = may_come(plan, spec, &waits);
	return e || waits ? e : suggest_match(plan, spec, noted);
}

struct err *plan_note_spec(const struct options *options, struct plan *plan, size_t first,
			   size_t number)
{
	for (size_t i = first; options->pairs.count && i < plan->set.sites.count; i++) {
		struct probe_spec *kept = array_push(&plan->probe_specs);
		if (!kept)
			return &err_nomem;
		*kept = (struct probe_spec){plan->set.sites.items[i]->probe, number};
	}
	return NULL;
}

static struct err *add_typed(const struct options *options, struct plan *plan, size_t number)
{
	size_t first = plan->set.sites.count;
	struct spec spec = options->specs.items[number];
	/* As strace takes it: with -c there are no others. */
	if (options->tally_only && !spec.kind_given && !spec.module) {
		spec.kind = PROBE_SYSCALL;
		spec.kind_given = true;
	}
	struct err *e = add_spec(options, plan, &spec);
	return e ? e : plan_note_spec(options, plan, first, number);
}

static struct err *add_specs(const struct options *options, struct plan *plan, const char *text)
{
	struct err *e = spec_parse(text, &plan->implied);
	for (size_t i = 0; !e && i < plan->implied.count; i++)
		e = add_spec(options, plan, &plan->implied.items[i]);
	return e;
}

/* What the target says of itself, and what it asks the kernel. */
static struct err *add_implied(const struct options *options, struct plan *plan)
{
	return add_specs(options, plan, "syscall:*,?usdt:*:*");
}

/* Nothing was asked for, or only what to leave out. */
static struct err *add_default(const struct options *options, struct plan *plan)
{
	if (options->tally_only)
		return add_specs(options, plan, "syscall:*");
	plan->show_exec = plan->show_fork = plan->show_exit = true;
	plan->signals = UINT64_MAX;
	return add_implied(options, plan);
}

/* strace's `signal=SET` says which signals are shown with what others choose, and by itself chooses
 * nothing: it begins with a negated spec, too. */
static bool wants_default(const struct spec_list *specs)
{
	if (!specs->count || !specs->items[0].negated || specs->items[0].kind != PROBE_SIGNAL)
		return !specs->count || specs->items[0].negated;
	for (size_t i = 1; i < specs->count; i++)
		if (specs->items[i].kind != PROBE_SIGNAL)
			return specs->items[i].negated;
	return true;
}

/* --inside: whatever the target does, as far as it happens inside a traced call. */
static struct err *add_inside(const struct options *options, struct plan *plan)
{
	size_t asked_for = plan->set.sites.count;
	bool has_call = false;
	for (size_t i = 1; i < asked_for; i++)
		has_call |= plan->set.sites.items[i]->wire.kind == SITE_ENTRY;
	for (size_t i = 0; plan->selects && i < options->specs.count; i++)
		has_call |= options->specs.items[i].kind == PROBE_CALL &&
			    plan_is_open_ended(&options->specs.items[i]);
	if (!has_call)
		return err_hint(err_new(ERR_USAGE, 0, "--inside: inside of what?"),
				"name a function: -e FUNC --inside");
	struct err *e = add_implied(options, plan);
	for (size_t i = asked_for; i < plan->set.sites.count; i++)
		plan->set.sites.items[i]->wire.flags |= SITE_INSIDE;
	return e;
}

static bool same_marker(const struct probe *a, const struct probe *b)
{
	return a->kind == PROBE_USDT && b->kind == PROBE_USDT &&
	       strcmp(a->provider, b->provider) == 0 && strcmp(a->name, b->name) == 0;
}

/* Two specs may mean the same marker: it is probed once, as the first one said; a hit counts when
 * either says so. Different markers
 * at one place (a linker folds equal functions) are all probed. */
static struct err *drop_repeated_sites(struct plan *plan)
{
	struct arena *arena = &plan->set.arena;
	for (size_t i = 1; i < plan->set.sites.count; i++) {
		struct probe_site *site = plan->set.sites.items[i];
		for (size_t j = 1; j < i && site->probe->kind == PROBE_USDT; j++) {
			struct probe_site *earlier = plan->set.sites.items[j];
			if (earlier->wire.kind && earlier->image == site->image &&
			    earlier->offset == site->offset &&
			    same_marker(earlier->probe, site->probe)) {
				site->wire.kind = 0;
				struct err *e =
					condition_either(arena, earlier->condition, site->condition,
							 &earlier->condition);
				e = e ? e
				      : filter_either(arena, earlier->filter, site->filter,
						      &earlier->filter);
				if (e)
					return e;
				break;
			}
		}
	}
	return NULL;
}

bool plan_has_rates(const struct options *options)
{
	for (size_t i = 0; i < options->specs.count; i++)
		if (options->specs.items[i].rate.count)
			return true;
	return false;
}

bool plan_has_conditions(const struct options *options)
{
	for (size_t i = 0; i < options->specs.count; i++)
		if (options->specs.items[i].condition)
			return true;
	return false;
}

/* Spans that come later take what is decided now, and never a trampoline without a proof. */
static void settle_return_mode(const struct options *options, struct plan *plan)
{
	if (plan->verdict.mode != RETURN_AUTO || !plan_may_grow(options, plan))
		return;
	for (size_t i = 0; i < options->specs.count; i++)
		if (options->specs.items[i].kind == PROBE_CALL ||
		    options->specs.items[i].kind == PROBE_URETPROBE)
			plan->verdict = (struct return_verdict){
				options->return_mode == RETURN_TRAMPOLINE ? RETURN_TRAMPOLINE
									  : RETURN_SITE,
				options->return_mode == RETURN_AUTO
					? "not all files that will run are known"
					: "--return was given"};
}

/* A stack belongs to a place of the thread's own code; the kernel's comes from any place. */
static struct err *note_no_stacks(const struct options *options, struct plan *plan)
{
	if (options->stacks == STACKS_NONE || !plan->has_points)
		return NULL;
	return probe_set_note(&plan->set, "-k: no user stacks of what happens in the kernel");
}

static void note_kinds(struct plan *plan)
{
	for (size_t i = 1; i < plan->set.sites.count; i++) {
		struct probe_site *site = plan->set.sites.items[i];
		if (site->wire.kind == SITE_SYSCALL)
			plan->has_syscalls = true;
		if (site->wire.kind && (site->wire.flags & SITE_IN_KERNEL))
			plan->has_points = true;
	}
}

/* -c has no stream in which anything else could be shown. */
static struct err *check_tally(const struct options *options, const struct plan *plan)
{
	bool has_life = plan->show_exec || plan->show_fork || plan->show_exit;
	const char *what = has_life ? "task life" : plan->signals ? "signal" : NULL;
	for (size_t i = 1; !what && i < plan->set.sites.count; i++) {
		const struct probe_site *site = plan->set.sites.items[i];
		if (site->wire.kind && site->wire.kind != SITE_SYSCALL)
			what = site->probe->name;
	}
	if (!options->tally_only || !what)
		return NULL;
	return err_hint(err_new(ERR_USAGE, 0, "-c counts system calls, and not '%s'", what),
			"-C shows events of all kinds, and counts the system calls among them");
}

struct err *plan_make(const struct options *options, struct plan *ret)
{
	*ret = (struct plan){0};
	if (!selection_is_empty(&options->selection))
		ret->selects = options->selection.words;
	const struct compile_options compile = {.string_limit = options->output.string_limit,
						.depth = options->depth,
						.max_members = options->max_members,
						.changes = options->changes,
						.files = options->fd_paths,
						.sockets = options->fd_details};
	struct err *e = probe_set_init(&ret->set, &compile);
	e = e ? e : plan_find_target(options, ret);
	if (!e && wants_default(&options->specs))
		e = add_default(options, ret);
	for (size_t i = 0; !e && i < options->specs.count; i++)
		e = add_typed(options, ret, i);
	if (!e && options->inside)
		e = add_inside(options, ret);
	e = e ? e : drop_repeated_sites(ret);
	e = e ? e : pairs_plan(options, ret, 1, false);
	e = e ? e : check_tally(options, ret);
	if (options->follow && !options->tally_only)
		ret->show_exec = ret->show_fork = ret->show_exit = true;
	note_kinds(ret);
	e = e ? e : note_no_stacks(options, ret);
	settle_return_mode(options, ret);
	if (e)
		plan_deinit(ret);
	return e;
}

void plan_deinit(struct plan *plan)
{
	for (size_t i = 0; i < plan->modules.count; i++) {
		free(plan->modules.items[i].path);
		image_close(plan->modules.items[i].image);
	}
	free(plan->modules.items);
	cache_free(plan->cache);
	for (size_t i = 0; i < plan->processes.count; i++)
		process_close(plan->processes.items[i]);
	free(plan->processes.items);
	launch_close(plan->launch);
	symbolizer_destroy(plan->symbolizer);
	probe_set_deinit(&plan->set);
	spec_list_deinit(&plan->implied);
	free(plan->probe_specs.items);
	free(plan->pair_sites.items);
	*plan = (struct plan){0};
}
