/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/lists.c — what do the plans of this run need that most do not? */
#include "cli/kernel/parts.h"

static bool has_code(const struct fetch_plan *plan, enum fetch_code code)
{
	for (uint16_t i = 0; plan && i < plan->n_ops; i++)
		if (plan->ops[i].code == code)
			return true;
	return false;
}

bool kernel_reads(const struct kernel *kernel, enum fetch_code code)
{
	const struct probe_set *set = &kernel->plan->set;
	/* What comes later is not known yet. */
	if (kernel->options.growing)
		return !kernel->options.sum_rows;
	for (size_t i = 1; i < set->sites.count; i++)
		if (has_code(set->sites.items[i]->entry_plan, code) ||
		    has_code(set->sites.items[i]->return_plan, code))
			return true;
	return false;
}

bool kernel_reads_netlink(const struct kernel *kernel)
{
	const struct probe_set *set = &kernel->plan->set;
	if (kernel->options.sum_rows || kernel->options.tally_only)
		return false;
	for (size_t i = 1; i < set->sites.count; i++)
		if (has_code(set->sites.items[i]->entry_plan, FETCH_NETLINK))
			return true;
	return false;
}
