/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/stop.h — processes that are stopped because they have mapped a file that is not known yet.
 * Memory that the programs in the kernel, the collector and the waker (cli/process/waker.h) share.
 */
#ifndef UTRAIL_KERNEL_STOP_H
#define UTRAIL_KERNEL_STOP_H

#include <linux/types.h>

#define STOP_SLOTS 64

/* Without a sign of life from the waker for this long nobody is stopped: who would wake them? */
#define STOP_PULSE_NS 1000000000ULL

enum stop_state {
	STOP_FREE,
	STOP_FILLED,  /* by a program of the kernel, at this moment */
	STOP_CLAIMED, /* its signal is on its way, or was delivered */
	STOP_RELEASED /* by the collector: the waker lets it go on */
};

struct stop_file {
	__u64 inode;
	__u32 device;  /* major << 20 | minor, as in the kernel */
	__u32 in_exec; /* the program itself; what else the exec mapped goes with it */
};

struct stop_slot {
	__u32 state; /* claimed by compare and swap */
	__u32 tgid;  /* as we number processes */
	__u64 time_ns;
	struct stop_file file;
};

struct stop_table {
	__u32 enabled;
	__u32 reserved;
	__u64 pulse_ns; /* CLOCK_BOOTTIME */
	struct stop_slot slots[STOP_SLOTS];
};

#endif
