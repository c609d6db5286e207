/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* stream/stream.bpf.c — the settings and the state that all programs share. */
#include "stream/stream.bpf.h"
#include "stream/cost.bpf.h"
#include "stream/sums.bpf.h"

/* What kernels accept as GPL-compatible; the sources' own terms are in the first line. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile bool filter_by_process = false;
const volatile bool filtered_by_link = false;
const volatile bool follow_forks = false;
const volatile bool keep_entries = false;
const volatile bool has_filters = false;
const volatile bool keeps_words = false;
const volatile __u32 only_process = 0;
const volatile bool show_fork = false;
const volatile bool show_exec = false;
const volatile bool show_exit = false;
const volatile __u32 own_process = 0;
const volatile __u64 wake_bytes = 0;
const volatile __u32 wake_mask = 0;

const volatile bool measure_cost = false;

volatile __u32 tracing = 0;
volatile __u32 losses_changed = 0;
volatile __u32 launched_waits = 0;
volatile __u64 ended_cpu_ns = 0;

/* What the compiler knows of the index is hidden from it, so that the mask stays where the verifier
 * looks for it. */
static __always_inline struct span_frame *outer_frame(struct outer_spans *outer, __u32 index)
{
	barrier_var(index);
	return &outer->frames[index & (SPANS_MAX - 1)];
}

/* Where its condition goes on. */
static __always_inline __u8 *outer_filter(struct outer_spans *outer, __u32 index)
{
	barrier_var(index);
	return &outer->filters[index & (SPANS_MAX - 1)];
}

/* What is inside of the outer span `index` has taken so much; what was inside of those that have
 * gone since counts with it. */
static __always_inline void raise_inner(struct scratch *scratch, __u32 index, enum stream_form form)
{
	struct inner_times *inner = stream_inner_times(scratch->id, form, false);
	barrier_var(index);
	if (inner)
		scratch->inner_ns += inner->ns[index & (SPANS_MAX - 1)];
}

/* What the outer span `index` has kept; nothing when it is too deep. */
static __always_inline void raise_words(struct scratch *scratch, __u32 index, enum stream_form form)
{
	struct outer_words *outer = stream_outer_words(scratch->id, form, false);
	bool known = outer && index < WORD_SPANS_MAX;
	barrier_var(index);
#pragma unroll
	for (int i = 0; i < REGS_KEPT; i++)
		scratch->words[i] = known ? outer->words[index & (WORD_SPANS_MAX - 1)][i] : ~0ULL;
}

/* The outer span `index` becomes the top. */
static __always_inline void raise(struct scratch *scratch, struct outer_spans *outer, __u32 index,
				  enum stream_form form)
{
	if (summing)
		raise_inner(scratch, index, form);
	scratch->top = *outer_frame(outer, index);
	if (has_filters)
		scratch->top_filter = *outer_filter(outer, index);
	if (keeps_words)
		raise_words(scratch, index, form);
	scratch->depth = index + 1;
}

static __always_inline void drop_top(struct scratch *scratch, struct outer_spans *outer,
				     enum stream_form form)
{
	__u32 depth = scratch->depth;
	__u32 gone = summing && scratch->top.number ? scratch->top.site_id : 0;
	if (outer && depth > 1)
		raise(scratch, outer, depth - 2, form);
	else
		scratch->depth = 0;
	if (gone)
		form == STREAM_OLD ? sum_unwound_old(gone) : sum_unwound(scratch, gone);
}

/* A call with this stack pointer is taken to be left. */
static __always_inline void note_left(struct scratch *scratch, __u64 sp)
{
	if (sp > scratch->left_sp)
		scratch->left_sp = sp;
}

/* It is inside of what is looked for, and left when that is found. */
static __always_inline void pass_by(struct scratch *scratch, __u64 sp)
{
	if (sp > scratch->left_next)
		scratch->left_next = sp;
}

/* As on_sig_stack() of include/linux/sched/signal.h has it. */
static __always_inline bool is_alternate(struct scratch *scratch, __u64 sp)
{
	return sp > scratch->alternate_sp && sp - scratch->alternate_sp <= scratch->alternate_size;
}

/* What a handler on the alternate signal stack has interrupted goes on behind it; what goes on
 * elsewhere has left the handler, by siglongjmp(). */
