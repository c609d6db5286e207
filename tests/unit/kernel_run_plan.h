/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/unit/kernel_run_plan.h — runs a fetch plan against this process's own memory, as the kernel
 * side does against its target's: written from the description in probe/fetch.h.
 */
#ifndef UTRAIL_TESTS_KERNEL_RUN_PLAN_H
#define UTRAIL_TESTS_KERNEL_RUN_PLAN_H

#include "probe/fetch.h"
#include "probe/regs.h"
#include "probe/value.h"

struct plan_run {
	uint64_t regs[REGS_MAX];
	_Alignas(8) char payload[FETCH_PAYLOAD_MAX];
	uint32_t used, n_slots, unavailable;
	struct slots slots;
};

/* Fills in everything but `regs`. A NULL plan reads nothing. */
void plan_run(struct plan_run *run, const struct fetch_plan *plan);

#endif
