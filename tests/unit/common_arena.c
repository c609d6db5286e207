/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/arena.h"

/* Of all sizes, with texts in between: none is in another's place. */
static void what_is_taken_is_zeroed_aligned_and_its_own(void **state)
{
	(void)state;
	struct arena arena = {0};
	struct {
		unsigned char *bytes;
		size_t size;
		char *text;
	} taken[400];
	for (size_t i = 0; i < 400; i++) {
		taken[i].size = i % 7 ? i : i * 300;
		taken[i].bytes = arena_alloc(&arena, taken[i].size);
		assert_non_null(taken[i].bytes);
		assert_int_equal((uintptr_t)taken[i].bytes % _Alignof(max_align_t), 0);
		for (size_t at = 0; at < taken[i].size; at++)
			assert_int_equal(taken[i].bytes[at], 0);
		memset(taken[i].bytes, (int)i | 1, taken[i].size);
		taken[i].text = arena_printf(&arena, "%zu", i);
		assert_non_null(taken[i].text);
	}
	for (size_t i = 0; i < 400; i++) {
		char expected[16];
		snprintf(expected, sizeof(expected), "%zu", i);
		assert_string_equal(taken[i].text, expected);
		for (size_t at = 0; at < taken[i].size; at++)
			assert_int_equal(taken[i].bytes[at], (unsigned char)(i | 1));
	}
	arena_deinit(&arena);
	assert_null(arena.newest);
}

static void texts_end_and_copies_are_whole(void **state)
{
	(void)state;
	struct arena arena = {0};
	const char *text = "some text";
	for (int i = 0; i < 3000; i++) {
		assert_string_equal(arena_substring(&arena, text, 4), "some");
		assert_string_equal(arena_string(&arena, ""), "");
		assert_string_equal(arena_string(&arena, text), text);
		assert_memory_equal(arena_copy(&arena, text, 10), text, 10);
	}
	arena_deinit(&arena);
}

static void what_cannot_be_had_is_null(void **state)
{
	(void)state;
	struct arena arena = {0};
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_array(&arena, SIZE_MAX / 2, 4));
	assert_non_null(arena_array(&arena, 0, 4));
	assert_string_equal(arena_string(&arena, "still"), "still");
	arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_taken_is_zeroed_aligned_and_its_own),
		cmocka_unit_test(texts_end_and_copies_are_whole),
		cmocka_unit_test(what_cannot_be_had_is_null),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
