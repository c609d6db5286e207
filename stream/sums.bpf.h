/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * stream/sums.bpf.h — `utrail stat`: hits are added up in rows, and no record is written.
 *
 * A row is a CPU's own, but sleepable programs are preempted in the middle of it: what is added is
 * added atomically.
 */
#ifndef UTRAIL_STREAM_SUMS_BPF_H
#define UTRAIL_STREAM_SUMS_BPF_H

#include "stream/stream.bpf.h"
#include "stream/sums.h"
#include "stream/where.bpf.h"

/* Preallocated: old kernels allow nothing else in tracing programs. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1);
	__type(key, struct sum_key);
	__type(value, struct sum_row);
} sum_rows __weak SEC(".maps");

/* What a fresh row is made from: too big for the BPF stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sum_row);
} blank_sum __weak SEC(".maps");

static __always_inline __u32 sum_parent(struct scratch *scratch)
{
	return scratch->depth ? scratch->top.site_id : 0;
}

static __always_inline struct sum_row *sum_row(__u32 parent, __u32 site_id, bool create)
{
	struct sum_key key = {parent, site_id};
	struct sum_row *row = bpf_map_lookup_elem(&sum_rows, &key);
	if (row || !create)
		return row;
	__u32 zero = 0;
	struct sum_row *blank = bpf_map_lookup_elem(&blank_sum, &zero);
	if (!blank)
		return NULL;
	/* Another CPU may have been first. */
	bpf_map_update_elem(&sum_rows, &key, blank, BPF_NOEXIST);
	return bpf_map_lookup_elem(&sum_rows, &key);
}

/* What was blocked and waited since then is in the total. */
static __always_inline void sum_add_where(struct scratch *scratch, struct sum_row *row,
					  __u64 blocked_ns, __u64 waited_ns)
{
	__sync_fetch_and_add(&row->blocked_ns, scratch->where_now.blocked_ns - blocked_ns);
	__sync_fetch_and_add(&row->waited_ns, scratch->where_now.waited_ns - waited_ns);
}

/* A hit in a function. False: there is no room for its row, and it was counted as lost. */
static __always_inline bool sum_add_begun_in(__u32 parent, __u32 site_id)
{
	struct sum_row *row = sum_row(parent, site_id, true);
	if (row)
		__sync_fetch_and_add(&row->begun, 1);
	else
		stream_count_loss(site_id, LOSS_TABLE_FULL);
	return row != NULL;
}

/* The same in the function on top. */
static __always_inline bool sum_add_begun(struct scratch *scratch, __u32 site_id)
{
	return sum_add_begun_in(sum_parent(scratch), site_id);
}

/* It was counted too early: its condition does not hold. */
static __always_inline void sum_take_back(__u32 parent, __u32 site_id)
{
	struct sum_row *row = sum_row(parent, site_id, false);
	if (row)
		__sync_fetch_and_add(&row->begun, -1);
}

static __always_inline __u32 sum_bucket(__u64 ns)
{
	__u32 bucket = 0;
#pragma unroll
	for (int bits = 32; bits; bits /= 2) {
		if (ns >> bits) {
			ns >>= bits;
			bucket += bits;
		}
	}
	return bucket < SUM_BUCKETS ? bucket : SUM_BUCKETS - 1;
}

/* Tried again when another task has changed it in the middle; that takes a preemption each. */
static __always_inline void sum_raise(__u64 *at, __u64 value, enum stream_form form)
{
	if (form == STREAM_OLD) {
		if (*at < value)
			*at = value;
		return;
	}
#pragma unroll
	for (int i = 0; i < 4; i++) {
		__u64 seen = *(volatile __u64 *)at;
		if (seen >= value || __sync_val_compare_and_swap(at, seen, value) == seen)
			return;
	}
}

static __always_inline void sum_add_time(struct sum_row *row, __u64 ns, __u64 self_ns,
					 enum stream_form form)
{
	__u32 bucket = sum_bucket(ns);
	barrier_var(bucket);
	if (bucket < SUM_BUCKETS)
		__sync_fetch_and_add(&row->histogram[bucket], 1);
	__sync_fetch_and_add(&row->ended, 1);
	__sync_fetch_and_add(&row->total_ns, ns);
	__sync_fetch_and_add(&row->self_ns, self_ns);
	sum_raise(&row->max_ns, ns, form);
	sum_raise(&row->min_inverted, ~ns, form);
}

/* The kernel's own range (MAX_ERRNO); that something was interrupted is an error, too. */
#define SUM_ERRNO_MAX 4095

/* The system call in flight, which began in scratch->parent_site, has returned. An exec may have
 * ended that function meanwhile. */
static __always_inline void sum_add_syscall(struct scratch *scratch, __s64 result,
					    enum stream_form form)
{
	__u64 ns = scratch->time_ns - scratch->syscall_time_ns;
	struct sum_row *row = sum_row(scratch->parent_site, scratch->syscall_site, false);
	if (scratch->depth)
		scratch->inner_ns += ns;
	if (!row)
		return;
	sum_add_time(row, ns, ns, form);
	if (tell_where)
		sum_add_where(scratch, row, scratch->syscall_where.blocked_ns,
			      scratch->syscall_where.waited_ns);
	if (result < 0 && result >= -SUM_ERRNO_MAX)
		__sync_fetch_and_add(&row->errors, 1);
}

/* --- functions; global ones, see the spans in stream/stream.bpf.h ----------------------------- */

/* 0: counted as lost. */
extern int sum_begin(struct scratch *scratch, __u32 site_id);
extern int sum_begin_old(__u32 site_id);

/* Ends the top, of which scratch->depth says already that it is gone. `forgotten`: enum
 * event_return_flags, when its condition does not hold. */
extern int sum_close(struct scratch *scratch, __u32 forgotten);
extern int sum_close_old(__u32 forgotten);

/* A call of this site has ended without a return; what it was in is on top. */
extern int sum_unwound(struct scratch *scratch, __u32 site_id);
extern int sum_unwound_old(__u32 site_id);

#endif
