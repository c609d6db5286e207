/* SPDX-License-Identifier: Apache-2.0 */
/* cli/plan/late.c — files that the target maps while it is traced. */
#include "cli/plan/plan.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/plan/pairs.h"
#include "common/cleanup.h"
#include "kernel/syscalls.h"

/* One call of plan_add_mapping(). */
struct late {
	const struct options *options;
	struct plan *plan;
	const struct process_view *view;
	const struct mapping *mapping;
	struct plan_module *module; /* valid until the next module is added */
	size_t first;
};

/* Every list of specs that was in force at the start; what is left out was typed, and comes last.
 */
struct spec_lists {
	const struct spec_list *items[2];
};

static struct spec_lists all_specs(const struct options *options, const struct plan *plan)
{
	return (struct spec_lists){{&plan->implied, &options->specs}};
}

/* Does it look for code in files that are not known yet? A bare name that is a system call's was
 * taken for that. */
bool plan_is_open_ended(const struct spec *spec)
{
	bool in_files = plan_is_function_kind(spec->kind) || spec->kind == PROBE_USDT;
	bool bare = !spec->kind_given && !spec->module;
	return in_files && !spec_is_life(spec, NULL) &&
	       !(bare && spec->name_kind == SPEC_NAME_EXACT && syscall_by_name(spec->name));
}

bool plan_has_proof(const struct options *options, const struct plan *plan)
{
	return plan->verdict.mode == RETURN_TRAMPOLINE && options->return_mode == RETURN_AUTO;
}

static unsigned int growth_by(const struct spec *spec)
{
	if (spec->is_catch)
		return PLAN_GROWS_BY_ENDS;
	if (spec->kind == PROBE_USDT)
		return PLAN_GROWS_BY_MARKERS;
	return spec->kind == PROBE_UPROBE ? PLAN_GROWS_BY_INSTANTS : PLAN_GROWS_BY_CALLS;
}

unsigned int plan_growth(const struct options *options, const struct plan *plan)
{
	struct spec_lists lists = all_specs(options, plan);
	unsigned int growth = plan_has_proof(options, plan) ? PLAN_GROWS_BY_ENDS : 0;
	for (size_t l = 0; l < array_size(lists.items); l++)
		for (size_t i = 0; i < lists.items[l]->count; i++) {
			const struct spec *spec = &lists.items[l]->items[i];
			/* A file that was named is there; children, and processes that are not
			 * known yet, may run others of that name. */
			if (!spec->negated && plan_is_open_ended(spec) &&
			    (plan_is_for_all(plan)
				     ? spec->module != NULL
				     : !spec->module || options->follow || plan->selects))
				growth |= growth_by(spec);
		}
	return growth;
}

/* --- is it new? ------------------------------------------------------------------------------- */

static const struct image *image_of(const struct plan *plan, const struct plan_module *module)
{
	return module->same_as ? plan->modules.items[module->same_as - 1].image : module->image;
}

/* The number of a file that we do not keep open may be another one's by now. */
static bool is_mapped_file(const struct plan *plan, const struct plan_module *known,
			   const struct module *mapped)
{
	const struct image *image = image_of(plan, known);
	return known->mapped.start && known->mapped.inode == mapped->inode &&
	       known->mapped.device == mapped->device &&
	       (known->image || strcmp(known->path, mapped->path) == 0) &&
	       (!image || image_is_as_opened(image));
}

/* One that was named, and that a command maps only when it runs. */
static bool is_of_file(const struct plan_module *known, const struct module *mapped)
{
	if (known->mapped.start || !known->image)
		return false;
	return (image_inode(known->image) == mapped->inode &&
		image_device(known->image) == mapped->device) ||
	       strcmp(known->path, mapped->path) == 0;
}

const struct image *plan_mapped_image(const struct plan *plan, const struct module *mapped)
{
	for (size_t i = 0; i < plan->modules.count; i++) {
		const struct plan_module *known = &plan->modules.items[i];
		const struct image *image = image_of(plan, known);
		if (image && (is_mapped_file(plan, known, mapped) || is_of_file(known, mapped)))
			return image;
	}
	return NULL;
}

/* By what the kernel says of the mapping: cheap, and right for what was seen as a mapping. */
static bool is_known_mapping(const struct plan *plan, const struct module *mapped)
{
	for (size_t i = 0; i < plan->modules.count; i++) {
		const struct plan_module *known = &plan->modules.items[i];
		if (!known->gone && is_mapped_file(plan, known, mapped))
			return true;
	}
	return false;
}

