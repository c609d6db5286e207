/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* probe/rate.bpf.c — rate limits: see probe/rate.h. */
#include "probe/rate.bpf.h"

const volatile bool has_rates = false;

#define COUNT_MASK ((1ULL << RATE_COUNT_BITS) - 1)

static __always_inline struct rate_row *rate_row(__u32 site_id)
{
	struct rate_row *row = bpf_map_lookup_elem(&rates, &site_id);
	if (!row || !row->limit || row->shared == site_id)
		return row;
	__u32 shared = row->shared;
	return bpf_map_lookup_elem(&rates, &shared);
}

static __always_inline __u64 rate_window(const struct rate_row *row, __u64 now_ns)
{
	return row->period_ns ? now_ns / row->period_ns : 0;
}

static __always_inline bool is_before(__u64 state, __u64 window)
{
	return state >> RATE_COUNT_BITS < window;
}

/* A hit may be counted later than it happened, when another CPU has opened the next window. How
 * much room its own had left is forgotten by then, and that of the next is not for it: it does not
 * pass, or a window could show more than was asked for. */
static __always_inline bool is_after(__u64 state, __u64 window)
{
	return state >> RATE_COUNT_BITS > window;
}

/* Others may count at the same time, or open the next window. Nobody waits: who is always
 * overtaken does not pass. */
__noinline int rate_allows_preemptible(__u32 site_id, __u64 now_ns)
{
	struct rate_row *row = has_rates ? rate_row(site_id) : NULL;
	if (!row || !row->limit)
		return 1;
	__u64 window = rate_window(row, now_ns);
	for (int i = 0; i < 8; i++) {
		__u64 seen = *(volatile __u64 *)&row->state;
		if (is_before(seen, window)) {
			__u64 fresh = window << RATE_COUNT_BITS | 1;
			if (__sync_val_compare_and_swap(&row->state, seen, fresh) == seen)
				return 1;
			continue;
		}
		/* Without counting on: the number stays far from the window's bits. */
		if (is_after(seen, window) || (seen & COUNT_MASK) >= row->limit)
			break;
		seen = __sync_fetch_and_add(&row->state, 1);
		if (!is_after(seen, window) && (seen & COUNT_MASK) < row->limit)
			return 1;
	}
	return 0;
}

/* Kernels before 5.12 have no such atomics: two CPUs may let one more through together. */
__noinline int rate_allows_old(__u32 site_id, __u64 now_ns)
{
	struct rate_row *row = has_rates ? rate_row(site_id) : NULL;
	if (!row || !row->limit)
		return 1;
	__u64 window = rate_window(row, now_ns);
	__u64 seen = *(volatile __u64 *)&row->state;
	if (is_before(seen, window))
		seen = window << RATE_COUNT_BITS;
	if (!is_after(seen, window) && (seen & COUNT_MASK) < row->limit) {
		*(volatile __u64 *)&row->state = seen + 1;
		return 1;
	}
	return 0;
}
