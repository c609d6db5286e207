/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/tally.bpf.h — -c and -C: system calls are counted where they happen.
 *
 * A row for each CPU: nobody waits for another one's cache line. From 7.2 on these programs may be
 * preempted by others of the same CPU, so all is added atomically.
 */
#ifndef UTRAIL_KERNEL_TALLY_BPF_H
#define UTRAIL_KERNEL_TALLY_BPF_H

#include "probe/fetch.bpf.h"
#include "probe/tally.h"

/* How often another program may get in between while a greatest value is written. */
#define TALLY_TRIES 8

/* By site. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tally_row);
} tallies SEC(".maps");

/* By number, of those that have no name, and share a site. What finds no room is in that row. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tally_row);
} other_tallies SEC(".maps");

/* The site of numbers that have none of their own; 0: they are not traced. */
const volatile __u32 other_calls_site = 0;

const volatile bool tally_calls = false;
/* And no event is made of them. */
const volatile bool tally_only = false;
/* enum syscall_status, the wanted ones; 0: all. */
const volatile __u32 statuses = 0;
const volatile __u32 sigreturn_number = 0;

/* MAX_ERRNO in include/linux/err.h */
static __always_inline bool tally_is_error(__s64 result)
{
	return result < 0 && result >= -4095;
}

static __always_inline __u32 tally_bucket(__u64 ns)
{
	__u32 bucket = 0;
	__u64 left = ns;
#pragma unroll
	for (__u32 bits = 32; bits; bits >>= 1) {
		if (left >> bits) {
			left >>= bits;
			bucket += bits;
		}
	}
	return bucket < TALLY_BUCKETS ? bucket : TALLY_BUCKETS - 1;
}

static __always_inline void tally_raise(__u64 *greatest, __u64 value, enum fetch_form form)
{
	if (form == FETCH_OLD) { /* not preempted, and without such atomics */
		if (*greatest < value)
			*greatest = value;
		return;
	}
#pragma unroll
	for (int i = 0; i < TALLY_TRIES; i++) {
		__u64 seen = *(volatile __u64 *)greatest;
		if (seen >= value || __sync_val_compare_and_swap(greatest, seen, value) == seen)
			return;
	}
}

static __always_inline struct tally_row *tally_row_of(__u32 site_id, __u32 number)
{
	__u32 zero = 0;
	if (site_id != other_calls_site)
		return bpf_map_lookup_elem(&tallies, &site_id);
	struct tally_row *row = bpf_map_lookup_elem(&other_tallies, &number);
	if (row)
		return row;
	/* There is no site 0: nothing is counted there. */
	struct tally_row *blank = bpf_map_lookup_elem(&tallies, &zero);
	if (blank)
		bpf_map_update_elem(&other_tallies, &number, blank, BPF_NOEXIST);
	row = bpf_map_lookup_elem(&other_tallies, &number);
	return row ? row : bpf_map_lookup_elem(&tallies, &site_id);
}

static __always_inline void tally_call(__u32 site_id, __u32 number, __s64 result, __u64 ns,
				       enum fetch_form form)
{
	if (!tally_calls)
		return;
	struct tally_row *row = tally_row_of(site_id, number);
	if (!row)
		return;
	__u32 bucket = tally_bucket(ns);
	barrier_var(bucket);
	if (bucket >= TALLY_BUCKETS)
		return;
	__sync_fetch_and_add(&row->calls, 1);
	if (tally_is_error(result))
		__sync_fetch_and_add(&row->errors, 1);
	__sync_fetch_and_add(&row->total_ns, ns);
	__sync_fetch_and_add(&row->buckets[bucket], 1);
	tally_raise(&row->max_ns, ns, form);
	tally_raise(&row->min_inverse_ns, ~ns, form);
}

/* It is not known how long it takes. */
static __always_inline void tally_one_way(__u32 site_id, __u32 number)
{
	if (!tally_calls)
		return;
	struct tally_row *row = tally_row_of(site_id, number);
	if (row)
		__sync_fetch_and_add(&row->calls, 1);
}

#endif
