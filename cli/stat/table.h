/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/stat/table.h — what `utrail stat` has counted: rows of the kernel's table put together by
 * what the user knows, and in the order in which they are shown.
 */
#ifndef UTRAIL_CLI_STAT_TABLE_H
#define UTRAIL_CLI_STAT_TABLE_H

#include "common/array.h"
#include "common/err.h"
#include "output/stat.h"
#include "probe/probe.h"
#include "stream/sums.h"

struct stat_edge; /* private */

/* Zeroed with `set`: ready for use. The set may grow. */
struct stat_table {
	const struct probe_set *set;
	struct stat_edge *edges;
	ARRAY_OF(struct output_stat) rows; /* as stat_table_sort() left them */
};

void stat_table_deinit(struct stat_table *table);
/* Before the kernel's rows are read anew. */
void stat_table_clear(struct stat_table *table);
/* What one CPU has counted for one key. Keys of the same probes are one: a marker has several
 * places. */
struct err *stat_table_add(struct stat_table *table, const struct sum_key *key,
			   const struct sum_row *row) must_check;
/* Makes the rows: functions by their time, and beneath each what happened in it. `since_last`: only
 * what came after stat_table_keep(). */
struct err *stat_table_sort(struct stat_table *table, bool since_last) must_check;
void stat_table_keep(struct stat_table *table);
/* All hits, of whatever kind. */
uint64_t stat_table_hits(const struct stat_table *table);

/* How many rows the kernel's table is given, on a machine with so many CPUs. `growing`: the set
 * will. */
uint32_t stat_table_size(const struct probe_set *set, bool growing, uint32_t cpus);

/* Adds `from`; of the shortest and the longest, those of both. */
void sum_row_add(struct sum_row *to, const struct sum_row *from);

#endif
