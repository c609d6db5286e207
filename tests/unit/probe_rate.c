/* SPDX-License-Identifier: Apache-2.0 */
/* Rate limits as words, alone and behind a spec. */
#include "tests/unit/unit.h"

#include "common/array.h"
#include "probe/condition.h"
#include "probe/rate.h"
#include "probe/spec.h"

static void words(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint32_t count;
		uint64_t period_ns;
	} rows[] = {{"1", 1, 1000000000},      {"100/s", 100, 1000000000},
		    {"5/ms", 5, 1000000},      {"30/m", 30, 60000000000},
		    {"1/h", 1, 3600000000000}, {"10000000/min", RATE_MAX, 60000000000}};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct rate_limit rate;
		assert_ok(rate_parse("--rate", rows[i].text, &rate));
		assert_int_equal(rate.count, rows[i].count);
		assert_int_equal(rate.period_ns, rows[i].period_ns);
	}
}

static void refusals(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"",    "0",	"-1",	"+1",	    " 1",
		"1/",  "1/d",	"1 /s", "10000001", "99999999999999999999",
		"1.5", "1/s/s", "x"};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct rate_limit rate;
		assert_err(rate_parse("--rate", rows[i], &rate), ERR_USAGE, "hint:  a hundred");
	}
}

static void behind_a_spec(void **state)
{
	(void)state;
	struct spec_list list = {0};
	struct arena arena = {0};
	assert_ok(spec_parse("f rate 3/s, g(int n) -> int if n > 3 rate 4/m,h,usdt:a:b rate 5",
			     &list));
	assert_int_equal(list.count, 4);
	static const uint32_t counts[] = {3, 4, 0, 5};
	for (size_t i = 0; i < list.count; i++)
		assert_int_equal(list.items[i].rate.count, counts[i]);
	assert_string_equal(condition_text(list.items[1].condition, &arena), "n > 3");
	assert_null(list.items[0].condition);
	assert_string_equal(list.items[0].name, "f");
	spec_list_deinit(&list);
	arena_deinit(&arena);
}

static void wrong_behind_a_spec(void **state)
{
	(void)state;
	static const char *const rows[] = {"f rate 0/s",	  "f rate 3/x",	 "f if n rate 3 s",
					   "f rate 3/s if n > 3", "!f rate 3/s", "cpu:9 rate 3/s"};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct spec_list list = {0};
		assert_err(spec_parse(rows[i], &list), ERR_USAGE, "^");
		assert_int_equal(list.count, 0);
		spec_list_deinit(&list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(refusals),
		cmocka_unit_test(behind_a_spec),
		cmocka_unit_test(wrong_behind_a_spec),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
