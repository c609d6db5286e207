/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <time.h>

#include "output/clock.h"

#define S INT64_C(1000000000)

static void assert_column(struct clock *column, uint64_t time_ns, const char *expected)
{
	struct buffer buffer;
	assert_ok(buffer_init(&buffer, -1, ""));
	clock_put(column, &buffer, time_ns);
	buffer_put_char(&buffer, '\0');
	assert_string_equal(buffer.data, expected);
	buffer_deinit(&buffer);
}

static struct clock column_of(enum output_time mode, int64_t offset_ns)
{
	struct clock column;
	struct output_options options = {.time = mode, .realtime_offset_ns = offset_ns};
	clock_init(&column, &options);
	return column;
}

static void wall_clock_is_local(void **state)
{
	(void)state;
	setenv("TZ", "UTL-05:45", 1); /* five and three quarters ahead, as Nepal is */
	tzset();
	struct clock column = column_of(TIME_DEFAULT, 1795262400 * S); /* 12:00 UTC */
	assert_column(&column, 123456999, "17:45:00.123456");
	assert_column(&column, 1 * S, "17:45:01.000000");
	assert_column(&column, 999999999, "17:45:00.999999"); /* a late one */
	assert_column(&column, 22500 * S, "00:00:00.000000");
	column = column_of(TIME_MICROSECONDS, 1795262400 * S);
	assert_column(&column, 1000, "17:45:00.000001");
	column = column_of(TIME_SECONDS, 1795262400 * S);
	assert_column(&column, 5 * S, "17:45:05");
	unsetenv("TZ");
	tzset();
}

/* Every second of a day, against the C library. */
static void wall_clock_agrees_with_strftime(void **state)
{
	(void)state;
	struct clock column = column_of(TIME_SECONDS, 1795262400 * S);
	for (int64_t second = 0; second < 86400; second += 7) {
		char expected[16];
		time_t when = 1795262400 + second;
		struct tm local;
		localtime_r(&when, &local);
		strftime(expected, sizeof(expected), "%H:%M:%S", &local);
		assert_column(&column, (uint64_t)(second * S), expected);
	}
}

static void epoch_counts_seconds(void **state)
{
	(void)state;
	struct clock column = column_of(TIME_EPOCH, 1795262400 * S + 1);
	assert_column(&column, 999, "1795262400.000001");
}

static void relative_is_since_the_line_before(void **state)
{
	(void)state;
	struct clock column = column_of(TIME_RELATIVE, 0);
	assert_column(&column, 100 * S, "     0.000000");
	assert_column(&column, 100 * S + 12000, "     0.000012");
	assert_column(&column, 99 * S + 12000, "    -1.000000");
	assert_column(&column, 12345 * S, " 12245.999988");
	assert_column(&column, 99999999 * S, "99987654.000000");
}

static void no_time_is_nothing(void **state)
{
	(void)state;
	struct clock column = column_of(TIME_NONE, 0);
	assert_column(&column, 5, "");
}

static void durations_have_microseconds(void **state)
{
	(void)state;
	struct buffer buffer;
	assert_ok(buffer_init(&buffer, -1, ""));
	clock_put_duration(&buffer, 12999);
	buffer_put_char(&buffer, ' ');
	clock_put_duration(&buffer, 3600 * S + 1000);
	buffer_put_char(&buffer, '\0');
	assert_string_equal(buffer.data, "0.000012 3600.000001");
	buffer_deinit(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wall_clock_is_local),
		cmocka_unit_test(wall_clock_agrees_with_strftime),
		cmocka_unit_test(epoch_counts_seconds),
		cmocka_unit_test(relative_is_since_the_line_before),
		cmocka_unit_test(no_time_is_nothing),
		cmocka_unit_test(durations_have_microseconds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
