/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stat/stat.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "cli/stat/table.h"
#include "common/cleanup.h"

struct stats {
	const struct options *options;
	struct stat_table table;
	struct sum_row *values; /* one a CPU */
	int cpus;
	uint64_t began_ns, shown_ns, interval_ns, intervals;
};

void stats_plan(struct plan *plan)
{
	plan->show_fork = plan->show_exec = plan->show_exit = false;
}

/* --- a run ------------------------------------------------------------------------------------ */

void stats_close(struct stats *stats)
{
	if (!stats)
		return;
	stat_table_deinit(&stats->table);
	free(stats->values);
	free(stats);
}

static void stats_closep(struct stats **stats)
{
	stats_close(*stats);
}

struct err *stats_open(const struct options *options, const struct plan *plan, struct stats **ret)
{
	_cleanup_(stats_closep) struct stats *stats = calloc(1, sizeof(*stats));
	if (!stats)
		return &err_nomem;
	stats->options = options;
	stats->table.set = &plan->set;
	stats->interval_ns = (uint64_t)(options->interval_s * 1e9);
	stats->cpus = libbpf_num_possible_cpus();
	if (stats->cpus < 1)
		return err_new(ERR_FAILED, -stats->cpus, "counting the machine's CPUs");
	stats->values = calloc((size_t)stats->cpus, sizeof(*stats->values));
	if (!stats->values)
		return &err_nomem;
	*ret = take_ptr(stats);
	return NULL;
}

static struct err *pass_on(void *output, const struct stream_event *event, bool was_opened)
{
	if (event->kind == STREAM_LOST || event->kind == STREAM_MISSED || event->kind == STREAM_GAP)
		return output_event(output, event, was_opened);
	return NULL;
}

struct stream_sink stats_sink(struct output *output)
{
	return (struct stream_sink){.context = output, .event = pass_on};
}

void stats_start(struct stats *stats, uint64_t now_ns)
{
	stats->began_ns = stats->shown_ns = now_ns;
}

static struct err *read_rows(struct stats *stats, int fd)
{
	struct sum_key key, next;
	struct err *e = NULL;
	bool any = false;
	stat_table_clear(&stats->table);
	/* Rows are added meanwhile, but never taken away: no key of ours is unknown there. */
	while (!e && bpf_map_get_next_key(fd, any ? &key : NULL, &next) == 0) {
		key = next;
		any = true;
		if (bpf_map_lookup_elem(fd, &key, stats->values) != 0)
			return err_new(ERR_FAILED, errno, "reading what was counted");
		for (int i = 0; !e && i < stats->cpus; i++)
			e = stat_table_add(&stats->table, &key, &stats->values[i]);
	}
	return e;
}

static struct err *show(struct stats *stats, struct output *output, uint64_t now_ns,
			uint64_t interval)
{
	struct err *e = stat_table_sort(&stats->table, interval != 0);
	const struct output_stats shown = {
		.rows = stats->table.rows.items,
		.n_rows = stats->table.rows.count,
		.interval = interval,
		.time_ns = now_ns,
		.period_ns = now_ns - (interval ? stats->shown_ns : stats->began_ns),
		.titled = stats->interval_ns != 0,
		.histograms = stats->options->histogram,
		.where = stats->options->where,
	};
	return e ? e : output_stats(output, &shown);
}

struct err *stats_look(struct stats *stats, const struct kernel *kernel, struct output *output,
		       uint64_t now_ns)
{
	if (!stats->interval_ns || now_ns - stats->shown_ns < stats->interval_ns)
		return NULL;
	struct err *e = read_rows(stats, kernel_sums_fd(kernel));
	e = e ? e : show(stats, output, now_ns, ++stats->intervals);
	stat_table_keep(&stats->table);
	stats->shown_ns = now_ns;
	return e;
}

struct err *stats_finish(struct stats *stats, const struct kernel *kernel, struct output *output,
			 uint64_t now_ns)
{
	struct err *e = read_rows(stats, kernel_sums_fd(kernel));
	return e ? e : show(stats, output, now_ns, 0);
}

uint64_t stats_count(const struct stats *stats)
{
	return stat_table_hits(&stats->table);
}
