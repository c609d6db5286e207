/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * stream/sums.h — `utrail stat`: what the programs add up instead of writing records.
 *
 * One row for each thing that was hit and the function it was hit in. Each CPU has its own copy of
 * a row; the sum of them is what happened. Rows are never taken away.
 */
#ifndef UTRAIL_STREAM_SUMS_H
#define UTRAIL_STREAM_SUMS_H

#ifndef __bpf__
#include <linux/types.h>
#endif

struct sum_key {
	__u32 parent; /* site of the innermost function that was open; 0: none */
	__u32 site;
};

/* The last one takes all that is longer: from 9 minutes on. */
#define SUM_BUCKETS 40

struct sum_row {
	__u64 begun;   /* hits; calls whose beginning was seen */
	__u64 ended;   /* of them, those with a duration */
	__u64 unwound; /* of them, those whose frame has gone without a return */
	__u64 errors;  /* of those that ended */
	__u64 total_ns;
	__u64 self_ns; /* without the calls and system calls inside that are counted, too */
	__u64 blocked_ns, waited_ns; /* of the total; only when asked for */
	__u64 max_ns;
	__u64 min_inverted;	      /* ~ of the shortest; 0: none has ended */
	__u64 histogram[SUM_BUCKETS]; /* [n]: from 2^n ns to below 2^(n+1); [0]: 0 as well */
};
_Static_assert(sizeof(struct sum_row) == 80 + SUM_BUCKETS * 8, "shared table");

#endif
