/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output/tally.h — the table of system calls of -c and -C, as strace prints it, and how long each
 * call took, by powers of two.
 */
#ifndef UTRAIL_OUTPUT_TALLY_H
#define UTRAIL_OUTPUT_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/array.h"
#include "common/err.h"
#include "probe/tally.h"

struct output;

struct tally {
	const char *name;
	uint64_t calls, errors;
	uint64_t running; /* had not returned when tracing ended; not among the calls */
	uint64_t total_ns, min_ns, max_ns;
	uint64_t buckets[TALLY_BUCKETS]; /* as in struct tally_row */
};

struct tally_list {
	ARRAY_OF(struct tally) rows;
	struct arena names; /* of those that have none of their own */
};

/* By strace's names, in its order. */
enum tally_column {
	TALLY_TIME_PERCENT,
	TALLY_TOTAL_TIME,
	TALLY_MIN_TIME,
	TALLY_MAX_TIME,
	TALLY_AVG_TIME,
	TALLY_CALLS,
	TALLY_ERRORS,
	TALLY_NAME,
	TALLY_COLUMNS,
};

struct tally_layout {
	enum tally_column columns[TALLY_COLUMNS];
	size_t n_columns; /* 0: those of strace */
	enum tally_column sort;
	bool unsorted; /* the order of the numbers of the calls */
};

/* -S and -U, as strace reads them. Errors are ERR_USAGE. */
struct err *tally_parse_sort(const char *text, struct tally_layout *layout) must_check;
struct err *tally_parse_columns(const char *text, struct tally_layout *layout) must_check;

/* The greatest first, names from A on. */
void tally_sort(struct tally_list *list, const struct tally_layout *layout);
/* Text: the table, then the histograms. JSON: an object for each call. */
struct err *output_tallies(struct output *output, const struct tally_list *list,
			   const struct tally_layout *layout) must_check;

#endif
