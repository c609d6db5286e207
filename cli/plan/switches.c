/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/plan/switches.c — programs with coroutines.
 *
 * Calls are kept by threads, as nesting is what most people want to see. In a program that switches
 * stacks, a call that waits on one stack looks as if the calls on others were inside of it, or as
 * if it had been left. Who is about to see that is told what to do.
 */
#include "cli/plan/plan.h"
#include "uprobe/uprobe.h"

static bool has_calls(const struct plan *plan, const struct image *image)
{
	for (size_t i = 1; i < plan->set.sites.count; i++) {
		const struct probe_site *site = plan->set.sites.items[i];
		if (site->image == image && site->wire.kind == SITE_ENTRY)
			return true;
	}
	return false;
}

/* Programs only: a library that has it for others (libcrypto) is used without, as a rule. */
struct err *plan_note_switches(const struct options *options, struct plan *plan)
{
	struct err *e = NULL;
	/* Their text has been searched for just that. */
	if (plan_has_proof(options, plan))
		return NULL;
	for (size_t i = 0; !e && i < plan->modules.count; i++) {
		const struct plan_module *module = &plan->modules.items[i];
		bool is_program = module->image && (image_interpreter(module->image) ||
						    image_is_static(module->image));
		if (!is_program || !has_calls(plan, module->image))
			continue;
		const char *symbol = uprobe_switches_stacks(module->image);
		plan->has_coroutines |= symbol != NULL;
		if (symbol)
			e = probe_set_note(
				&plan->set,
				"%s: has coroutines (%s): a call that waits in one may look left, or to "
				"hold the calls of others; --return=stack follows them",
				module->name, symbol);
	}
	return e;
}
