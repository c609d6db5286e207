/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <jansson.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "output/json_memory.h"

/* What malloc() has in use, as it counts itself. */
static size_t in_use(void)
{
	struct mallinfo2 info = mallinfo2();
	return info.uordblks + info.hblkhd;
}

static void test_blocks_are_apart(void **state)
{
	(void)state;
	static const size_t sizes[] = {0,   1,	  24,	 32,	33,    100,
				       999, 4096, 32767, 32768, 32769, 1000000};
	enum { EACH = 20, COUNT = sizeof(sizes) / sizeof(*sizes) };
	unsigned char *blocks[COUNT][EACH];
	json_memory_use();
	for (size_t i = 0; i < COUNT; i++) {
		for (size_t j = 0; j < EACH; j++) {
			blocks[i][j] = json_memory_take(sizes[i]);
			assert_non_null(blocks[i][j]);
			assert_int_equal((uintptr_t)blocks[i][j] % _Alignof(max_align_t), 0);
			memset(blocks[i][j], (int)(i * EACH + j), sizes[i]);
		}
	}
	for (size_t i = 0; i < COUNT; i++) {
		for (size_t j = 0; j < EACH; j++) {
			for (size_t at = 0; at < sizes[i]; at++)
				assert_int_equal(blocks[i][j][at], (unsigned char)(i * EACH + j));
			json_memory_give(blocks[i][j]);
		}
	}
}

static void test_given_back_is_taken_again(void **state)
{
	(void)state;
	json_memory_use();
	/* Far more in the sum than the region holds. */
	size_t before = in_use();
	for (size_t i = 0; i < 100000; i++) {
		void *small = json_memory_take(40), *large = json_memory_take(8192);
		assert_ptr_not_equal(small, large);
		json_memory_give(large);
		json_memory_give(small);
	}
	assert_int_equal(in_use(), before);
	json_memory_give(NULL);
}

static void test_more_than_the_region_holds(void **state)
{
	(void)state;
	enum { COUNT = 1024 };
	static char *blocks[COUNT];
	json_memory_use();
	for (size_t i = 0; i < COUNT; i++) {
		blocks[i] = json_memory_take(32768);
		assert_non_null(blocks[i]);
		blocks[i][0] = blocks[i][32767] = (char)i;
	}
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(blocks[i][0], (char)i);
		assert_int_equal(blocks[i][32767], (char)i);
		json_memory_give(blocks[i]);
	}
}

static void test_jansson_takes_it(void **state)
{
	(void)state;
	json_t *early = json_pack("{s:[i, i]}", "before", 1, 2);
	json_memory_use();
	size_t before = in_use();
	json_t *line = json_pack("{s:s, s:[i, f]}", "type", "call", "args", 1, 2.5);
	assert_non_null(line);
	assert_int_equal(in_use(), before);
	json_decref(line);
	assert_int_equal(in_use(), before);
	/* Taken from malloc(), so it goes back there. */
	json_decref(early);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jansson_takes_it), /* first: before anybody else */
		cmocka_unit_test(test_blocks_are_apart),
		cmocka_unit_test(test_given_back_is_taken_again),
		cmocka_unit_test(test_more_than_the_region_holds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
