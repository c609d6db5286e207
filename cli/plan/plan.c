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
#include "kernel/samples.h"
#include "kernel/sched.h"
#include "kernel/syscalls.h"
#include "kernel/views.h"
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

const char plan_makes_code[] = "the process makes code at run time, which nobody has read";

/* As it is now; what comes later is told. */
static bool has_made_code(const struct plan *plan)
{
	bool found = false;
	for (size_t i = 0; !found && i < plan->processes.count; i++) {
		struct module_list maps = {0};
		/* It may have ended by now. */
		err_free(process_maps(plan->processes.items[i], &maps));
		for (size_t k = 0; k < maps.count; k++)
			found |= module_is_made_code(&maps.items[k]);
		module_list_deinit(&maps);
	}
	return found;
}

static struct err *decide_return_mode(const struct options *options, struct plan *plan)
{
	if (plan->verdict.mode != RETURN_AUTO)
		return NULL;
	if (options->return_mode != RETURN_AUTO) {
		plan->verdict = (struct return_verdict){options->return_mode, "--return was given"};
		return NULL;
	}
	if (has_made_code(plan)) {
		plan->verdict = (struct return_verdict){RETURN_SITE, plan_makes_code};
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

/* What the specs name, so that one question brings all that is asked of it. */
static void expect_functions(const struct options *options, struct plan *plan, struct image *image)
{
	enum { NAMES_MAX = 64 };
	const char *names[NAMES_MAX];
	size_t count = 0;
	for (size_t i = 0; i < options->specs.count && count < NAMES_MAX; i++) {
		const struct spec *spec = &options->specs.items[i];
		if (plan_is_function_kind(spec->kind) && spec->name_kind == SPEC_NAME_EXACT &&
		    !spec->offset && !spec->negated && !spec->has_types)
			names[count++] = spec->name;
	}
	image_open_types(image, plan->set.options.depth);
	image_expect(image, names, count);
}

/* What its specs are going to ask of a file. Whatever goes wrong goes wrong again then. */
void plan_foresee(const struct options *options, struct plan *plan, struct image *image,
		  const char *path)
{
	const struct function *functions;
	size_t count;
	bool wanted = false;
	for (size_t i = 0; i < options->specs.count; i++) {
		const struct spec *spec = &options->specs.items[i];
		wanted |= plan_is_function_kind(spec->kind) && !spec->negated &&
			  (!spec->module || module_name_matches(path, spec->module));
	}
	if (!wanted)
		return;
	expect_functions(options, plan, image);
	err_free(image_functions(image, &functions, &count));
}

struct err *plan_add_from_image(const struct options *options, struct plan *plan,
				struct image *image, const char *name, const struct spec *spec)
{
	const struct usdt_options markers = {.check = check_marker, .check_context = plan};
	if (spec->kind == PROBE_USDT)
		return usdt_add_probes(&plan->set, image, name, spec, &markers);
	expect_functions(options, plan, image);
	if (spec->kind != PROBE_UPROBE) {
		struct err *e = decide_return_mode(options, plan);
		if (e)
			return e;
	}
	const struct uprobe_options how = {.return_mode = plan->verdict.mode,
					   .return_why = plan->verdict.why,
					   .return_forced =
						   options->return_mode == RETURN_TRAMPOLINE,
					   .keep_go = options->command == COMMAND_STAT ||
						      options->rate.count || options->inside,
					   .no_kept_go = plan->no_kept_go,
					   .max_probes = options->max_probes};
	return uprobe_add_probes(&plan->set, image, name, spec, &how);
}

/* Every file has its own addresses; which one is meant is not guessed. */
static struct err *check_address(const struct plan *plan, const struct spec *spec,
				 const struct plan_modules *found)
{
	if (spec->name_kind != SPEC_NAME_ADDRESS || spec->module || found->indexes.count < 2)
		return NULL;
	return err_hint(err_new(ERR_USAGE, 0, "'%s': an address in which of %zu files?", spec->text,
				found->indexes.count),
			"name it: '%s:%s'", plan->modules.items[found->indexes.items[0]].name,
			spec->text);
}

static struct err *add_from_modules(const struct options *options, struct plan *plan,
				    const struct spec *spec)
{
	_cleanup_(plan_modules_deinit) struct plan_modules found = {0};
	struct err *e = plan_find_modules(plan, spec->module, &found);
	e = e ?: check_address(plan, spec, &found);
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

/* `sched` alone is each time off the CPU. */
static bool is_sched(const struct spec *spec)
{
	bool is_bare = !spec->kind_given && !spec->module && spec->name_kind == SPEC_NAME_EXACT;
	return spec->kind == PROBE_SCHED || (is_bare && strcmp(spec->name, "sched") == 0);
}

static struct err *add_sched(struct plan *plan, const struct spec *spec)
{
	struct spec typed = *spec;
	typed.kind = PROBE_SCHED;
	return sched_add_probe(&plan->set, &typed);
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
	if (spec_is_life(spec, NULL))
		return plan_add_life(plan, spec);
	if (is_sched(spec))
		return add_sched(plan, spec);
	switch (spec->kind) {
	case PROBE_TRACEPOINT:
	case PROBE_RAWTRACEPOINT:
	case PROBE_KERNEL:
	case PROBE_KPROBE:
	case PROBE_KRETPROBE:
	case PROBE_FENTRY:
	case PROBE_FEXIT:
		return points_add_spec(options, plan, spec);
	case PROBE_CPU:
		return samples_add_probe(&plan->set, spec);
	case PROBE_TCP:
	case PROBE_BLOCK:
		return views_add_probes(&plan->set, spec);
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
	bool has_call = probe_set_has_kind(&plan->set, SITE_ENTRY) ||
			probe_set_has_flags(&plan->set, SITE_GO_KEPT);
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
	if (plan->verdict.mode != RETURN_AUTO || !plan_growth(options, plan))
		return;
	for (size_t i = 0; i < options->specs.count; i++)
		if (options->specs.items[i].kind == PROBE_CALL ||
		    options->specs.items[i].kind == PROBE_URETPROBE)
			plan->verdict = (struct return_verdict){
				options->return_mode == RETURN_AUTO ? RETURN_SITE
								    : options->return_mode,
				options->return_mode == RETURN_AUTO
					? "not all files that will run are known"
					: "--return was given"};
}

static void note_kinds(struct plan *plan)
{
	for (size_t i = 1; i < plan->set.sites.count; i++) {
		struct probe_site *site = plan->set.sites.items[i];
		if (site->wire.kind == SITE_SYSCALL)
			plan->has_syscalls = true;
		if (site->wire.kind && (site->wire.flags & (SITE_IN_KERNEL | SITE_VIEW)))
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
						.max_items = options->output.array_limit,
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
	if (!e)
		e = plan_add_catches(options, ret);
	e = e ? e : plan_note_switches(options, ret);
	e = e ? e : drop_repeated_sites(ret);
	e = e ? e : pairs_plan(options, ret, 1, false);
	e = e ? e : check_tally(options, ret);
	if (options->follow && !options->tally_only)
		ret->show_exec = ret->show_fork = ret->show_exit = true;
	note_kinds(ret);
	settle_return_mode(options, ret);
	points_forget_types(ret);
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
	points_forget_types(plan);
	probe_set_deinit(&plan->set);
	spec_list_deinit(&plan->implied);
	free(plan->probe_specs.items);
	free(plan->pair_sites.items);
	*plan = (struct plan){0};
}
