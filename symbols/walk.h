/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/walk.h — all functions of a file, one behind the other, for those who go through them
 * once.
 *
 * image_functions() has all of them at the same time, symbols and everything, and the names that
 * people read are asked for besides: ten megabytes for a large library. A walk has some hundreds
 * at a time, with their names.
 */
#ifndef UTRAIL_SYMBOLS_WALK_H
#define UTRAIL_SYMBOLS_WALK_H

#include "symbols/symbols.h"

struct function_walk;

struct walk_wish {
	size_t least; /* of fewer functions, none is told */
	bool untyped; /* where types may be known, neither: walk_has_types() */
	bool symbols; /* names in the symbol table, too */
};

/* `image` outlives the walk. */
struct err *walk_begin(struct image *image, const struct walk_wish *wish,
		       struct function_walk **ret) must_check;
/* How many functions there are. */
size_t walk_total(const struct function_walk *walk);
/* May image_prototype() or image_source_line() know anything? False where it was not asked for. */
bool walk_has_types(const struct function_walk *walk);
/*
 * The next in the order of image_functions(), until the next call: where it is, how it is called,
 * its symbol when that was wished for. *ret NULL: that was all.
 */
struct err *walk_next(struct function_walk *walk, const struct function **ret,
		      const char **ret_name) must_check;
void walk_end(struct function_walk *walk); /* NULL is fine */
void walk_endp(struct function_walk **walk);

#endif
