/* SPDX-License-Identifier: Apache-2.0 */
/* cli/tables.h — a probe set as the rows that BPF reads. */
#ifndef UTRAIL_CLI_TABLES_H
#define UTRAIL_CLI_TABLES_H

#include "common/err.h"
#include "probe/fetch.h"
#include "probe/probe.h"
#include "probe/site.h"

/* Sites share equal plans: ten thousand functions without types need one. */
struct tables {
	const struct fetch_plan **plans; /* [0] is NULL: the empty plan */
	size_t n_plans;
};

/* Numbers the distinct plans and writes the numbers into the sites. */
struct err *tables_make(struct probe_set *set, struct tables *ret) must_check;
void tables_deinit(struct tables *tables);
/* Both fill memory that the BPF maps share with us. */
void tables_fill_sites(const struct probe_set *set, struct site *rows);
void tables_fill_plans(const struct tables *tables, struct fetch_plan *rows);

#endif
