/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* kernel/select.h — what select.bpf.c tells user space. */
#ifndef UTRAIL_KERNEL_SELECT_H
#define UTRAIL_KERNEL_SELECT_H

#include <linux/types.h>

/* Bytes from the start of the kernel's structures: see probe/offsets.h. */
struct select_offsets {
	__u32 pid_level, pid_numbers, upid_size, upid_nr, upid_ns;
	__u32 css_set_cgroup, cgroup_node, cgroup_css, css_parent, css_cgroup, node_id;
	__u32 cred_uid;
};

/* A process has come to match. */
struct select_news {
	__u64 time_ns; /* CLOCK_BOOTTIME */
	__u32 tgid;    /* as we number processes */
	__u32 reserved;
};

#endif
