/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * stream/where.bpf.c — --where: what a thread does while it is not running.
 *
 * From the moment in which it leaves the CPU by itself until it is woken it is blocked, from then
 * on (and when it was preempted) it waits for a CPU. Loaded only when asked for: the programs run
 * at every switch of the machine.
 */
#include "stream/where.bpf.h"
#include "stream/blocked.bpf.h"

const volatile bool tell_where = false;
/* Also of threads in which nothing is open. */
const volatile bool tell_all_blocked = false;
const volatile __s32 futex_number = -1;
const volatile __u64 fd_calls[FD_CALLS_WORDS] = {0};

/* --- off the CPU, and back -------------------------------------------------------------------- */

static __always_inline void leave(struct scratch *scratch, struct task_struct *task, bool preempt,
				  enum stream_form form)
{
	__u64 state = preempt ? 0 : state_of(task);
	where_is_back(scratch);
	scratch->woken_ns = 0;
	scratch->off_blocked = state != 0;
	scratch->off.from_ns = 0;
	scratch->off_ns = bpf_ktime_get_boot_ns();
	if (!where_is_told() || !state)
		return;
	if (!tell_all_blocked && !scratch->depth && !scratch->syscall_site)
		return;
	scratch->off.from_ns = scratch->off_ns;
	scratch->off.syscall_ns = scratch->syscall_site ? scratch->syscall_time_ns : 0;
	find_reason(&scratch->off, task, state, form);
}

static __always_inline void tell_blocked(struct scratch *scratch, __u64 now_ns, __u64 woken_ns,
					 enum stream_form form)
{
	struct {
		struct event_header header;
		struct event_blocked blocked;
	} record;
	if (!tracing)
		return;
	/* Any program may be interrupted by this one. */
	stream_header(&record.header, scratch->id, EVENT_BLOCKED, sizeof(record), 0, now_ns,
		      stream_interruptible(form));
	record.blocked = scratch->off;
	record.blocked.woken_ns = woken_ns;
	if (bpf_ringbuf_output(&ring, &record, sizeof(record),
			       stream_wake_flags(record.header.sequence)))
		stream_count_loss(0, LOSS_BOOKKEEPING);
}

static __always_inline void come_back(struct scratch *scratch, enum stream_form form)
{
	__u64 off = scratch->off_ns, now = bpf_ktime_get_boot_ns();
	if (!off)
		return;
	__u64 woken = where_add_off(scratch, off, now);
	if (where_is_told() && scratch->off.from_ns)
		tell_blocked(scratch, now, woken, form);
}

static __always_inline int on_switch(bool preempt, struct task_struct *prev,
				     struct task_struct *next, enum stream_form form)
{
	struct scratch *scratch = scratch_of(prev, form);
	if (scratch)
		leave(scratch, prev, preempt, form);
	scratch = scratch_of(next, form);
	if (scratch)
		come_back(scratch, form);
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
