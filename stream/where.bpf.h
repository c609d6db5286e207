/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * stream/where.bpf.h — --where: how long a thread was off its CPU, since it was first seen; and
 * how long it was by then when each of its open spans began.
 */
#ifndef UTRAIL_STREAM_WHERE_BPF_H
#define UTRAIL_STREAM_WHERE_BPF_H

#include "stream/stream.bpf.h"

struct where_frame {
	__u64 blocked_ns, waited_ns;
};

/* By the depth of the span: the outermost one first. */
struct where_frames {
	struct where_frame frames[SPANS_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct where_frames);
} task_where __weak SEC(".maps");

/* See thread_scratches in stream/state.bpf.h. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OLD_KERNEL_THREADS);
	__type(key, __u32);
	__type(value, struct where_frames);
} thread_where __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct where_frames);
} blank_where __weak SEC(".maps");

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct task_struct___faults {
	unsigned long min_flt, maj_flt;
};
#pragma clang attribute pop

/* It was off its CPU since `off_ns`. When it was woken. */
static __always_inline __u64 where_add_off(struct scratch *scratch, __u64 off_ns, __u64 now_ns)
{
	__u64 woken_ns = scratch->woken_ns;
	/* Not seen to be woken: it was blocked all the time. */
	if (!woken_ns)
		woken_ns = scratch->off_blocked ? now_ns : off_ns;
	scratch->blocked_ns += woken_ns - off_ns;
	scratch->waited_ns += now_ns - woken_ns;
	scratch->off_ns = 0;
	return woken_ns;
}

/*
 * The thread runs. If it is still taken to be off its CPU, its coming back was not seen: there are
 * kernels that run no program at some of the switches (docs/kernel-support.md). Since when it runs
 * nobody knows, which is told; sums take it to be since now.
 */
static __always_inline void where_is_back(struct scratch *scratch)
{
	__u64 off_ns = *(volatile __u64 *)&scratch->off_ns;
	if (!off_ns)
		return;
	where_add_off(scratch, off_ns, bpf_ktime_get_boot_ns());
	scratch->unseen++;
}

/* False: it was preempted in between. */
static __always_inline bool where_note_totals(struct scratch *scratch)
{
	volatile __u64 *blocked_ns = &scratch->blocked_ns, *waited_ns = &scratch->waited_ns;
	scratch->where_now.blocked_ns = *blocked_ns;
	scratch->where_now.waited_ns = *waited_ns;
	scratch->time_ns = bpf_ktime_get_boot_ns();
	return scratch->where_now.blocked_ns == *blocked_ns &&
	       scratch->where_now.waited_ns == *waited_ns;
}

/*
 * The time of the hit, and what the thread had done by then: of one moment. That it is preempted
 * between the two twice in a row takes a time slice of a few instructions.
 */
static __always_inline void where_note(struct scratch *scratch)
{
	if (!tell_where) {
		scratch->time_ns = bpf_ktime_get_boot_ns();
		return;
	}
	where_is_back(scratch);
	if (!where_note_totals(scratch))
		where_note_totals(scratch);
	scratch->where_now.unseen = scratch->unseen;
	struct task_struct___faults *task = (void *)bpf_get_current_task();
	bpf_core_read(&scratch->where_now.minor_faults, sizeof(__u64), &task->min_flt);
	bpf_core_read(&scratch->where_now.major_faults, sizeof(__u64), &task->maj_flt);
}

/* Is it told with each record? */
static __always_inline bool where_is_told(void)
{
	return tell_where && !summing;
}

/* Makes room behind the header of the record that is built in the scratch area. Word by word, from
 * the front: the two places overlap. */
static __always_inline struct event_where *where_insert(struct scratch *scratch, __u32 head_size,
							__u32 size)
{
	struct event_header *header = stream_head(scratch, head_size + size);
	volatile __u64 *to = (void *)header, *from = stream_head(scratch, head_size);
#pragma unroll
	for (unsigned int i = 0; i < sizeof(*header) / sizeof(*to); i++)
		to[i] = from[i];
	header->kind |= EVENT_HAS_WHERE;
	header->size += size;
	return (void *)(header + 1);
}

/* stream_emit() for what a thread does itself, in its own scratch area. */
static __always_inline bool where_emit(struct scratch *scratch, __u32 head_size)
{
	if (!where_is_told())
		return stream_emit(scratch, head_size);
	*where_insert(scratch, head_size, sizeof(struct event_where)) = scratch->where_now;
	return stream_emit(scratch, head_size + sizeof(struct event_where));
}

/* The same of a system call, which has two ends. */
static __always_inline bool where_emit_both(struct scratch *scratch, __u32 head_size)
{
	if (!where_is_told())
		return stream_emit(scratch, head_size);
	struct event_where *where =
		where_insert(scratch, head_size, 2 * sizeof(struct event_where));
	where[0] = scratch->where_now;
	where[1] = scratch->syscall_where;
	return stream_emit(scratch, head_size + 2 * sizeof(struct event_where));
}

/* After where_emit() has found no room. */
static __always_inline bool where_emit_again(struct scratch *scratch, __u32 head_size)
{
	return where_is_told() ? stream_emit(scratch, head_size + sizeof(struct event_where))
			       : stream_emit(scratch, head_size);
}

/* The frame of depth `depth`, from 0 on; NULL: no memory. */
static __always_inline struct where_frame *where_frame(__u64 id, __u32 depth, enum stream_form form)
{
	struct where_frames *where;
	if (form == STREAM_OLD)
		where = stream_old_entry(&thread_where, &blank_where, (__u32)id, true);
	else
		where = bpf_task_storage_get(&task_where, bpf_get_current_task_btf(), NULL,
					     BPF_LOCAL_STORAGE_GET_F_CREATE);
	barrier_var(depth);
	return where ? &where->frames[depth & (SPANS_MAX - 1)] : NULL;
}

#endif
