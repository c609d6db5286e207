/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/list/list.h — what the files of `utrail list` share: list.c decides which files are looked
 * into, functions.c and markers.c what is shown of one, text.c and json.c how, kept.c what of it is
 * for the next run.
 */
#ifndef UTRAIL_CLI_LIST_LIST_H
#define UTRAIL_CLI_LIST_LIST_H

#include <jansson.h>

#include "cli/list/out.h"
#include "cli/plan/plan.h"
#include "symbols/inlined.h"

struct listing {
	const struct options *options;
	struct plan plan;
	struct spec_list patterns; /* none: everything */
	struct arena arena;	   /* of the file at hand */
	struct list_out *out;
	size_t shown;
	const char *cut;	   /* path of a truncated file */
	struct cache *cache;	   /* of lists; NULL: none */
	uint64_t started_ns;	   /* CLOCK_REALTIME */
	struct plan_modules files; /* that were named */
};

/* Is there a pattern for such things? No pattern means everything. */
bool list_wants(const struct listing *listing, bool usdt);
bool list_wants_kind(const struct spec *spec, bool usdt);
bool list_is_json(const struct listing *listing);
/* Nothing can be written any more: `list | head`, a full disk. */
bool list_is_unread(const struct listing *listing);

/* Does a pattern mean the function of that file? */
bool list_wants_function(const struct listing *listing, const char *path, const char *name,
			 const char *symbol);
/*
 * The names alone of all functions that are wanted, where there is no more to say of each: there
 * are more than `few`, or nobody knows their types. Else *ret_done is false, and nothing shown.
 */
struct err *list_names(struct listing *listing, struct image *image,
		       const struct plan_module *module, size_t few, bool *ret_done) must_check;
struct err *list_functions(struct listing *listing, struct image *image,
			   const struct plan_module *module) must_check;
struct err *list_markers(struct listing *listing, struct image *image,
			 const struct plan_module *module) must_check;

/*
 * kept.c: what an earlier run has said of this file, if nothing has changed since. False: nothing
 * was shown, and it has to be read.
 */
bool list_kept_show(struct listing *listing, const struct plan_module *module);
/*
 * What is written between these two is kept for the next run, unless list_kept_give_up() says that
 * it is not all there is to say. The first answers what the second wants to know: how many things
 * were shown before.
 */
size_t list_kept_begin(struct listing *listing, const struct plan_module *module);
void list_kept_end(struct listing *listing, const struct plan_module *module,
		   const struct image *image, size_t shown_before);
void list_kept_give_up(struct listing *listing);

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

void list_text_function(FILE *out, const char *module, const struct shown_function *shown);
void list_text_marker(const struct listing *listing, const char *module,
		      const struct shown_marker *marker);
struct err *list_json_function(FILE *out, const char *module,
			       const struct shown_function *shown) must_check;
struct err *list_json_marker(struct listing *listing, struct image *image, const char *module,
			     const struct shown_marker *marker) must_check;

#endif
