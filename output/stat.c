/* SPDX-License-Identifier: Apache-2.0 */
/* output/stat.c — what `utrail stat` has counted, as a table. */
#include "output/stat.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "output/stat_json.h"
#include "output/writer.h"

#define BAR_WIDTH   40
#define TABLE_WIDTH (9 + 8 + 6 * 10)
#define WHERE_WIDTH (3 * 10)

uint64_t stat_quantile(const struct sum_row *sum, unsigned int percent)
{
	/* Rounded up: of 10 calls, 99 % are all of them. */
	uint64_t wanted = sum->ended - sum->ended / 100 * (100 - percent) -
			  sum->ended % 100 * (100 - percent) / 100;
	uint64_t seen = 0;
	for (unsigned int i = 0; i < SUM_BUCKETS; i++) {
		seen += sum->histogram[i];
		if (!seen || seen < wanted)
			continue;
		uint64_t end = 2ULL << i;
		bool is_open = i == SUM_BUCKETS - 1 || (sum->max_ns && end > sum->max_ns);
		return is_open ? sum->max_ns : end;
	}
	return sum->max_ns;
}

uint64_t stat_cpu(const struct sum_row *sum)
{
	uint64_t off = sum->blocked_ns + sum->waited_ns;
	return sum->total_ns > off ? sum->total_ns - off : 0;
}

/* --- cells ------------------------------------------------------------------------------------ */

static void put_blanks(struct buffer *buffer, size_t count)
{
	while (count-- > 0)
		buffer_put_char(buffer, ' ');
}

/* To the right. */
static void put_cell(struct buffer *buffer, size_t width, const char *text)
{
	size_t length = strlen(text);
	put_blanks(buffer, length < width ? width - length : 0);
	buffer_put(buffer, text, length);
}

static void put_count(struct buffer *buffer, size_t width, uint64_t count)
{
	char text[32];
	snprintf(text, sizeof(text), "%" PRIu64, count);
	put_cell(buffer, width, text);
}

/* Three digits and a unit: 17ns, 1.25us, 417us, 12.3ms, 4.17s. */
static void print_time(char *to, size_t size, uint64_t ns)
{
	static const char *const units[] = {"us", "ms", "s"};
	double value = (double)ns / 1e3;
	size_t unit = 0;
	if (ns < 1000) {
		snprintf(to, size, "%" PRIu64 "ns", ns);
		return;
	}
	while (value >= 999.5 && unit < 2) {
		value /= 1e3;
		unit++;
	}
	int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
	snprintf(to, size, "%.*f%s", digits, value, units[unit]);
}

static void put_time(struct buffer *buffer, bool is_known, uint64_t ns)
{
	char text[40] = "-";
	if (is_known)
		print_time(text, sizeof(text), ns);
	put_cell(buffer, 10, text);
}

/* --- a row ------------------------------------------------------------------------------------ */

static void put_name(struct output *output, const struct output_stat *row)
{
	struct buffer *buffer = &output->buffer;
	buffer_put_string(buffer, row->is_nested ? "    " : "  ");
	text_color(output, row->is_span ? COLOR_BOLD : COLOR_OFF);
	text_label(buffer, row->probe);
	text_color(output, COLOR_OFF);
}

/* How many of them have no time, and why. */
static void put_unended(struct buffer *buffer, const struct output_stats *stats,
			const struct output_stat *row)
{
	const struct sum_row *sum = &row->sum;
	char text[96];
	uint64_t open = sum->begun - sum->ended - sum->unwound;
	if (sum->unwound) {
		snprintf(text, sizeof(text), " (%" PRIu64 " unwound)", (uint64_t)sum->unwound);
		buffer_put_string(buffer, text);
	}
	/* What began in one interval may end in another. */
	if (!row->has_end || stats->interval || !open || sum->ended + sum->unwound > sum->begun)
		return;
	snprintf(text, sizeof(text), " (%" PRIu64 " unfinished)", open);
	buffer_put_string(buffer, text);
}

static void put_row(struct output *output, const struct output_stats *stats,
		    const struct output_stat *row)
{
	struct buffer *buffer = &output->buffer;
	const struct sum_row *sum = &row->sum;
	bool ended = sum->ended != 0, is_whole = ended && !stats->interval;
	put_count(buffer, 9, sum->begun);
	if (row->may_fail)
		put_count(buffer, 8, sum->errors);
	else
		put_cell(buffer, 8, "-");
	put_time(buffer, ended, sum->total_ns);
	put_time(buffer, ended && row->is_span, sum->self_ns);
	if (stats->where) {
		bool known = ended && !row->no_where;
		put_time(buffer, known, stat_cpu(sum));
		put_time(buffer, known, sum->blocked_ns);
		put_time(buffer, known, sum->waited_ns);
	}
	put_time(buffer, is_whole, ~sum->min_inverted);
	put_time(buffer, ended, ended ? sum->total_ns / sum->ended : 0);
	put_time(buffer, ended, stat_quantile(sum, 99));
	put_time(buffer, is_whole, sum->max_ns);
	put_name(output, row);
	put_unended(buffer, stats, row);
}

