/* SPDX-License-Identifier: Apache-2.0 */
#include "output/tally.h"

#include <stdlib.h>
#include <string.h>

#include "output/number.h"
#include "output/writer.h"

/* Some have several names, as with strace. */
struct column_name {
	const char *name;
	enum tally_column column;
};

static const struct column_name names[] = {
	{"time-percent", TALLY_TIME_PERCENT},
	{"time", TALLY_TIME_PERCENT},
	{"total-time", TALLY_TOTAL_TIME},
	{"time-total", TALLY_TOTAL_TIME},
	{"min-time", TALLY_MIN_TIME},
	{"shortest", TALLY_MIN_TIME},
	{"max-time", TALLY_MAX_TIME},
	{"longest", TALLY_MAX_TIME},
	{"avg-time", TALLY_AVG_TIME},
	{"calls", TALLY_CALLS},
	{"count", TALLY_CALLS},
	{"errors", TALLY_ERRORS},
	{"error", TALLY_ERRORS},
	{"name", TALLY_NAME},
	{"syscall", TALLY_NAME},
	{"syscall-name", TALLY_NAME},
};

static bool find_column(const char *word, size_t length, enum tally_column *ret)
{
	for (size_t i = 0; i < array_size(names); i++) {
		if (strlen(names[i].name) == length && !strncmp(names[i].name, word, length)) {
			*ret = names[i].column;
			return true;
		}
	}
	return false;
}

static struct err *unknown(const char *option, const char *word, size_t length, const char *more)
{
	struct err *e =
		err_new(ERR_USAGE, 0, "%s: there is no column '%.*s'", option, (int)length, word);
	return err_hint(e,
			"time-percent, total-time, min-time, max-time, avg-time, calls, errors, "
			"name%s",
			more);
}

struct err *tally_parse_sort(const char *text, struct tally_layout *layout)
{
	layout->unsorted = !strcmp(text, "nothing") || !strcmp(text, "none");
	if (layout->unsorted || find_column(text, strlen(text), &layout->sort))
		return NULL;
	return unknown("-S", text, strlen(text), ", nothing");
}

static bool has_column(const struct tally_layout *layout, enum tally_column column)
{
	for (size_t i = 0; i < layout->n_columns; i++)
		if (layout->columns[i] == column)
			return true;
	return false;
}

struct err *tally_parse_columns(const char *text, struct tally_layout *layout)
{
	layout->n_columns = 0;
	for (const char *word = text;; word++) {
		enum tally_column column;
		size_t length = strcspn(word, ",");
		if (!find_column(word, length, &column))
			return unknown("-U", word, length, "");
		if (has_column(layout, column))
			return err_hint(err_new(ERR_USAGE, 0, "-U: '%.*s' is there already",
						(int)length, word),
					"name each column once");
		layout->columns[layout->n_columns++] = column;
		word += length;
		if (!*word)
			return NULL;
	}
}

/* --- order ------------------------------------------------------------------------------------ */

static uint64_t average(const struct tally *row)
{
	return row->calls ? row->total_ns / row->calls : 0;
}

static uint64_t sort_key(const struct tally *row, enum tally_column column)
{
	switch (column) {
	case TALLY_MIN_TIME:
		return row->min_ns;
	case TALLY_MAX_TIME:
		return row->max_ns;
	case TALLY_AVG_TIME:
		return average(row);
	case TALLY_CALLS:
		return row->calls;
	case TALLY_ERRORS:
		return row->errors;
	case TALLY_NAME:
		return 0;
	default:
		return row->total_ns;
	}
}

static int compare(const void *left, const void *right, void *context)
{
	const struct tally *a = left, *b = right;
	const struct tally_layout *layout = context;
	uint64_t x = sort_key(a, layout->sort), y = sort_key(b, layout->sort);
	return x != y ? (x < y) - (x > y) : strcmp(a->name, b->name);
}

void tally_sort(struct tally_list *list, const struct tally_layout *layout)
{
	if (!layout->unsorted && list->rows.count)
		qsort_r(list->rows.items, list->rows.count, sizeof(*list->rows.items), compare,
			(void *)layout);
}

/* --- text: the table -------------------------------------------------------------------------- */

#define NAME_WIDTH 16

static const struct {
	const char *title;
	size_t width;
} columns[] = {
	[TALLY_TIME_PERCENT] = {"% time", 6},  [TALLY_TOTAL_TIME] = {"seconds", 11},
	[TALLY_MIN_TIME] = {"shortest", 8},    [TALLY_MAX_TIME] = {"longest", 8},
	[TALLY_AVG_TIME] = {"usecs/call", 11}, [TALLY_CALLS] = {"calls", 9},
	[TALLY_ERRORS] = {"errors", 9},	       [TALLY_NAME] = {"syscall", NAME_WIDTH},
};

