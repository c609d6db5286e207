/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* kernel/status.h — how a system call ended, in strace's words: bits of --status. */
#ifndef UTRAIL_KERNEL_STATUS_H
#define UTRAIL_KERNEL_STATUS_H

enum syscall_status {
	STATUS_SUCCESSFUL = 1,
	STATUS_FAILED = 2,
	STATUS_UNFINISHED = 4, /* exit and the like: it never returns */
	STATUS_DETACHED = 8,   /* still running when tracing ended; decided in user space */
};

#endif
