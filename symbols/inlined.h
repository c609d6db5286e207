/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/inlined.h — the copies of functions that the compiler put in place of calls.
 *
 * Such a copy has no symbol, no entry and no return; it is a part of another function's code. To
 * find them all, every function body of the debug information is walked, which takes seconds for
 * the largest files: it is for whoever asks.
 */
#ifndef UTRAIL_SYMBOLS_INLINED_H
#define UTRAIL_SYMBOLS_INLINED_H

#include "common/array.h"
#include "symbols/symbols.h"

struct inlined_copy {
	const char *name; /* as its symbol would be shown */
	const char *file; /* where the function is written; NULL: unknown */
	unsigned int line;
	uint64_t address, offset; /* of its first instruction */
	const char *caller;	  /* whose code it is in; NULL: no symbol covers it */
	const char *call_file;	  /* where it is "called"; NULL: unknown */
	unsigned int call_line;
};

/* Names and files live as long as the image. */
struct inlined_list {
	ARRAY_OF(struct inlined_copy) copies;
	bool cut; /* there are more than anyone reads, or the debug information is damaged */
};

/*
 * The copies of the functions whose names are wanted, sorted by name, then address. None, without
 * an error, where there is no debug information.
 */
struct err *image_find_inlined(struct image *image, bool (*wanted)(void *context, const char *name),
			       void *context, struct inlined_list *ret) must_check;
void inlined_list_deinit(struct inlined_list *list);

#endif
