/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* probe/filter_run.bpf.h — how a filter is run, for the programs that run one: those of user space
 * and of system calls (probe/filter.bpf.c), and those in the kernel. */
#ifndef UTRAIL_PROBE_FILTER_RUN_BPF_H
#define UTRAIL_PROBE_FILTER_RUN_BPF_H

#include "probe/filter.bpf.h"

/* The operation at hand; NULL: the plan has come to an end. */
static __always_inline const struct fetch_op *filter_op(const struct filter_plan *plan,
							struct scratch *scratch)
{
	__u64 at = scratch->filter.at;
	if (at >= FILTER_OPS_MAX)
		return NULL;
	/* The compiler must not move the address before the comparison. */
	barrier_var(at);
	return &plan->ops[at & (FILTER_OPS_MAX - 1)];
}

/* All but loads, as a global function of probe/filter.bpf.c. */
extern int filter_step(const struct filter_plan *plan, struct scratch *scratch);

static __always_inline void filter_begin(const struct filter_plan *plan, struct scratch *scratch)
{
	if (scratch->filter.at == FILTER_ALONE)
		scratch->filter.at = plan->alone;
	else if (scratch->filter.at == 0)
		scratch->filter.at = plan->start;
}

static __always_inline int filter_end(struct scratch *scratch)
{
	return scratch->filter.at == FILTER_FAIL ? FILTER_FAILS : FILTER_PASSES;
}

/* A load. Texts go to their one place. */
static __always_inline void filter_before_load(struct scratch *scratch)
{
	scratch->position = scratch->filter.text;
	scratch->slot = 0;
	scratch->filter.at++;
}

#endif
