/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/sched.bpf.c — `sched`: each time that a thread was off its CPU, told when it has one
 * again. `sched:runq`: of that, how long it could have run and did not.
 *
 * It left the CPU by itself and is blocked until it is woken; from then on, or from the start when
 * it was preempted, it waits. All of this runs under the scheduler's locks: nothing is allocated,
 * and of the thread's own state only how deep it is in functions is read. What is known of threads
 * without a CPU is in a map of its own. Loaded only when asked for.
 */
#include "kernel/sched.h"
#include "kernel/kept_stack.bpf.h"
#include "stream/blocked.bpf.h"
#include "stream/sums.bpf.h"

const volatile __u32 sched_off_site = 0, sched_runq_site = 0;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct task_struct___flags {
	unsigned int flags;
};
#pragma clang attribute pop

/* include/linux/sched.h */
#define PF_EXITING 0x4

struct sched_thread {
	struct event_blocked off; /* .from_ns 0: it has a CPU */
	__u64 waker;		  /* as stream_current_id() */
	__u32 is_blocked;	  /* it did not want to run on */
	__u32 is_woken;		  /* waker is known */
	char waker_comm[EVENT_COMM];
};

/* By the kernel's own number of the thread; those that are traced, and left a CPU once. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct sched_thread);
} sched_threads SEC(".maps");

static __always_inline __u64 id_of(struct task_struct *task)
{
	if (!in_namespace)
		return (__u64)task->tgid << 32 | (__u32)task->pid;
	struct pid *process = BPF_CORE_READ(task, group_leader, thread_pid);
	struct pid *thread = BPF_CORE_READ(task, thread_pid);
	return (__u64)(__u32)select_number((__u64)process) << 32 |
	       (__u32)select_number((__u64)thread);
}

/* --- it leaves -------------------------------------------------------------------------------- */

static __always_inline void count_both(enum loss_cause cause)
{
	if (sched_off_site)
		stream_count_loss(sched_off_site, cause);
	if (sched_runq_site)
		stream_count_loss(sched_runq_site, cause);
}

/* It leaves the CPU, and by what we know it has none: that it came back was not seen. There are
 * machines whose kernel runs no program of ours while a certain process is the current one, to
 * which it may have come back from. */
static __always_inline void count_unseen(__u32 key)
{
	struct sched_thread *thread = bpf_map_lookup_elem(&sched_threads, &key);
	if (thread && thread->off.from_ns)
		count_both(LOSS_UNSEEN);
}

/* It does not come back, or only to go on ending: its end may be in the stream already, and nothing
 * comes after that. */
static __always_inline bool is_ending(struct task_struct *task)
{
	struct task_struct___flags *flagged = (void *)task;
	return BPF_CORE_READ(flagged, flags) & PF_EXITING;
}

static __always_inline void thread_leaves(void *ctx, struct task_struct *task, bool preempt,
					  enum fetch_form form)
{
	__u64 id = id_of(task), state = preempt ? 0 : state_of(task);
	__u32 key = task->pid;
	if (!stream_wants_process(id >> 32) || stream_awaits_exec(id >> 32))
		return;
	count_unseen(key);
	if (is_ending(task)) {
		bpf_map_delete_elem(&sched_threads, &key);
		kept_stack_drop(key);
		return;
	}
	struct sched_thread thread = {.is_blocked = state != 0};
	thread.off.from_ns = bpf_ktime_get_boot_ns();
	find_reason(&thread.off, task, state, form == FETCH_OLD ? STREAM_OLD : STREAM_ATOMIC);
	if (bpf_map_update_elem(&sched_threads, &key, &thread, BPF_ANY))
		count_both(LOSS_NO_STORAGE);
	/* It still is the current one, and goes on with the stack that it has now. */
	kept_stack_take(ctx, key, thread.off.from_ns, form);
	if (!summing)
		announce_current(id, form);
}

/* --- it is woken ------------------------------------------------------------------------------ */

static __always_inline struct sched_thread *blocked_thread(struct task_struct *task)
{
	__u32 key = task->pid;
	struct sched_thread *thread = bpf_map_lookup_elem(&sched_threads, &key);
	return thread && thread->off.from_ns && thread->is_blocked ? thread : NULL;
}

/* Where the waker still is the current one: a thread, or who an interrupt came to. */
static __always_inline int on_waking(struct task_struct *task)
{
	struct sched_thread *thread = blocked_thread(task);
	if (!thread || thread->off.woken_ns)
		return 0;
	thread->waker = stream_current_id();
	bpf_get_current_comm(thread->waker_comm, sizeof(thread->waker_comm));
	thread->is_woken = 1;
	return 0;
}

/* Where it stands in the queue of a CPU. */
static __always_inline int on_woken(struct task_struct *task)
{
	struct sched_thread *thread = blocked_thread(task);
	if (thread && !thread->off.woken_ns)
		thread->off.woken_ns = bpf_ktime_get_boot_ns();
	return 0;
}

/* --- it comes back ---------------------------------------------------------------------------- */