/* By the opened file: for what was opened by name, and for file systems that show a mapping's
 * device as another one than stat(2)'s (btrfs, overlayfs). */
static bool is_known_file(const struct plan *plan, struct plan_module *module)
{
	for (size_t i = 0; i < plan->modules.count; i++) {
		const struct plan_module *known = &plan->modules.items[i];
		if (known == module || !known->image ||
		    !image_is_same_file(known->image, module->image))
			continue;
		module->same_as = i + 1;
		return true;
	}
	return false;
}

/* Through the process, or, when it has ended already, the same file as we see it: the next process
 * that runs it is not missed. */
static struct err *open_mapped(const struct process_view *view, const struct mapping *mapping,
			       int *ret_fd)
{
	struct stat st;
	struct err *e = view->open_module(view->context, mapping->pid, &mapping->module, ret_fd);
	if (!e)
		return NULL;
	_cleanup_close_ int fd = open(mapping->module.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) != 0 || st.st_ino != mapping->module.inode ||
	    st.st_dev != mapping->module.device)
		return e;
	err_free(e);
	*ret_fd = take_fd(fd);
	return NULL;
}

/* NULL, without an error, when it is no ELF file of this machine, or gone by now. */
static struct err *open_image(struct late *late)
{
	_cleanup_close_ int fd = -1;
	struct err *e = open_mapped(late->view, late->mapping, &fd);
	late->module->gone = e;
	if (!e)
		e = image_open_in(late->plan->symbolizer, late->module->path, fd,
				  &late->module->image);
	plan_use_cache(late->plan, late->module->image);
	if (e && symbolizer_gave_up(late->plan->symbolizer))
		return plan_note_failure(late->plan, late->module, e);
	if (e == &err_nomem)
		return e;
	err_free(e);
	return NULL;
}

/* The known file in whose place it is: another build of a program, by a package upgrade. */
static const struct plan_module *find_predecessor(const struct late *late)
{
	const struct plan *plan = late->plan;
	for (size_t i = 0; i < plan->modules.count; i++) {
		const struct plan_module *known = &plan->modules.items[i];
		struct stat st;
		if (known == late->module || !known->image ||
		    strcmp(known->name, late->module->name) != 0)
			continue;
		if (strcmp(known->path, late->module->path) == 0 && !plan_is_for_all(plan))
			return known;
		if (stat(known->path, &st) == 0 && st.st_ino == image_inode(late->module->image) &&
		    st.st_dev == image_device(late->module->image))
			return known;
	}
	return NULL;
}

/* The same build: overlayfs has copied it up. */
static bool is_copy(const struct image *image, const struct image *known)
{
	return image_is_layered(image) && image_inode(image) == image_inode(known) &&
	       image_device(image) == image_device(known);
}

/* False: it is not meant after all. Of files that every process may run, that is what is found
 * where they were, not what has their names in containers. */
static bool is_successor(struct late *late, struct err **ret)
{
	const struct plan_module *known = find_predecessor(late);
	if (known && !is_copy(late->module->image, known->image))
		*ret = probe_set_note(&late->plan->set,
				      "%s: replaced on disk: pid %d runs another build, which is "
				      "probed, too",
				      late->module->path, (int)late->mapping->pid);
	return known || !plan_is_for_all(late->plan);
}

/* --- what is asked of it ---------------------------------------------------------------------- */

static bool is_meant(const struct late *late, const struct spec *spec)
{
	return plan_is_open_ended(spec) &&
	       (!spec->module || plan_is_module(late->module, spec->module));
}

static bool is_wanted(const struct late *late)
{
	struct spec_lists lists = all_specs(late->options, late->plan);
	for (size_t l = 0; l < array_size(lists.items); l++)
		for (size_t i = 0; i < lists.items[l]->count; i++)
			if (!lists.items[l]->items[i].negated &&
			    is_meant(late, &lists.items[l]->items[i]))
				return true;
	return false;
}

/* Tracing goes on without it. */
static struct err *note_failure(struct late *late, const struct spec *spec, struct err *e)
{
	if (!e || e == &err_nomem)
		return e;
	struct err *noted = probe_set_note(&late->plan->set, "%s: '%s': %s: %s", late->module->name,
					   spec->text, err_what(e), err_reason(e));
	err_free(e);
	return noted;
}