static __always_inline bool is_dead(struct scratch *scratch, __u64 top)
{
	__u64 sp = scratch->dead_sp;
	bool in_handler = is_alternate(scratch, sp);
	if (in_handler != is_alternate(scratch, top))
		return !in_handler;
	if (top == scratch->sp && scratch->is_tail_call)
		return false;
	return top <= sp && sp - top <= STACK_BYTES_MAX;
}

/* Is the innermost span dead, so that it can be dropped? */
static __always_inline bool drop_one(struct scratch *scratch, struct outer_spans *outer,
				     enum stream_form form)
{
	__u64 top = scratch->top.sp;
	if (!scratch->depth || !is_dead(scratch, top))
		return false;
	note_left(scratch, top);
	drop_top(scratch, outer, form);
	return true;
}

static __always_inline bool is_frame_of(struct scratch *scratch, struct outer_spans *outer,
					__u32 index, __u32 owner)
{
	struct span_frame *frame = outer_frame(outer, index);
	return frame->site_id == owner && frame->sp == scratch->sp;
}

/* Where a call begins, none is open that began at the same place. Its return, should this call be
 * one that is not followed, must not be taken for the other one's. 0: it is not that deep. */
static __always_inline int forget_one(struct scratch *scratch, struct outer_spans *outer,
				      __u32 index, enum stream_form form)
{
	if (scratch->dead_sp != scratch->sp || scratch->is_tail_call || scratch->depth < 2 ||
	    index > scratch->depth - 2)
		return 0;
	struct span_frame *frame = outer_frame(outer, index);
	__u32 gone = frame->site_id;
	if (frame->sp != scratch->sp || !gone)
		return 1;
	frame->site_id = 0;
	if (summing && frame->number)
		form == STREAM_OLD ? sum_unwound_old(gone) : sum_unwound(scratch, gone);
	return 1;
}

/* bpf_loop() (5.17) has its body verified once. */
struct search {
	struct scratch *scratch;
	struct outer_spans *outer;
	__u32 owner;
	__u32 found;
};

static long drop_step(__u32 i, void *context)
{
	struct search *search = context;
	return !drop_one(search->scratch, search->outer, STREAM_PREEMPTIBLE);
}

static long forget_step(__u32 i, void *context)
{
	struct search *search = context;
	return !forget_one(search->scratch, search->outer, i, STREAM_PREEMPTIBLE);
}

static long find_step(__u32 i, void *context)
{
	struct search *search = context;
	__u32 index = search->scratch->depth - 2 - i;
	if (!is_frame_of(search->scratch, search->outer, index, search->owner)) {
		pass_by(search->scratch, outer_frame(search->outer, index)->sp);
		return 0;
	}
	note_left(search->scratch, search->scratch->left_next);
	if (!summing)
		raise(search->scratch, search->outer, index, STREAM_PREEMPTIBLE);
	search->found = index + 1;
	return 1;
}

/* One by one, since each of them is counted. */
static long leave_step(__u32 i, void *context)
{
	struct search *search = context;
	if (search->scratch->depth <= search->found)
		return 1;
	drop_top(search->scratch, search->outer, STREAM_PREEMPTIBLE);
	return 0;
}

#if defined(__TARGET_ARCH_x86)
/*
 * A call whose return address is the kernel's own has none of its own: who jumped there was to
 * return by the kernel's return probe, and will, when this one has; the kernel tells both ends.
 */
static __always_inline void note_tail_call(struct scratch *scratch, struct task_struct *current)
{
	struct mm_struct *mm = NULL;
	struct xol_area *area = NULL;
	scratch->is_tail_call = 0;
	if (scratch->dead_sp != scratch->sp || scratch->top.sp != scratch->sp ||
	    !bpf_core_type_exists(struct xol_area))
		return;
	bpf_core_read(&mm, sizeof(mm), &current->mm);
	bpf_core_read(&area, sizeof(area), &mm->uprobes_state.xol_area);
	scratch->trampoline = 0;
	bpf_core_read(&scratch->trampoline, sizeof(scratch->trampoline), &area->vaddr);
	bpf_probe_read_user(&scratch->return_address, sizeof(scratch->return_address),
			    (void *)scratch->sp);
	scratch->is_tail_call =
		scratch->trampoline && scratch->return_address == scratch->trampoline;
}
#else
static __always_inline void note_tail_call(struct scratch *scratch, struct task_struct *current)
{
	/* There it is in a register, and may be anybody's. */
	scratch->is_tail_call = 0;
}
#endif

