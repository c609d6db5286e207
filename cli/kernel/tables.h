/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/tables.h — a probe set as the rows that BPF reads. */
#ifndef UTRAIL_CLI_KERNEL_TABLES_H
#define UTRAIL_CLI_KERNEL_TABLES_H

#include "common/array.h"
#include "common/err.h"
#include "probe/condition.h"
#include "probe/fetch.h"
#include "probe/probe.h"
#include "probe/rate.h"
#include "probe/site.h"

struct known_plan; /* private */

/* Sites share equal plans: ten thousand functions without types need one. Zeroed: ready for use. */
struct tables {
	ARRAY_OF(const struct fetch_plan *) plans; /* [0] is NULL: the empty plan */
	struct known_plan *known;
	ARRAY_OF(const struct filter *) filters; /* the same; [0] is NULL: every hit counts */
	struct known_plan *known_filters;
};

/* Numbers the distinct plans of the sites from `first` on, and writes the numbers into the sites.
 * The set may have grown since the last time. */
struct err *tables_number(struct tables *tables, struct probe_set *set, size_t first) must_check;
/* The sites from `first` on take user stacks, or only samples and what they need; before their rows
 * are filled. */
void tables_want_stacks(struct probe_set *set, size_t first, bool of_samples_only);
void tables_deinit(struct tables *tables);
/* Both fill memory that the BPF maps share with us, from row `first` (at least 1) on. */
void tables_fill_sites(const struct probe_set *set, size_t first, struct site *rows);
void tables_fill_plans(const struct tables *tables, size_t first, struct fetch_plan *rows);
/* The limit of each probe; `all`: of those that have none of their own, count 0: none. */
void tables_fill_rates(const struct probe_set *set, size_t first, const struct rate_limit *all,
		       struct rate_row *rows);
void tables_fill_filters(const struct tables *tables, size_t first, struct filter_plan *rows);

#endif
