/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/lists.c — what do the plans of this run need that most do not? */
#include "cli/kernel/parts.h"

_Static_assert(FETCH_WALK < FETCH_LISTS && FETCH_LISTS + FETCH_WALK < 32,
	       "each operation has two bits of a mask");

#define BIT(code) (1U << (code))
/* Only system calls have these, and none of them comes later. */
#define LATE_FUNCTIONS (~(BIT(FETCH_NETLINK) | ~0U << FETCH_LISTS))
/* What no marker's note asks for: all that needs a type. */
#define LATE_MARKERS (LATE_FUNCTIONS & ~(BIT(FETCH_EACH) | BIT(FETCH_WALK) | BIT(FETCH_KEEP)))

static uint32_t codes_in(const struct fetch_op *ops, size_t count)
{
	uint32_t codes = 0;
	for (size_t i = 0; i < count; i++) {
		/* A filter has others, too. */
		if (ops[i].code >= FETCH_LISTS)
			continue;
		codes |= BIT(ops[i].code);
		if (ops[i].flags & FETCH_LIST)
			codes |= BIT(FETCH_LISTS + ops[i].code);
	}
	return codes;
}

static uint32_t codes_of(const struct kernel *kernel, const struct probe_site *site)
{
	const struct fetch_plan *plans[] = {site->entry_plan, site->return_plan};
	uint32_t codes = 0;
	/* Where hits are added up, nothing else of them is read. */
	for (size_t i = 0; i < array_size(plans) && !kernel->options.sum_rows; i++)
		if (plans[i])
			codes |= codes_in(plans[i]->ops, plans[i]->n_ops);
	if (site->filter)
		codes |= codes_in(site->filter->plan.ops, site->filter->plan.n_ops);
	return codes;
}

static uint32_t late_codes(const struct kernel *kernel)
{
	const unsigned int functions = PLAN_GROWS_BY_INSTANTS | PLAN_GROWS_BY_CALLS;
	unsigned int growth = kernel->options.growth;
	if (kernel->options.sum_rows && !kernel->options.filters)
		return 0;
	return (growth & functions ? LATE_FUNCTIONS : 0) |
	       (growth & PLAN_GROWS_BY_MARKERS ? LATE_MARKERS : 0);
}

void kernel_note_codes(struct kernel *kernel)
{
	const struct probe_set *set = &kernel->plan->set;
	kernel->codes = late_codes(kernel);
	for (size_t i = 1; i < set->sites.count; i++)
		kernel->codes |= codes_of(kernel, set->sites.items[i]);
}

bool kernel_reads(const struct kernel *kernel, enum fetch_code code)
{
	return kernel->codes & BIT(code);
}

bool kernel_can_run(const struct kernel *kernel, const struct probe_site *site)
{
	return !(codes_of(kernel, site) & ~kernel->codes);
}

bool kernel_reads_netlink(const struct kernel *kernel)
{
	return !kernel->options.sum_rows && !kernel->options.tally_only &&
	       kernel_reads(kernel, FETCH_NETLINK);
}
