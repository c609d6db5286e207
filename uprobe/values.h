/* SPDX-License-Identifier: Apache-2.0 */
/* uprobe/values.h — what is read at a function's entry and return. Private to uprobe/. */
#ifndef UTRAIL_UPROBE_VALUES_H
#define UTRAIL_UPROBE_VALUES_H

#include "probe/probe.h"

/* More than a plan has slots for; what is beyond is left out. */
#define VALUES_PARAMETERS_MAX 64

/* The plans and values of one function, to be put into its sites. */
struct function_values {
	const struct fetch_plan *entry_plan, *return_plan;
	struct value_list arguments, results;
	const struct value_change *changes;
	size_t n_changes;
	bool has_outputs; /* some of the arguments are read at the return */
};

struct fetch_source;

/*
 * Where the parameters are at the function's start, and behind them those that are named as a
 * length and not listed, which are taken for integers. `ret` has room for VALUES_PARAMETERS_MAX;
 * returns how many there are.
 */
uint32_t values_sources(unsigned int machine, const struct prototype *prototype, bool is_rust,
			struct fetch_source *ret);

/* Where the result is when the function returns; a type for it where none is known. */
void values_place_result(unsigned int machine, const struct prototype *prototype,
			 const struct type *type, bool is_rust, struct fetch_source *ret);

/* The register of the instruction pointer. */
uint8_t values_pc(unsigned int machine);

/* A pointer, of what the call fills in: where nothing is read at the return. */
const struct type *values_entry_type(const struct type *type);

/*
 * Parameters and result as the spec gives them, else as the image knows them. Where nobody knows,
 * there are no arguments, and the result is the register's number in hex. Types given by hand stay
 * the spec's: it must live as long as the set. `returns`: the return is seen, and what the call
 * fills in is read there; else it is a pointer.
 */
struct err *values_compile(struct probe_set *set, struct image *image,
			   const struct function *function, const struct spec *spec, bool returns,
			   struct function_values *ret) must_check;

/* What tells a call whose entry and end are told of by themselves (SITE_GO). */
struct call_key {
	bool by_stack;
	uint32_t goid; /* where in the goroutine's structure its number is, 0: not known */
};

/* The same for a function with such calls: both plans begin with that. */
struct err *values_compile_halves(struct probe_set *set, struct image *image,
				  const struct function *function, const struct spec *spec,
				  const struct call_key *key,
				  struct function_values *ret) must_check;

/* Parameters and result alone; at most VALUES_PARAMETERS_MAX. `source` NULL: nobody knows them. The
 * arena may have parts of it. */
struct err *values_prototype(struct image *image, const struct function *function,
			     const struct spec *spec, struct arena *arena,
			     struct prototype *ret) must_check;

#endif
