/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * probe/rate.h — how many events of a probe are let through in a window of time.
 *
 * One row for each site. All sites of a marker share the row of the first one.
 */
#ifndef UTRAIL_PROBE_RATE_H
#define UTRAIL_PROBE_RATE_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define RATE_COUNT_BITS 24
#define RATE_MAX	10000000 /* well below 2^24: each CPU may be one too far for a moment */

struct rate_row {
	/* What was let through, in the low bits, and above it the number of the window, which is
	 * one of the clock's multiples of the period: in one word, so that both change at once. */
	__u64 state;
	__u64 period_ns;
	__u32 limit;  /* 0: none */
	__u32 shared; /* the row that is counted in */
};
_Static_assert(sizeof(struct rate_row) == 24, "wire format");

#endif
