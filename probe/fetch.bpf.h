/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * probe/fetch.bpf.h — running fetch plans: what the programs see of probe/fetch.bpf.c.
 */
#ifndef UTRAIL_PROBE_FETCH_BPF_H
#define UTRAIL_PROBE_FETCH_BPF_H

#include "stream/stream.bpf.h"

/* Runs a plan: appends its slots. Global functions, defined in probe/fetch.bpf.c. */
extern int fetch_run_sleepable(const struct fetch_plan *plan, struct scratch *scratch);
extern int fetch_run_calls(const struct fetch_plan *plan, struct scratch *scratch);
extern int fetch_run_atomic(const struct fetch_plan *plan, struct scratch *scratch);
extern int fetch_run_old(__u32 plan_id);
/* After a pass of fetch_run_sleepable() or fetch_run_calls() in which something was absent: those
 * that follow. */
extern int fetch_rest(const struct fetch_plan *plan, struct scratch *scratch);
extern int fetch_rest_of_call(const struct fetch_plan *plan, struct scratch *scratch);
/* An EACH. Defined in probe/fetch_each.bpf.c. */
extern int fetch_each_sleepable(const struct fetch_op *op, struct scratch *scratch);
extern int fetch_each_atomic(const struct fetch_op *op, struct scratch *scratch);
extern int fetch_each_old(__u32 plan_id, __u32 index);
/* A WALK. Defined in probe/fetch_walk.bpf.c. */
extern int fetch_walk_sleepable(const struct fetch_op *op, struct scratch *scratch);
extern int fetch_walk_atomic(const struct fetch_op *op, struct scratch *scratch);
extern int fetch_walk_old(__u32 plan_id, __u32 index);
/* One operation. */
extern int fetch_step_sleepable(const struct fetch_op *op, struct scratch *scratch);
extern int fetch_step_atomic(const struct fetch_op *op, struct scratch *scratch);
extern int fetch_filter_step_old(__u32 filter_id, __u32 index);

/* Where user-space memory can be: vm.mmap_min_addr at most, and 47 bits (48 on arm64). A failed
 * read costs a microsecond, a comparison nothing. */
#define FIRST_ADDRESS 0x10000ULL
#define LAST_ADDRESS  (1ULL << 48)

/* Starts the slots of a plan at a position of the payload. */
static __always_inline void fetch_begin(struct scratch *scratch, __u32 position)
{
	scratch->position = position;
	scratch->slot = 0;
	scratch->unavailable = 0;
	scratch->poisoned = 1;
	scratch->has_length = 0;
	scratch->keep_files = 0;
	scratch->in_all = FETCH_PAYLOAD_MAX;
	scratch->absent.begun = position;
	scratch->absent.count = 0;
	scratch->absent.given_up = 0;
	scratch->absent.pages = 0;
}

/* A read found nothing at this address. */
static __always_inline void fetch_absent(struct scratch *scratch, __u64 address, __u32 size)
{
	struct absent *absent = &scratch->absent;
	if (absent->count++ == absent->given_up) {
		absent->at = address;
		absent->size = size;
	}
}

/* Brings in what was absent, and has all as at the start of the run; 0: there is nothing more to be
 * had. Defined in probe/fault.bpf.c, for programs that may sleep. */
extern int fault_in(struct scratch *scratch);

/* Passes of one run, each of which brings something in. */
#define FETCH_PASSES 32

static __always_inline void fetch_load(struct scratch *scratch, __u64 value)
{
	scratch->acc = value;
	scratch->poisoned = 0;
}

enum fetch_form {
	FETCH_SLEEPABLE,       /* what is not in memory is brought in */
	FETCH_SLEEPABLE_CALLS, /* the same of system calls, whose plans have lists */
	FETCH_ATOMIC,
	FETCH_OLD, /* before 5.12 */
};

/* What the form of a program's reads says about how it runs. */
static __always_inline enum stream_form fetch_stream(enum fetch_form form)
{
	return form == FETCH_OLD ? STREAM_OLD : STREAM_PREEMPTIBLE;
}

/* `form` is a constant. */
static __always_inline void fetch_run(struct scratch *scratch, __u32 plan_id, enum fetch_form form)
{
	if (plan_id == 0)
		return;
	if (form == FETCH_OLD) {
		fetch_run_old(plan_id);
		return;
	}
	struct fetch_plan *plan = bpf_map_lookup_elem(&plans, &plan_id);
	if (!plan)
		return;
	if (form == FETCH_SLEEPABLE) {
		fetch_run_sleepable(plan, scratch);
		if (scratch->absent.count)
			fetch_rest(plan, scratch);
	} else if (form == FETCH_SLEEPABLE_CALLS) {
		fetch_run_calls(plan, scratch);
		if (scratch->absent.count)
			fetch_rest_of_call(plan, scratch);
	} else {
		fetch_run_atomic(plan, scratch);
	}
}

/*
 * The helpers with a 64-bit length. As declared in bpf_helpers.h it has 32 bits, and the compiler
 * cuts it on its way there; verifiers up to 6.1 forget the bound of a register that was cut.
 */
static long (*const read_user)(void *to, __u64 size,
			       const void *from) = (void *)BPF_FUNC_probe_read_user;
static long (*const read_user_str)(void *to, __u64 size,
				   const void *from) = (void *)BPF_FUNC_probe_read_user_str;

static __always_inline __u64 fetch_cut(__u64 value, __u32 size, bool sign)
{
	switch (size) {
	case 1:
		return sign ? (__u64)(__s64)(__s8)value : (__u8)value;
	case 2:
		return sign ? (__u64)(__s64)(__s16)value : (__u16)value;
	case 4:
		return sign ? (__u64)(__s64)(__s32)value : (__u32)value;
	default:
		return value;
	}
}

#endif
