/* SPDX-License-Identifier: Apache-2.0 */
/* cli/plan/life.c — which task life a spec means, and what of it. */
#include "kernel/life.h"

#include "cli/plan/plan.h"
#include "output/names.h"

static struct err *choose(struct plan *plan, const struct spec *spec, bool *shown)
{
	bool before = *shown;
	*shown = !spec->negated;
	if (!spec->negated)
		return life_add(&plan->set, spec, 0, probe_kind_name(spec->kind), before);
	life_remove(&plan->set, life_number(spec->kind));
	return NULL;
}

static struct err *choose_signals(struct plan *plan, const struct spec *spec)
{
	char text[NAMES_MAX];
	uint64_t chosen;
	struct err *e = plan_find_signals(spec, &chosen);
	for (uint32_t number = 1; !e && number <= LIFE_SIGNAL_LAST; number++) {
		uint64_t bit = 1ULL << (number - 1);
		if (!(chosen & bit))
			continue;
		if (spec->negated)
			life_remove(&plan->set, number);
		else
			e = life_add(&plan->set, spec, number, names_signal((int)number, text),
				     plan->signals & bit);
		plan->signals = spec->negated ? plan->signals & ~bit : plan->signals | bit;
	}
	return e;
}

struct err *plan_add_life(struct plan *plan, const struct spec *spec)
{
	struct spec typed = *spec;
	if (!spec_is_life(spec, &typed.kind))
		return NULL;
	switch (typed.kind) {
	case PROBE_EXEC:
		return choose(plan, &typed, &plan->show_exec);
	case PROBE_FORK:
		return choose(plan, &typed, &plan->show_fork);
	case PROBE_EXIT:
		return choose(plan, &typed, &plan->show_exit);
	default:
		return choose_signals(plan, &typed);
	}
}
