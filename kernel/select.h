/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* kernel/select.h — what select.bpf.c tells user space. */
#ifndef UTRAIL_KERNEL_SELECT_H
#define UTRAIL_KERNEL_SELECT_H

#include <linux/types.h>

/* A process has come to match. */
struct select_news {
	__u64 time_ns; /* CLOCK_BOOTTIME */
	__u32 tgid;    /* as we number processes */
	__u32 reserved;
};

#endif
