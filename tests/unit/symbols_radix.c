/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/radix.h"

#include "tests/unit/unit.h"

/* The C library's sort, told to be stable, is the judge. */
static int by_key_then_index(const void *left, const void *right)
{
	const struct radix_item *a = left, *b = right;
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static void check(uint64_t mask, uint64_t base, size_t count)
{
	struct radix_item *items = calloc(count + 1, sizeof(*items));
	struct radix_item *expected = calloc(count + 1, sizeof(*items));
	uint64_t random = 88172645463325252;
	for (size_t i = 0; i < count; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		expected[i] = items[i] = (struct radix_item){base + (random & mask), i};
	}
	qsort(expected, count, sizeof(*items), by_key_then_index);
	assert_true(radix_sort(items, count));
	assert_memory_equal(items, expected, count * sizeof(*items));
	free(items);
	free(expected);
}

static void sorts_like_the_c_library(void **state)
{
	(void)state;
	check(UINT64_MAX, 0, 3000);
	check(0xff, 0, 3000);
	check(0xfff000, 0x7f0000000000, 3000);
	check(0, 5, 100);
	check(UINT64_MAX, 0, 1);
	check(UINT64_MAX, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorts_like_the_c_library),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