/* --- its histogram ---------------------------------------------------------------------------- */

/*         [1.02us, 2.05us)        12 |@@@@@@@@            | */
static void put_bucket(struct buffer *buffer, unsigned int bucket, uint64_t count, uint64_t most)
{
	char from[40], to[40] = "...", range[96];
	print_time(from, sizeof(from), bucket ? 1ULL << bucket : 0);
	if (bucket < SUM_BUCKETS - 1)
		print_time(to, sizeof(to), 2ULL << bucket);
	snprintf(range, sizeof(range), "[%s, %s)", from, to);
	put_cell(buffer, 28, range);
	put_count(buffer, 10, count);
	buffer_put_literal(buffer, " |");
	size_t width = (size_t)((double)count / (double)most * BAR_WIDTH + 0.5);
	for (size_t i = 0; i < BAR_WIDTH; i++)
		buffer_put_char(buffer, i < width ? '@' : ' ');
	buffer_put_char(buffer, '|');
}

static struct err *put_histogram(struct buffer *buffer, const struct sum_row *sum)
{
	unsigned int first = SUM_BUCKETS, last = 0;
	uint64_t most = 0;
	for (unsigned int i = 0; i < SUM_BUCKETS; i++) {
		if (!sum->histogram[i])
			continue;
		first = first == SUM_BUCKETS ? i : first;
		last = i;
		most = sum->histogram[i] > most ? sum->histogram[i] : most;
	}
	struct err *e = NULL;
	for (unsigned int i = first; !e && most && i <= last; i++) {
		put_bucket(buffer, i, sum->histogram[i], most);
		e = buffer_end_line(buffer);
	}
	return e;
}

/* --- all of it -------------------------------------------------------------------------------- */

/* --- 12:00:01.000123: 1.000 seconds --- */
static struct err *put_title(struct output *output, const struct output_stats *stats)
{
	struct buffer *buffer = &output->buffer;
	char text[64];
	text_color(output, COLOR_DIM);
	buffer_put_literal(buffer, "--- ");
	size_t start = buffer->used;
	clock_put(&output->clock, buffer, stats->time_ns);
	if (buffer->used > start)
		buffer_put_literal(buffer, ": ");
	snprintf(text, sizeof(text), "%s%.3f seconds ---", stats->interval ? "" : "all ",
		 (double)stats->period_ns / 1e9);
	buffer_put_string(buffer, text);
	text_color(output, COLOR_OFF);
	return buffer_end_line(buffer);
}

static struct err *put_head(struct output *output, const struct output_stats *stats)
{
	static const char *const columns[] = {"TOTAL", "SELF", "CPU", "BLOCKED", "WAITING",
					      "MIN",   "AVG",  "P99", "MAX"};
	struct buffer *buffer = &output->buffer;
	text_color(output, COLOR_DIM);
	put_cell(buffer, 9, "CALLS");
	put_cell(buffer, 8, "ERRORS");
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		if (stats->where || i < 2 || i > 4)
			put_cell(buffer, 10, columns[i]);
	text_color(output, COLOR_OFF);
	return buffer_end_line(buffer);
}

static struct err *put_table_row(struct output *output, const struct output_stats *stats,
				 const struct output_stat *row)
{
	struct buffer *buffer = &output->buffer;
	if (!row->probe) {
		put_blanks(buffer, TABLE_WIDTH + (stats->where ? WHERE_WIDTH : 0));
		buffer_put_literal(buffer, "  (in none of these functions)");
		return buffer_end_line(buffer);
	}
	put_row(output, stats, row);
	struct err *e = buffer_end_line(buffer);
	return e || !stats->histograms ? e : put_histogram(buffer, &row->sum);
}

static struct err *put_text(struct output *output, const struct output_stats *stats)
{
	struct err *e = stats->titled ? put_title(output, stats) : NULL;
	e = e ? e : put_head(output, stats);
	for (size_t i = 0; !e && i < stats->n_rows; i++)
		if (stats->rows[i].use != STAT_IN_JSON)
			e = put_table_row(output, stats, &stats->rows[i]);
	return e;
}

static struct err *put_json(struct output *output, const struct output_stats *stats)
{
	struct err *e = NULL;
	for (size_t i = 0; !e && i < stats->n_rows; i++) {
		if (stats->rows[i].use == STAT_IN_TEXT)
			continue;
		e = stat_put_json(output, stats, &stats->rows[i]);
		e = e ? e : buffer_end_line(&output->buffer);
	}
	return e;
}

struct err *output_stats(struct output *output, const struct output_stats *stats)
{
	struct buffer *buffer = &output->buffer;
	if (buffer->closed || buffer->failed)
		return NULL;
	struct err *e = output->options.format == OUTPUT_TEXT ? put_text(output, stats)
							      : put_json(output, stats);
	if (e)
		buffer_drop_line(buffer);
	return e ? e : buffer_flush(buffer);
}
