/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * stream/where.bpf.c — --where: what a thread does while it is not running.
 *
 * From the moment in which it leaves the CPU by itself until it is woken it is blocked, from then
 * on (and when it was preempted) it waits for a CPU. Loaded only when asked for: the programs run
 * at every switch of the machine.
 */
#include "stream/where.bpf.h"

const volatile bool tell_where = false;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct task_struct___state {
	unsigned int __state; /* from 5.14 on */
};
struct task_struct___old_state {
	long state;
};
#pragma clang attribute pop

/* TASK_RUNNING, include/linux/sched.h: it has yielded. */
static __always_inline bool is_runnable(struct task_struct *task)
{
	struct task_struct___state *now = (void *)task;
	struct task_struct___old_state *old = (void *)task;
	if (bpf_core_field_exists(now->__state))
		return BPF_CORE_READ(now, __state) == 0;
	return BPF_CORE_READ(old, state) == 0;
}

/* Those that have none were not seen yet, or are not traced. */
static __always_inline struct scratch *scratch_of(struct task_struct *task, enum stream_form form)
{
	__u32 tid = task->pid;
	if (form == STREAM_OLD)
		return bpf_map_lookup_elem(&thread_scratches, &tid);
	return bpf_task_storage_get(&task_scratches, task, NULL, 0);
}

static __always_inline void leave(struct scratch *scratch, bool blocks)
{
	scratch->woken_ns = 0;
	scratch->off_blocked = blocks;
	scratch->off_ns = bpf_ktime_get_boot_ns();
}

static __always_inline void come_back(struct scratch *scratch)
{
	__u64 off = scratch->off_ns, now = bpf_ktime_get_boot_ns();
	__u64 woken = scratch->woken_ns;
	if (!off)
		return;
	/* Not seen to be woken: it was blocked all the time. */
	if (!woken)
		woken = scratch->off_blocked ? now : off;
	scratch->blocked_ns += woken - off;
	scratch->waited_ns += now - woken;
	scratch->off_ns = 0;
}

static __always_inline int on_switch(bool preempt, struct task_struct *prev,
				     struct task_struct *next, enum stream_form form)
{
	struct scratch *scratch = scratch_of(prev, form);
	if (scratch)
		leave(scratch, !preempt && !is_runnable(prev));
	scratch = scratch_of(next, form);
	if (scratch)
		come_back(scratch);
	return 0;
}

/* It is not switched to before this. */
static __always_inline int on_wakeup(struct task_struct *task, enum stream_form form)
{
	struct scratch *scratch = scratch_of(task, form);
	if (scratch && scratch->off_ns && scratch->off_blocked && !scratch->woken_ns)
		scratch->woken_ns = bpf_ktime_get_boot_ns();
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(where_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return on_switch(preempt, prev, next, STREAM_ATOMIC);
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(where_wakeup, struct task_struct *task)
{
	return on_wakeup(task, STREAM_ATOMIC);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(old_where_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return on_switch(preempt, prev, next, STREAM_OLD);
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(old_where_wakeup, struct task_struct *task)
{
	return on_wakeup(task, STREAM_OLD);
}
