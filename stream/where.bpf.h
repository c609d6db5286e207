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
