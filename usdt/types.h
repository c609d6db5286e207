/* SPDX-License-Identifier: Apache-2.0 */
/* usdt/types.h — what the arguments of well-known markers mean: usdt/types.txt. Private to usdt/.
 */
#ifndef UTRAIL_USDT_TYPES_H
#define UTRAIL_USDT_TYPES_H

#include "common/arena.h"
#include "common/err.h"
#include "symbols/type.h"
#include "usdt/usdt.h"

/* Compiled in from types.txt, sorted by marker. */
struct types_row {
	const char *marker; /* "python:line"; "postgresql:buffer__read__done/7" */
	const char *types;  /* "str filename, str funcname, int lineno" */
};
extern const struct types_row types_table[];
extern const size_t types_table_count;

/*
 * The arguments of a marker that has n_operands of them, as the table has them; *ret_count is 0
 * when it is not in there. A parameter whose type is NULL is as the note says.
 */
struct err *types_of_marker(const char *provider, const char *name, size_t n_operands,
			    struct arena *arena, const struct parameter **ret,
			    size_t *ret_count) must_check;
/* The same for the text of one row. Words that are not understood have type NULL. */
struct err *types_parse(const char *text, struct arena *arena, const struct parameter **ret,
			size_t *ret_count) must_check;

/*
 * The type that an operand is shown with. `wanted` (NULL: nobody said) comes from the user or the
 * table and knows no sizes: the operand's own size wins, so that exactly its bytes are read. When
 * the two cannot go together, *ret_why says why and the value is not to be had, else it is NULL.
 */
struct err *types_fit(const struct usdt_operand *operand, const struct type *wanted,
		      struct arena *arena, const struct type **ret,
		      const char **ret_why) must_check;

/* A number and nothing else, in the place of a TYPE_WORD, which may lead to a text. */
extern const struct type types_number;

/* The parameter's name, or "arg1" for the first; NULL when out of memory. */
const char *types_name(const struct parameter *parameter, size_t index, struct arena *arena);

#endif
