/* SPDX-License-Identifier: Apache-2.0 */
/* The table of system calls: columns, order, histograms. */
#include "output/tally.h"

#include <stdlib.h>

#include "output/output.h"
#include "tests/unit/output_events.h"
#include "tests/unit/unit.h"

/* 3 calls of read: 900, 1500 and 2600 ns; one of openat; exit_group has no time. */
static struct tally rows[] = {
	{.name = "read",
	 .calls = 3,
	 .errors = 1,
	 .total_ns = 5000,
	 .min_ns = 900,
	 .max_ns = 2600,
	 .buckets = {[9] = 1, [10] = 1, [11] = 1}},
	{.name = "openat",
	 .calls = 1,
	 .total_ns = 15000000,
	 .min_ns = 15000000,
	 .max_ns = 15000000,
	 .buckets = {[23] = 1}},
	{.name = "poll", .running = 2},
	{.name = "exit_group", .calls = 1},
};

static struct tally_list list_of(struct tally *copy)
{
	memcpy(copy, rows, sizeof(rows));
	return (struct tally_list){.rows = {.items = copy, .count = array_size(rows)}};
}

static struct err *write_usual(struct output *output)
{
	struct tally copy[array_size(rows)];
	struct tally_list list = list_of(copy);
	struct tally_layout layout = {0};
	tally_sort(&list, &layout);
	return output_tallies(output, &list, &layout);
}

static void text(void **state)
{
	(void)state;
	struct output_options options = made_options(OUTPUT_TEXT);
	char *written = written_all(&options, write_usual);
	assert_string_equal(
		written, "% time     seconds  usecs/call     calls    errors syscall\n"
			 "------ ----------- ----------- --------- --------- ----------------\n"
			 " 99.97    0.015000       15000         1           openat\n"
			 "  0.03    0.000005           1         3         1 read\n"
			 "  0.00    0.000000           0         1           exit_group\n"
			 "------ ----------- ----------- --------- --------- ----------------\n"
			 "100.00    0.015005        3001         5         1 total\n"
			 "\n"
			 "read, nanoseconds:\n"
			 "[512, 1K)                1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n"
			 "[1K, 2K)                 1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n"
			 "[2K, 4K)                 1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n"
			 "\n"
			 "not returned: 2 poll\n");
	free(written);
}

static void json(void **state)
{
	(void)state;
	struct output_options options = made_options(OUTPUT_JSON);
	char *written = written_all(&options, write_usual);
	assert_string_equal(
		written,
		"{\"type\":\"count\",\"name\":\"openat\",\"calls\":1,\"errors\":0,"
		"\"total_ns\":\"15000000\",\"min_ns\":\"15000000\",\"max_ns\":\"15000000\","
		"\"histogram\":[{\"from_ns\":8388608,\"calls\":1}]}\n"
		"{\"type\":\"count\",\"name\":\"read\",\"calls\":3,\"errors\":1,"
		"\"total_ns\":\"5000\",\"min_ns\":\"900\",\"max_ns\":\"2600\","
		"\"histogram\":[{\"from_ns\":512,\"calls\":1},{\"from_ns\":1024,\"calls\":1},"
		"{\"from_ns\":2048,\"calls\":1}]}\n"
		"{\"type\":\"count\",\"name\":\"exit_group\",\"calls\":1,\"errors\":0,"
		"\"total_ns\":\"0\"}\n"
		"{\"type\":\"count\",\"name\":\"poll\",\"calls\":0,\"errors\":0,"
		"\"total_ns\":\"0\",\"running\":2}\n");
	free(written);
}

static void check_order(const char *sort, const char *first, const char *last)
{
	struct tally copy[array_size(rows)];
	struct tally_list list = list_of(copy);
	struct tally_layout layout = {0};
	assert_ok(tally_parse_sort(sort, &layout));
	tally_sort(&list, &layout);
	assert_string_equal(copy[0].name, first);
	assert_string_equal(copy[array_size(rows) - 1].name, last);
}

