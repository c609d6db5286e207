/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/cost.h — --cost: what each probe has cost the target.
 *
 * Two parts: the time in our programs, which they measure themselves, and what the kernel needs to
 * get there and back, which is measured on a child of our own with probes of the same forms.
 */
#ifndef UTRAIL_CLI_COST_H
#define UTRAIL_CLI_COST_H

#include "cli/kernel/kernel.h"
#include "output/output.h"

/* What a hit takes besides our program, in nanoseconds. */
struct cost_forms {
	double emulated; /* the instruction under the probe is */
	double stepped;
	double trampoline; /* the return probe of a call, its entry not included */
};

/* Takes some tens of milliseconds, and the rights to attach. */
struct err *cost_calibrate(enum uprobe_form form, struct cost_forms *ret) must_check;

/* CPU time of all traced processes until now, of threads that have ended while tracing, too. */
uint64_t cost_cpu_time(const struct kernel *kernel);

struct cost_list {
	ARRAY_OF(struct output_cost) items; /* the dearest first */
	uint64_t cpu_ns;		    /* of the target while it was traced; 0: not known */
};

/* One row for each probe that was hit. */
struct err *cost_sum_up(const struct probe_set *set, const struct cost_row *rows,
			const struct cost_forms *forms, uint64_t cpu_ns,
			struct cost_list *ret) must_check;
void cost_list_deinit(struct cost_list *list);

/* Of one run. */
struct cost {
	struct cost_forms forms;
	uint64_t cpu_ns; /* until the start; from the stop on: between the two */
	struct cost_list list;
};

/* Right before the first hit, and right after the last that is wanted. */
void cost_start(struct cost *cost, const struct kernel *kernel);
void cost_stop(struct cost *cost, const struct kernel *kernel);
/* Makes the list, and hands its rows to the output. */
struct err *cost_tell(struct cost *cost, const struct probe_set *set, const struct kernel *kernel,
		      struct output *output) must_check;

#endif
