/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output/changes.h — what a call has changed: the members that look different at its return.
 *
 * What is shown is what is compared: members within --depth and --max-members, strings up to -s,
 * the elements of an array that were copied. Of a pointer that leads elsewhere, its own number.
 */
#ifndef UTRAIL_OUTPUT_CHANGES_H
#define UTRAIL_OUTPUT_CHANGES_H

#include "output/shown.h"

#define CHANGES_PATH_MAX 256
/* Shown of one call. */
#define CHANGES_MAX 32

/* One member at both times, or why it could not be compared. */
struct changes_pair {
	const char *path; /* "st->at.x", "*n" */
	const struct shown *before, *after;
	const char *why_not; /* NULL: they are there */
};

struct changes_visitor {
	void *context;
	/* Are they the same? If not, and `take`, it is shown. */
	bool (*differs)(void *context, const struct changes_pair *pair, bool take);
};

/* Was it asked for in this event? */
bool changes_known(const struct stream_event *event);
/* Visits every member. *ret_more: more than CHANGES_MAX of them differ. */
void changes_walk(const struct shown_scope *scope, const struct changes_visitor *visitor,
		  bool *ret_more);

#endif
