/* SPDX-License-Identifier: Apache-2.0 */
/* uprobe/condition.h — what a condition can name at a function. Private to uprobe/. */
#ifndef UTRAIL_UPROBE_CONDITION_H
#define UTRAIL_UPROBE_CONDITION_H

#include "probe/probe.h"

/*
 * Compiles `condition` (NULL: none) for a site at a function's start, or, with `function` NULL, for
 * a place inside of one, where no arguments are known. `spec` gives types, as for values_compile();
 * `no_return`: why the return is not seen, NULL: it is.
 */
struct err *function_condition(struct probe_set *set, struct image *image,
			       const struct function *function, const struct spec *spec,
			       const struct condition *condition, const struct probe_site *site,
			       const char *no_return, const struct filter **ret) must_check;

/* The same for one place inside of a function, where these names stand for values. */
struct err *place_condition(struct probe_set *set, const struct condition_name *names,
			    size_t n_names, const struct condition *condition,
			    const struct probe_site *site, const struct filter **ret) must_check;

/* The site at `offset` is there already, for an earlier spec: a hit counts when either says so. */
struct err *function_join_conditions(struct probe_set *set, struct image *image,
				     const struct function *function, const struct spec *spec,
				     uint64_t offset) must_check;

#endif
