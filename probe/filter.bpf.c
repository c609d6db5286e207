/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * probe/filter.bpf.c — the interpreter of filter plans.
 *
 * What changes from step to step lies in the thread's scratch area and not in registers: then all
 * paths through a step look alike to the verifier, and a loop of a thousand rounds is verified as
 * often as it is long, not as often as there are ways through it. Global functions, as the fetch
 * interpreter's, and for the same reasons; a run without conditions has none of their bodies.
 */
#include "probe/filter_run.bpf.h"

/* --- patterns -------------------------------------------------------------------------------- */

enum match_answer {
	MATCH_MORE, /* steps are needed */
	MATCH_NO,
	MATCH_YES,
	MATCH_UNKNOWN,
};

static __always_inline bool element_fits(const struct filter_plan *plan, __u32 element, __u8 c)
{
	__u64 number = element, byte = c >> 3;
	switch (element & FILTER_KIND) {
	case 0:
		return (element & 0xff) == c;
	case FILTER_ANY:
		return true;
	case FILTER_CLASS:
		return plan->classes[number & (FILTER_CLASSES_MAX - 1)][byte & 31] >> (c & 7) & 1;
	default:
		return false;
	}
}

/*
 * The usual walk with two places: on a mismatch, the last star takes one character more, and all
 * before it is settled. A text that was cut may have gone on in any way.
 */
static __always_inline int match_step(const struct filter_plan *plan, struct scratch *scratch)
{
	struct filter_run *run = &scratch->filter;
	__u64 in_pattern = run->in_pattern;
	barrier_var(in_pattern);
	__u32 element = plan->elements[in_pattern & (FILTER_ELEMENTS_MAX - 1)];
	if (element == FILTER_STAR) {
		run->star_text = run->in_text;
		run->star_pattern = ++run->in_pattern;
		in_pattern++;
		barrier_var(in_pattern);
		/* A star at the end takes the rest, seen or not. */
		return plan->elements[in_pattern & (FILTER_ELEMENTS_MAX - 1)] == FILTER_END
			       ? MATCH_YES
			       : MATCH_MORE;
	}
	__u32 in_text = run->in_text;
	if (in_text >= run->length) {
		/* What is cut off would have to fit, and is not known; but there is some. */
		if (run->is_cut)
			return element == FILTER_END && !run->star_pattern ? MATCH_NO
									   : MATCH_UNKNOWN;
		/* With a star behind us, fewer characters are left than ever. */
		return element == FILTER_END ? MATCH_YES : MATCH_NO;
	}
	__u64 at = (__u64)run->text + sizeof(struct fetch_blob) + in_text;
	barrier_var(at);
	if (at >= FETCH_PAYLOAD_MAX)
		return MATCH_UNKNOWN;
	if (element_fits(plan, element, scratch->payload[at])) {
		run->in_text++;
		run->in_pattern++;
		return MATCH_MORE;
	}
	if (!run->star_pattern)
		return MATCH_NO;
	run->in_text = ++run->star_text;
	run->in_pattern = run->star_pattern;
	return MATCH_MORE;
}

static __always_inline int match_steps(const struct filter_plan *plan, struct scratch *scratch)
{
	for (int i = 0; i < 16; i++) {
		int answer = match_step(plan, scratch);
		if (answer != MATCH_MORE)
			return answer;
	}
	return MATCH_MORE;
}

__noinline int match_some(const struct filter_plan *plan, struct scratch *scratch)
{
	if (!has_filters || !plan || !scratch)
		return MATCH_UNKNOWN;
	return match_steps(plan, scratch);
}

__noinline int match_some_old(__u32 filter_id)
{
	__u32 tid = (__u32)stream_current_id();
	if (!has_filters)
		return MATCH_UNKNOWN;
	struct scratch *scratch = bpf_map_lookup_elem(&thread_scratches, &tid);
	struct filter_plan *plan = bpf_map_lookup_elem(&filters, &filter_id);
	return scratch && plan ? match_steps(plan, scratch) : MATCH_UNKNOWN;
}

__noinline int match_all(const struct filter_plan *plan, struct scratch *scratch)
{
	if (!has_filters || !plan || !scratch)
		return MATCH_UNKNOWN;
	for (int i = 0; i < FILTER_MATCH_ROUNDS; i++) {
		int answer = match_some(plan, scratch);
		if (answer != MATCH_MORE)
			return answer;
	}
	return MATCH_UNKNOWN;
}

__noinline int match_all_old(__u32 filter_id)
{
	if (!has_filters)
		return MATCH_UNKNOWN;
	for (int i = 0; i < FILTER_MATCH_ROUNDS; i++) {
		int answer = match_some_old(filter_id);
		if (answer != MATCH_MORE)
			return answer;
	}
	return MATCH_UNKNOWN;
}

