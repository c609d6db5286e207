/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel/backends.h — the places at which the kernel tells of system calls, and what each of them
 * is good for. A run takes one of them: two would tell of every call twice.
 */
#ifndef UTRAIL_KERNEL_BACKENDS_H
#define UTRAIL_KERNEL_BACKENDS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"
#include "kernel/syscalls.h"

/* In the order of their names on the command line. */
enum syscall_backend {
	SYSCALLS_AUTO,
	SYSCALLS_TP_BTF,
	SYSCALLS_RAW_TP,
	SYSCALLS_TRACEPOINT,
	SYSCALLS_SLEEPABLE,
	SYSCALLS_FENTRY,
	SYSCALLS_KPROBE_MULTI,
	SYSCALLS_KPROBE,
	SYSCALL_BACKENDS,
};

struct syscall_backend_info {
	const char *name;
	const char *place;  /* in words: what it attaches to */
	const char *others; /* what it costs the calls of processes that are not traced */
	bool by_call;	    /* it is attached to each call that is traced; else to all of them */
	size_t calls_max;   /* that it can serve in one run; 0: all */
};

const struct syscall_backend_info *syscall_backend_info(enum syscall_backend backend);

/* So many calls or fewer are traced one by one: all the other calls of the machine then cost their
 * processes a third. */
#define SYSCALLS_FEW 3

/* How the kernel's sources name a call, which is how its tracepoints and functions are named:
 * "newfstat" for fstat. */
const char *syscall_kernel_name(const char *name);

/* What stands before that in the name of the function that does it on this architecture. */
#if defined(__x86_64__)
#define SYSCALL_FUNCTION "__x64_sys_"
#else
#define SYSCALL_FUNCTION "__arm64_sys_"
#endif

/* Does this kernel have it? Found by trying; NULL: yes. All but AUTO; needs privilege. What is
 * there for some of the calls only counts as there. */
struct err *syscall_backend_try(enum syscall_backend backend) must_check;
/* Are hits counted that the kernel did not give to the programs of such an event (6.7)? */
bool syscall_events_count_misses(void);

#endif
