/* SPDX-License-Identifier: Apache-2.0 */
#include "common/array.h"

#include "tests/unit/unit.h"

static void pushed_items_are_zero_and_stay(void **state)
{
	ARRAY_OF(uint64_t) array = {0};
	(void)state;
	for (uint64_t i = 0; i < 1000; i++) {
		uint64_t *item = array_push(&array);
		assert_non_null(item);
		assert_int_equal(*item, 0);
		*item = i;
	}
	assert_int_equal(array.count, 1000);
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(array.items[i], i);
	free(array.items);
}

/* Each length, each place, with and without equal ones. */
static void those_before_are_counted(void **state)
{
	static const int items[] = {1, 3, 3, 3, 5, 7, 9, 9};
	(void)state;
	for (size_t count = 0; count <= array_size(items); count++)
		for (int wanted = 0; wanted <= 10; wanted++) {
			size_t below = 0, up_to = 0;
			for (size_t i = 0; i < count; i++) {
				below += items[i] < wanted;
				up_to += items[i] <= wanted;
			}
			assert_int_equal(array_count_first(count, i, items[i] < wanted), below);
			assert_int_equal(array_count_first(count, i, items[i] <= wanted), up_to);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pushed_items_are_zero_and_stay),
		cmocka_unit_test(those_before_are_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
