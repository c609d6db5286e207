/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* stream/go.bpf.c — the calls that are open in goroutines: see stream/go.bpf.h. */
#include "stream/go.bpf.h"
#include "stream/sums.bpf.h"

const volatile bool follows_go = false;

/* Calls that one hit may find left, on kernels without bpf_loop() (5.17); on others the bound is
 * that of the table. */
#define LEFT_MAX_OLD 256
#define LEFT_MAX     (1 << 20)
/* Frames on the way up to the innermost call, and calls that were left. */
#define UP_MAX_OLD 64
#define UP_MAX	   1024

#if defined(__TARGET_ARCH_x86)
#define REG_PLACE X86_RIP
#else
#define REG_PLACE ARM64_PC
#endif

/* Functions, so that their keys are not in the frames of those that call them. */
static __noinline struct go_frame *frame_at(struct scratch *scratch, __u64 used)
{
	struct go_key key = {.g = scratch->go.g,
			     .used = used,
			     .tgid = scratch->id >> 32,
			     .image = scratch->go.image};
	return bpf_map_lookup_elem(&go_calls, &key);
}

static __noinline void delete_frame(struct scratch *scratch, __u64 used)
{
	struct go_key key = {.g = scratch->go.g,
			     .used = used,
			     .tgid = scratch->id >> 32,
			     .image = scratch->go.image};
	bpf_map_delete_elem(&go_calls, &key);
}

static __noinline struct go_frame *make_frame(struct scratch *scratch, __u64 used)
{
	__u32 zero = 0;
	struct go_key key = {.g = scratch->go.g,
			     .used = used,
			     .tgid = scratch->id >> 32,
			     .image = scratch->go.image};
	struct go_frame *blank = bpf_map_lookup_elem(&blank_go, &zero);
	if (!blank || bpf_map_update_elem(&go_calls, &key, blank, BPF_ANY))
		return NULL;
	return bpf_map_lookup_elem(&go_calls, &key);
}

/* The number of a process is used again, and an exec leaves open what was. */
static __always_inline __u32 image_of_current(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 began_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	__u32 execs = (__u32)BPF_CORE_READ(task, self_exec_id);
	return (__u32)(began_ns >> 20) + execs * 0x9e3779b1U;
}

/* Is that r14 the goroutine's structure? Then the stack pointer lies in the stack whose bounds it
 * begins with. In code that was written in assembler it may be anything. */
static __always_inline int locate(struct scratch *scratch, bool may_sleep)
{
#if defined(__TARGET_ARCH_x86)
	struct go_now *go = &scratch->go;
	__u64 g = scratch->regs[X86_R14], sp = scratch->sp;
	long failed = may_sleep ? bpf_copy_from_user(go->bounds, sizeof(go->bounds), (void *)g)
				: bpf_probe_read_user(go->bounds, sizeof(go->bounds), (void *)g);
	if (failed || sp < go->bounds[0] || sp > go->bounds[1])
		return 0;
	go->g = g;
	go->used = go->bounds[1] - sp;
	go->image = image_of_current();
	return 1;
#else
	return 0;
#endif
}

/* What is around the innermost call becomes that. */
static __always_inline void set_innermost(struct scratch *scratch, struct go_frame *head,
					  __u64 used)
{
	if (used == GO_NONE)
		delete_frame(scratch, GO_HEAD);
	else
		head->outer = used;
}

static __always_inline void add_left(struct scratch *scratch, __u32 in, __u32 site_id)
{
	scratch->go.left++;
	if (!summing)
		return;
	struct sum_row *row = sum_row(in, site_id, false);
	if (row)
		__sync_fetch_and_add(&row->unwound, 1);
}

/* What was inside of a call is inside of that around it, whether the call counts or not. */
static __always_inline int add_inner(struct scratch *scratch, __u64 ns)
{
	struct go_frame *head = frame_at(scratch, GO_HEAD);
	struct go_frame *frame = head ? frame_at(scratch, head->outer) : NULL;
	if (frame)
		frame->inner_ns += ns;
	return 0;
}

/* Forgets the innermost call, if that much is in use at it. */
static __always_inline int leave_one(struct scratch *scratch, __u64 used)
{
	struct go_frame *head = frame_at(scratch, GO_HEAD);
	__u64 innermost = head ? head->outer : 0;
	if (!head || innermost < used)
		return 0;
	struct go_frame *frame = frame_at(scratch, innermost);
	if (!frame) {
		delete_frame(scratch, GO_HEAD);
		return 0;
	}
	__u64 outer = frame->outer;
	if (frame->counted)
		add_left(scratch, frame->in, frame->site_id);
	__u64 inner_ns = frame->inner_ns;
	delete_frame(scratch, innermost);
	set_innermost(scratch, head, outer);
	if (summing && inner_ns)
		add_inner(scratch, inner_ns);
	return 1;
}

