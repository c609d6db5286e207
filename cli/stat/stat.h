/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/stat/stat.h — `utrail stat`: who caused what, how often, how long.
 *
 * It is a trace like others, but its programs add hits up where they happen and write no record
 * (stream/sums.bpf.h). Here the sums are read, now and then or at the end, and shown.
 */
#ifndef UTRAIL_CLI_STAT_STAT_H
#define UTRAIL_CLI_STAT_STAT_H

#include "cli/kernel/kernel.h"
#include "cli/options/options.h"
#include "cli/plan/plan.h"
#include "common/err.h"
#include "output/output.h"
#include "stream/stream.h"

struct stats;

/* Of what the plan holds only what can be counted stays. */
void stats_plan(struct plan *plan);
/* All of them outlive it. */
struct err *stats_open(const struct options *options, const struct plan *plan,
		       struct stats **ret) must_check;
void stats_close(struct stats *stats); /* NULL is fine */
/* Losses and gaps go to the output, there is nothing else in the stream. */
struct stream_sink stats_sink(struct output *output);

/* Tracing begins. */
void stats_start(struct stats *stats, uint64_t now_ns);
/* Shows an interval when it is over. */
struct err *stats_look(struct stats *stats, const struct kernel *kernel, struct output *output,
		       uint64_t now_ns) must_check;
/* Shows all of it; the probes are out. */
struct err *stats_finish(struct stats *stats, const struct kernel *kernel, struct output *output,
			 uint64_t now_ns) must_check;
uint64_t stats_count(const struct stats *stats); /* hits, as they were last shown */

#endif