static __always_inline void set_registers(struct scratch *scratch, struct sched_thread *thread,
					  struct task_struct *task)
{
	__u64 *regs = scratch->regs, now = scratch->time_ns, woken = thread->off.woken_ns;
	if (!woken)
		woken = thread->is_blocked ? now : thread->off.from_ns;
	regs[SCHED_DURATION] = now - thread->off.from_ns;
	regs[SCHED_BLOCKED] = woken - thread->off.from_ns;
	regs[SCHED_WAITING] = now - woken;
	regs[SCHED_PREEMPTED] = !thread->is_blocked;
	regs[SCHED_IN] = (__u64)(__s64)thread->off.syscall;
	regs[SCHED_ON] = thread->off.on;
	regs[SCHED_LOCK] = thread->off.lock;
	regs[SCHED_WAKER_PID] = thread->is_woken ? thread->waker >> 32 : 0;
	regs[SCHED_WAKER_TID] = thread->is_woken ? (__u32)thread->waker : 0;
	regs[SCHED_WAKER] = thread->is_woken ? (__u64)thread->waker_comm : 0;
	regs[SCHED_COMM] = (__u64)task->comm;
}

/* In which functions it is. */
static __always_inline void set_depth(struct scratch *scratch, struct task_struct *task,
				      enum fetch_form form)
{
	struct scratch *thread = scratch_of(task, form == FETCH_OLD ? STREAM_OLD : STREAM_ATOMIC);
	scratch->depth = thread ? thread->depth : 0;
	scratch->top.number = thread && thread->depth ? thread->top.number : 0;
	scratch->top.site_id = thread && thread->depth ? thread->top.site_id : 0;
}

static __always_inline void sum_up(struct scratch *scratch, __u32 site_id, enum fetch_form form)
{
	__u64 ns = scratch->regs[site_id == sched_off_site ? SCHED_DURATION : SCHED_WAITING];
	struct sum_row *row = sum_row(sum_parent(scratch), site_id, true);
	if (!row) {
		stream_count_loss(site_id, LOSS_TABLE_FULL);
		return;
	}
	__sync_fetch_and_add(&row->begun, 1);
	sum_add_time(row, ns, ns, fetch_stream(form));
}

static __always_inline void tell(struct kernel_area *area, __u32 level, __u32 site_id,
				 struct sched_thread *thread, __u32 key, enum fetch_form form)
{
	struct scratch *scratch = &area->scratch;
	struct site *site = bpf_map_lookup_elem(&sites, &site_id);
	if (!site || !site->kind || !hit_passes(scratch, site, site_id, level, NULL, form))
		return;
	if (summing)
		return sum_up(scratch, site_id, form);
	fetch_begin(scratch, 0);
	kernel_fetch(site->entry_plan, level);
	kept_stack_send(site, site_id, level, key, thread->off.from_ns);
	struct event_header *header = stream_head(scratch, sizeof(*header));
	fill_header(area, header, EVENT_INSTANT, sizeof(*header) + scratch->position, site_id);
	header->unavailable = scratch->unavailable;
	if (!stream_emit(scratch, sizeof(*header)))
		stream_count_loss(site_id, LOSS_RING_FULL);
}

static __always_inline void tell_both(struct sched_thread *thread, struct task_struct *task,
				      enum fetch_form form)
{
	__u32 level = claim(form);
	struct kernel_area *area = bpf_map_lookup_elem(&kernel_areas, &level);
	if (!area)
		return count_both(LOSS_PROBE_BUSY);
	area->scratch.id = id_of(task);
	area->scratch.time_ns = bpf_ktime_get_boot_ns();
	set_registers(&area->scratch, thread, task);
	set_depth(&area->scratch, task, form);
	if (sched_off_site)
		tell(area, level, sched_off_site, thread, task->pid, form);
	if (sched_runq_site)
		tell(area, level, sched_runq_site, thread, task->pid, form);
	area->busy = 0;
}

static __always_inline int on_sched_switch(void *ctx, bool preempt, struct task_struct *prev,
					   struct task_struct *next, enum fetch_form form)
{
	__u32 key = next->pid;
	if (!tracing)
		return 0;
	thread_leaves(ctx, prev, preempt, form);
	struct sched_thread *thread = bpf_map_lookup_elem(&sched_threads, &key);
	if (!thread || !thread->off.from_ns)
		return 0;
	tell_both(thread, next, form);
	thread->off.from_ns = 0;
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(sched_switch_told, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return on_sched_switch(ctx, preempt, prev, next, FETCH_ATOMIC);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(old_sched_switch_told, bool preempt, struct task_struct *prev,
	     struct task_struct *next)
{
	return on_sched_switch(ctx, preempt, prev, next, FETCH_OLD);
}

SEC("tp_btf/sched_waking")
int BPF_PROG(sched_waking_told, struct task_struct *task)
{
	return on_waking(task);
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(sched_wakeup_told, struct task_struct *task)
{
	return on_woken(task);
}