static const struct tally_layout usual = {
	.columns = {TALLY_TIME_PERCENT, TALLY_TOTAL_TIME, TALLY_AVG_TIME, TALLY_CALLS, TALLY_ERRORS,
		    TALLY_NAME},
	.n_columns = 6,
};

struct table {
	struct output *output;
	const struct tally_layout *layout;
	uint64_t total_ns;
	size_t name_width;
};

static void put_blanks(struct buffer *buffer, size_t count)
{
	while (count--)
		buffer_put_char(buffer, ' ');
}

static size_t width_of(const struct table *table, enum tally_column column)
{
	return column == TALLY_NAME ? table->name_width : columns[column].width;
}

/* A cell: names to the left, all else to the right; nothing behind the last one. */
static void put_cell(const struct table *table, size_t place, const char *text, size_t length)
{
	struct buffer *buffer = &table->output->buffer;
	enum tally_column column = table->layout->columns[place];
	size_t width = width_of(table, column);
	size_t blanks = length < width ? width - length : 0;
	bool is_last = place + 1 == table->layout->n_columns;
	if (place)
		buffer_put_char(buffer, ' ');
	if (column != TALLY_NAME)
		put_blanks(buffer, blanks);
	buffer_put(buffer, text, length);
	if (column == TALLY_NAME && !is_last)
		put_blanks(buffer, blanks);
}

/* 0.004055, 12.50: `unit` parts of 10 to the power of `digits`, cut off. */
static char *number_fraction(char *to, uint64_t parts, uint64_t one, int digits)
{
	to = number_unsigned(to, parts / one);
	*to++ = '.';
	return number_padded(to, parts % one, digits);
}

/* In hundredths of a percent, rounded. */
static uint64_t share(uint64_t part, uint64_t whole)
{
	return whole ? (uint64_t)((double)part / (double)whole * 10000 + 0.5) : 0;
}

static char *put_number(const struct table *table, char *to, const struct tally *row,
			enum tally_column column)
{
	switch (column) {
	case TALLY_TIME_PERCENT:
		return number_fraction(to, share(row->total_ns, table->total_ns), 100, 2);
	case TALLY_TOTAL_TIME:
		return number_fraction(to, row->total_ns / 1000, 1000000, 6);
	case TALLY_MIN_TIME:
		return number_fraction(to, row->min_ns / 1000, 1000000, 6);
	case TALLY_MAX_TIME:
		return number_fraction(to, row->max_ns / 1000, 1000000, 6);
	case TALLY_AVG_TIME:
		return number_unsigned(to, average(row) / 1000);
	case TALLY_CALLS:
		return number_unsigned(to, row->calls);
	case TALLY_ERRORS:
		return row->errors ? number_unsigned(to, row->errors) : to;
	default:
		return to;
	}
}

/* The last cell may be empty. */
static void end_row(struct buffer *buffer)
{
	while (buffer->used > buffer->line && buffer->data[buffer->used - 1] == ' ')
		buffer->used--;
	buffer_put_char(buffer, '\n');
}

static void put_row(const struct table *table, const struct tally *row)
{
	char text[2 * NUMBER_MAX];
	for (size_t i = 0; i < table->layout->n_columns; i++) {
		enum tally_column column = table->layout->columns[i];
		if (column == TALLY_NAME) {
			put_cell(table, i, row->name, strlen(row->name));
			continue;
		}
		char *end = put_number(table, text, row, column);
		put_cell(table, i, text, (size_t)(end - text));
	}
	end_row(&table->output->buffer);
}

static void put_titles(const struct table *table)
{
	for (size_t i = 0; i < table->layout->n_columns; i++) {
		const char *title = columns[table->layout->columns[i]].title;
		put_cell(table, i, title, strlen(title));
	}
	buffer_put_char(&table->output->buffer, '\n');
}

static void put_rule(const struct table *table)
{
	struct buffer *buffer = &table->output->buffer;
	for (size_t i = 0; i < table->layout->n_columns; i++) {
		if (i)
			buffer_put_char(buffer, ' ');
		for (size_t n = width_of(table, table->layout->columns[i]); n; n--)
			buffer_put_char(buffer, '-');
	}
	buffer_put_char(buffer, '\n');
}

static struct tally sum_up(const struct tally_list *list)
{
	struct tally sum = {.name = "total"};
	for (size_t i = 0; i < list->rows.count; i++) {
		const struct tally *row = &list->rows.items[i];
		bool is_timed = row->max_ns > 0 || row->min_ns > 0;
		sum.calls += row->calls;
		sum.errors += row->errors;
		sum.total_ns += row->total_ns;
		if (row->max_ns > sum.max_ns)
			sum.max_ns = row->max_ns;
		if (is_timed && (!sum.min_ns || row->min_ns < sum.min_ns))
			sum.min_ns = row->min_ns;
	}
	return sum;
}

