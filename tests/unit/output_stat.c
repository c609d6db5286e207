/* SPDX-License-Identifier: Apache-2.0 */
#include "output/stat.h"

#include "output_events.h"
#include "unit.h"

static struct probe handle = {.kind = PROBE_CALL, .module = "srv", .name = "handle\033"};
static struct probe call = {.kind = PROBE_SYSCALL, .name = "write"};
static struct probe mark = {.kind = PROBE_USDT, .provider = "app", .name = "mark"};

static struct sum_row made(uint64_t begun, uint64_t ended, uint64_t ns)
{
	struct sum_row row = {.begun = begun,
			      .ended = ended,
			      .total_ns = ended * ns,
			      .self_ns = ended * ns / 4,
			      .max_ns = 2 * ns,
			      .min_inverted = ~(ns / 2)};
	if (ended)
		row.histogram[10] = ended - 1;
	if (ended)
		row.histogram[12] = 1;
	return row;
}

static struct err *write_with(struct output *output, struct output_stats *stats)
{
	struct output_stat rows[] = {
		{.probe = &handle,
		 .use = STAT_IN_TEXT,
		 .is_span = true,
		 .has_end = true,
		 .sum = made(103, 100, 1250)},
		{.probe = &handle,
		 .inside = &handle,
		 .use = STAT_IN_JSON,
		 .is_span = true,
		 .has_end = true,
		 .sum = made(3, 3, 999)},
		{.probe = &call,
		 .may_fail = true,
		 .inside = &handle,
		 .has_end = true,
		 .is_nested = true,
		 .sum = made(4, 4, 1000000)},
		{.use = STAT_IN_TEXT},
		{.probe = &mark, .is_nested = true, .sum = made(7, 0, 0)},
	};
	rows[0].sum.unwound = 2;
	rows[2].sum.errors = 3;
	stats->rows = rows;
	stats->n_rows = 5;
	stats->time_ns = 9000000000;
	stats->period_ns = 1500000000;
	struct err *e = output_stats(output, stats);
	stats->rows = NULL;
	return e;
}

static struct err *write_whole(struct output *output)
{
	struct output_stats stats = {0};
	return write_with(output, &stats);
}

static struct err *write_interval(struct output *output)
{
	struct output_stats stats = {.interval = 3, .titled = true};
	return write_with(output, &stats);
}

static struct err *write_histogram(struct output *output)
{
	struct output_stat row = {
		.probe = &call, .may_fail = true, .has_end = true, .sum = made(3, 3, 1000)};
	const struct output_stats stats = {.rows = &row, .n_rows = 1, .histograms = true};
	row.sum.histogram[0] = 2;
	row.sum.histogram[1] = row.sum.histogram[2] = 0;
	row.sum.histogram[10] = 0;
	row.sum.histogram[12] = 0;
	row.sum.histogram[2] = 1;
	row.sum.histogram[SUM_BUCKETS - 1] = 0;
	return output_stats(output, &stats);
}

static void check(enum output_format format, struct err *(*write)(struct output *output),
		  const char *wanted)
{
	struct output_options options = made_options(format);
	char *text = written_all(&options, write);
	assert_string_equal(text, wanted);
	free(text);
}

#define HEAD "    CALLS  ERRORS     TOTAL      SELF       MIN       AVG       P99       MAX\n"
#define NOWHERE                                                        \
	"                                                            " \
	"                   (in none of these functions)\n"

static void a_table(void **state)
{
	(void)state;
	check(OUTPUT_TEXT, write_whole,
	      HEAD
	      "      103       -     125us    31.2us     625ns    1.25us    2.05us    2.50us  "
	      "srv:handle\\x1b (2 unwound) (1 unfinished)\n"
	      "        4       3    4.00ms         -     500us    1.00ms    8.19us    2.00ms    write\n" NOWHERE
	      "        7       -         -         -         -         -         -         -    app:mark\n");
}

static void a_table_of_an_interval(void **state)
{
	(void)state;
	check(OUTPUT_TEXT, write_interval,
	      "--- 1.500 seconds ---\n" HEAD
	      "      103       -     125us    31.2us         -    1.25us    2.05us         -  "
	      "srv:handle\\x1b (2 unwound)\n"
	      "        4       3    4.00ms         -         -    1.00ms    8.19us         -    write\n" NOWHERE
	      "        7       -         -         -         -         -         -         -    app:mark\n");
}

static void a_histogram(void **state)
{
	(void)state;
	check(OUTPUT_TEXT, write_histogram,
	      HEAD
	      "        3       0    3.00us         -     500ns    1.00us       8ns    2.00us  write\n"
	      "                  [0ns, 2ns)         2 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n"
	      "                  [2ns, 4ns)         0 |                                        |\n"
	      "                  [4ns, 8ns)         1 |@@@@@@@@@@@@@@@@@@@@                    |\n");
}