/* The text stands where the run has it, read by the operation before. MATCH_MORE: compare. */
static __always_inline int match_begin(const struct fetch_op *op, struct scratch *scratch)
{
	struct filter_run *run = &scratch->filter;
	__u64 at = run->text;
	barrier_var(at);
	if (at > FETCH_PAYLOAD_MAX - sizeof(struct fetch_blob))
		return MATCH_UNKNOWN;
	const struct fetch_blob *blob = (void *)(scratch->payload + at);
	/* Below vm.mmap_min_addr and beyond 48 bits nothing is an address of user space. */
	if ((op->flags & FILTER_MAYBE) && (scratch->acc < 0x10000 || scratch->acc >> 48))
		return MATCH_NO;
	if (blob->flags & FETCH_BLOB_UNREADABLE)
		return MATCH_UNKNOWN;
	if (blob->flags & FETCH_BLOB_NULL)
		return MATCH_NO;
	run->length = blob->length;
	run->is_cut = (blob->flags & FETCH_BLOB_TRUNCATED) && !(op->flags & FILTER_WHOLE);
	run->in_text = run->star_text = run->star_pattern = 0;
	run->in_pattern = (__u32)op->imm;
	return MATCH_MORE;
}

/* --- tests ----------------------------------------------------------------------------------- */

static __always_inline void filter_jump(const struct fetch_op *op, struct scratch *scratch,
					enum filter_way way)
{
	if (way == FILTER_UNKNOWN)
		scratch->filter.unknown = 1;
	scratch->filter.at = op->next[way];
}

static __always_inline __u64 filter_cut(__u64 value, __u32 size, bool sign)
{
	__u32 shift = (64 - size * 8) & 63;
	return sign ? (__u64)((__s64)(value << shift) >> shift) : value << shift >> shift;
}

static __always_inline void filter_compare(const struct fetch_op *op, struct scratch *scratch)
{
	bool sign = op->flags & FETCH_SIGNED, holds;
	__u64 value = filter_cut(scratch->acc, op->size, sign), wanted = (__u64)op->imm;
	if (scratch->poisoned)
		return filter_jump(op, scratch, FILTER_UNKNOWN);
	if (op->code == FILTER_EQUAL)
		holds = value == wanted;
	else if (op->code == FILTER_LESS)
		holds = sign ? (__s64)value < (__s64)wanted : value < wanted;
	else
		holds = sign ? (__s64)value > (__s64)wanted : value > wanted;
	filter_jump(op, scratch, holds ? FILTER_TRUE : FILTER_FALSE);
}

static __always_inline void filter_task(const struct fetch_op *op, struct scratch *scratch)
{
	scratch->poisoned = 0;
	switch (op->reg) {
	case FILTER_TASK_PID:
		scratch->acc = scratch->id >> 32;
		break;
	case FILTER_TASK_TID:
		scratch->acc = (__u32)scratch->id;
		break;
	case FILTER_TASK_UID:
		scratch->acc = (__u32)bpf_get_current_uid_gid();
		break;
	case FILTER_TASK_GID:
		scratch->acc = bpf_get_current_uid_gid() >> 32;
		break;
	case FILTER_TASK_CPU:
		scratch->acc = bpf_get_smp_processor_id();
		break;
	case FILTER_TASK_DURATION:
		scratch->poisoned = scratch->filter.began_ns == 0;
		scratch->acc = scratch->time_ns - scratch->filter.began_ns;
		break;
	}
}

static __always_inline void filter_comm(struct scratch *scratch)
{
	__u64 at = scratch->filter.text;
	barrier_var(at);
	if (at > FETCH_PAYLOAD_MAX - sizeof(struct fetch_blob) - EVENT_COMM)
		return;
	struct fetch_blob *blob = (void *)(scratch->payload + at);
	char *comm = (char *)(blob + 1);
	bpf_get_current_comm(comm, EVENT_COMM);
	blob->flags = 0;
	blob->length = 0;
	for (int i = 0; i < EVENT_COMM; i++) {
		if (!comm[i])
			break;
		blob->length++;
	}
}

static __always_inline void filter_hold(struct scratch *scratch)
{
	scratch->filter.held = scratch->acc;
	scratch->filter.held_unknown = scratch->poisoned;
}

static __always_inline void filter_count(const struct fetch_op *op, struct scratch *scratch)
{
	__u64 held = scratch->filter.held, size = (__u64)op->imm;
	if (scratch->filter.held_unknown || scratch->acc < held || !size)
		scratch->poisoned = 1;
	else
		scratch->acc = (scratch->acc - held) / size;
}

