/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/lists.c — what do the plans of this run need that most do not? */
#include "cli/kernel/parts.h"

_Static_assert(FETCH_WALK < 32, "each operation has a bit of kernel->codes");

static uint32_t codes_of(const struct fetch_plan *plan)
{
	uint32_t codes = 0;
	for (uint16_t i = 0; plan && i < plan->n_ops; i++)
		codes |= 1U << plan->ops[i].code;
	return codes;
}

void kernel_note_codes(struct kernel *kernel)
{
	const struct probe_set *set = &kernel->plan->set;
	for (size_t i = 1; i < set->sites.count; i++)
		kernel->codes |= codes_of(set->sites.items[i]->entry_plan) |
				 codes_of(set->sites.items[i]->return_plan);
}

static bool has_code(const struct kernel *kernel, enum fetch_code code)
{
	return kernel->codes & 1U << code;
}

bool kernel_reads(const struct kernel *kernel, enum fetch_code code)
{
	/* What comes later is not known yet. */
	return kernel->options.growing ? !kernel->options.sum_rows : has_code(kernel, code);
}

bool kernel_reads_netlink(const struct kernel *kernel)
{
	return !kernel->options.sum_rows && !kernel->options.tally_only &&
	       has_code(kernel, FETCH_NETLINK);
}
