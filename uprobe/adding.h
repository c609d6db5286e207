/* SPDX-License-Identifier: Apache-2.0 */
/* uprobe/adding.h — what the files that add probes share: probes.c, lines.c. Private to uprobe/. */
#ifndef UTRAIL_UPROBE_ADDING_H
#define UTRAIL_UPROBE_ADDING_H

#include "uprobe/code.h"
#include "uprobe/values.h"

/* One call of uprobe_add_probes(). */
struct adding {
	struct probe_set *set;
	struct image *image;
	struct code_file file;
	const char *module; /* the set's */
	const struct spec *spec;
	const struct uprobe_options *options;
	const char *return_why;	  /* the set's */
	ARRAY_OF(uint64_t) taken; /* sorted: what this image has already, see key_of() */
	size_t refused, added;
	uint32_t goid; /* where in its structure the number of a goroutine is; 0: not known */
	bool has_goid; /* it was looked for */
};

/* Where a probe goes. */
struct place {
	const char *name;		 /* as shown */
	const struct function *function; /* NULL: an address that is no function's start */
	struct instruction at;
	struct code code; /* functions only */
	struct function_values values;
	/* What a condition can name here, in place of the function's parameters; NULL: those */
	const struct condition_name *names;
	size_t n_names;
};

/* --- probes.c ---------------------------------------------------------------------------------
 */

bool adding_has(const struct adding *adding, uint64_t offset, enum probe_kind kind);
/* A pattern goes on without the function; a name means that function. */
struct err *adding_refuse(struct adding *adding, const char *name, const char *why) must_check;
struct err *adding_site(struct adding *adding, const struct probe *probe, uint32_t kind,
			const struct instruction *at, struct probe_site **ret) must_check;
/* One place, at which a hit is an event. */
struct err *adding_instant(struct adding *adding, const struct place *place) must_check;

/* Is its return seen? */
static inline bool adding_is_span(enum probe_kind kind)
{
	return kind == PROBE_CALL || kind == PROBE_URETPROBE;
}

/* --- again.c ---------------------------------------------------------------------------------- */

/* It is probed already, as an earlier spec said. Types given by hand now are meant for it. */
struct err *adding_retype(struct adding *adding, const struct function *function,
			  uint64_t offset) must_check;
/*
 * A call and a return alone of one function: each is a span, and of two with one stack pointer the
 * second shows that the first is over. So they are one, the call, which says more. *ret_joined.
 */
struct err *adding_join_spans(struct adding *adding, const struct function *function,
			      uint64_t offset, const char *name, bool *ret_joined) must_check;

/* --- lines.c ----------------------------------------------------------------------------------
 */

/* All places of the spec's source line; none, without an error, when the file has no such line. */
struct err *lines_add(struct adding *adding) must_check;

/* --- locals.c ---------------------------------------------------------------------------------
 */

/* What is in scope at an address; `outwards` and `line` as for image_variables_at(). Lives as long
 * as the set and the image. */
struct err *locals_find(struct adding *adding, uint64_t address, size_t outwards, unsigned int line,
			struct place *ret) must_check;

#endif
