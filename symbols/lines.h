/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/lines.h — from a line of source to its code.
 *
 * An optimised line lies in several stretches, and a line of an inlined function in each of its
 * copies: all are found. The line tables of all units are read for it, as a header's lines may be
 * in any of them.
 */
#ifndef UTRAIL_SYMBOLS_LINES_H
#define UTRAIL_SYMBOLS_LINES_H

#include "common/array.h"
#include "symbols/symbols.h"

/* Where a stretch of the line begins, at a statement. */
struct line_place {
	uint64_t address, offset;
	uint64_t instance; /* the copy of the function that it is in; the same number, the same copy
			    */
	bool is_empty;	   /* the compiler left no instruction: what follows is another line's */
};

struct line_search {
	ARRAY_OF(struct line_place) places; /* sorted by address */
	/* The files that the words may mean, normalised; several: the words are ambiguous. */
	ARRAY_OF(const char *) files;
	/* The nearest lines of these files that have code; 0: none. */
	unsigned int before, after;
	bool has_lines; /* there is a line table at all */
};

/*
 * `file` is a path or the end of one: "parser.c", "src/parser.c". Nothing found is no error.
 * Strings live as long as the image.
 */
struct err *image_find_line(struct image *image, const char *file, unsigned int line,
			    struct line_search *ret) must_check;
void line_search_deinit(struct line_search *search);

/* Is `wanted` the path, or the end of it behind a '/'? "./" and "//" do not matter. */
bool line_file_matches(const char *path, const char *wanted);
/* Without ".", "//" and "x/.."; `buffer` has room for strlen(path) + 1. */
void line_file_normalise(const char *path, char *buffer);

#endif
