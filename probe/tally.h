/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* probe/tally.h — what is counted of each system call with -c and -C. Shared with BPF. */
#ifndef UTRAIL_PROBE_TALLY_H
#define UTRAIL_PROBE_TALLY_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/* Bucket n: calls that took 2^n nanoseconds or more, and less than 2^(n+1); the first one from 0,
 * the last one without an end (39 hours). */
#define TALLY_BUCKETS 48

/* A row for each site and CPU. */
struct tally_row {
	__u64 calls;  /* what never returns is one, without a time */
	__u64 errors; /* results that are an error number, those that mean "again" among them */
	__u64 total_ns;
	__u64 max_ns;
	__u64 min_inverse_ns; /* ~ of the shortest, so that 0 is "none" */
	__u64 buckets[TALLY_BUCKETS];
};
_Static_assert(sizeof(struct tally_row) == (5UL + TALLY_BUCKETS) * 8, "shared table");

#endif