/* All but loads and matches. 1: it was a match, that is yet to be done. */
static __always_inline int filter_step_body(const struct fetch_op *op, struct scratch *scratch)
{
	__u32 next = scratch->filter.at + 1;
	switch (op->code) {
	case FILTER_AT_RETURN:
		if ((op->flags & FILTER_RESULT) && scratch->filter.no_result)
			filter_jump(op, scratch, FILTER_UNKNOWN);
		else
			scratch->filter.at = next;
		return 0;
	case FILTER_TASK:
		filter_task(op, scratch);
		scratch->filter.at = next;
		return 0;
	case FILTER_COMM:
		filter_comm(scratch);
		scratch->filter.at = next;
		return 0;
	case FILTER_MASK:
		scratch->acc &= (__u64)op->imm;
		scratch->filter.at = next;
		return 0;
	case FILTER_HOLD:
		filter_hold(scratch);
		scratch->filter.at = next;
		return 0;
	case FILTER_COUNT:
		filter_count(op, scratch);
		scratch->filter.at = next;
		return 0;
	case FILTER_MATCH:
		return 1;
	default:
		filter_compare(op, scratch);
		return 0;
	}
}

static __always_inline void filter_matched(const struct fetch_op *op, struct scratch *scratch,
					   int answer)
{
	filter_jump(op, scratch,
		    answer == MATCH_YES	 ? FILTER_TRUE
		    : answer == MATCH_NO ? FILTER_FALSE
					 : FILTER_UNKNOWN);
}

__noinline int filter_step(const struct filter_plan *plan, struct scratch *scratch)
{
	if (!has_filters || !plan || !scratch)
		return 0;
	const struct fetch_op *op = filter_op(plan, scratch);
	if (!op || !filter_step_body(op, scratch))
		return 0;
	int answer = match_begin(op, scratch);
	if (answer == MATCH_MORE)
		answer = match_all(plan, scratch);
	filter_matched(op, scratch, answer);
	return 0;
}

__noinline int filter_step_old(__u32 filter_id)
{
	__u32 tid = (__u32)stream_current_id();
	if (!has_filters)
		return 0;
	struct scratch *scratch = bpf_map_lookup_elem(&thread_scratches, &tid);
	struct filter_plan *plan = bpf_map_lookup_elem(&filters, &filter_id);
	if (!scratch || !plan)
		return 0;
	const struct fetch_op *op = filter_op(plan, scratch);
	if (!op || !filter_step_body(op, scratch))
		return 0;
	int answer = match_begin(op, scratch);
	if (answer == MATCH_MORE)
		answer = match_all_old(filter_id);
	filter_matched(op, scratch, answer);
	return 0;
}

/* --- runs ------------------------------------------------------------------------------------ */

static __always_inline int filter_run_with(const struct filter_plan *plan, struct scratch *scratch,
					   bool sleepable)
{
	filter_begin(plan, scratch);
	for (int i = 0; i < FILTER_OPS_MAX; i++) {
		const struct fetch_op *op = filter_op(plan, scratch);
		if (!op)
			break;
		if (op->code == FILTER_AT_RETURN && !scratch->filter.returned)
			return FILTER_WAITS;
		if (op->code >= FILTER_FIRST) {
			filter_step(plan, scratch);
			continue;
		}
		filter_before_load(scratch);
		if (sleepable)
			fetch_step_sleepable(op, scratch);
		else
			fetch_step_atomic(op, scratch);
	}
	return filter_end(scratch);
}

__noinline int filter_run_sleepable(const struct filter_plan *plan, struct scratch *scratch)
{
	if (!has_filters || !plan || !scratch)
		return FILTER_PASSES;
	return filter_run_with(plan, scratch, true);
}

__noinline int filter_rest(const struct filter_plan *plan, struct scratch *scratch, __u32 from,
			   int answer)
{
	for (int i = 1; has_filters && plan && scratch && i < FETCH_PASSES && fault_in(scratch);
	     i++) {
		scratch->filter.at = from;
		scratch->filter.unknown = 0;
		answer = filter_run_sleepable(plan, scratch);
	}
	return answer;
}

__noinline int filter_run_atomic(const struct filter_plan *plan, struct scratch *scratch)
{
	if (!has_filters || !plan || !scratch)
		return FILTER_PASSES;
	return filter_run_with(plan, scratch, false);
}

__noinline int filter_run_old(__u32 filter_id)
{
	__u32 tid = (__u32)stream_current_id();
	if (!has_filters)
		return FILTER_PASSES;
	struct scratch *scratch = bpf_map_lookup_elem(&thread_scratches, &tid);
	struct filter_plan *plan = bpf_map_lookup_elem(&filters, &filter_id);
	if (!scratch || !plan)
		return FILTER_PASSES;
	filter_begin(plan, scratch);
	for (int i = 0; i < FILTER_OPS_MAX; i++) {
		const struct fetch_op *op = filter_op(plan, scratch);
		if (!op)
			break;
		if (op->code == FILTER_AT_RETURN && !scratch->filter.returned)
			return FILTER_WAITS;
		if (op->code >= FILTER_FIRST) {
			filter_step_old(filter_id);
			continue;
		}
		__u32 index = scratch->filter.at;
		filter_before_load(scratch);
		fetch_filter_step_old(filter_id, index);
	}
	return filter_end(scratch);
}
