/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output/stat.h — `utrail stat`: what was added up, as a table or as one JSON object a row.
 *
 *	   CALLS  ERRORS     TOTAL      SELF       MIN       AVG       P99       MAX
 *	    1000       0    12.3ms    2.10ms    9.10us    12.3us    32.8us     140us  srv:handle
 *	    1000       4    10.2ms         -    5.20us    10.2us    16.4us    98.1us    write
 */
#ifndef UTRAIL_OUTPUT_STAT_H
#define UTRAIL_OUTPUT_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "output/output.h"
#include "stream/sums.h"

enum output_stat_use {
	STAT_IN_BOTH,
	STAT_IN_TEXT, /* a sum of what JSON has one by one; without a probe: a title */
	STAT_IN_JSON,
};

struct output_stat {
	const struct probe *probe;
	const struct probe *inside; /* the innermost function around it; NULL: none */
	enum output_stat_use use;
	bool is_span;  /* a function: its own time differs from all of its time */
	bool has_end;  /* a call that can be told to be unfinished */
	bool may_fail; /* errors are counted */
	/* How long its thread was off its CPU is not its own: in any thread (Go), or of nobody. */
	bool no_where;
	bool is_nested; /* text: beneath the row before that is not */
	struct sum_row sum;
};

struct output_stats {
	const struct output_stat *rows;
	size_t n_rows;
	uint64_t interval;	     /* its number, from 1 on; 0: the whole run */
	uint64_t time_ns, period_ns; /* the end, CLOCK_BOOTTIME, and the time until then */
	bool titled;		     /* text: several tables come, each says what it is of */
	bool histograms;	     /* text */
	bool where;		     /* what was blocked and waited is known */
};

/* Shortest and longest are those of the run, so only its table has them. */
struct err *output_stats(struct output *output, const struct output_stats *stats) must_check;

/* Of the total, what was neither blocked nor waited. */
uint64_t stat_cpu(const struct sum_row *sum);

/* How long `percent` of all calls took at most, as far as the histogram knows. */
uint64_t stat_quantile(const struct sum_row *sum, unsigned int percent);

#endif
