/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream/where.h — --where: what a thread did between two moments.
 *
 * It ran, it waited for a CPU, or it was blocked: the three add up to the time between, to the
 * nanosecond, as all are differences of totals that the kernel side takes with the time. In what it
 * was blocked is told by records of their own; what is not told so, or is of too many kinds, is the
 * difference between the parts and the whole.
 */
#ifndef UTRAIL_STREAM_WHERE_H
#define UTRAIL_STREAM_WHERE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream/event.h"

/* Kinds that are told apart; of more, the time alone is known. */
#define WHERE_PARTS_MAX 32

/* Blocked in one thing. */
struct where_part {
	int32_t syscall; /* number, or BLOCKED_OUTSIDE */
	uint32_t on;	 /* enum blocked_on */
	uint64_t lock;	 /* 0: no futex */
	uint64_t ns;
};

struct where_parts {
	size_t count;
	struct where_part items[WHERE_PARTS_MAX];
};

struct stream_where {
	const char *unknown; /* why nothing is known; NULL: all of the following is */
	uint64_t cpu_ns, waiting_ns, blocked_ns;
	uint64_t minor_faults, major_faults;
	const struct where_parts *parts; /* of blocked_ns; NULL: nothing is told of it */
	uint64_t rest_ns;		 /* of blocked_ns: what the parts do not tell */
};

/* Adds to *parts, which is made when there is none yet. False: out of memory. */
bool where_add(struct where_parts **parts, const struct event_blocked *blocked, uint64_t until_ns);
/* The same of parts as a whole. */
bool where_add_all(struct where_parts **parts, const struct where_parts *more);

/* What lies between two totals of one thread, `duration_ns` apart; NULL: not there. */
struct stream_where where_between(const struct event_where *begin, const struct event_where *end,
				  uint64_t duration_ns, const struct where_parts *parts);

const char *blocked_on_name(uint32_t on); /* "socket"; NULL: nothing is known */

#endif
