/* SPDX-License-Identifier: Apache-2.0 */
/* uprobe/longjmp.h — where a function goes on with another stack pointer. Private to uprobe/. */
#ifndef UTRAIL_UPROBE_LONGJMP_H
#define UTRAIL_UPROBE_LONGJMP_H

#include "uprobe/walk.h"

#define LONGJMP_CALLS_MAX 8

struct longjmp_search {
	const struct decoder *decoder;
	uint64_t calls[LONGJMP_CALLS_MAX]; /* what the functions searched call, or jump to */
	size_t n_calls;			   /* those beyond are left out */
	/* Address of an instruction that may carry a probe, and that the stack pointer of
	 * longjmp()'s target is loaded before; 0: not found so far */
	uint64_t place;
};

/* One more function: `text` begins with it, and may hold what follows. */
void longjmp_search(struct longjmp_search *search, const struct code_part *text);

#endif
