/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "common/array.h"
#include "common/distance.h"

static void mistakes_are_counted(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b;
		size_t distance;
	} cases[] = {
		{"", "", 0},	      {"", "abc", 3},
		{"abcd", "abcd", 0},  {"abcd", "abdc", 1}, /* swapped */
		{"abcd", "abcx", 1},  {"abcd", "abd", 1},
		{"abcd", "abccd", 1}, {"kitten", "sitting", 3},
		{"abcd", "badc", 2},
	};
	for (size_t i = 0; i < array_size(cases); i++) {
		assert_int_equal(word_distance(cases[i].a, cases[i].b), cases[i].distance);
		assert_int_equal(word_distance(cases[i].b, cases[i].a), cases[i].distance);
	}
}

static void long_words_are_cut(void **state)
{
	(void)state;
	char a[200], b[200];
	memset(a, 'a', sizeof(a) - 1);
	memset(b, 'a', sizeof(b) - 1);
	a[sizeof(a) - 1] = b[sizeof(b) - 1] = '\0';
	b[DISTANCE_LENGTH_MAX] = 'b';
	assert_int_equal(word_distance(a, b), 0);
	b[DISTANCE_LENGTH_MAX - 1] = 'b';
	assert_int_equal(word_distance(a, b), 1);
	assert_int_equal(word_distance(a, ""), DISTANCE_LENGTH_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes_are_counted),
		cmocka_unit_test(long_words_are_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
