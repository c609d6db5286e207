/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream/nesting.h — from records in order of time to whole events in their place: entries are
 * paired with returns, and everything else is told inside of the spans that are open around it.
 * Private to stream/.
 *
 * BPF says of every record how many spans are open around it. Where fewer are than we know of, the
 * innermost were left without a return.
 */
#ifndef UTRAIL_STREAM_NESTING_H
#define UTRAIL_STREAM_NESTING_H

#include "stream/losses.h"
#include "stream/tasks.h"

/* Of one stream, to which all that is pointed to belongs. */
struct nesting {
	const struct stream_options *options;
	struct stream_counts *counts;
	struct losses *losses;
	struct tasks tasks;
};

/* Takes the next record, whose size was checked; `late`: one with a later time was taken before.
 * Malformed ones are counted, not an error. */
struct err *nesting_take(struct nesting *nesting, const struct event_header *header,
			 bool late) must_check;

/* max_events were delivered. */
bool nesting_is_full(const struct nesting *nesting);
/* NULL: no such site. */
const struct probe_site *nesting_site(const struct nesting *nesting, uint32_t site_id);
/* The sink learns of the spans around what comes next, the outermost first. */
struct err *nesting_open(struct nesting *nesting, struct task *task) must_check;
/* Hands an event to the sink, unless that has had enough. */
struct err *nesting_deliver(struct nesting *nesting, const struct stream_event *event,
			    bool was_opened) must_check;
/* Ends the spans that BPF no longer has: `depth` of them are left. */
struct err *nesting_leave(struct nesting *nesting, struct task *task, uint32_t depth,
			  enum stream_ending ending) must_check;

/* --- what nesting.c and records.c share ------------------------------------------------------ */

/* One record, taken apart. */
struct arrival {
	const struct event_header *header;
	const void *body; /* what follows the header */
	size_t size;	  /* of it */
	struct task *task;
	bool late;
	/* What the thread had done by then, and at the entry of a system call; NULL: not there */
	const struct event_where *where, *where_entry;
};

struct stream_event arrival_event(const struct arrival *arrival, enum stream_event_kind kind);
/* Counts it. */
struct err *nesting_malformed(struct nesting *nesting) must_check;
/* Something that is whole, with the stack that came before it. */
struct err *nesting_deliver_with_stack(struct nesting *nesting, const struct arrival *arrival,
				       struct stream_event *event) must_check;
/* stacks.c */
struct err *nesting_stack(struct nesting *nesting, const struct arrival *arrival) must_check;
/* where.c */
struct err *nesting_blocked(struct nesting *nesting, const struct arrival *arrival) must_check;
struct err *nesting_entry(struct nesting *nesting, const struct arrival *arrival) must_check;
struct err *nesting_return(struct nesting *nesting, const struct arrival *arrival) must_check;

#endif