static void objects(void **state)
{
	(void)state;
	check(OUTPUT_JSON, write_whole,
	      "{\"type\":\"stat\",\"time_ns\":\"9000000000\",\"period_ns\":\"1500000000\","
	      "\"kind\":\"call\",\"name\":\"srv:handle\\u001B\",\"inside\":\"srv:handle\\u001B\","
	      "\"hits\":3,\"ended\":3,\"unwound\":0,\"total_ns\":\"2997\",\"self_ns\":\"749\","
	      "\"min_ns\":\"499\",\"max_ns\":\"1998\",\"histogram\":[[1024,2],[4096,1]]}\n"
	      "{\"type\":\"stat\",\"time_ns\":\"9000000000\",\"period_ns\":\"1500000000\","
	      "\"kind\":\"syscall\",\"name\":\"write\",\"inside\":\"srv:handle\\u001B\","
	      "\"hits\":4,\"ended\":4,\"errors\":3,\"total_ns\":\"4000000\","
	      "\"min_ns\":\"500000\",\"max_ns\":\"2000000\",\"histogram\":[[1024,3],[4096,1]]}\n"
	      "{\"type\":\"stat\",\"time_ns\":\"9000000000\",\"period_ns\":\"1500000000\","
	      "\"kind\":\"usdt\",\"name\":\"app:mark\",\"inside\":null,\"hits\":7}\n");
}

static struct err *write_where(struct output *output)
{
	struct output_stat rows[] = {
		{.probe = &call, .may_fail = true, .has_end = true, .sum = made(4, 4, 1000)},
		{.use = STAT_IN_TEXT}};
	const struct output_stats stats = {.rows = rows, .n_rows = 2, .where = true};
	rows[0].sum.blocked_ns = 2000;
	rows[0].sum.waited_ns = 500;
	return output_stats(output, &stats);
}

static void where_the_time_went(void **state)
{
	(void)state;
	check(OUTPUT_TEXT, write_where,
	      "    CALLS  ERRORS     TOTAL      SELF       CPU   BLOCKED   WAITING       MIN       "
	      "AVG       P99       MAX\n"
	      "        4       0    4.00us         -    1.50us    2.00us     500ns     500ns    "
	      "1.00us    2.00us    2.00us  write\n"
	      "                              " NOWHERE);
	check(OUTPUT_JSON, write_where,
	      "{\"type\":\"stat\",\"time_ns\":\"0\",\"period_ns\":\"0\",\"kind\":\"syscall\","
	      "\"name\":\"write\",\"inside\":null,\"hits\":4,\"ended\":4,\"errors\":0,"
	      "\"total_ns\":\"4000\",\"cpu_ns\":\"1500\",\"blocked_ns\":\"2000\","
	      "\"waited_ns\":\"500\",\"min_ns\":\"500\",\"max_ns\":\"2000\","
	      "\"histogram\":[[1024,3],[4096,1]]}\n");
	/* More than there was: both may be of a moment later. */
	const struct sum_row row = {.total_ns = 10, .blocked_ns = 8, .waited_ns = 3};
	assert_int_equal(stat_cpu(&row), 0);
}

static void quantiles(void **state)
{
	(void)state;
	struct sum_row row = {0};
	assert_int_equal(stat_quantile(&row, 99), 0);
	row.ended = 100;
	row.max_ns = 1 << 20;
	row.histogram[3] = 98;
	row.histogram[5] = 1;
	row.histogram[15] = 1;
	assert_int_equal(stat_quantile(&row, 98), 16);
	assert_int_equal(stat_quantile(&row, 99), 64);
	assert_int_equal(stat_quantile(&row, 100), 65536);
	/* Never more than the longest. */
	row.max_ns = 60000;
	assert_int_equal(stat_quantile(&row, 100), 60000);
	/* Of few, the slowest one is among them. */
	row = (struct sum_row){.ended = 10, .max_ns = 1000};
	row.histogram[0] = 9;
	row.histogram[8] = 1;
	assert_int_equal(stat_quantile(&row, 99), 512);
	assert_int_equal(stat_quantile(&row, 50), 2);
	/* And what has no end ends with the longest. */
	row = (struct sum_row){.ended = 1, .max_ns = 1ULL << 50};
	row.histogram[SUM_BUCKETS - 1] = 1;
	assert_int_equal(stat_quantile(&row, 99), 1ULL << 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table),     cmocka_unit_test(a_table_of_an_interval),
		cmocka_unit_test(a_histogram), cmocka_unit_test(objects),
		cmocka_unit_test(quantiles),   cmocka_unit_test(where_the_time_went),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
