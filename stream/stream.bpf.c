/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* stream/stream.bpf.c — the settings and the state that all programs share. */
#include "stream/stream.bpf.h"

/* What kernels accept as GPL-compatible; the sources' own terms are in the first line. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile bool has_task_storage = false;
const volatile bool filter_by_process = false;
const volatile bool filtered_by_link = false;
const volatile bool follow_forks = false;
const volatile __u32 only_process = 0;
const volatile bool show_fork = false;
const volatile bool show_exec = false;
const volatile bool show_exit = false;
const volatile __u32 own_process = 0;
const volatile __u64 wake_bytes = 0;
const volatile __u32 wake_mask = 0;

volatile __u32 tracing = 0;

/* Is the innermost span dead, so that it can be dropped? Bounds are for the verifier. */
static __always_inline bool drop_one(struct task_state *state, __u64 sp)
{
	__u32 depth = state->depth;
	if (depth == 0 || depth > SPANS_MAX)
		return false;
	struct span_frame *top = stream_frame(state, depth - 1);
	if (top->sp > sp || sp - top->sp > STACK_BYTES_MAX)
		return false;
	state->depth = depth - 1;
	return true;
}

static __always_inline bool is_span(struct task_state *state, __u32 index, __u64 sp, __u32 owner)
{
	struct span_frame *frame = stream_frame(state, index);
	return frame->site_id == owner && frame->sp == sp;
}

/* bpf_loop() (5.17) has its body verified once. */
struct search {
	struct task_state *state;
	__u64 sp;
	__u32 owner;
	__u32 found;
};

static long drop_step(__u32 i, void *context)
{
	struct search *search = context;
	return !drop_one(search->state, search->sp);
}

static long find_step(__u32 i, void *context)
{
	struct search *search = context;
	__u32 index = search->state->depth - 1 - i;
	if (!is_span(search->state, index, search->sp, search->owner))
		return 0;
	search->found = index;
	return 1;
}

__noinline int spans_drop_dead(struct task_state *state, __u64 sp)
{
	struct search search = {.state = state, .sp = sp};
	if (state)
		bpf_loop(SPANS_MAX, drop_step, &search, 0);
	return 0;
}

__noinline int spans_find(struct task_state *state, __u64 sp, __u32 owner)
{
	struct search search = {.state = state, .sp = sp, .owner = owner, .found = SPANS_MAX};
	if (state && state->depth <= SPANS_MAX)
		bpf_loop(state->depth, find_step, &search, 0);
	return search.found;
}

/* Before 5.17: loops, bounded by the size of the frame array. */
__noinline int spans_drop_dead_old(__u64 sp)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct task_state *state = bpf_map_lookup_elem(&thread_states, &tid);
	for (int i = 0; state && i < SPANS_MAX; i++)
		if (!drop_one(state, sp))
			break;
	return 0;
}

__noinline int spans_find_old(__u64 sp, __u32 owner)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct task_state *state = bpf_map_lookup_elem(&thread_states, &tid);
	if (!state)
		return SPANS_MAX;
	__u32 depth = state->depth;
	for (int i = 0; i < SPANS_MAX; i++) {
		if (depth == 0 || depth > SPANS_MAX)
			break;
		depth--;
		if (is_span(state, depth, sp, owner))
			return depth;
	}
	return SPANS_MAX;
}

__noinline int stream_announce_preemptible(struct task_state *state, struct scratch *scratch)
{
	if (state && scratch)
		stream_announce_with(state, scratch, STREAM_PREEMPTIBLE);
	return 0;
}