static __always_inline int is_left(struct scratch *scratch, __u64 used)
{
	struct go_frame *head = frame_at(scratch, GO_HEAD);
	return !head || head->outer < used;
}

/* One frame up. False: there the chain breaks. */
static __always_inline bool step_up(struct scratch *scratch, bool may_sleep)
{
	struct go_now *go = &scratch->go;
	void *at = (void *)go->frame;
	if (go->frame < scratch->sp || go->frame > go->bounds[1] - sizeof(go->words))
		return false;
	long failed = may_sleep ? bpf_copy_from_user(go->words, sizeof(go->words), at)
				: bpf_probe_read_user(go->words, sizeof(go->words), at);
	if (failed || go->words[0] <= go->frame)
		return false;
	go->frame = go->words[0];
	go->address = go->words[1];
	return true;
}

/* Is it the frame of that call? Then what it called goes on in its code. */
static __always_inline bool is_alive(const struct go_now *go, const struct go_frame *call,
				     __u64 frame)
{
	__u64 into = go->address - call->address;
	return go->frame == frame && (into <= call->extent || (call->extent == SITE_EXTENT_MAX &&
							       go->address >= call->address));
}

/* 0: it is known. */
static __always_inline int settle_one(struct scratch *scratch, bool may_sleep)
{
	struct go_now *go = &scratch->go;
	struct go_frame *head = frame_at(scratch, GO_HEAD);
	struct go_frame *call = head ? frame_at(scratch, head->outer) : NULL;
	if (!call) {
		go->parent = sum_parent(scratch);
		return 0;
	}
	/* It begins below the return address. */
	__u64 frame = go->bounds[1] - head->outer - sizeof(__u64);
	if (go->frame < frame)
		return step_up(scratch, may_sleep);
	if (!is_alive(go, call, frame))
		return leave_one(scratch, 0);
	go->parent = call->site_id;
	return 0;
}

/* The word at the stack pointer is where the code at hand returns to. */
static __always_inline bool settle_begin(struct scratch *scratch, bool may_sleep)
{
#if defined(__TARGET_ARCH_x86)
	struct go_now *go = &scratch->go;
	void *at = (void *)scratch->sp;
	go->parent = 0;
	go->frame = scratch->regs[X86_RBP];
	long failed = may_sleep ? bpf_copy_from_user(&go->address, sizeof(go->address), at)
				: bpf_probe_read_user(&go->address, sizeof(go->address), at);
	return !failed;
#else
	return false;
#endif
}

static __always_inline int push(struct scratch *scratch, __u32 site_id, __u32 counted)
{
	struct go_frame *head = frame_at(scratch, GO_HEAD);
	__u64 outer = head ? head->outer : GO_NONE;
	if (!head)
		head = make_frame(scratch, GO_HEAD);
	struct go_frame *frame = head ? make_frame(scratch, scratch->go.used) : NULL;
	if (!frame) {
		if (head && outer == GO_NONE)
			delete_frame(scratch, GO_HEAD);
		return 0;
	}
	frame->outer = outer;
	frame->time_ns = scratch->time_ns;
	frame->site_id = site_id;
	frame->in = scratch->go.parent;
	frame->counted = counted;
	frame->filter = has_filters ? scratch->entry_filter : 0;
	frame->address = scratch->regs[REG_PLACE];
	struct site *site = bpf_map_lookup_elem(&sites, &site_id);
	frame->extent = site ? site->extent : 0;
	head->outer = scratch->go.used;
	return 1;
}

static __always_inline int take(struct scratch *scratch, __u32 site_id)
{
	struct go_now *go = &scratch->go;
	struct go_frame *head = frame_at(scratch, GO_HEAD);
	if (!head || head->outer != go->used)
		return 0;
	struct go_frame *frame = frame_at(scratch, go->used);
	if (!frame || frame->site_id != site_id)
		return 0;
	__u64 outer = frame->outer;
	go->time_ns = frame->time_ns;
	go->inner_ns = frame->inner_ns;
	go->counted = frame->counted;
	go->filter = frame->filter;
	go->in = frame->in;
	delete_frame(scratch, go->used);
	set_innermost(scratch, head, outer);
	return 1;
}

static __always_inline int sum(struct scratch *scratch, __u32 site_id, __u32 forgotten,
			       enum stream_form form)
{
	struct go_now *go = &scratch->go;
	__u64 ns = scratch->time_ns - go->time_ns;
	/* Where it was called is not known; that it is in none is known by the table. */
	if (go->in)
		add_inner(scratch, ns);
	if (!go->counted)
		return 0;
	if (forgotten) {
		sum_take_back(go->in, site_id);
		stream_count_loss(site_id, forgotten & EVENT_RETURN_SUPPRESSED ? LOSS_SUPPRESSED
									       : LOSS_FILTERED);
		return 0;
	}
	struct sum_row *row = sum_row(go->in, site_id, false);
	if (row)
		sum_add_time(row, ns, ns > go->inner_ns ? ns - go->inner_ns : 0, form);
	return 0;
}