static __always_inline void note_stacks(struct scratch *scratch, struct task_struct *current)
{
	note_tail_call(scratch, current);
	bpf_core_read(&scratch->alternate_sp, sizeof(scratch->alternate_sp), &current->sas_ss_sp);
	bpf_core_read(&scratch->alternate_size, sizeof(scratch->alternate_size),
		      &current->sas_ss_size);
}

/* A function of its own, for what it keeps on the stack. */
__noinline int spans_note_stacks(struct scratch *scratch)
{
	if (scratch)
		note_stacks(scratch, (void *)bpf_get_current_task());
	return 0;
}

__noinline int spans_drop_dead(struct scratch *scratch)
{
	struct search search = {.scratch = scratch};
	if (!scratch)
		return 0;
	spans_note_stacks(scratch);
	search.outer = stream_outer_spans(0, STREAM_PREEMPTIBLE, false);
	if (search.outer)
		bpf_loop(SPANS_MAX, drop_step, &search, 0);
	else
		drop_one(scratch, NULL, STREAM_PREEMPTIBLE);
	if (search.outer && scratch->has_stacks)
		bpf_loop(SPANS_MAX, forget_step, &search, 0);
	return 0;
}

__noinline int spans_unwind_to(struct scratch *scratch, __u32 owner)
{
	struct search search = {.scratch = scratch, .owner = owner};
	if (!scratch || scratch->depth < 2 || scratch->depth > SPANS_MAX)
		return 0;
	scratch->left_next = scratch->top.sp;
	search.outer = stream_outer_spans(0, STREAM_PREEMPTIBLE, false);
	if (search.outer)
		bpf_loop(scratch->depth - 1, find_step, &search, 0);
	if (summing && search.found)
		bpf_loop(SPANS_MAX, leave_step, &search, 0);
	return search.found;
}

static __always_inline int store_inner(struct scratch *scratch, __u64 id, enum stream_form form)
{
	struct inner_times *inner = stream_inner_times(id, form, true);
	__u32 index = scratch->depth - 1;
	barrier_var(index);
	if (!inner)
		return 0;
	inner->ns[index & (SPANS_MAX - 1)] = scratch->inner_ns;
	return 1;
}

static __always_inline int store_words(struct scratch *scratch, __u64 id, enum stream_form form)
{
	__u32 index = scratch->depth - 1;
	if (index >= WORD_SPANS_MAX)
		return 1;
	struct outer_words *outer = stream_outer_words(id, form, true);
	barrier_var(index);
	if (!outer)
		return 0;
#pragma unroll
	for (int i = 0; i < REGS_KEPT; i++)
		outer->words[index & (WORD_SPANS_MAX - 1)][i] = scratch->words[i];
	return 1;
}

static __always_inline int store_top(struct scratch *scratch, __u64 id, enum stream_form form)
{
	struct outer_spans *outer = stream_outer_spans(id, form, true);
	if (!outer || !scratch->depth)
		return 0;
	*outer_frame(outer, scratch->depth - 1) = scratch->top;
	if (has_filters)
		*outer_filter(outer, scratch->depth - 1) = scratch->top_filter;
	if (keeps_words && !store_words(scratch, id, form))
		return 0;
	return summing ? store_inner(scratch, id, form) : 1;
}

__noinline int spans_store_top(struct scratch *scratch)
{
	return scratch ? store_top(scratch, 0, STREAM_PREEMPTIBLE) : 0;
}

__noinline int spans_load_top(struct scratch *scratch)
{
	struct outer_spans *outer = stream_outer_spans(0, STREAM_PREEMPTIBLE, false);
	if (scratch && outer && scratch->depth)
		raise(scratch, outer, scratch->depth - 1, STREAM_PREEMPTIBLE);
	return 0;
}

/* Before 5.17: loops, bounded by the number of frames; what they do each time is verified once. */
__noinline int spans_drop_one_old(void)
{
	__u64 id = stream_current_id();
	struct scratch *scratch = stream_scratch(id, STREAM_OLD, false);
	struct outer_spans *outer = stream_outer_spans(id, STREAM_OLD, false);
	return scratch && drop_one(scratch, outer, STREAM_OLD);
}

