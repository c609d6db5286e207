/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/child/sandbox.h — takes everything from this process but memory, the descriptors it is
 * handed and one socket. Private to symbols/child/.
 *
 * What holds: the system call filter. It lets through what reading, computing and answering take,
 * so that no path can be named to the kernel, no process seen, no socket made, no memory made
 * executable. The rest stands behind it in case it does not: no_new_privs, no capability, another
 * user where that is ours to choose, Landlock without a rule, limits on memory, time, files.
 */
#ifndef UTRAIL_SYMBOLS_CHILD_SANDBOX_H
#define UTRAIL_SYMBOLS_CHILD_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

struct sandbox_limits {
	uint64_t memory;      /* bytes of address space; 0: no limit */
	uint64_t file;	      /* bytes of a file that is written: in memory, there are no others */
	unsigned int seconds; /* of computing, from start to end */
};

/* For good. *ret_landlock: the kernel has it. An error: the process must not go on. */
struct err *sandbox_enter(const struct sandbox_limits *limits, bool *ret_landlock) must_check;

/* filter.c: the last step. What names a path is not refused but sent to the handler of SIGSYS, see
 * broker.h. */
struct err *sandbox_filter_calls(void) must_check;

#endif
