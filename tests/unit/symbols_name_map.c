/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/name_map.h"

#include <stdio.h>

#include "tests/unit/unit.h"

static void finds_what_was_added(void **state)
{
	(void)state;
	enum { NAMES = 5000 };
	static char names[NAMES][16];
	struct name_map map = {0};
	assert_null(name_map_find(&map, "x", 1));
	for (int i = 0; i < NAMES; i++) {
		snprintf(names[i], sizeof(names[i]), "name-%d", i);
		assert_true(name_map_add(&map, names[i], strlen(names[i]), (uint64_t)i));
	}
	assert_int_equal(map.count, NAMES);
	for (int i = 0; i < NAMES; i++) {
		char again[16];
		strcpy(again, names[i]);
		const uint64_t *value = name_map_find(&map, again, strlen(again));
		assert_non_null(value);
		assert_int_equal(*value, i);
	}
	assert_null(name_map_find(&map, "name-5000", 9));
	name_map_deinit(&map);
}

static void the_length_counts_and_the_first_wins(void **state)
{
	(void)state;
	struct name_map map = {0};
	assert_true(name_map_add(&map, "memcpy@@GLIBC", 6, 1));
	assert_true(name_map_add(&map, "memcpy", 6, 2));
	assert_int_equal(map.count, 1);
	assert_int_equal(*name_map_find(&map, "memcpy", 6), 1);
	assert_null(name_map_find(&map, "memcp", 5));
	assert_null(name_map_find(&map, "memcpy@@GLIBC", 13));
	assert_true(name_map_add(&map, "", 0, 3));
	assert_int_equal(*name_map_find(&map, "", 0), 3);
	name_map_deinit(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_was_added),
		cmocka_unit_test(the_length_counts_and_the_first_wins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
