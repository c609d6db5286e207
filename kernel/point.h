/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel/point.h — what probes in the kernel have in common, whether they are tracepoints or
 * functions: one site each, an instant at each hit.
 */
#ifndef UTRAIL_KERNEL_POINT_H
#define UTRAIL_KERNEL_POINT_H

#include "common/err.h"
#include "probe/compile.h"
#include "probe/probe.h"

/* What a condition can name: in the order of the site's arguments. */
#define POINT_NAMES_MAX 32
struct point_names {
	struct condition_name items[POINT_NAMES_MAX];
	size_t count;
	struct condition_name result; /* its source; when has_result, site->results has its type */
	bool has_result;
};

/* What a spec names is there already; NULL: it is not. `name` is its own, without the spec's
 * offset; `module` is what stands before it. */
struct probe_site *point_find(const struct probe_set *set, const struct spec *spec,
			      const char *module, const char *name);
/* Another spec means it, too: a hit counts when either says so. */
struct err *point_join(struct probe_set *set, const struct spec *spec,
		       struct probe_site *site) must_check;
/* Can a path be told of this structure of the kernel? */
bool point_is_path(const char *structure);
/* A pointer to one is the value that was added last: its path is read with it. Nothing for other
 * structures. */
void point_add_path(struct plan_builder *builder, const char *structure);
/* The next argument of a site. */
void point_name(struct point_names *names, const struct fetch_source *source);
/* The condition of a spec at a site whose values are known. */
struct err *point_condition(struct probe_set *set, const struct spec *spec,
			    struct point_names *names, struct probe_site *site) must_check;
/* Adds it, with an empty plan. */
struct err *point_add(struct probe_set *set, const struct spec *spec, const char *module,
		      const char *name, struct probe_site **ret_site) must_check;
/* ERR_USAGE when a spec names more of `what` than `limit`. */
struct err *point_check_limit(size_t found, size_t limit, const struct spec *spec,
			      const char *what) must_check;
/* For the arguments of one: paths of descriptors are those of system calls. */
void point_plan_begin(struct plan_builder *builder, struct probe_set *set);
/* Ends the builder, also after the error `e`, which is passed on. */
struct err *point_plan_end(struct plan_builder *builder, struct err *e,
			   struct probe_site *site) must_check;
/* Takes the sites away again that a negated spec names. */
void point_remove(struct probe_set *set, const struct spec *spec);

#endif
