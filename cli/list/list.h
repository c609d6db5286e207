/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/list/list.h — what the files of `utrail list` share: list.c decides which files are looked
 * into, functions.c and markers.c what is shown of one, show.c and json.c how.
 */
#ifndef UTRAIL_CLI_LIST_LIST_H
#define UTRAIL_CLI_LIST_LIST_H

#include <jansson.h>

#include "cli/plan/plan.h"
#include "symbols/inlined.h"

struct listing {
	const struct options *options;
	struct plan plan;
	struct spec_list patterns; /* none: everything */
	struct arena arena;	   /* of the file at hand */
	size_t shown;
	const char *cut; /* path of a truncated file */
};

/* Is there a pattern for such things? No pattern means everything. */
bool list_wants(const struct listing *listing, bool usdt);
bool list_wants_kind(const struct spec *spec, bool usdt);
bool list_is_json(const struct listing *listing);
/* Nothing can be written any more: `list | head`, a full disk. */
bool list_is_unread(void);

struct err *list_functions(struct listing *listing, struct image *image,
			   const struct plan_module *module) must_check;
struct err *list_markers(struct listing *listing, struct image *image,
			 const struct plan_module *module) must_check;

/* --- one thing as a line of text, or as an object ----------------------------------------------
 */

/* A function, or what is left of one that lies in others' code alone (`function` NULL then). */
struct shown_function {
	const struct function *function;
	const char *name;
	const struct prototype *prototype; /* NULL: unknown */
	const char *file;		   /* NULL: unknown */
	unsigned int line;
	const char *entry;	 /* "emulated", "stepped", NULL: not asked, or refused */
	const char *instruction; /* under the probe */
	const char *refused;	 /* why no probe may sit there */
	const struct inlined_copy *copies;
	size_t n_copies;
	/* With -v: where this was learnt. NULL: nobody knows it */
	bool with_sources;
	const char *symtab, *debug;
};

/* One with a value in every marker: those of a marker lie anywhere in the file's list. */
struct shown_marker {
	const struct usdt_note *first;
	ARRAY_OF(const struct usdt_note *) notes;
};

void list_text_function(const char *module, const struct shown_function *shown);
void list_text_marker(const struct listing *listing, const char *module,
		      const struct shown_marker *marker);
struct err *list_json_function(const char *module, const struct shown_function *shown) must_check;
struct err *list_json_marker(struct listing *listing, struct image *image, const char *module,
			     const struct shown_marker *marker) must_check;

#endif
