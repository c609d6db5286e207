/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* stream/stream.bpf.c — the settings and the state that all programs share. */
#include "stream/stream.bpf.h"

/* What kernels accept as GPL-compatible; the sources' own terms are in the first line. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile bool has_task_storage = false;
const volatile bool filter_by_process = false;
const volatile bool follow_forks = false;
const volatile bool show_fork = false;
const volatile bool show_exec = false;
const volatile bool show_exit = false;
const volatile __u32 own_process = 0;
const volatile __u64 wake_bytes = 0;

volatile __u32 tracing = 0;

static __always_inline void drop_dead(struct task_state *state, __u64 sp)
{
	__u32 depth = state->depth;
	/* Bounded by the size of the frame array. */
	for (int i = 0; i < SPANS_MAX; i++) {
		if (depth == 0 || depth > SPANS_MAX)
			break;
		struct span_frame *top = &state->frames[(depth - 1) & (SPANS_MAX - 1)];
		if (top->sp > sp || sp - top->sp > STACK_BYTES_MAX)
			break;
		depth--;
	}
	state->depth = depth;
}

static __always_inline int find(struct task_state *state, __u64 sp, __u32 owner)
{
	__u32 depth = state->depth;
	/* Bounded by the size of the frame array. */
	for (int i = 0; i < SPANS_MAX; i++) {
		if (depth == 0 || depth > SPANS_MAX)
			break;
		depth--;
		struct span_frame *frame = &state->frames[depth & (SPANS_MAX - 1)];
		if (frame->site_id == owner && frame->sp == sp)
			return depth;
	}
	return SPANS_MAX;
}

__noinline int spans_drop_dead(struct task_state *state, __u64 sp)
{
	if (state)
		drop_dead(state, sp);
	return 0;
}

__noinline int spans_find(struct task_state *state, __u64 sp, __u32 owner)
{
	return state ? find(state, sp, owner) : SPANS_MAX;
}

__noinline int spans_drop_dead_old(__u64 sp)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct task_state *state = bpf_map_lookup_elem(&thread_states, &tid);
	if (state)
		drop_dead(state, sp);
	return 0;
}

__noinline int spans_find_old(__u64 sp, __u32 owner)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct task_state *state = bpf_map_lookup_elem(&thread_states, &tid);
	return state ? find(state, sp, owner) : SPANS_MAX;
}

__noinline int stream_announce_preemptible(struct task_state *state, struct scratch *scratch)
{
	if (state && scratch)
		stream_announce_with(state, scratch, STREAM_PREEMPTIBLE);
	return 0;
}
