/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/condition.h — the words behind `if`, and what the kernel makes of them.
 *
 *	n > 100 && path ~ "*.conf" && (ret < 0 || dur > 1ms)
 *
 * Parsing (condition_parse.c) knows the grammar alone, so that a mistake is found before anything
 * is looked for. What a name means depends on the probe: binding (condition_bind.c) finds it among
 * the probe's arguments, their members, `ret`, `dur`, `pid`, `tid`, `uid`, `gid`, `cpu` and `comm`,
 * with the types known there. Compiling (condition_compile.c) makes the decision graph of
 * probe/filter.h.
 *
 * Two specs that mean one place are joined: a hit counts when either says so (condition_either()).
 */
#ifndef UTRAIL_PROBE_CONDITION_H
#define UTRAIL_PROBE_CONDITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "probe/compile.h"
#include "probe/filter.h"
#include "symbols/type.h"

struct condition; /* parsed; private to condition*.c */

/* Something that a condition can name. */
struct condition_name {
	const char *name; /* "" or NULL: only by its number, arg1 */
	const struct type *type;
	struct fetch_source source; /* its `unavailable` says why it cannot be asked for */
	struct fetch_source length; /* of a counted text; n_ops 0: none */
	bool has_length;
	uint8_t file_of; /* a pointer to which texts are compared as the path: enum fetch_file_of */
};

/* What there is at one probe. */
struct condition_scope {
	const char *what;		    /* the probe as errors name it: "srv:f" */
	const struct condition_name *names; /* arg1 and on, in this order */
	size_t n_names;
	/* NULL: there is no result, and `no_result` says why ("a marker returns nothing"). */
	const struct condition_name *result;
	const char *no_result;
	const char *no_duration; /* NULL: there is one */
	bool is_syscall; /* `path` is its path, and `ret` may be asked by the names of errors */
	/* NULL: the thread at hand is the probe's; else why `uid`, `gid`, `comm` are not known. */
	const char *no_user;
};

struct filter {
	struct filter_plan plan;
	bool at_return; /* something of it is known only then */
	/* What is asked when, in words, a line each: "entry: n (int) > 100". */
	const char *words;
};

/* One of the two must hold; NULL always holds. NULL: it is so, or there is no memory: see ret. */
struct err *condition_either(struct arena *arena, const struct condition *a,
			     const struct condition *b, const struct condition **ret) must_check;
/* As typed; of several, with || between. NULL: no memory. */
const char *condition_text(const struct condition *condition, struct arena *arena);
/* `condition` NULL: *ret is NULL. Errors are ERR_USAGE, with a caret under the name. */
struct err *condition_compile(const struct condition *condition,
			      const struct condition_scope *scope, struct arena *arena,
			      const struct filter **ret) must_check;
/* Joins two filters that ask at the entry only: a hit counts when either says so. NULL counts all.
 */
struct err *filter_either(struct arena *arena, const struct filter *a, const struct filter *b,
			  const struct filter **ret) must_check;

/* What a filter says of words alone, the argument registers, at the entry; what it would have to
 * read, and what only the return tells, is unknown, and what stays unknown passes. `word` gives a
 * register's value. */
bool filter_passes_words(const struct filter_plan *plan,
			 bool (*word)(void *context, const struct fetch_op *op, uint64_t *ret),
			 void *context);

#endif
