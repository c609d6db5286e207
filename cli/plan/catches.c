/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/plan/catches.c — calls that exceptions leave.
 *
 * A function that an exception leaves does not return, and nothing shows that it is over until the
 * next probe is hit: what its caller does meanwhile would be shown inside of it. Whoever catches an
 * exception of C++ calls __cxa_begin_catch() first (Itanium C++ ABI: Exception Handling, 2.5.3),
 * from the frame that it goes on in. A probe there is no event: it ends what lies below the frame.
 * Where a panic of Rust is caught, std::panicking::catch_unwind::do_catch is called from that frame
 * (in older versions std::panicking::try::do_catch), or, where that is inlined, its part cleanup.
 *
 * Of calls that longjmp() leaves the same is true: the place where it goes on with its target's
 * stack pointer is probed, when any file of the target calls it.
 */
#include "cli/plan/plan.h"

#include <string.h>

#include "uprobe/match.h"

void plan_set_kind(struct plan *plan, size_t first, enum site_kind kind)
{
	for (size_t i = first; i < plan->set.sites.count; i++)
		plan->set.sites.items[i]->wire.kind = kind;
}

static const char catches[] = "__cxa_begin_catch";
static const char catches_of_libraries[] =
	"?uprobe:libstdc++:__cxa_begin_catch,?uprobe:libc++abi:__cxa_begin_catch";

static const char *const catches_of_rust[] = {"std::panicking::*::cleanup",
					      "std::panicking::*::do_catch*"};

static bool has_calls_of_rust(const struct plan *plan, const struct image *image)
{
	for (size_t i = 1; i < plan->set.sites.count; i++) {
		const struct probe_site *site = plan->set.sites.items[i];
		if (site->image == image && site->wire.kind == SITE_ENTRY && site->probe->symbol &&
		    match_is_rust(site->probe->symbol))
			return true;
	}
	return false;
}

/* Files with calls in them, and those of the libraries that are mapped: others would be found by
 * their names, too. */
static bool may_catch(const struct plan *plan, const struct plan_module *module,
		      const struct spec *spec)
{
	if (spec->module && module_name_matches(module->path, spec->module))
		return true;
	if (!spec->module && spec->name_kind == SPEC_NAME_GLOB)
		return module->image && has_calls_of_rust(plan, module->image);
	for (size_t i = 1; !spec->module && module->image && i < plan->set.sites.count; i++)
		if (plan->set.sites.items[i]->image == module->image &&
		    plan->set.sites.items[i]->wire.kind == SITE_ENTRY)
			return image_defines(module->image, catches);
	return false;
}

static struct err *add_catch(const struct options *options, struct plan *plan,
			     const struct spec *spec)
{
	struct err *e = NULL;
	for (size_t i = 0; !e && i < plan->modules.count; i++) {
		struct plan_module *module = &plan->modules.items[i];
		struct image *image = NULL;
		if (!may_catch(plan, module, spec))
			continue;
		e = plan_module_image(plan, module, false, &image);
		if (!e && image)
			e = plan_add_from_image(options, plan, image, module->name, spec);
	}
	return e;
}

static bool traces_calls(const struct plan *plan)
{
	return !plan_is_for_all(plan) && !plan->selects &&
	       probe_set_has_kind(&plan->set, SITE_ENTRY);
}

static bool is_c_library(const struct plan_module *module)
{
	return strcmp(module->name, "libc") == 0 ||
	       strncmp(module->name, "ld-musl-", strlen("ld-musl-")) == 0;
}

bool plan_wants_longjmp(const struct plan *plan, const struct plan_module *module)
{
	bool wants = false;
	if (!traces_calls(plan) || !is_c_library(module))
		return false;
	for (size_t i = 0; !wants && i < plan->modules.count; i++) {
		struct image *image = plan->modules.items[i].image;
		wants = image && uprobe_may_longjmp(image);
	}
	return wants;
}

struct err *plan_add_longjmp(struct plan *plan)
{
	struct err *e = NULL;
	for (size_t i = 0; !e && traces_calls(plan) && i < plan->modules.count; i++) {
		struct plan_module *module = &plan->modules.items[i];
		struct image *image = module->image;
		bool is_static = image && image_is_static(image);
		if (module->longjmp_sought || (!is_static && !plan_wants_longjmp(plan, module)))
			continue;
		module->longjmp_sought = true;
		e = plan_module_image(plan, module, false, &image);
		if (!e && image && (!is_static || uprobe_may_longjmp(image)))
			e = uprobe_add_longjmp(&plan->set, image, module->name);
	}
	/* Without it, such calls are over a little later. */
	if (e && e != &err_nomem) {
		err_free(e);
		return NULL;
	}
	return e;
}

struct err *plan_add_catches(const struct options *options, struct plan *plan)
{
	size_t first = plan->implied.count, first_site = plan->set.sites.count;
	if (!traces_calls(plan))
		return NULL;
	struct err *e = spec_parse(catches_of_libraries, &plan->implied);
	for (size_t i = first; !e && i < plan->implied.count; i++) {
		plan->implied.items[i].is_catch = true;
		e = add_catch(options, plan, &plan->implied.items[i]);
	}
	const struct spec own = {.kind = PROBE_UPROBE,
				 .kind_given = true,
				 .optional = true,
				 .is_catch = true,
				 .name = catches,
				 .name_kind = SPEC_NAME_EXACT,
				 .text = catches};
	e = e ? e : add_catch(options, plan, &own);
	struct spec of_rust = own;
	of_rust.name_kind = SPEC_NAME_GLOB;
	for (size_t i = 0; !e && i < array_size(catches_of_rust); i++) {
		of_rust.name = of_rust.text = catches_of_rust[i];
		e = add_catch(options, plan, &of_rust);
	}
	plan_set_kind(plan, first_site, SITE_CATCH);
	return e ? e : plan_add_longjmp(plan);
}