static void put_table(struct output *output, const struct tally_list *list,
		      const struct tally_layout *layout)
{
	const struct tally sum = sum_up(list);
	struct table table = {.output = output,
			      .layout = layout->n_columns ? layout : &usual,
			      .total_ns = sum.total_ns,
			      .name_width = NAME_WIDTH};
	for (size_t i = 0; i < list->rows.count; i++) {
		size_t length = strlen(list->rows.items[i].name);
		/* As the last one, it needs no place. */
		if (length > table.name_width &&
		    table.layout->columns[table.layout->n_columns - 1] != TALLY_NAME)
			table.name_width = length;
	}
	put_titles(&table);
	put_rule(&table);
	for (size_t i = 0; i < list->rows.count; i++)
		if (list->rows.items[i].calls)
			put_row(&table, &list->rows.items[i]);
	put_rule(&table);
	put_row(&table, &sum);
}

/* --- text: histograms ------------------------------------------------------------------------- */

#define BAR_WIDTH   40
#define EDGE_WIDTH  16
#define COUNT_WIDTH 10

/* 2^n as bpftrace writes it: 512, 1K, 64M */
static char *number_power(char *to, unsigned int n)
{
	to = number_unsigned(to, 1ULL << n % 10);
	if (n >= 10)
		*to++ = "KMGT"[n / 10 - 1];
	return to;
}

static void put_bucket(struct output *output, unsigned int n, uint64_t count, uint64_t greatest)
{
	struct buffer *buffer = &output->buffer;
	char edges[4 * NUMBER_MAX], *to = edges;
	*to++ = '[';
	to = n ? number_power(to, n) : number_unsigned(to, 0);
	*to++ = ',';
	*to++ = ' ';
	to = n + 1 < TALLY_BUCKETS ? number_power(to, n + 1) : stpcpy(to, "...");
	*to++ = ')';
	buffer_put(buffer, edges, (size_t)(to - edges));
	put_blanks(buffer, EDGE_WIDTH - (size_t)(to - edges));
	char number[NUMBER_MAX];
	size_t digits = (size_t)(number_unsigned(number, count) - number);
	put_blanks(buffer, digits < COUNT_WIDTH ? COUNT_WIDTH - digits : 0);
	buffer_put(buffer, number, digits);
	buffer_put_literal(buffer, " |");
	/* What is there at all is seen. */
	size_t bar = (size_t)((double)count / (double)greatest * BAR_WIDTH);
	bar = count && !bar ? 1 : bar;
	for (size_t i = 0; i < BAR_WIDTH; i++)
		buffer_put_char(buffer, i < bar ? '@' : ' ');
	buffer_put_literal(buffer, "|\n");
}

static void put_histogram(struct output *output, const struct tally *row)
{
	unsigned int first = TALLY_BUCKETS, last = 0;
	uint64_t greatest = 0;
	for (unsigned int n = 0; n < TALLY_BUCKETS; n++) {
		if (!row->buckets[n])
			continue;
		first = first < n ? first : n;
		last = n;
		greatest = row->buckets[n] > greatest ? row->buckets[n] : greatest;
	}
	/* One call is told by the table. */
	if (!greatest || row->calls < 2)
		return;
	buffer_put_char(&output->buffer, '\n');
	buffer_put_string(&output->buffer, row->name);
	buffer_put_literal(&output->buffer, ", nanoseconds:\n");
	for (unsigned int n = first; n <= last; n++)
		put_bucket(output, n, row->buckets[n], greatest);
}

static void put_running(struct output *output, const struct tally_list *list)
{
	const char *before = "\nnot returned: ";
	for (size_t i = 0; i < list->rows.count; i++) {
		const struct tally *row = &list->rows.items[i];
		if (!row->running)
			continue;
		buffer_put_string(&output->buffer, before);
		text_unsigned(&output->buffer, row->running);
		buffer_put_char(&output->buffer, ' ');
		buffer_put_string(&output->buffer, row->name);
		before = ", ";
	}
	if (*before == ',')
		buffer_put_char(&output->buffer, '\n');
}

struct err *text_tallies(struct output *output, const struct tally_list *list,
			 const struct tally_layout *layout)
{
	put_table(output, list, layout);
	for (size_t i = 0; i < list->rows.count; i++)
		put_histogram(output, &list->rows.items[i]);
	put_running(output, list);
	/* The line's end comes from the caller. */
	if (output->buffer.used > output->buffer.line)
		output->buffer.used--;
	return NULL;
}
