/* SPDX-License-Identifier: Apache-2.0 */
#include "output/stat_json.h"

#include "output/json.h"

static const char *kind_of(const struct output_stat *row)
{
	if ((row->probe->kind >= PROBE_KERNEL && row->probe->kind <= PROBE_RAWTRACEPOINT) ||
	    row->probe->kind >= PROBE_TCP)
		return probe_kind_name(row->probe->kind);
	if (row->is_span)
		return "call";
	if (row->probe->kind == PROBE_SYSCALL)
		return "syscall";
	return row->probe->kind == PROBE_USDT	 ? "usdt"
	       : row->probe->kind == PROBE_CPU	 ? "sample"
	       : row->probe->kind == PROBE_SCHED ? "sched"
						 : "probe";
}

/* [[1024, 12], [2048, 3]]: from so many nanoseconds on, up to the double */
static json_t *json_histogram(struct output *output, const struct sum_row *sum)
{
	json_t *array = json_array();
	for (unsigned int i = 0; i < SUM_BUCKETS; i++) {
		if (!sum->histogram[i])
			continue;
		json_t *pair = json_array();
		if (json_array_append_new(pair, json_unsigned(i ? 1ULL << i : 0)) != 0 ||
		    json_array_append_new(pair, json_unsigned(sum->histogram[i])) != 0 ||
		    json_array_append_new(array, pair) != 0)
			output->nomem = true;
	}
	return array;
}

static void set_times(struct output *output, json_t *line, const struct output_stats *stats,
		      const struct output_stat *row)
{
	const struct sum_row *sum = &row->sum;
	json_set(output, line, "total_ns", json_decimal(sum->total_ns));
	if (row->is_span)
		json_set(output, line, "self_ns", json_decimal(sum->self_ns));
	if (stats->where && !row->no_where) {
		json_set(output, line, "cpu_ns", json_decimal(stat_cpu(sum)));
		json_set(output, line, "blocked_ns", json_decimal(sum->blocked_ns));
		json_set(output, line, "waited_ns", json_decimal(sum->waited_ns));
	}
	if (!stats->interval) {
		json_set(output, line, "min_ns", json_decimal(~sum->min_inverted));
		json_set(output, line, "max_ns", json_decimal(sum->max_ns));
	}
	json_set(output, line, "histogram", json_histogram(output, sum));
}

struct err *stat_put_json(struct output *output, const struct output_stats *stats,
			  const struct output_stat *row)
{
	const struct sum_row *sum = &row->sum;
	json_t *line = json_object();
	json_set(output, line, "type", json_string_nocheck("stat"));
	json_set(output, line, "time_ns", json_decimal(stats->time_ns));
	json_set(output, line, "period_ns", json_decimal(stats->period_ns));
	if (stats->interval)
		json_set(output, line, "interval", json_unsigned(stats->interval));
	json_set(output, line, "kind", json_string_nocheck(kind_of(row)));
	json_set(output, line, "name", json_label(output, row->probe));
	json_set(output, line, "inside",
		 row->inside ? json_label(output, row->inside) : json_null());
	json_set(output, line, "hits", json_unsigned(sum->begun));
	if (row->has_end)
		json_set(output, line, "ended", json_unsigned(sum->ended));
	if (row->is_span && row->has_end)
		json_set(output, line, "unwound", json_unsigned(sum->unwound));
	if (row->may_fail)
		json_set(output, line, "errors", json_unsigned(sum->errors));
	if (sum->ended)
		set_times(output, line, stats, row);
	return json_put_line(output, line);
}
