/* SPDX-License-Identifier: Apache-2.0 */
/* uprobe/values.h — what is read at a function's entry and return. Private to uprobe/. */
#ifndef UTRAIL_UPROBE_VALUES_H
#define UTRAIL_UPROBE_VALUES_H

#include "probe/probe.h"

/* The plans and values of one function, to be put into its sites. */
struct function_values {
	const struct fetch_plan *entry_plan, *return_plan;
	struct value_list arguments, results;
};

/*
 * Parameters and result as the spec gives them, else as the image knows them. Where nobody knows,
 * there are no arguments, and the result is the register's number in hex. Types given by hand stay
 * the spec's: it must live as long as the set.
 */
struct err *values_compile(struct probe_set *set, struct image *image,
			   const struct function *function, const struct spec *spec,
			   struct function_values *ret) must_check;

#endif