static void order(void **state)
{
	struct tally_layout layout = {0};
	(void)state;
	check_order("time", "openat", "poll");
	check_order("total-time", "openat", "poll");
	check_order("calls", "read", "poll");
	check_order("count", "read", "poll");
	check_order("errors", "read", "poll");
	check_order("name", "exit_group", "read");
	check_order("syscall", "exit_group", "read");
	check_order("min-time", "openat", "poll");
	check_order("max-time", "openat", "poll");
	check_order("avg-time", "openat", "poll");
	check_order("nothing", "read", "exit_group");
	check_order("none", "read", "exit_group");
	assert_err(tally_parse_sort("size", &layout), ERR_USAGE, "-S: there is no column 'size'");
	assert_err(tally_parse_sort("", &layout), ERR_USAGE, "there is no column ''");
}

static struct err *write_own(struct output *output)
{
	struct tally copy[array_size(rows)];
	struct tally_list list = list_of(copy);
	struct tally_layout layout = {0};
	list.rows.count = 2;
	copy[1].name = "a_name_of_20_letters";
	struct err *e = tally_parse_columns("name,min-time,max-time,calls,errors", &layout);
	return e ?: output_tallies(output, &list, &layout);
}

static void columns(void **state)
{
	struct tally_layout layout = {0};
	(void)state;
	struct output_options options = made_options(OUTPUT_TEXT);
	char *written = written_all(&options, write_own);
	static const char wanted[] = "syscall              shortest  longest     calls    errors\n"
				     "-------------------- -------- -------- --------- ---------\n"
				     "read                 0.000000 0.000002         3         1\n"
				     "a_name_of_20_letters 0.015000 0.015000         1\n"
				     "-------------------- -------- -------- --------- ---------\n"
				     "total                0.000000 0.015000         4         1\n"
				     "\nread, nano";
	assert_memory_equal(written, wanted, sizeof(wanted) - 1);
	free(written);
	assert_err(tally_parse_columns("calls,", &layout), ERR_USAGE, "there is no column ''");
	assert_err(tally_parse_columns("calls,names", &layout), ERR_USAGE, "no column 'names'");
	assert_err(tally_parse_columns("calls,count", &layout), ERR_USAGE, "'count' is there");
}

static struct err *write_none(struct output *output)
{
	const struct tally_list none = {0};
	const struct tally_layout layout = {0};
	return output_tallies(output, &none, &layout);
}

static void nothing(void **state)
{
	(void)state;
	struct output_options options = made_options(OUTPUT_TEXT);
	char *written = written_all(&options, write_none);
	assert_non_null(
		strstr(written, "  0.00    0.000000           0         0           total\n"));
	free(written);
	options = made_options(OUTPUT_JSON);
	written = written_all(&options, write_none);
	assert_string_equal(written, "");
	free(written);
}

/* The greatest numbers there are fit. */
static struct err *write_great(struct output *output)
{
	struct tally great = {.name = "great",
			      .calls = UINT64_MAX,
			      .errors = UINT64_MAX,
			      .total_ns = UINT64_MAX,
			      .min_ns = UINT64_MAX,
			      .max_ns = UINT64_MAX,
			      .buckets = {[0] = UINT64_MAX, [TALLY_BUCKETS - 1] = 1}};
	const struct tally_list list = {.rows = {.items = &great, .count = 1}};
	const struct tally_layout layout = {0};
	return output_tallies(output, &list, &layout);
}

static void great_numbers(void **state)
{
	(void)state;
	struct output_options options = made_options(OUTPUT_TEXT);
	char *written = written_all(&options, write_great);
	assert_non_null(strstr(written, "100.00 18446744073.709551"));
	assert_non_null(strstr(written, "\n[0, 2)          18446744073709551615 |@"));
	assert_non_null(strstr(written, "\n[128T, ...)              1 |@ "));
	free(written);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),	   cmocka_unit_test(json),
		cmocka_unit_test(order),   cmocka_unit_test(columns),
		cmocka_unit_test(nothing), cmocka_unit_test(great_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
