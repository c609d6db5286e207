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

#include "stream/goroutines.h"
#include "stream/losses.h"
#include "stream/tasks.h"

/* Of one stream, to which all that is pointed to belongs. */
struct nesting {
	const struct stream_options *options;
	struct stream_counts *counts;
	struct losses *losses;
	struct tasks tasks;
	struct goroutines goroutines;
	uint64_t began_ns;    /* tracing; 0: not told */
	struct task *waiting; /* whose system call is shown next; NULL: none is */
	bool ends;	      /* entries of system calls are not shown any more */
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

/* What a slot that could not be read is called: in the kernel nobody waits for a page. */
const char *nesting_unreadable(const struct nesting *nesting, const struct probe_site *site);
/* The event that an entry's copy stands for, without its ending. False: foreign bytes. */
bool nesting_span_event(const struct nesting *nesting, const struct task *task,
			const struct open_span *span, struct slots *arguments,
			struct stream_event *ret);
/* ENDING_UNWOUND, or what is known better. */
enum stream_ending nesting_explain_ending(struct nesting *nesting, uint32_t site_id,
					  enum stream_ending ending);

struct stream_event arrival_event(const struct arrival *arrival, enum stream_event_kind kind);
/* Counts it. */
struct err *nesting_malformed(struct nesting *nesting) must_check;
/* Something that is whole, with the stack that came before it. */
struct err *nesting_deliver_with_stack(struct nesting *nesting, const struct arrival *arrival,
				       struct stream_event *event, bool was_opened) must_check;
/* calls.c */
struct err *nesting_call_entry(struct nesting *nesting, const struct arrival *arrival) must_check;
/* Something else is to be shown, or it takes long: what waits is. */
struct err *nesting_call_break(struct nesting *nesting) must_check;
/* What a system call that is running was given, as its entry has it: when there is one, of a call
 * with these words. `ret` points into the task's copy. */
bool nesting_call_arguments(struct nesting *nesting, const struct task *task,
			    const struct probe_site *site, const struct slots *words,
			    struct slots *ret);
/* The call that began then has returned; 0: some call of that site. Has the sink its entry? */
bool nesting_call_end(struct nesting *nesting, struct task *task, const struct probe_site *site,
		      uint64_t began_ns);
void nesting_call_forget(struct nesting *nesting, struct task *task);
/* stacks.c */
struct err *nesting_stack(struct nesting *nesting, const struct arrival *arrival) must_check;
/* where.c */
struct err *nesting_blocked(struct nesting *nesting, const struct arrival *arrival) must_check;
/* views.c */
struct err *nesting_view(struct nesting *nesting, const struct arrival *arrival) must_check;
struct err *nesting_entry(struct nesting *nesting, const struct arrival *arrival) must_check;
struct err *nesting_return(struct nesting *nesting, const struct arrival *arrival) must_check;

/* --- kernel_spans.c --------------------------------------------------------------------------- */

struct err *kernel_spans_entry(struct nesting *nesting, const struct arrival *arrival) must_check;
struct err *kernel_spans_return(struct nesting *nesting, const struct arrival *arrival) must_check;
/* As nesting_open(), of those in the kernel. */
struct err *kernel_spans_open(struct nesting *nesting, struct task *task) must_check;
/* `left` of them are left. */
struct err *kernel_spans_leave(struct nesting *nesting, struct task *task, size_t left,
			       enum stream_ending ending) must_check;
/* The thread was outside of the kernel then, or at its door: ends what was left open without a
 * return being seen. */
struct err *kernel_spans_outside(struct nesting *nesting, struct task *task,
				 uint64_t time_ns) must_check;

#endif
