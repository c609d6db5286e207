/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* kernel/span.h — what BPF and user space agree on about calls of functions of the kernel. */
#ifndef UTRAIL_KERNEL_SPAN_H
#define UTRAIL_KERNEL_SPAN_H

/* Calls that are open at once; those of threads that ended inside of one stay. */
#define KERNEL_CALLS_MAX 16384

#endif
