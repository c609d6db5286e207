/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel/views.h — views of the kernel: `tcp` and what else is told of a part of the kernel as
 * events of its own, from several tracepoints, for whom it is done (docs/decisions/17).
 *
 * A view is a row: its word, its events with their fields. An event is a site like any other, whose
 * plan reads the fields from the record that the view's programs fill in (kernel/view_records.h):
 * conditions, rates, text, JSON and sums come with that. Which programs these are, and what they
 * are attached to, is in the table of cli/kernel/views.c.
 */
#ifndef UTRAIL_KERNEL_VIEWS_H
#define UTRAIL_KERNEL_VIEWS_H

#include "kernel/view_records.h"
#include "probe/probe.h"

struct view_field {
	const char *name;
	const struct type *type;
	uint32_t offset; /* in the record */
	/* It says again what another one says: for conditions and JSON. */
	bool quiet;
};

struct view_event {
	const char *name;
	enum view_number number;
	const struct view_field *fields;
	size_t n_fields;
	bool by_default;   /* part of the bare word */
	bool has_duration; /* mostly: what began before tracing has none */
	bool may_fail;	   /* `utrail stat` counts errors */
	bool no_stack;	   /* a packet or a timer causes it, never a thread */
};

struct view {
	enum probe_kind kind; /* whose word is that of the view */
	const struct view_event *events;
	size_t n_events;
};

extern const struct view view_tcp, view_block;

/* NULL: it is none of a view. */
const struct view *view_of_kind(enum probe_kind kind);
/* The events that a spec names: the bare word those that come by default, `tcp:*` all. */
struct err *views_add_probes(struct probe_set *set, const struct spec *spec) must_check;
/* The site of an event, 0 when it is not asked for. */
uint32_t views_site(const struct probe_set *set, enum view_number number);
/* Is any event of this view asked for? */
bool views_want(const struct probe_set *set, enum probe_kind kind);

#endif
