/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream/spans.h — spans between any two probes: `lock ~~ unlock by arg1`.
 *
 * Stands before a sink, takes the events of the probes that begin and end spans out of the stream,
 * and gives STREAM_SPAN events in their place. The key is the thread, or an argument's value in one
 * process. Of several that are open with one key, the last that began ends first. A span with a
 * loss of its probes between its ends has no duration: another end may have been its own.
 */
#ifndef UTRAIL_STREAM_SPANS_H
#define UTRAIL_STREAM_SPANS_H

#include "common/err.h"
#include "stream/stream.h"

/* More that are open at a time are not followed, and told as such. */
#define SPANS_OPEN_MAX (1U << 20)

enum span_side { SPAN_NONE = 0, SPAN_BEGIN = 1, SPAN_END = 2 }; /* bits */

struct span_pair {
	const char *name; /* "lock ~~ unlock" */
	bool has_key;	  /* else it is the thread */
};

/* The value that both ends of a span have. */
struct span_key {
	uint64_t number;
	bool is_hex;
	const char *text; /* NULL: a number */
	uint32_t length;
};

struct spans_options {
	struct stream_sink sink;       /* where everything goes */
	const struct span_pair *pairs; /* copied; their names outlive the spans */
	size_t n_pairs;
	void *context;
	/* What this probe is to a pair: enum span_side. */
	unsigned int (*side)(void *context, size_t pair, const struct probe_site *site);
	/* The key of one side; false: this event does not have it. */
	bool (*key)(void *context, size_t pair, enum span_side side,
		    const struct stream_event *event, struct span_key *ret);
	/* Are its own events shown, too? */
	bool (*is_shown)(void *context, const struct probe_site *site);
	bool show_exec, show_exit; /* events that the stream delivers for our sake are not */
	uint64_t max_events;	   /* 0: no limit */
	bool where;		   /* spans are told with where their time went */
	bool from_start; /* all of the targets are traced from their first instruction on */
};

struct spans;

struct err *spans_create(const struct spans_options *options, struct spans **ret) must_check;
void spans_destroy(struct spans *spans); /* NULL is fine */
struct stream_sink spans_sink(struct spans *spans);
/* Tells those that are still open; the stream is finished. */
struct err *spans_finish(struct spans *spans) must_check;
/* Events that were given to the sink, losses not included. */
uint64_t spans_count(const struct spans *spans);
bool spans_are_full(const struct spans *spans); /* max_events were given */

#endif
