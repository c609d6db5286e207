/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* probe/kernel_read.bpf.h — reads of the kernel's structures at offsets that user space looked up.
 */
#ifndef UTRAIL_PROBE_KERNEL_READ_BPF_H
#define UTRAIL_PROBE_KERNEL_READ_BPF_H

#include "stream/stream.bpf.h"

extern const volatile struct fetch_offsets file_offsets;

/* 64-bit sizes, as in probe/fetch.bpf.c. */
static long (*const read_kernel)(void *to, __u64 size,
				 const void *from) = (void *)BPF_FUNC_probe_read_kernel;
static long (*const read_kernel_str)(void *to, __u64 size,
				     const void *from) = (void *)BPF_FUNC_probe_read_kernel_str;

/* The pointer or number of 8 bytes at a place in a structure; 0 when it cannot be read. */
#define FILE_READ(base, offset)                                            \
	({                                                                 \
		__u64 read_value = 0;                                      \
		read_kernel(&read_value, sizeof(read_value),               \
			    (const void *)((base) + file_offsets.offset)); \
		read_value;                                                \
	})

#endif