__noinline int spans_forget_one_old(__u32 index)
{
	__u64 id = stream_current_id();
	struct scratch *scratch = stream_scratch(id, STREAM_OLD, false);
	struct outer_spans *outer = stream_outer_spans(id, STREAM_OLD, false);
	return scratch && outer ? forget_one(scratch, outer, index, STREAM_OLD) : 0;
}

__noinline int spans_note_stacks_old(void)
{
	struct scratch *scratch = stream_scratch(stream_current_id(), STREAM_OLD, false);
	struct task_struct *current = (void *)bpf_get_current_task();
	if (!scratch)
		return 0;
	note_stacks(scratch, current);
	return 0;
}

__noinline int spans_drop_dead_old(void)
{
	struct scratch *scratch = stream_scratch(stream_current_id(), STREAM_OLD, false);
	if (!scratch)
		return 0;
	spans_note_stacks_old();
	for (int i = 0; i < SPANS_MAX; i++)
		if (!spans_drop_one_old())
			break;
	if (!scratch->has_stacks)
		return 0;
	for (__u32 i = 0; i < SPANS_MAX; i++)
		if (!spans_forget_one_old(i))
			break;
	return 0;
}

/* 0: it is that deep, or not even. */
__noinline int spans_leave_one_old(__u32 depth)
{
	__u64 id = stream_current_id();
	struct scratch *scratch = stream_scratch(id, STREAM_OLD, false);
	struct outer_spans *outer = stream_outer_spans(id, STREAM_OLD, false);
	if (!scratch || !outer || scratch->depth <= depth)
		return 0;
	drop_top(scratch, outer, STREAM_OLD);
	return 1;
}

static __always_inline void leave_old(__u32 depth)
{
	for (int i = 0; i < SPANS_MAX; i++)
		if (!spans_leave_one_old(depth))
			break;
}

__noinline int spans_unwind_to_old(__u32 owner)
{
	__u64 id = stream_current_id();
	struct scratch *scratch = stream_scratch(id, STREAM_OLD, false);
	struct outer_spans *outer = stream_outer_spans(id, STREAM_OLD, false);
	if (!scratch || !outer)
		return 0;
	__u32 left = scratch->depth;
	scratch->left_next = scratch->top.sp;
	for (int i = 0; i < SPANS_MAX; i++) {
		if (left < 2 || left > SPANS_MAX)
			break;
		left--;
		if (!is_frame_of(scratch, outer, left - 1, owner)) {
			pass_by(scratch, outer_frame(outer, left - 1)->sp);
			continue;
		}
		note_left(scratch, scratch->left_next);
		if (summing)
			leave_old(left);
		else
			raise(scratch, outer, left - 1, STREAM_OLD);
		return 1;
	}
	return 0;
}

__noinline int spans_store_top_old(void)
{
	__u64 id = stream_current_id();
	struct scratch *scratch = stream_scratch(id, STREAM_OLD, false);
	return scratch ? store_top(scratch, id, STREAM_OLD) : 0;
}

__noinline int spans_load_top_old(void)
{
	__u64 id = stream_current_id();
	struct scratch *scratch = stream_scratch(id, STREAM_OLD, false);
	struct outer_spans *outer = stream_outer_spans(id, STREAM_OLD, false);
	if (scratch && outer && scratch->depth)
		raise(scratch, outer, scratch->depth - 1, STREAM_OLD);
	return 0;
}

__noinline int stream_announce_preemptible(struct scratch *scratch)
{
	if (scratch)
		stream_announce_with(scratch, STREAM_PREEMPTIBLE);
	return 0;
}

/* The record is lost, and the whole call with it, when it does not fit. */
static __always_inline int send_kept(struct scratch *scratch, bool held)
{
	if (!scratch || !stream_take_kept(scratch))
		return 0;
	struct event_header *header = stream_head(scratch, sizeof(*header));
	kept_header(header, scratch);
	header->sequence = stream_sequence(STREAM_PREEMPTIBLE);
	scratch->position = scratch->kept_size;
	if (stream_emit(scratch, sizeof(*header)) || (held && emit_held(scratch, sizeof(*header))))
		return 0;
	stream_count_loss(scratch->top.site_id, LOSS_RING_FULL);
	scratch->top.number = 0;
	return 0;
}

__noinline int kept_send(struct scratch *scratch)
{
	return send_kept(scratch, false);
}

__noinline int kept_send_held(struct scratch *scratch)
{
	return send_kept(scratch, true);
}
