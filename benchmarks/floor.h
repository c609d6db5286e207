/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* floor.h — the one record of the smallest honest tracer, as its BPF side writes it. */
#ifndef UTRAIL_BENCHMARKS_FLOOR_H
#define UTRAIL_BENCHMARKS_FLOOR_H

#include <linux/types.h>

#define FLOOR_RING_BYTES (16U << 20)
/* The reader is woken once, when what waits crosses this; its timer does the rest. */
#define FLOOR_WAKE_BYTES (FLOOR_RING_BYTES / 8)
#define FLOOR_TEXT	 16

struct floor_event {
	__u64 time_ns; /* of the entry */
	__u32 tid;
	__u32 number; /* of the system call */
	union {
		struct {
			__u64 first, second;
			char text[FLOOR_TEXT];
		};
		__u64 arguments[4];
	};
	__u64 result;
	__u64 end_ns; /* system call: its return; else 0 */
};
_Static_assert(sizeof(struct floor_event) == 64, "the record that the limits are stated for");

#endif