static struct err *add_spec(struct late *late, const struct spec *spec, bool implied)
{
	struct plan *plan = late->plan;
	size_t before = plan->set.sites.count;
	if (spec->negated) {
		plan_remove_matches(plan, late->first, spec);
		return NULL;
	}
	if (!is_meant(late, spec))
		return NULL;
	struct err *e = plan_add_from_image(late->options, plan, late->module->image,
					    late->module->name, spec);
	e = plan_note_failure(plan, late->module, e);
	if (spec->is_catch)
		plan_set_kind(plan, before, SITE_CATCH);
	for (size_t i = before; implied && late->options->inside && i < plan->set.sites.count; i++)
		plan->set.sites.items[i]->wire.flags |= SITE_INSIDE;
	return note_failure(late, spec, e);
}

static struct err *add_specs(struct late *late)
{
	struct spec_lists lists = all_specs(late->options, late->plan);
	struct err *e = NULL;
	for (size_t l = 0; l < array_size(lists.items); l++)
		for (size_t i = 0; !e && i < lists.items[l]->count; i++) {
			size_t first = late->plan->set.sites.count;
			bool implied = lists.items[l] == &late->plan->implied;
			e = add_spec(late, &lists.items[l]->items[i], implied);
			if (!e && !implied)
				e = plan_note_spec(late->options, late->plan, first, i);
		}
	return e;
}

/* --- the proof of --return=auto --------------------------------------------------------------- */

static struct err *renew_verdict(struct late *late, bool *ret_close_returns)
{
	struct plan *plan = late->plan;
	struct return_verdict verdict;
	if (!plan_has_proof(late->options, plan))
		return NULL;
	struct err *e = return_prove(&late->module->image, 1, plan_return_filter(plan), false,
				     &plan->set.arena, &verdict);
	if (e || verdict.mode == RETURN_TRAMPOLINE)
		return e;
	*ret_close_returns = true;
	size_t first;
	return plan_leave_trampolines(late->options, plan, verdict.why, &first);
}

struct err *plan_leave_trampolines(const struct options *options, struct plan *plan,
				   const char *why, size_t *ret_first)
{
	*ret_first = plan->set.sites.count;
	if (!plan_has_proof(options, plan))
		return NULL;
	plan->verdict = (struct return_verdict){RETURN_SITE, why};
	return uprobe_use_return_sites(&plan->set, why);
}

/* ---------------------------------------------------------------------------------------------- */

/* One that was gone when it was to be opened, or a new one. */
static struct err *take_module(struct late *late)
{
	struct plan *plan = late->plan;
	const struct module *mapped = &late->mapping->module;
	size_t index = 0;
	struct err *e = NULL;
	while (index < plan->modules.count &&
	       !is_mapped_file(plan, &plan->modules.items[index], mapped))
		index++;
	if (index == plan->modules.count)
		e = plan_add_module(plan, mapped->path, mapped, NULL, &index);
	if (e)
		return e;
	late->module = &plan->modules.items[index];
	late->module->tried = true;
	return NULL;
}

struct err *plan_add_mapping(const struct options *options, struct plan *plan,
			     const struct process_view *view, const struct mapping *mapping,
			     struct plan_addition *ret)
{
	struct late late = {.options = options, .plan = plan, .view = view, .mapping = mapping};
	late.first = plan->set.sites.count;
	*ret = (struct plan_addition){.first = late.first};
	if (is_known_mapping(plan, &mapping->module))
		return NULL;
	struct err *e = take_module(&late);
	if (e)
		return e;
	if (!plan_has_proof(options, plan) && !is_wanted(&late) &&
	    !plan_wants_longjmp(plan, late.module))
		return NULL;
	e = open_image(&late);
	if (!e && late.module->gone && is_wanted(&late))
		ret->gone = late.module->name;
	if (e || !late.module->image)
		return e;
	if (is_known_file(plan, late.module) || !is_successor(&late, &e)) {
		image_close(take_ptr(late.module->image));
		return NULL;
	}
	if (e)
		return e;
	/* The verdict first: what is added then follows it. */
	e = renew_verdict(&late, &ret->close_returns);
	e = e ? e : add_specs(&late);
	e = e ? e : plan_add_longjmp(plan);
	return e ? e : pairs_plan(options, plan, late.first, true);
}