/* --- kernels with bpf_loop() and pointers to global functions ----------------------------------
 */

struct leaving {
	struct scratch *scratch;
	__u64 used;
};

static long leave_step(__u32 i, void *context)
{
	struct leaving *leaving = context;
	return !leave_one(leaving->scratch, leaving->used);
}

__noinline int go_locate(struct scratch *scratch)
{
	return follows_go && scratch ? locate(scratch, true) : 0;
}

__noinline int go_leave(struct scratch *scratch, __u64 used)
{
	struct leaving leaving = {scratch, used};
	if (!follows_go || !scratch)
		return 0;
	bpf_loop(LEFT_MAX, leave_step, &leaving, 0);
	return is_left(scratch, used);
}

static long settle_step(__u32 i, void *context)
{
	struct leaving *settling = context;
	return !settle_one(settling->scratch, true);
}

static long settle_step_atomic(__u32 i, void *context)
{
	struct leaving *settling = context;
	return !settle_one(settling->scratch, false);
}

__noinline int go_settle(struct scratch *scratch)
{
	struct leaving settling = {.scratch = scratch};
	if (follows_go && scratch && settle_begin(scratch, true))
		bpf_loop(UP_MAX, settle_step, &settling, 0);
	return 0;
}

__noinline int go_settle_atomic(struct scratch *scratch)
{
	struct leaving settling = {.scratch = scratch};
	if (!follows_go || !scratch)
		return 0;
	scratch->go.parent = 0;
	if (locate(scratch, false) && settle_begin(scratch, false))
		bpf_loop(UP_MAX, settle_step_atomic, &settling, 0);
	return 0;
}

__noinline int go_add_inner(struct scratch *scratch, __u64 ns)
{
	return follows_go && scratch ? add_inner(scratch, ns) : 0;
}

__noinline int go_push(struct scratch *scratch, __u32 site_id, __u32 counted)
{
	return follows_go && scratch ? push(scratch, site_id, counted) : 0;
}

__noinline int go_take(struct scratch *scratch, __u32 site_id)
{
	return follows_go && scratch ? take(scratch, site_id) : 0;
}

__noinline int go_sum(struct scratch *scratch, __u32 site_id, __u32 forgotten)
{
	return follows_go && summing && scratch
		       ? sum(scratch, site_id, forgotten, STREAM_PREEMPTIBLE)
		       : 0;
}

/* --- the others --------------------------------------------------------------------------------
 */

static __always_inline struct scratch *scratch_old(void)
{
	return stream_scratch(stream_current_id(), STREAM_OLD, false);
}

__noinline int go_locate_old(void)
{
	struct scratch *scratch = scratch_old();
	return follows_go && scratch ? locate(scratch, false) : 0;
}

__noinline int go_leave_one_old(__u64 used)
{
	struct scratch *scratch = scratch_old();
	return follows_go && scratch ? leave_one(scratch, used) : 0;
}

__noinline int go_leave_old(__u64 used)
{
	struct scratch *scratch = scratch_old();
	if (!follows_go || !scratch)
		return 0;
	for (int i = 0; i < LEFT_MAX_OLD; i++)
		if (!go_leave_one_old(used))
			break;
	return is_left(scratch, used);
}

__noinline int go_settle_one_old(void)
{
	struct scratch *scratch = scratch_old();
	return follows_go && scratch ? settle_one(scratch, false) : 0;
}

__noinline int go_settle_old(void)
{
	struct scratch *scratch = scratch_old();
	if (!follows_go || !scratch)
		return 0;
	scratch->go.parent = 0;
	if (!locate(scratch, false) || !settle_begin(scratch, false))
		return 0;
	for (int i = 0; i < UP_MAX_OLD; i++)
		if (!go_settle_one_old())
			break;
	return 0;
}

__noinline int go_add_inner_old(__u64 ns)
{
	struct scratch *scratch = scratch_old();
	return follows_go && scratch ? add_inner(scratch, ns) : 0;
}

__noinline int go_push_old(__u32 site_id, __u32 counted)
{
	struct scratch *scratch = scratch_old();
	return follows_go && scratch ? push(scratch, site_id, counted) : 0;
}

__noinline int go_take_old(__u32 site_id)
{
	struct scratch *scratch = scratch_old();
	return follows_go && scratch ? take(scratch, site_id) : 0;
}

__noinline int go_sum_old(__u32 site_id, __u32 forgotten)
{
	struct scratch *scratch = scratch_old();
	return follows_go && summing && scratch ? sum(scratch, site_id, forgotten, STREAM_OLD) : 0;
}
