/* SPDX-License-Identifier: Apache-2.0 */
/* output/sched.h — an event of `sched`: what its values say. Private to output/. */
#ifndef UTRAIL_OUTPUT_SCHED_H
#define UTRAIL_OUTPUT_SCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "stream/stream.h"

struct sched_shown {
	bool is_preempted;
	uint64_t blocked_ns, waiting_ns;
	const char *in;	   /* system call, or "page fault"; NULL: preempted */
	int32_t in_number; /* when it has no name */
	const char *on;	   /* NULL: not known */
	uint64_t lock;	   /* of a futex; 0: none */
	bool is_woken;	   /* who woke it is known */
	uint32_t pid, tid; /* of the waker */
	const char *comm;  /* not NUL-terminated */
	uint32_t comm_length;
};

/* False: the event is not of `sched`. */
bool sched_shown(const struct stream_event *event, struct sched_shown *ret);

#endif
