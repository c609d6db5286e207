/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/kernel/calls.h — which place in the kernel tells of the system calls of a run, and why that.
 */
#ifndef UTRAIL_CLI_KERNEL_CALLS_H
#define UTRAIL_CLI_KERNEL_CALLS_H

#include "common/err.h"
#include "kernel/backends.h"
#include "probe/probe.h"

struct call_choice {
	enum syscall_backend backend; /* never AUTO */
	const char *why;	      /* lives in the set, or is constant */
	const char *directory;	      /* tracefs's events; with TRACEPOINT */
	size_t unseen;		      /* calls of the set that it cannot see, noted in the set */
};

/*
 * For the system calls of the set. One that was asked for (not AUTO) and is not there, or sees none
 * of them, is ERR_UNSUPPORTED. AUTO: each call's own tracepoints when the calls are few and all of
 * them have one; else the BTF tracepoints, which every kernel has.
 */
struct err *calls_choose(enum syscall_backend asked, struct probe_set *set,
			 struct call_choice *ret) must_check;

/* Number of a tracepoint of a call ("enter", "exit") for perf; 0: there is none. */
uint64_t calls_tracepoint_id(const char *directory, const char *side, const char *call);

#endif
