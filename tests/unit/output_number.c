/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "common/array.h"
#include "output/number.h"

static uint64_t of_any_length(uint64_t *random)
{
	uint64_t number = next_random(random);
	return number >> (number & 63);
}

/* The oracle is printf. */
static void compare(uint64_t number)
{
	char text[NUMBER_MAX], expected[NUMBER_MAX];
	*number_unsigned(text, number) = '\0';
	snprintf(expected, sizeof(expected), "%" PRIu64, number);
	assert_string_equal(text, expected);
	*number_signed(text, (int64_t)number) = '\0';
	snprintf(expected, sizeof(expected), "%" PRId64, (int64_t)number);
	assert_string_equal(text, expected);
	*number_hex(text, number) = '\0';
	snprintf(expected, sizeof(expected), "0x%" PRIx64, number);
	assert_string_equal(text, expected);
	*number_octal(text, number) = '\0';
	snprintf(expected, sizeof(expected), "%#" PRIo64, number);
	assert_string_equal(text, expected);
	*number_padded(text, number % 1000000, 6) = '\0';
	snprintf(expected, sizeof(expected), "%06" PRIu64, number % 1000000);
	assert_string_equal(text, expected);
}

static void integers_are_as_printf_has_them(void **state)
{
	(void)state;
	static const uint64_t edges[] = {
		0, 1, 7, 8, 9, 10, 15, 16, 99, 100, INT64_MAX, (uint64_t)INT64_MIN, UINT64_MAX};
	for (size_t i = 0; i < array_size(edges); i++)
		compare(edges[i]);
	for (uint64_t power = 1; power <= UINT64_MAX / 10; power *= 10) {
		compare(power - 1);
		compare(power * 10);
	}
	uint64_t random = 88172645463325252;
	for (int i = 0; i < 100000; i++)
		compare(of_any_length(&random));
}

static void assert_wide(uint64_t high, uint64_t low, bool is_signed, const char *expected)
{
	const uint64_t parts[] = {low, high};
	char text[NUMBER_MAX + 1];
	*number_wide(text, (const char *)parts, is_signed) = '\0';
	assert_string_equal(text, expected);
}

/* As bc writes them. */
static void wide_ones_have_all_of_their_digits(void **state)
{
	(void)state;
	const uint64_t top = UINT64_C(1) << 63;
	assert_wide(0, 0, true, "0");
	assert_wide(0, UINT64_MAX, true, "18446744073709551615");
	assert_wide(1, 0, false, "18446744073709551616");
	assert_wide(UINT64_MAX, UINT64_MAX, true, "-1");
	assert_wide(UINT64_MAX, UINT64_MAX, false, "340282366920938463463374607431768211455");
	assert_wide(top, 0, true, "-170141183460469231731687303715884105728");
	assert_wide(top, 0, false, "170141183460469231731687303715884105728");
	assert_wide(0, UINT64_C(10000000000000000000), false, "10000000000000000000");
	/* 10^38, and one less */
	assert_wide(0x4b3b4ca85a86c47a, 0x098a224000000000, true,
		    "100000000000000000000000000000000000000");
	assert_wide(0x4b3b4ca85a86c47a, 0x098a223fffffffff, true,
		    "99999999999999999999999999999999999999");
}

static void assert_real(double number, bool is_single, const char *expected)
{
	char text[NUMBER_MAX];
	*number_real(text, number, is_single) = '\0';
	assert_string_equal(text, expected);
}

static void reals_are_short(void **state)
{
	(void)state;
	assert_real(0.1, false, "0.1");
	assert_real((double)0.1f, true, "0.1");
	assert_real((double)0.1f, false, "0.10000000149011612");
	assert_real(1e100, false, "1e+100");
	assert_real(-0.0, false, "-0");
	assert_real(1.0 / 3, false, "0.3333333333333333");
	assert_real(NAN, false, "nan");
	assert_real(-NAN, false, "nan");
	assert_real(INFINITY, false, "inf");
	assert_real(-INFINITY, true, "-inf");
	assert_real(16777216, true, "16777216");
}

static void reals_come_back_exactly(void **state)
{
	(void)state;
	char text[NUMBER_MAX];
	uint64_t random = 88172645463325252;
	for (int i = 0; i < 50000; i++) {
		of_any_length(&random);
		double number;
		memcpy(&number, &random, sizeof(number));
		float single;
		memcpy(&single, &random, sizeof(single));
		if (!isnan(number)) {
			*number_real(text, number, false) = '\0';
			assert_true(strtod(text, NULL) == number);
		}
		if (!isnan(single)) {
			*number_real(text, (double)single, true) = '\0';
			assert_true(strtof(text, NULL) == single);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_are_as_printf_has_them),
		cmocka_unit_test(wide_ones_have_all_of_their_digits),
		cmocka_unit_test(reals_are_short),
		cmocka_unit_test(reals_come_back_exactly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
