/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/select.bpf.h — which processes belong to the trace, when they are chosen by what they are:
 * by name, user, control group.
 *
 * The verdict is kept in `targets`, and made anew when it can change: at fork, exec, a new name, a
 * move to another control group. A change of user has no tracepoint, so a process that hits a probe
 * and is not in the list is looked at again. Who matched once stays until its end or its next exec:
 * the calls that are open in it have their ends seen.
 */
#ifndef UTRAIL_KERNEL_SELECT_BPF_H
#define UTRAIL_KERNEL_SELECT_BPF_H

#include "stream/stream.bpf.h"

/* There is a choice to make. */
extern const volatile bool selecting;

/* Is this process, given by its first thread, one of those that were asked for? `comm`: the address
 * of its name. A global function, verified once; kernels before 5.12 take no pointers there. */
extern int select_matches(__u64 leader, __u64 comm);

/* Tells user space that a process belongs to the trace from now on: what it has mapped already is
 * looked through. */
extern int select_join(__u32 tgid);

static __always_inline bool select_task(struct task_struct *leader)
{
	return select_matches((__u64)leader, (__u64)leader + bpf_core_field_offset(leader->comm));
}

static __always_inline __u32 select_tgid(struct task_struct *task)
{
	return in_namespace
		       ? (__u32)select_number((__u64)BPF_CORE_READ(task, group_leader, thread_pid))
		       : (__u32)BPF_CORE_READ(task, tgid);
}

#endif
